//! Defaults that depend on the data: the initial weights, and what follows from their size.

use noctule_core::{Batch, Engine, Optimiser};
use noctule_data::Dataset;

use super::error::ExperimentError;
use super::network::{initialiser, layers};
use crate::config::{
    Config, InitConfig, LayerConfig, LossConfig, NormalInit, OptimiserConfig, Population,
    ThresholdInit,
};
use crate::initial::{
    default_learning_rate, default_silent_boost, default_weight_decay, drive_of_last_layer,
    four_digits,
};

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
    let drive = drive_of_last_layer(&network, measuring.train, measuring.engine)?;
    let theta = config.layers[layer].population().map(|p| p.theta);
    let Some(theta) = theta else {
        return Ok(silent);
    };
    Ok(NormalInit {
        mean: four_digits(wanted.mean * theta / drive.sum),
        std: four_digits(wanted.std * theta / drive.norm),
    })
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

fn fill_in_learning_rate(optimiser: &mut OptimiserConfig, sizes: &[(usize, f64)]) {
    let sizes = sizes.iter().map(|&(_, size)| size);
    let rule = Optimiser::from(&*optimiser);
    let rate = default_learning_rate(&rule, sizes);
    optimiser.fill_in(rate, default_weight_decay(rate));
}

/// The boost is a part of the gradient, so it goes with one over the size of the weights, too.
fn fill_in_silent_boost(layers: &mut [LayerConfig], sizes: &[(usize, f64)]) {
    let Some(&(last, size)) = sizes.last() else {
        return;
    };
    if let Some(left_out) = layers[last].left_out() {
        left_out
            .silent_boost
            .get_or_insert(default_silent_boost(size));
    }
}
