//! Sessions on the CPU engine, with the calls that the tests make again and again.
#![allow(dead_code, reason = "each test file uses only a part of it")]

pub mod steps;

use std::sync::LazyLock;

use noctule_core::{
    Batch, Engine, Gradients, Label, Layer, Network, Pass, Real, Regularisation, Session,
    SessionOptions, SpikeBatch, TensorGroup, Tensors,
};
use noctule_cpu::CpuEngine;

/// An engine with two threads, which all tests of a file share.
pub fn engine() -> &'static CpuEngine {
    static ENGINE: LazyLock<CpuEngine> = LazyLock::new(|| CpuEngine::new(2).unwrap());
    &ENGINE
}

/// A network of one layer.
pub fn alone<T: Real>(layer: impl Into<Layer<T>>) -> Network<T> {
    let layer = layer.into();
    let inputs = match layer.input_shape() {
        Some(shape) => Network::image(shape),
        None => Network::new(layer.inputs()),
    };
    inputs.unwrap().layer(layer).unwrap()
}

/// A network in a session.
pub struct Runner<T: Real> {
    pub session: Box<dyn Session<T>>,
    layers: usize,
}

impl<T: Real> Runner<T> {
    pub fn new(engine: &dyn Engine<T>, network: &Network<T>) -> Self {
        Self::with_options(engine, network, &SessionOptions::default())
    }

    pub fn with_options(
        engine: &dyn Engine<T>,
        network: &Network<T>,
        options: &SessionOptions,
    ) -> Self {
        Self {
            session: engine.open(network, options).unwrap(),
            layers: network.layers().len(),
        }
    }

    pub fn load(&mut self, input: &SpikeBatch<T>, labels: &[Label]) {
        let batch = Batch::events(input.clone(), labels.to_vec());
        self.session.load(&batch).unwrap();
    }

    /// Runs the network and returns the events of its last layer; the errors of input times can be asked for later.
    pub fn forward(&mut self, input: &SpikeBatch<T>, dropout: Option<u64>) -> SpikeBatch<T> {
        self.forward_with(
            input,
            Pass {
                dropout,
                ..Pass::default()
            },
        )
    }

    pub fn forward_with(&mut self, input: &SpikeBatch<T>, pass: Pass) -> SpikeBatch<T> {
        self.load(input, &[]);
        let input_gradients = true;
        self.session
            .forward(Pass {
                input_gradients,
                ..pass
            })
            .unwrap();
        self.output()
    }

    pub fn output(&mut self) -> SpikeBatch<T> {
        self.session.spikes(self.layers - 1).unwrap().into_owned()
    }

    /// Events of all layers.
    pub fn spikes(&mut self) -> Vec<SpikeBatch<T>> {
        let layers = 0..self.layers;
        layers
            .map(|layer| self.session.spikes(layer).unwrap().into_owned())
            .collect()
    }

    /// Goes back over the last pass, from a gradient of zero; `d_times` is `dL/dt` of each output event.
    pub fn backward(&mut self, d_times: &[T], regularisation: &Regularisation) -> Gradients<T> {
        self.session.clear_gradient().unwrap();
        self.session.set_time_gradients(d_times, 0.0, &[]).unwrap();
        self.session.backward(regularisation, 1.0).unwrap();
        Gradients {
            tensors: self.read(TensorGroup::Gradient),
            input_times: self.session.input_time_gradients().unwrap().into_owned(),
        }
    }

    /// The exact gradients.
    pub fn exact(&mut self, d_times: &[T]) -> Gradients<T> {
        self.backward(d_times, &Regularisation::default())
    }

    pub fn read(&mut self, group: TensorGroup) -> Tensors<T> {
        self.session.read(group).unwrap()
    }
}

/// Lets errors through only up to an inverse slope.
pub fn clipped(max_inverse_slope: f64) -> Regularisation {
    Regularisation {
        max_inverse_slope: Some(max_inverse_slope),
        ..Regularisation::default()
    }
}
