//! What a checkpoint belongs to: the experiment and the data that it was trained with.

use std::fmt::{self, Display, Formatter};

use noctule_core::Batch;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::sample_hash::describe_samples;
use crate::checkpoint::Checkpoint;
use crate::checksum::short_sha256;
use crate::config::{ChangedKey, Config, ConfigError, list_changes};

/// What a checkpoint belongs to. Neither the directory of the data nor the number of epochs or threads is a part of it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Origin {
    /// The engine that computed, as [`noctule_core::EngineInfo::backend`] names it.
    pub backend: String,
    /// The experiment as TOML; `None` for a trainer without an experiment file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<String>,
    pub data: Parts,
}

/// The parts of the data.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Parts {
    pub train: Part,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<Part>,
    pub test: Part,
}

impl Origin {
    /// The keys of `config` that are others than those of the experiment that a checkpoint belongs to; empty if it does not
    /// say what it belongs to.
    pub fn changes(
        checkpoint: &Checkpoint,
        config: &Config,
    ) -> Result<Vec<ChangedKey>, ConfigError> {
        let before = checkpoint.metadata.pointer("/origin/experiment");
        let before = before.and_then(|text| text.as_str());
        before.map_or(Ok(Vec::new()), |before| config.changes_since(before))
    }
}

/// A part of the data.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Part {
    samples: usize,
    /// The first digits of the SHA-256 of all samples and labels.
    sha256: String,
}

impl Display for Part {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} samples with SHA-256 {}", self.samples, self.sha256)
    }
}

impl Part {
    /// Reads all samples.
    pub fn of(batch: &Batch<f32>) -> Self {
        Self {
            samples: batch.len(),
            sha256: short_sha256(&describe_samples(batch)),
        }
    }
}

/// A checkpoint that a run cannot continue from, since it belongs to another one.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum OriginError {
    /// The checkpoint does not say what it belongs to.
    #[error(
        "an earlier version of Noctule wrote this checkpoint, without noting its experiment and data; it can be \
         evaluated, but not resumed: start a new run"
    )]
    Unknown,
    /// The checkpoint belongs to another experiment.
    #[error(
        "the checkpoint belongs to another experiment than config.toml: {}; undo the change, or start a new run",
        list_changes(changes)
    )]
    Experiment {
        /// The keys that were changed.
        changes: Vec<ChangedKey>,
    },
    /// The data are other ones.
    #[error(
        "the {part} part of the data was {before}, but is now {now}; name the directory of the run's own data with \
         --data-dir, or start a new run"
    )]
    Data {
        /// `training`, `validation` or `test`.
        part: &'static str,
        /// What the run was trained with.
        before: String,
        /// What was found.
        now: String,
    },
}

impl Parts {
    /// A checksum of all parts.
    pub fn fingerprint(&self) -> String {
        let part = |part: Option<&Part>| part.map_or(String::new(), Part::to_string);
        let parts = [
            Some(&self.train),
            self.validation.as_ref(),
            Some(&self.test),
        ];
        short_sha256(&parts.map(part).join("\n"))
    }

    /// Whether all parts are what they were.
    pub fn check(&self, before: &Self) -> Result<(), OriginError> {
        let now = self;
        let parts = [
            ("training", Some(&before.train), Some(&now.train)),
            (
                "validation",
                before.validation.as_ref(),
                now.validation.as_ref(),
            ),
            ("test", Some(&before.test), Some(&now.test)),
        ];
        for (part, before, now) in parts {
            if before != now {
                let described =
                    |part: Option<&Part>| part.map_or("missing".to_owned(), Part::to_string);
                return Err(OriginError::Data {
                    part,
                    before: described(before),
                    now: described(now),
                });
            }
        }
        Ok(())
    }
}
