//! Networks in another precision.

use noctule_core::{Connection, Layer, Network, ParameterKind, Real, SpikingLayer, Tensor};

use crate::study::StudyError;

/// The network with all parameters in another precision.
pub(super) fn network<T: Real>(from: &Network<f32>) -> Result<Network<T>, StudyError> {
    let mut network = Network::image(from.input_shape())?;
    for layer in from.layers() {
        network = match layer {
            Layer::Spiking(layer) => network.layer(spiking(layer)?)?,
            Layer::SumPool2d(pooling) => network.layer(*pooling)?,
            _ => return Err(StudyError::Unsupported("a layer of this kind")),
        };
    }
    Ok(network)
}

fn spiking<T: Real>(layer: &SpikingLayer<f32>) -> Result<SpikingLayer<T>, StudyError> {
    let weights = tensor(layer.weights())?;
    let neuron = *layer.neuron();
    let converted = match *layer.connection() {
        Connection::Dense { .. } => SpikingLayer::dense(neuron, weights)?,
        Connection::Conv2d { input, window, .. } => {
            SpikingLayer::conv2d(neuron, input, window, weights)?
        }
        _ => return Err(StudyError::Unsupported("a connection of this kind")),
    };
    let mut converted = converted.with_dropout(layer.dropout())?;
    for (&kind, values) in layer.parameters() {
        if kind != ParameterKind::Weights {
            converted.set_parameter(kind, tensor(values)?)?;
        }
    }
    Ok(converted)
}

fn tensor<T: Real>(from: &Tensor<f32>) -> Result<Tensor<T>, StudyError> {
    let values = from.as_slice().iter();
    let values = values.map(|&value| T::of(Real::to_f64(value))).collect();
    Ok(Tensor::new(from.shape(), values)?)
}
