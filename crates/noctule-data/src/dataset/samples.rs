//! The samples of a data set: images or events.

use std::sync::Arc;

use noctule_core::{Batch, Images, Label, LatencyEncoding, Pixels, Shape, SpikeBatch};

/// Samples of one kind. Clones share them.
#[derive(Clone, Debug, PartialEq)]
pub enum Samples {
    /// Images, which an engine encodes as events.
    Images {
        /// The shape of each image.
        shape: Shape,
        /// The intensities; shape `[samples, shape.neurons()]`.
        pixels: Pixels,
    },
    /// Event lists, which go into the first layer as they are.
    Events(Arc<SpikeBatch<f32>>),
}

impl Samples {
    /// The layout of the input neurons; that of events is one row.
    pub fn shape(&self) -> Shape {
        match self {
            Self::Images { shape, .. } => *shape,
            Self::Events(events) => Shape::flat(events.population()),
        }
    }

    /// All samples as a batch with these labels. An engine encodes images with `encoding`; events stay as they are.
    pub(crate) fn batch(&self, encoding: LatencyEncoding, labels: Vec<Label>) -> Batch<f32> {
        match self {
            Self::Events(events) => Batch::events(Arc::clone(events), labels),
            Self::Images { shape, pixels } => {
                let images = Images {
                    shape: *shape,
                    pixels: pixels.clone(),
                    encoding,
                };
                Batch::images(images, labels)
            }
        }
    }

    /// Becomes `count` images of this shape, with intensities of the same kind as those of `like`, and returns the
    /// intensities, whose values are arbitrary. Memory is reused unless it is shared.
    pub(crate) fn make_images(
        &mut self,
        shape: Shape,
        like: &Pixels,
        count: usize,
    ) -> Option<&mut Pixels> {
        let length = count * shape.neurons();
        if let Self::Events(_) = self {
            let pixels = Pixels::Bytes(Arc::default());
            *self = Self::Images { shape, pixels };
        }
        let Self::Images { shape: own, pixels } = self else {
            return None;
        };
        *own = shape;
        match (&mut *pixels, like) {
            (Pixels::Bytes(values), Pixels::Bytes(_)) => make_room(values, length),
            (Pixels::Floats(values), Pixels::Floats(_)) => make_room(values, length),
            (pixels, Pixels::Bytes(_)) => *pixels = Pixels::Bytes(vec![0; length].into()),
            (pixels, Pixels::Floats(_)) => *pixels = Pixels::Floats(vec![0.0; length].into()),
        }
        Some(pixels)
    }

    /// The samples named by `indices`, which must exist, in that order.
    pub(crate) fn subset(&self, indices: &[usize]) -> Self {
        match self {
            Self::Images { shape, pixels } => Self::Images {
                shape: *shape,
                pixels: gather(pixels, indices, shape.neurons()),
            },
            Self::Events(events) => {
                let indices: Vec<u32> = indices.iter().map(|&index| index as u32).collect();
                Self::Events(events.subset(&indices).into())
            }
        }
    }
}

/// The samples of `pixels` named by `indices`, each of `neurons` intensities.
fn gather(pixels: &Pixels, indices: &[usize], neurons: usize) -> Pixels {
    fn rows<T: Copy>(values: &[T], indices: &[usize], neurons: usize) -> Arc<Vec<T>> {
        let mut gathered = Vec::with_capacity(indices.len() * neurons);
        for &index in indices {
            gathered.extend_from_slice(&values[index * neurons..][..neurons]);
        }
        gathered.into()
    }
    match pixels {
        Pixels::Bytes(values) => Pixels::Bytes(rows(values, indices, neurons)),
        Pixels::Floats(values) => Pixels::Floats(rows(values, indices, neurons)),
    }
}

/// Resizes a buffer to `length` elements. A shared buffer is replaced by a new one, so that its other owners keep it.
fn make_room<T: Clone + Default>(values: &mut Arc<Vec<T>>, length: usize) {
    if Arc::get_mut(values).is_none() {
        *values = Arc::default();
    }
    // The buffer is not shared here, so `make_mut` copies nothing.
    Arc::make_mut(values).resize(length, T::default());
}
