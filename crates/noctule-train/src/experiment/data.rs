//! The samples of an experiment.

use std::path::{Path, PathBuf};

use noctule_data::{Dataset, LoadError, Split};

use super::error::ExperimentError;
use super::own_data::{OwnFile, with_classes};
use crate::config::{Config, DataSet};

/// The samples of an experiment. Copies share them.
#[derive(Clone, Debug)]
pub struct Data {
    /// The samples that the weights are fitted to.
    pub train: Dataset,
    /// The samples that the best epoch is chosen by, if any are held out.
    pub validation: Option<Dataset>,
    /// The samples that decide nothing.
    pub test: Dataset,
}

/// A data set as it is loaded, before a validation part is split off. Copies share the samples.
#[derive(Clone, Debug)]
pub struct SourceData {
    train: Dataset,
    /// A validation part that the set itself has.
    validation: Option<Dataset>,
    test: Dataset,
}

impl SourceData {
    /// Loads the data set of an experiment. Files of known sets lie in `directory`, or where
    /// [`noctule_data::data_directory`] says; relative paths of the user's own files start at `directory`, or at the folder
    /// of the experiment file.
    ///
    /// # Errors
    /// If files are missing, damaged or hold something else.
    pub fn load(config: &Config, directory: Option<&Path>) -> Result<Self, ExperimentError> {
        let train = load(config, directory, Split::Train, None)?;
        let test = load(config, directory, Split::Test, Some(&train))?;
        let validation = match config.data.set {
            DataSet::YinYang => Some(load(config, directory, Split::Validation, None)?),
            _ => None,
        };
        Ok(Self {
            train,
            validation,
            test,
        })
    }

    /// What decides the samples, so that experiments for which it is equal can share them.
    pub fn key(config: &Config) -> String {
        let data = &config.data;
        let seed = data.set.depends_on_seed().then_some(config.seed);
        let own = data.set.is_own().then_some(data);
        let own = own.map(|data| {
            let files = (&data.folder, &data.train, &data.test);
            (files, data.time_unit, data.population)
        });
        format!("{} {seed:?} {own:?}", data.set.name())
    }

    /// The samples of an experiment on this data set: as many as it asks for, of which its validation part is split off.
    ///
    /// # Errors
    /// If there are not as many samples, none would be left to train with, or in the user's own files a label has no
    /// neuron in the last layer.
    pub fn split(self, config: &Config) -> Result<Data, ExperimentError> {
        let train = with_classes(self.train, config, Split::Train)?;
        let test = with_classes(self.test, config, Split::Test)?;
        let (train, held_out) = hold_out(train, config, SampleOrder::Drawn)?;
        Ok(Data {
            train,
            validation: self.validation.or(held_out),
            test,
        })
    }
}

/// Loads a part of a data set. The user's own test samples are to be like the training samples `like`.
fn load(
    config: &Config,
    directory: Option<&Path>,
    split: Split,
    like: Option<&Dataset>,
) -> Result<Dataset, ExperimentError> {
    let data = &config.data;
    if data.set.is_own() {
        return OwnFile::of(data, directory, split).load(data, like);
    }
    Ok(noctule_data::load(
        data.set.name(),
        split,
        directory,
        config.seed,
    )?)
}

/// The order of the samples of a part that is drawn at random.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleOrder {
    /// That in which a trainer has them, before it shuffles them in each epoch.
    Drawn,
    /// That of the file.
    File,
}

/// The training samples that an experiment asks for, and those that it holds out of them for validation.
fn hold_out(
    train: Dataset,
    config: &Config,
    order: SampleOrder,
) -> Result<(Dataset, Option<Dataset>), ExperimentError> {
    let train = match config.data.samples {
        None => train,
        Some(samples) => train
            .draw(samples, config.seed)
            .map_err(ExperimentError::Samples)?,
    };
    let validation = config.data.validation;
    if validation.is_none() {
        return Ok((train, None));
    }
    let (mut rest, mut held_out) = train.split_indices(validation.of(train.len()), config.seed)?;
    if order == SampleOrder::File {
        rest.sort_unstable();
        held_out.sort_unstable();
    }
    Ok((train.subset(&rest)?, Some(train.subset(&held_out)?)))
}

/// The directory where the files of an experiment are looked for: `explicit`, else for the user's own files the folder of
/// the experiment file, and for known sets what [`noctule_data::data_directory`] says. `None` if there are no files.
///
/// # Errors
/// If there is no such directory.
pub fn data_directory(
    config: &Config,
    explicit: Option<&Path>,
) -> Result<Option<PathBuf>, LoadError> {
    match config.data.set {
        DataSet::YinYang | DataSet::SpikeOrder => Ok(None),
        DataSet::Events | DataSet::Images => {
            let folder = explicit.or(config.data.folder.as_deref());
            Ok(Some(folder.unwrap_or(Path::new(".")).to_owned()))
        }
        _ => Ok(Some(noctule_data::data_directory(explicit)?)),
    }
}

impl Data {
    /// Loads the data of an experiment from `directory`, or from where [`SourceData::load`] looks.
    ///
    /// # Errors
    /// If files are missing or damaged, or the validation part leaves no sample to train with.
    pub fn load(config: &Config, directory: Option<&Path>) -> Result<Self, ExperimentError> {
        SourceData::load(config, directory)?.split(config)
    }

    /// Loads one part of the data of an experiment, and no file that it does not need.
    ///
    /// # Errors
    /// If files are missing or damaged, or the experiment holds no samples out for validation.
    pub fn load_part(
        config: &Config,
        directory: Option<&Path>,
        part: Split,
        order: SampleOrder,
    ) -> Result<Dataset, ExperimentError> {
        let own_validation = config.data.set == DataSet::YinYang;
        match part {
            Split::Validation if own_validation => load(config, directory, part, None),
            Split::Validation if config.data.validation.is_none() => {
                Err(ExperimentError::NoValidation)
            }
            Split::Test => {
                // What a trainer wrote says how many units there are; else the training file does.
                let train =
                    match config.data.set == DataSet::Events && config.data.population.is_none() {
                        true => Some(load(config, directory, Split::Train, None)?),
                        false => None,
                    };
                with_classes(load(config, directory, part, train.as_ref())?, config, part)
            }
            Split::Train | Split::Validation => {
                let train = load(config, directory, Split::Train, None)?;
                let (train, held_out) =
                    hold_out(with_classes(train, config, Split::Train)?, config, order)?;
                match part {
                    Split::Validation => held_out.ok_or(ExperimentError::NoValidation),
                    _ => Ok(train),
                }
            }
        }
    }
}
