//! Experiment files: everything that decides a run, in TOML.
//!
//! Read one with [`Config::from_toml_str`] or [`Config::preset`]; to override single keys before they are checked, go
//! through [`ConfigTable`]. Unknown keys, wrong types and values out of range are refused with the path of the key.
//! The preset `mnist-count` explains every key. All times are in seconds.
//!
//! ```
//! use noctule_train::config::{Config, ConfigTable};
//!
//! let config = Config::preset("mnist-count")?;
//! assert_eq!(config.training.batch_size, 50);
//!
//! let mut table = ConfigTable::preset("mnist-count")?;
//! table.apply_overrides(&["layers.0.neurons=400".to_owned(), "name=smaller".to_owned()])?;
//! let smaller = table.resolve()?;
//! assert_eq!(smaller.layers[0].neurons(), Some(400));
//!
//! let again = Config::from_toml_str(&smaller.to_toml()?, "config.toml")?;
//! assert_eq!(again, smaller);
//! # Ok::<(), noctule_train::config::ConfigError>(())
//! ```

mod check;
mod error;
mod layers;
pub(crate) mod node;
mod presets;
mod sections;
mod table;

pub use error::ConfigError;
pub use layers::{
    Conv2dConfig, DenseConfig, Homeostasis, InitConfig, LayerConfig, NormalInit, Population,
    SumPool2dConfig, UniformInit,
};
pub use sections::{
    AugmentationConfig, AxisConfig, CountSoftmaxLoss, DataConfig, DataSet, ElasticConfig,
    EncoderConfig, FirstSpikeLoss, LossConfig, NeuronConfig, SpikeCountLoss, SpikeTimeLoss,
    SweepConfig, TrainingConfig,
};
pub use table::ConfigTable;

use serde::{Deserialize, Serialize};

use crate::optimiser::OptimiserConfig;
use crate::schedule::ScheduleConfig;

/// A fully resolved experiment: every default is filled in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Short name: letters, digits, `-`, `_` and `.`; run directories are named after it.
    pub name: String,
    /// A sentence for people; default empty.
    #[serde(default)]
    pub description: String,
    /// Seed of everything random: initial weights, shuffling, augmentation, dropout, generated data; default 0.
    #[serde(default)]
    pub seed: u64,
    /// Where the samples come from.
    pub data: DataConfig,
    /// How the training samples are changed at random; default not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub augmentation: Option<AugmentationConfig>,
    /// How samples become spikes.
    #[serde(default)]
    pub encoder: EncoderConfig,
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
    /// Reads and checks an experiment; `origin` (a file name, say) opens every error message.
    ///
    /// # Errors
    /// [`ConfigError`] for text that is not TOML, and for unknown keys, wrong types, missing keys and values out of
    /// range, each with the key's path.
    pub fn from_toml_str(text: &str, origin: &str) -> Result<Self, ConfigError> {
        ConfigTable::from_toml_str(text, origin)?.resolve()
    }

    /// The built-in experiment of that name.
    ///
    /// # Errors
    /// [`ConfigError::UnknownPreset`] lists the names there are.
    pub fn preset(name: &str) -> Result<Self, ConfigError> {
        ConfigTable::preset(name)?.resolve()
    }

    /// The names of all built-in experiments.
    pub fn preset_names() -> Vec<&'static str> {
        presets::PRESETS.iter().map(|(name, _)| *name).collect()
    }

    /// The text of a built-in experiment, comments included.
    pub fn preset_text(name: &str) -> Option<&'static str> {
        presets::PRESETS
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, text)| *text)
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
        table::leave_out_inherited(&mut table);
        toml::to_string(&table).map_err(unwritable)
    }
}
