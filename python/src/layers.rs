//! From the layers of a `Network` of Python to a network.

use noctule_core::{
    Initialiser, InputDrive, Layer, LayerError, LifParameters, Network, NetworkError,
    ParameterKind, Real, Shape, SpikingLayer, SumPool2d, Tensor, Window,
};
use noctule_train::initial::{default_potential, initial_weights};
use pyo3::prelude::*;

use crate::errors::{Error, Result};

/// The most weights of a layer.
const MOST_WEIGHTS: usize = 500_000_000;

/// One layer, as Python's classes describe themselves.
#[derive(FromPyObject)]
pub enum LayerSpec {
    /// `Dense` or `Conv2d`.
    Spiking(SpikingSpec),
    /// `SumPool2d`.
    Pool(PoolSpec),
}

/// A layer of neurons.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct SpikingSpec {
    /// Neurons of a dense layer, filters of a convolution.
    neurons: usize,
    /// Height and width; `None` for a dense layer.
    window: Option<(usize, usize)>,
    stride: usize,
    padding: usize,
    tau_m: Constant,
    tau_s: Constant,
    theta: Constant,
    reset: Constant,
    max_spikes: u64,
    t_max: f64,
    dropout: f64,
    init: Option<(String, f64, f64)>,
}

/// Sum pooling.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct PoolSpec {
    pool: usize,
}

/// A constant that all neurons share, or one for each.
#[derive(FromPyObject)]
enum Constant {
    #[pyo3(transparent)]
    Shared(f64),
    #[pyo3(transparent)]
    Individual(Vec<f64>),
}

impl Constant {
    fn first(&self) -> f64 {
        match self {
            Self::Shared(value) => *value,
            Self::Individual(values) => values.first().copied().unwrap_or(f64::NAN),
        }
    }
}

/// The network of these layers, with weights that are drawn with `seed`, as an experiment with the same seed draws them.
pub fn network<T: Real>(input: Shape, layers: &[LayerSpec], seed: u64) -> Result<Network<T>> {
    let mut network = Network::image(input)?;
    for (index, spec) in layers.iter().enumerate() {
        let is_last = index + 1 == layers.len();
        let layer: Layer<T> = match spec {
            LayerSpec::Pool(pool) => SumPool2d::new(network.output_shape(), pool.pool)
                .map_err(|error| in_network(index, error))?
                .into(),
            LayerSpec::Spiking(spec) => spec.layer(&network, index, is_last, seed)?.into(),
        };
        network = network.layer(layer)?;
    }
    network.validate()?;
    Ok(network)
}

impl SpikingSpec {
    fn layer<T: Real>(
        &self,
        network: &Network<T>,
        index: usize,
        is_last: bool,
        seed: u64,
    ) -> Result<SpikingLayer<T>> {
        let neuron = self.neuron();
        let image = network.output_shape();
        let (shape, window) = match self.window {
            None => (vec![self.neurons, network.outputs()], None),
            Some((height, width)) => {
                let window = Window {
                    height,
                    width,
                    stride: self.stride,
                    padding: self.padding,
                };
                // Before the weights are drawn: a window that does not fit may have any number of them.
                window
                    .output(image, self.neurons)
                    .map_err(|error| in_network(index, error))?;
                let shape = vec![self.neurons, height, width, image.channels];
                (shape, Some(window))
            }
        };
        let weights = self.weights(&neuron, index, is_last, &shape, seed)?;
        let layer = match window {
            None => SpikingLayer::dense(neuron, weights)
                .and_then(|layer| layer.with_dropout(self.dropout)),
            Some(window) => SpikingLayer::conv2d(neuron, image, window, weights),
        };
        let mut layer = layer.map_err(|error| in_network(index, error))?;
        self.set_constants(&mut layer)
            .map_err(|error| in_network(index, error))?;
        Ok(layer)
    }

    fn neuron(&self) -> LifParameters {
        LifParameters {
            tau_m: self.tau_m.first(),
            tau_s: self.tau_s.first(),
            theta: self.theta.first(),
            reset: self.reset.first(),
            max_spikes: u32::try_from(self.max_spikes).unwrap_or(u32::MAX),
            t_max: self.t_max,
        }
    }

    fn weights<T: Real>(
        &self,
        neuron: &LifParameters,
        index: usize,
        is_last: bool,
        shape: &[usize],
        seed: u64,
    ) -> Result<Tensor<T>> {
        let inputs: usize = shape[1..].iter().copied().fold(1, usize::saturating_mul);
        if shape[0].saturating_mul(inputs) > MOST_WEIGHTS {
            return Err(Error::network(format!(
                "layer {index} would have {} x {inputs} weights, more than {MOST_WEIGHTS}",
                shape[0]
            )));
        }
        check_memory::<T>(shape[0] * inputs)
            .map_err(|error| Error::network(format!("layer {index}: {error}")))?;
        let received = inputs as f64 * (1.0 - self.dropout);
        let drive = InputDrive::of_simultaneous_spikes(received, neuron);
        let initialiser = match &self.init {
            None => {
                let most = usize::try_from(self.max_spikes).unwrap_or(usize::MAX);
                let (mean, std) = default_potential(most, is_last);
                Initialiser::threshold(neuron.theta, drive, mean, std)
            }
            Some((kind, a, b)) => match kind.as_str() {
                "uniform" => Initialiser::uniform(*a, *b),
                "normal" => Initialiser::normal(*a, *b),
                _ => Initialiser::threshold(neuron.theta, drive, *a, *b),
            },
        };
        let initialiser = match initialiser {
            Ok(initialiser) => initialiser,
            // A neuron with constants out of range has no drive: the layer says what is wrong with them.
            Err(_) if self.init.is_none() => Initialiser::normal(0.0, 0.0)?,
            Err(error) => return Err(Error::network(format!("layer {index}: {error}"))),
        };
        Ok(initial_weights(&initialiser, seed, index, shape))
    }

    fn set_constants<T: Real>(
        &self,
        layer: &mut SpikingLayer<T>,
    ) -> std::result::Result<(), LayerError> {
        for (kind, constant) in [
            (ParameterKind::Theta, &self.theta),
            (ParameterKind::Reset, &self.reset),
            (ParameterKind::TauM, &self.tau_m),
            (ParameterKind::TauS, &self.tau_s),
        ] {
            if let Constant::Individual(values) = constant {
                let values: Vec<T> = values.iter().map(|&value| T::of(value)).collect();
                let tensor = Tensor::new(&[values.len()], values)
                    .map_err(|source| LayerError::Parameter { kind, source })?;
                layer.set_parameter(kind, tensor)?;
            }
        }
        Ok(())
    }
}

/// Checks that there is memory for this number of weights, their gradient, and copies of both: without it the process would
/// end.
fn check_memory<T>(weights: usize) -> std::result::Result<(), String> {
    let needed = weights.saturating_mul(4);
    Vec::<T>::new()
        .try_reserve_exact(needed)
        .map_err(|_| format!("there is no memory for {weights} weights"))
}

/// A layer that does not fit what comes before it, or has a constant out of range.
fn in_network(layer: usize, source: impl Into<LayerError>) -> Error {
    let source = source.into();
    Error::from(NetworkError::Layer { layer, source })
}
