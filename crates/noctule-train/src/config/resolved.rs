//! The experiment with every default filled in.

use serde::{Deserialize, Serialize};

use super::data::{DataConfig, DataSet};
use super::error::ConfigError;
use super::inherited::leave_out_inherited;
use super::layers::LayerConfig;
use super::optimiser::OptimiserConfig;
use super::presets::PRESETS;
use super::sections::{
    AugmentationConfig, EncoderConfig, LossConfig, NeuronConfig, TrainingConfig,
};
use super::sweep::SweepConfig;
use crate::schedule::ScheduleConfig;

/// A fully resolved experiment: every default is filled in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Short name: letters, digits, `-`, `_` and `.`; run directories are named after it.
    pub name: String,
    /// A sentence that describes the experiment; default empty.
    #[serde(default)]
    pub description: String,
    /// Seed of everything random: initial weights, shuffling, augmentation, dropout, generated data; default 0. TOML
    /// has no numbers above 2^63 - 1: larger seeds are strings there.
    #[serde(default, with = "super::seed")]
    pub seed: u64,
    /// Where the samples come from.
    pub data: DataConfig,
    /// How the training samples are changed at random; default not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub augmentation: Option<AugmentationConfig>,
    /// How samples become spikes; `None` for events, which are spikes already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder: Option<EncoderConfig>,
    /// Neuron constants of all layers that do not have their own.
    pub neuron: NeuronConfig,
    /// The layers, from input to output.
    pub layers: Vec<LayerConfig>,
    /// What is minimised.
    pub loss: LossConfig,
    /// How weights follow the gradient.
    pub optimiser: OptimiserConfig,
    /// How the learning rate changes over the run; default constant.
    #[serde(default)]
    pub schedule: ScheduleConfig,
    /// Length and batches of the run.
    pub training: TrainingConfig,
    /// What `noctule sweep` varies; default nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep: Option<SweepConfig>,
}

impl Config {
    /// The names of all built-in experiments.
    pub fn preset_names() -> Vec<&'static str> {
        PRESETS.iter().map(|(name, _)| *name).collect()
    }

    /// The text of a built-in experiment, comments included.
    pub fn preset_text(name: &str) -> Option<&'static str> {
        PRESETS
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, text)| *text)
    }

    /// Fills in what depends on the kind of the samples.
    pub(super) fn fill_in_defaults(&mut self) {
        match self.data.set {
            DataSet::Events => {
                self.data.time_unit.get_or_insert(1.0);
            }
            _ => {
                self.encoder.get_or_insert_default();
            }
        }
    }

    /// The experiment as TOML with every default written out; [`Config::from_toml_str`] reads back an equal one.
    ///
    /// What a layer has from `[neuron]`, or from its own `theta`, is not repeated in the layer, so that a later override
    /// of these reaches it.
    ///
    /// # Errors
    /// [`ConfigError::Unwritable`] if a value has no TOML form; those that [`Config::check`] accepts all have one.
    pub fn to_toml(&self) -> Result<String, ConfigError> {
        let unwritable = |error: toml::ser::Error| ConfigError::Unwritable(error.to_string());
        let mut table = toml::Table::try_from(self).map_err(unwritable)?;
        leave_out_inherited(&mut table);
        toml::to_string(&table).map_err(unwritable)
    }
}
