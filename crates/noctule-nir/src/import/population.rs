//! [`Population`]: what arrives at a node.

use noctule_core::{MOST_NEURONS, Shape};

use super::error::ImportError;
use crate::layout::nir_shape;

/// What arrives at a node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Population {
    /// How the neurons are laid out.
    pub shape: Shape,
    /// Whether they are an image; else a list, in the order that NIR has for the image.
    pub is_image: bool,
}

impl Population {
    /// The population of an input of this shape. Dimensions of length 1 at the front, such as that of a batch, are passed
    /// over.
    pub fn of_input(node: &str, shape: &[usize]) -> Result<Self, ImportError> {
        let refused = |expected: &str| ImportError::Shape {
            node: node.to_owned(),
            field: "shape",
            found: shape.to_vec(),
            expected: expected.to_owned(),
        };
        let mut lengths = shape;
        while lengths.len() > 3 && lengths[0] == 1 || matches!(lengths, [1, _]) {
            lengths = &lengths[1..];
        }
        let population = match *lengths {
            [neurons] => Self::list(neurons),
            [height, width] => Self::image(Shape {
                height,
                width,
                channels: 1,
            }),
            [channels, height, width] => Self::image(Shape {
                height,
                width,
                channels,
            }),
            _ => return Err(refused("[neurons] or [channels, rows, columns]")),
        };
        match population.shape.neurons() {
            1..=MOST_NEURONS => Ok(population),
            _ => Err(refused("a number of neurons that fits the memory")),
        }
    }

    /// A list of neurons.
    pub fn list(neurons: usize) -> Self {
        Self {
            shape: Shape::flat(neurons),
            is_image: false,
        }
    }

    /// An image.
    pub fn image(shape: Shape) -> Self {
        Self {
            shape,
            is_image: true,
        }
    }

    /// The shape in NIR.
    pub fn nir_shape(&self) -> Vec<usize> {
        match self.is_image {
            true => nir_shape(self.shape).to_vec(),
            false => vec![self.shape.neurons()],
        }
    }
}
