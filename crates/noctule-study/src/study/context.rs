//! [`StudyContext`]: what a study works with.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use noctule_core::Engine;
use serde::{Deserialize, Serialize};

/// How much a study measures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StudySize {
    /// A small version: 10,000 training samples, 3 epochs, 2 seeds, 2 chips, dense networks only.
    Quick,
    /// Everything.
    #[default]
    Full,
}

/// Where a study is told how far it is.
pub trait StudyProgress: Sync {
    /// `done` of `total` units are done, and `doing` is measured now.
    fn show(&self, done: usize, total: usize, doing: &str);
}

/// Shows nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoStudyProgress;

impl StudyProgress for NoStudyProgress {
    fn show(&self, _: usize, _: usize, _: &str) {}
}

/// What a study works with.
pub struct StudyContext<'a> {
    /// The directory of the study, which exists.
    pub directory: PathBuf,
    /// Where data sets lie; `None`: where [`noctule_data::data_directory`] says.
    pub data_directory: Option<PathBuf>,
    /// The engine that trains and measures.
    pub engine: Arc<dyn Engine<f32>>,
    /// How much to measure.
    pub size: StudySize,
    /// Told how far the study is.
    pub progress: &'a dyn StudyProgress,
    /// Set when the study is to stop.
    pub stop: &'a AtomicBool,
}

impl StudyContext<'_> {
    /// Whether the study is to stop.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Where data sets lie.
    pub fn data_directory(&self) -> Option<&Path> {
        self.data_directory.as_deref()
    }
}
