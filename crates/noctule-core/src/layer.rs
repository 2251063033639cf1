//! [`Layer`]: a layer of a network as data. Engines run it.

pub(crate) mod error;
pub(crate) mod parameter;
pub(crate) mod spiking;
pub(crate) mod sum_pool2d;

pub use error::LayerError;
pub use parameter::ParameterKind;
pub use spiking::{Connection, Neurons, SpikingLayer};
pub use sum_pool2d::SumPool2d;

use crate::real::Real;
use crate::shape::{Shape, pixel_and_channel};

/// A layer of any kind.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Layer<T> {
    /// A layer of neurons: dense, or a convolution.
    Spiking(SpikingLayer<T>),
    /// Sum pooling, which merges spike trains.
    SumPool2d(SumPool2d),
}

impl<T: Real> Layer<T> {
    /// Number of neurons that the layer receives events from.
    pub fn inputs(&self) -> usize {
        match self {
            Self::Spiking(layer) => match *layer.connection() {
                Connection::Dense { inputs, .. } => inputs,
                Connection::Conv2d { input, .. } => input.neurons(),
            },
            Self::SumPool2d(layer) => layer.input_shape().neurons(),
        }
    }

    /// The shape of the layer's input images; `None` if their layout does not matter.
    pub fn input_shape(&self) -> Option<Shape> {
        match self {
            Self::Spiking(layer) => match *layer.connection() {
                Connection::Dense { .. } => None,
                Connection::Conv2d { input, .. } => Some(input),
            },
            Self::SumPool2d(layer) => Some(layer.input_shape()),
        }
    }

    /// How the neurons of the layer are laid out.
    pub fn output_shape(&self) -> Shape {
        match self {
            Self::Spiking(layer) => match *layer.connection() {
                Connection::Dense { outputs, .. } => Shape::flat(outputs),
                Connection::Conv2d { output, .. } => output,
            },
            Self::SumPool2d(layer) => layer.output_shape(),
        }
    }

    /// Number of neurons of the layer.
    pub fn outputs(&self) -> usize {
        self.output_shape().neurons()
    }

    /// The layer of neurons; `None` for a pooling layer.
    pub fn spiking(&self) -> Option<&SpikingLayer<T>> {
        match self {
            Self::Spiking(layer) => Some(layer),
            Self::SumPool2d(_) => None,
        }
    }

    /// As [`spiking`](Self::spiking), mutably.
    pub fn spiking_mut(&mut self) -> Option<&mut SpikingLayer<T>> {
        match self {
            Self::Spiking(layer) => Some(layer),
            Self::SumPool2d(_) => None,
        }
    }

    /// Number of neurons that an event of an input neuron reaches; 0 for a pooling layer.
    pub fn fan_out(&self, neuron: u32) -> usize {
        let Self::Spiking(layer) = self else { return 0 };
        match *layer.connection() {
            Connection::Dense { outputs, .. } => outputs,
            Connection::Conv2d {
                input,
                window,
                output,
            } => {
                let (pixel, _) = pixel_and_channel(neuron as usize, input.channels);
                let rows = window.rows_that_see(pixel / input.width, output.height);
                let columns = window.columns_that_see(pixel % input.width, output.width);
                rows.len() * columns.len() * output.channels
            }
        }
    }
}

impl<T> From<SpikingLayer<T>> for Layer<T> {
    fn from(layer: SpikingLayer<T>) -> Self {
        Self::Spiking(layer)
    }
}

impl<T> From<SumPool2d> for Layer<T> {
    fn from(layer: SumPool2d) -> Self {
        Self::SumPool2d(layer)
    }
}
