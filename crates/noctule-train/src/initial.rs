//! What a training begins with where it is not given: initial weights that suit the samples, and what follows from their
//! size.
//!
//! Experiment files use these for keys that are left out; a program that builds a [`Network`] of its own can call them.

use noctule_core::{
    Batch, Engine, Initialiser, InitialiserError, InputDrive, Network, Optimiser, Pass,
    PassWeights, Real, SessionOptions, SpikeBatch, Tensor,
};

use crate::experiment::error::ExperimentError;
use crate::random::{Purpose, random};

/// Training samples that show how far the inputs can drive a neuron; they are spread evenly over the set.
const SAMPLES: usize = 100;
/// The learning rate as a fraction of the size of the initial weights, in the layer where they are smallest.
const RELATIVE_RATE: f64 = 0.03;
/// What a step of AdamW takes of a weight: as much as with its own defaults.
const DECAY_OF_A_STEP: f64 = 1e-5;

/// Initial weights of this shape for the layer with this index: those that an experiment with the same seed draws.
pub fn initial_weights<T: Real>(
    initialiser: &Initialiser,
    seed: u64,
    layer: usize,
    shape: &[usize],
) -> Tensor<T> {
    initialiser.draw(shape, &mut random(seed, Purpose::Weights, layer as u64))
}

/// Mean and standard deviation of the largest potential over neurons, in thresholds, that initial weights aim at by
/// default; see [`Initialiser::threshold`].
pub fn default_potential(max_spikes: usize, is_last: bool) -> (f64, f64) {
    let mean = if is_last || max_spikes == 1 { 3.0 } else { 0.5 };
    (mean, 1.5)
}

/// How far the spikes that arrive at the last layer of a network drive it, in some of these samples. The engine runs what
/// comes before. The weights of the last layer do not matter.
///
/// # Errors
/// If the network cannot be run, or its last layer is no spiking layer.
pub fn drive_of_last_layer(
    network: &Network<f32>,
    samples: &Batch<f32>,
    engine: &dyn Engine<f32>,
) -> Result<InputDrive, ExperimentError> {
    let spikes = arriving_spikes(network, samples, engine)?;
    let layer = network.layers().len().saturating_sub(1);
    let Some(spiking) = network.layers().last().and_then(|layer| layer.spiking()) else {
        return Err(ExperimentError::UnknownInit { layer });
    };
    let neuron = spiking.neuron();
    let received = spiking.weights().row_len() as f64 * (1.0 - spiking.dropout());
    let measured = InputDrive::of_spikes(&spikes, neuron).map_err(|source| {
        let source = source.into();
        ExperimentError::Layer { layer, source }
    })?;
    Ok(if measured.sum > 0.0 {
        measured.of_fraction(received / spikes.population() as f64)
    } else {
        // Nothing arrives. If ever something does, then perhaps a spike of every input.
        InputDrive::of_simultaneous_spikes(received, neuron)
    })
}

/// The spikes that arrive at the last layer of a network, in some of the samples.
fn arriving_spikes(
    network: &Network<f32>,
    samples: &Batch<f32>,
    engine: &dyn Engine<f32>,
) -> Result<SpikeBatch<f32>, ExperimentError> {
    let count = samples.len();
    let shown = count.min(SAMPLES);
    let indices: Vec<u32> = (0..shown)
        .map(|index| (index * count / shown) as u32)
        .collect();
    let mut session = engine.open(network, &SessionOptions::default())?;
    let set = session.store(samples)?;
    session.select(set, &indices)?;
    session.forward(Pass {
        weights: PassWeights::Training,
        dropout: None,
        first_sample: 0,
        input_gradients: false,
    })?;
    let spikes = match network.layers().len().checked_sub(2) {
        None => session.input()?,
        Some(before) => session.spikes(before)?,
    };
    Ok(spikes.into_owned())
}

/// The learning rate for weights of these root mean squares, one for each layer that has weights: Adam's steps are about
/// as large as the rate, while those of gradient descent are the rate times the gradient, whose size goes with one over
/// that of the weights.
pub fn default_learning_rate(rule: &Optimiser, sizes: impl IntoIterator<Item = f64>) -> f64 {
    let sizes = sizes.into_iter().filter(|&size| size > 0.0);
    match (sizes.reduce(f64::min), rule) {
        // Without weights that say something, the rule's own.
        (None, rule) => rule.learning_rate(),
        (Some(size), Optimiser::Sgd(_)) => four_digits(RELATIVE_RATE * size * size),
        (Some(size), _) => four_digits(RELATIVE_RATE * size),
    }
}

/// AdamW's weight decay for a learning rate: a step takes as much of a weight as with AdamW's own defaults.
pub fn default_weight_decay(learning_rate: f64) -> f64 {
    four_digits(DECAY_OF_A_STEP / learning_rate)
}

/// The silent boost of the last layer, whose weights have this root mean square. The boost is a part of the gradient, so
/// it goes with one over the size of the weights, too.
pub fn default_silent_boost(size: f64) -> f64 {
    four_digits(if size > 0.0 { 1.0 / size } else { 0.0 })
}

/// Initial weights whose potential has, at its peak, this mean and standard deviation over neurons, in thresholds; with
/// four digits, as experiment files have them.
///
/// # Errors
/// If nothing drives the layer, or a number is out of range.
pub fn threshold_initialiser(
    theta: f64,
    drive: InputDrive,
    (mean, std): (f64, f64),
) -> Result<Initialiser, InitialiserError> {
    let (mean, std) = Initialiser::threshold(theta, drive, mean, std)?.moments();
    Initialiser::normal(four_digits(mean), four_digits(std))
}

/// A number with four digits: exact enough for such defaults, and short in a file.
pub(crate) fn four_digits(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}
