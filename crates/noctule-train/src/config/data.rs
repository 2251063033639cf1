//! `[data]`: where the samples come from.

use std::path::PathBuf;

use noctule_data::files::MOST_UNITS;
use serde::{Deserialize, Serialize};

use super::held_out::HeldOut;
use crate::range::{OutOfRange, count, positive, require};

/// `[data]`: where the samples come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// The data set.
    pub set: DataSet,
    /// The file of training samples, of a set of the user's own. A relative path starts at the data directory if there is
    /// one, else at [`DataConfig::folder`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train: Option<PathBuf>,
    /// The file of test samples, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<PathBuf>,
    /// Seconds per unit of the times in files of events; default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_unit: Option<f64>,
    /// Number of units that events come from. Default: what the training file says, else its largest unit + 1; a trainer
    /// fills it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub population: Option<usize>,
    /// Training samples held out for validation; default 0. Yin-Yang has its own validation set, so 0 there.
    #[serde(default)]
    pub validation: HeldOut,
    /// How many training samples there are, drawn at random before validation samples are held out; default all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<usize>,
    /// The folder of the experiment file, where relative paths of the user's own files start; `None` for the current folder.
    /// It belongs to the machine, so it is not written.
    #[serde(skip)]
    pub folder: Option<PathBuf>,
}

/// The data sets that can be trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataSet {
    /// Handwritten digits.
    Mnist,
    /// Pieces of clothing.
    FashionMnist,
    /// Handwritten digits and letters, 47 classes.
    EmnistBalanced,
    /// Two samples that differ in the order of two spikes, generated.
    SpikeOrder,
    /// Points of the Yin-Yang symbol, generated.
    YinYang,
    /// Events in files of the user's own.
    Events,
    /// Images in files of the user's own.
    Images,
}

impl DataSet {
    /// The name of the set, as in an experiment file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mnist => "mnist",
            Self::FashionMnist => "fashion-mnist",
            Self::EmnistBalanced => "emnist-balanced",
            Self::SpikeOrder => "spike-order",
            Self::YinYang => "yin-yang",
            Self::Events => "events",
            Self::Images => "images",
        }
    }

    /// Whether the samples themselves depend on the seed of the experiment.
    pub fn depends_on_seed(self) -> bool {
        self == Self::YinYang
    }

    /// Whether the samples lie in files of the user's own, which the data registry does not know.
    pub fn is_own(self) -> bool {
        matches!(self, Self::Events | Self::Images)
    }

    /// Whether the samples are images, which can be augmented.
    pub fn has_images(self) -> bool {
        !matches!(self, Self::YinYang | Self::SpikeOrder | Self::Events)
    }
}

impl DataConfig {
    /// Checks everything but the files.
    pub(super) fn check(&self) -> Result<(), OutOfRange> {
        self.check_files()?;
        if let Some(time_unit) = self.time_unit {
            positive("data.time_unit", time_unit)?;
        }
        if let Some(population) = self.population {
            count("data.population", population, MOST_UNITS)?;
        }
        if let Some(samples) = self.samples {
            count("data.samples", samples, u32::MAX as usize)?;
        }
        self.validation.check("data.validation")?;
        require(
            self.set != DataSet::YinYang || self.validation.is_none(),
            "data.validation",
            self.validation,
            "0 for yin-yang, which has a validation set of its own",
        )
    }

    fn check_files(&self) -> Result<(), OutOfRange> {
        let own = self.set.is_own();
        let files = [
            ("data.train", &self.train, "the file of training samples"),
            (
                "data.test",
                &self.test,
                "the file of test samples, which training never sees; keep a part of your samples for it",
            ),
        ];
        for (key, file, what) in files {
            let rule = format!("given: {what}");
            require(!own || file.is_some(), key, "missing", &rule)?;
            let empty = file
                .as_ref()
                .is_some_and(|file| file.as_os_str().is_empty());
            require(!empty, key, "empty", "the path of a file")?;
            let rule = "left out, but for the sets `events` and `images`";
            require(own || file.is_none(), key, "given", rule)?;
        }
        let events = self.set == DataSet::Events;
        let rule = "left out, but for the set `events`";
        let (unit, population) = (self.time_unit.is_some(), self.population.is_some());
        require(events || !unit, "data.time_unit", "given", rule)?;
        require(events || !population, "data.population", "given", rule)
    }
}
