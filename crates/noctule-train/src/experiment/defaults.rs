//! Defaults that depend on the data: the initial weights, and what follows from their size.

use noctule_core::{
    Batch, Engine, InputDrive, Network, Optimiser, Pass, PassWeights, SessionOptions, SpikeBatch,
};
use noctule_data::Dataset;

use super::error::ExperimentError;
use super::network::{initialiser, layers};
use crate::config::{
    Config, InitConfig, LayerConfig, LossConfig, NormalInit, OptimiserConfig, Population,
    ThresholdInit,
};

/// Training samples that show how far the inputs can drive a neuron; they are spread evenly over the set.
const SAMPLES: usize = 100;
/// The learning rate as a fraction of the size of the initial weights, in the layer where they are smallest.
const RELATIVE_RATE: f64 = 0.03;
/// What a step of AdamW takes of a weight: as much as with its own defaults.
const DECAY_OF_A_STEP: f64 = 1e-5;
/// The first-spike loss's temperature, in `tau_s` of the last layer.
const RELATIVE_TEMPERATURE: f64 = 0.1;

/// The samples that defaults are measured with, and where.
pub(crate) struct Measuring<'a> {
    /// The data set.
    pub set: &'a Dataset,
    /// Its training samples as they are encoded.
    pub train: &'a Batch<f32>,
    /// The engine.
    pub engine: &'a dyn Engine<f32>,
}

/// The same experiment with a number for everything that may be left out.
///
/// The engine runs what comes before a layer whose initial weights are in units of the threshold.
pub(crate) fn with_defaults(
    mut config: Config,
    measuring: &Measuring<'_>,
) -> Result<Config, ExperimentError> {
    for layer in 0..config.layers.len() {
        let is_last = layer + 1 == config.layers.len();
        let population = config.layers[layer].population();
        if let Some(wanted) = population.and_then(|population| in_thresholds(population, is_last)) {
            let normal = measured_init(&config, layer, &wanted, measuring)?;
            set_init(&mut config.layers[layer], normal);
        }
    }
    let sizes = sizes_of_weights(&config)?;
    fill_in_temperature(&mut config);
    fill_in_learning_rate(&mut config.optimiser, &sizes);
    fill_in_silent_boost(&mut config.layers, &sizes);
    Ok(config)
}

/// Mean and standard deviation of the initial weights, if they are in units of the threshold.
fn in_thresholds(population: Population<'_>, is_last: bool) -> Option<NormalInit> {
    let given = match population.init {
        Some(InitConfig::Uniform(_) | InitConfig::Normal(_)) => return None,
        Some(InitConfig::Threshold(given)) => given,
        None => &ThresholdInit::default(),
    };
    Some(given.of_layer(population.max_spikes, is_last))
}

fn set_init(layer: &mut LayerConfig, normal: NormalInit) {
    if let Some(left_out) = layer.left_out() {
        *left_out.init = Some(InitConfig::Normal(normal));
    }
}

/// The initial weights of a layer, where those of all layers before it are known.
fn measured_init(
    config: &Config,
    layer: usize,
    wanted: &NormalInit,
    measuring: &Measuring<'_>,
) -> Result<NormalInit, ExperimentError> {
    let mut config = config.clone();
    config.layers.truncate(layer + 1);
    let silent = NormalInit {
        mean: 0.0,
        std: 0.0,
    };
    set_init(&mut config.layers[layer], silent.clone());
    let network = layers(&config, measuring.train.population(), measuring.set)?;
    let spikes = arriving_spikes(&network, measuring)?;
    let Some(spiking) = network.layers().last().and_then(|layer| layer.spiking()) else {
        return Ok(silent);
    };
    let neuron = spiking.neuron();
    let received = spiking.weights().row_len() as f64 * (1.0 - spiking.dropout());
    let measured = InputDrive::of_spikes(&spikes, neuron).map_err(|source| {
        let source = source.into();
        ExperimentError::Layer { layer, source }
    })?;
    let drive = if measured.sum > 0.0 {
        measured.of_fraction(received / spikes.population() as f64)
    } else {
        // Nothing arrives. If ever something does, then perhaps a spike of every input.
        InputDrive::of_simultaneous_spikes(received, neuron)
    };
    Ok(NormalInit {
        mean: four_digits(wanted.mean * neuron.theta / drive.sum),
        std: four_digits(wanted.std * neuron.theta / drive.norm),
    })
}

/// The spikes that arrive at the last layer of a network, in some of the training samples.
fn arriving_spikes(
    network: &Network<f32>,
    measuring: &Measuring<'_>,
) -> Result<SpikeBatch<f32>, ExperimentError> {
    let samples = measuring.train.len();
    let shown = samples.min(SAMPLES);
    let indices: Vec<u32> = (0..shown)
        .map(|index| (index * samples / shown) as u32)
        .collect();
    let mut session = measuring.engine.open(network, &SessionOptions::default())?;
    let set = session.store(measuring.train)?;
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

/// The root mean square of the initial weights, for each layer that has weights.
fn sizes_of_weights(config: &Config) -> Result<Vec<(usize, f64)>, ExperimentError> {
    let mut sizes = Vec::new();
    for (layer, settings) in config.layers.iter().enumerate() {
        let init = settings.population().and_then(|population| population.init);
        if let Some(init) = init {
            let (mean, std) = initialiser(layer, init)?.moments();
            sizes.push((layer, mean.hypot(std)));
        }
    }
    Ok(sizes)
}

fn fill_in_temperature(config: &mut Config) {
    let mut populations = config.layers.iter().rev();
    let last = populations.find_map(LayerConfig::population);
    if let (LossConfig::FirstSpike(loss), Some(last)) = (&mut config.loss, last) {
        let temperature = four_digits(RELATIVE_TEMPERATURE * last.tau_s);
        loss.temperature.get_or_insert(temperature);
    }
}

/// Adam's steps are about as large as the rate. Those of gradient descent are the rate times the gradient, whose size goes
/// with one over that of the weights.
fn fill_in_learning_rate(optimiser: &mut OptimiserConfig, sizes: &[(usize, f64)]) {
    let sizes = sizes.iter().map(|&(_, size)| size);
    let smallest = sizes.filter(|&size| size > 0.0).reduce(f64::min);
    let rate = match (smallest, &*optimiser) {
        // Without weights that say something, the rule's own.
        (None, rule) => Optimiser::from(rule).learning_rate(),
        (Some(size), OptimiserConfig::Sgd(_)) => four_digits(RELATIVE_RATE * size * size),
        (Some(size), _) => four_digits(RELATIVE_RATE * size),
    };
    optimiser.fill_in(rate, four_digits(DECAY_OF_A_STEP / rate));
}

/// The boost is a part of the gradient, so it goes with one over the size of the weights, too.
fn fill_in_silent_boost(layers: &mut [LayerConfig], sizes: &[(usize, f64)]) {
    let Some(&(last, size)) = sizes.last() else {
        return;
    };
    if let Some(left_out) = layers[last].left_out() {
        let boost = if size > 0.0 { 1.0 / size } else { 0.0 };
        left_out.silent_boost.get_or_insert(four_digits(boost));
    }
}

/// A number with four digits: exact enough for such defaults, and short in a file.
fn four_digits(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}
