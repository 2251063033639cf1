//! How an experiment trains: encoding, augmentation, loss, regularisation, and the numbers of the run.

use noctule_core::{
    CountSoftmax, EarlyPull, FirstSpike, Homeostasis, LatencyEncoding, LayerRegularisation, Loss,
    Regularisation, SpikeCount, SpikeTime,
};
use noctule_data::Augmentation;

use super::error::ExperimentError;
use crate::config::{Config, LayerConfig, LossConfig, Population};
use crate::plan::TrainingPlan;

/// How the training samples of an experiment are changed at random, if they are.
pub fn augmentation(config: &Config) -> Option<Augmentation> {
    let augmentation = Augmentation::from(config.augmentation.as_ref()?);
    (!augmentation.is_none()).then_some(augmentation)
}

/// How the images of an experiment become events; those that are events already do not need it.
///
/// # Errors
/// If its times are out of range.
pub fn encoding(config: &Config) -> Result<LatencyEncoding, ExperimentError> {
    let encoder = config.encoder.clone().unwrap_or_default();
    let latency = LatencyEncoding::new(encoder.earliest, encoder.latest)?
        .with_silent_zero(encoder.silent_zero);
    Ok(match encoder.bias {
        Some(time) => latency.with_bias(time)?,
        None => latency,
    })
}

/// The loss of an experiment.
pub fn loss(config: &Config) -> Loss {
    // The constants of the last layer: the loss is a function of its spikes.
    let last = config.layers.iter().rev().find_map(LayerConfig::population);
    let (silent_time, tau_s) = last.map_or((config.neuron.t_max, config.neuron.tau_s), |last| {
        (last.t_max, last.tau_s)
    });
    match &config.loss {
        LossConfig::SpikeCount(loss) => Loss::from(SpikeCount {
            target_true: loss.target_true,
            target_false: loss.target_false,
        }),
        LossConfig::CountSoftmax(loss) => Loss::from(CountSoftmax {
            temperature: loss.temperature,
        }),
        LossConfig::FirstSpike(loss) => Loss::from(FirstSpike {
            temperature: loss.temperature.unwrap_or(0.1 * tau_s),
            silent_time,
            early_pull: loss.early_pull_time.map(|time| EarlyPull {
                strength: loss.early_pull,
                time,
            }),
        }),
        LossConfig::SpikeTime(loss) => Loss::from(SpikeTime {
            target_true: loss.target_true,
            target_false: loss.target_false,
            scale: tau_s,
            silent_time,
        }),
    }
}

/// The regularisation of an experiment.
pub fn regularisation(config: &Config) -> Regularisation {
    let of_layer = |population: Population<'_>| LayerRegularisation {
        homeostasis: population.homeostasis.map(|homeostasis| Homeostasis {
            target: homeostasis.target,
            strength: homeostasis.strength,
        }),
        silent_boost: population.silent_boost.unwrap_or(0.0),
    };
    let layers = config.layers.iter();
    Regularisation {
        max_inverse_slope: config.training.max_inverse_slope,
        layers: layers
            .map(|layer| layer.population().map(of_layer).unwrap_or_default())
            .collect(),
    }
}

/// The numbers of an experiment's run.
pub fn plan(config: &Config) -> TrainingPlan {
    TrainingPlan {
        seed: config.seed,
        epochs: config.training.epochs,
        batch_size: config.training.batch_size,
        optimiser: (&config.optimiser).into(),
        schedule: config.schedule.clone(),
        weight_average: config.training.weight_average,
        regularisation: regularisation(config),
        prediction: loss(config).prediction(),
    }
}
