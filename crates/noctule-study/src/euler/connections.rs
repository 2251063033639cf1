//! [`Connections`]: the weights of a layer in the order in which events need them.

use noctule_core::{Connection, Real, Shape, SpikingLayer, Window};

/// The weights of a layer, those of an input event one after another.
#[derive(Clone, Debug)]
pub(super) enum Connections<T> {
    /// Every input reaches every neuron.
    Dense {
        /// Number of weights per input: that of the neurons, and zeros up to the padded length of the state.
        stride: usize,
        /// Weights; shape `[inputs, stride]`.
        weights: Vec<T>,
    },
    /// An input reaches the windows that contain it.
    Conv2d {
        /// Shape of the input images.
        input: Shape,
        /// The window.
        window: Window,
        /// Shape of the image that the neurons form.
        output: Shape,
        /// Weights; shape `[height, width, channels, filters]`.
        weights: Vec<T>,
    },
}

impl<T: Real> Connections<T> {
    /// The weights of `layer`, multiplied by `scale`, for a state of `padded` neurons. `None` for an unknown kind.
    pub(super) fn new(layer: &SpikingLayer<T>, scale: T, padded: usize) -> Option<Self> {
        let rows = layer.weights();
        match *layer.connection() {
            Connection::Dense { inputs, .. } => {
                let mut weights = vec![T::zero(); inputs * padded];
                for neuron in 0..rows.rows() {
                    for (input, &weight) in rows.row(neuron).iter().enumerate() {
                        weights[input * padded + neuron] = weight * scale;
                    }
                }
                Some(Self::Dense {
                    stride: padded,
                    weights,
                })
            }
            Connection::Conv2d {
                input,
                window,
                output,
            } => {
                let filters = output.channels;
                let mut weights = vec![T::zero(); rows.len()];
                for filter in 0..filters {
                    for (place, &weight) in rows.row(filter).iter().enumerate() {
                        weights[place * filters + filter] = weight * scale;
                    }
                }
                Some(Self::Conv2d {
                    input,
                    window,
                    output,
                    weights,
                })
            }
            _ => None,
        }
    }

    /// Adds the weights from the input `neuron` to `currents`; shape `[padded neurons]`.
    #[inline(always)]
    pub(super) fn deliver(&self, neuron: u32, currents: &mut [T]) {
        match self {
            Self::Dense { stride, weights } => {
                add(currents, &weights[neuron as usize * stride..][..*stride]);
            }
            Self::Conv2d {
                input,
                window,
                output,
                weights,
            } => {
                let neuron = neuron as usize;
                let (pixel, channel) = (neuron / input.channels, neuron % input.channels);
                let (y, x) = (pixel / input.width, pixel % input.width);
                let filters = output.channels;
                for row in window.rows_that_see(y, output.height) {
                    let ky = y + window.padding - row * window.stride;
                    for column in window.columns_that_see(x, output.width) {
                        let kx = x + window.padding - column * window.stride;
                        let place = (ky * window.width + kx) * input.channels + channel;
                        let first = (row * output.width + column) * filters;
                        let reached = &mut currents[first..][..filters];
                        add(reached, &weights[place * filters..][..filters]);
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn add<T: Real>(currents: &mut [T], weights: &[T]) {
    for (current, &weight) in currents.iter_mut().zip(weights) {
        *current += weight;
    }
}
