//! The samples of an experiment.

use std::path::Path;

use noctule_data::{Dataset, LoadError, Split};

use super::error::ExperimentError;
use crate::config::{Config, DataSet};

/// The samples of an experiment. Copies share the intensities.
#[derive(Clone, Debug)]
pub struct Data {
    /// The samples that the weights are fitted to.
    pub train: Dataset,
    /// The samples that the best epoch is chosen by, if any are held out.
    pub validation: Option<Dataset>,
    /// The samples that decide nothing.
    pub test: Dataset,
}

/// A data set as it is loaded, before a validation part is split off. Copies share the intensities.
#[derive(Clone, Debug)]
pub struct SourceData {
    train: Dataset,
    /// A validation part that the set itself has.
    validation: Option<Dataset>,
    test: Dataset,
}

impl DataSet {
    /// The name of the set in the data registry.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mnist => "mnist",
            Self::FashionMnist => "fashion-mnist",
            Self::EmnistBalanced => "emnist-balanced",
            Self::SpikeOrder => "spike-order",
            Self::YinYang => "yin-yang",
        }
    }

    /// Whether the samples themselves depend on the seed of the experiment.
    pub fn depends_on_seed(self) -> bool {
        self == Self::YinYang
    }
}

impl SourceData {
    /// Loads the data set of an experiment from `directory`, or from where [`noctule_data::data_directory`] says.
    ///
    /// # Errors
    /// If files are missing or damaged.
    pub fn load(config: &Config, directory: Option<&Path>) -> Result<Self, LoadError> {
        let set = config.data.set;
        let load = |split| noctule_data::load(set.name(), split, directory, config.seed);
        let (train, test) = (load(Split::Train)?, load(Split::Test)?);
        let validation = match set {
            DataSet::YinYang => Some(load(Split::Validation)?),
            _ => None,
        };
        Ok(Self {
            train,
            validation,
            test,
        })
    }

    /// The samples of an experiment on this data set: splits off the validation part that it asks for.
    ///
    /// # Errors
    /// If no sample would be left to train with.
    pub fn split(self, config: &Config) -> Result<Data, ExperimentError> {
        let held_out = config.data.validation;
        let (train, validation) = match (self.validation, held_out) {
            (Some(validation), _) => (self.train, Some(validation)),
            (None, 0) => (self.train, None),
            (None, _) => {
                let (train, validation) = self.train.split(held_out, config.seed)?;
                (train, Some(validation))
            }
        };
        Ok(Data {
            train,
            validation,
            test: self.test,
        })
    }
}

impl Data {
    /// Loads one part of the data of an experiment, and no file that it does not need.
    ///
    /// # Errors
    /// If files are missing or damaged, or the experiment holds no samples out for validation.
    pub fn load_part(
        config: &Config,
        directory: Option<&Path>,
        part: Split,
    ) -> Result<Dataset, ExperimentError> {
        let set = config.data.set;
        let load = |split| noctule_data::load(set.name(), split, directory, config.seed);
        let held_out = config.data.validation;
        match part {
            Split::Test => Ok(load(Split::Test)?),
            _ if set == DataSet::YinYang => Ok(load(part)?),
            Split::Train if held_out == 0 => Ok(load(Split::Train)?),
            Split::Validation if held_out == 0 => Err(ExperimentError::NoValidation),
            _ => {
                let (train, validation) = load(Split::Train)?.split(held_out, config.seed)?;
                Ok(if part == Split::Train {
                    train
                } else {
                    validation
                })
            }
        }
    }

    /// Loads the data of an experiment from `directory`, or from where [`noctule_data::data_directory`] says.
    ///
    /// # Errors
    /// If files are missing or damaged, or the validation part leaves no sample to train with.
    pub fn load(config: &Config, directory: Option<&Path>) -> Result<Self, ExperimentError> {
        SourceData::load(config, directory)?.split(config)
    }
}
