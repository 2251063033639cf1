//! From a network to what Python's layers are made of.

use noctule_core::{Connection, Layer, Network, ParameterKind, Real, Shape, SpikingLayer};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Height, width and channels of the input, and a dictionary for each layer, with the names of `LayerSpec`.
pub fn describe<'py, T: Real>(
    py: Python<'py>,
    network: &Network<T>,
) -> PyResult<((usize, usize, usize), Vec<Bound<'py, PyDict>>)> {
    let layers = network.layers().iter().map(|layer| match layer {
        Layer::Spiking(layer) => spiking(py, layer),
        Layer::SumPool2d(layer) => {
            let description = PyDict::new(py);
            description.set_item("pool", layer.size())?;
            Ok(description)
        }
        _ => Ok(PyDict::new(py)),
    });
    let Shape {
        height,
        width,
        channels,
    } = network.input_shape();
    Ok(((height, width, channels), layers.collect::<PyResult<_>>()?))
}

fn spiking<'py, T: Real>(py: Python<'py>, layer: &SpikingLayer<T>) -> PyResult<Bound<'py, PyDict>> {
    let description = PyDict::new(py);
    match *layer.connection() {
        Connection::Dense { outputs, .. } => description.set_item("neurons", outputs)?,
        Connection::Conv2d { window, output, .. } => {
            description.set_item("neurons", output.channels)?;
            description.set_item("window", (window.height, window.width))?;
            description.set_item("stride", window.stride)?;
            description.set_item("padding", window.padding)?;
        }
        _ => {}
    }
    let neuron = layer.neuron();
    for (name, kind, shared) in [
        ("theta", ParameterKind::Theta, neuron.theta),
        ("reset", ParameterKind::Reset, neuron.reset),
        ("tau_m", ParameterKind::TauM, neuron.tau_m),
        ("tau_s", ParameterKind::TauS, neuron.tau_s),
    ] {
        match layer.parameters().get(&kind) {
            None => description.set_item(name, shared)?,
            Some(tensor) => {
                let values = tensor.as_slice().iter().map(|&value| Real::to_f64(value));
                description.set_item(name, values.collect::<Vec<f64>>())?;
            }
        }
    }
    description.set_item("max_spikes", neuron.max_spikes)?;
    description.set_item("t_max", neuron.t_max)?;
    description.set_item("dropout", layer.dropout())?;
    Ok(description)
}
