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

mod axis;
mod check;
mod continued;
mod data;
mod error;
mod held_out;
mod inherited;
mod layers;
pub(crate) mod node;
pub(crate) mod optimiser;
mod own_files;
mod presets;
mod resolved;
mod sections;
mod seed;
mod similar_key;
mod sweep;
mod table;
mod text;

pub use axis::{AxisConfig, AxisValue, LogAxis};
pub use continued::{ChangedKey, list_changes};
pub use data::{DataConfig, DataSet};
pub use error::ConfigError;
pub use held_out::HeldOut;
pub use layers::{
    Conv2dConfig, DenseConfig, HomeostasisConfig, InitConfig, LayerConfig, NormalInit, Population,
    SumPool2dConfig, ThresholdInit, UniformInit,
};
pub use optimiser::{AdamConfig, AdamWConfig, NAdamConfig, OptimiserConfig, SgdConfig};
pub use own_files::path_seen_from;
pub use resolved::Config;
pub use sections::{
    AugmentationConfig, CountSoftmaxLoss, ElasticConfig, EncoderConfig, FirstSpikeLoss, LossConfig,
    NeuronConfig, SpikeCountLoss, SpikeTimeLoss, TrainingConfig,
};
pub use sweep::{SweepConfig, SweepSeeds};
pub use table::ConfigTable;
