//! Studies: questions about spiking networks that a command answers by training and measuring.
//!
//! A study works in a directory of its own. Whatever it has measured is a line in its [`UnitLog`], so a study that was
//! stopped continues where it was. Its result is a [`StudyDocument`]: verdicts, tables and charts as data, from which
//! Markdown, pictures and the report are made. Studies use [`Engine`](noctule_core::Engine) and
//! [`Session`](noctule_core::Session) only, so they run on any back end.

mod chart_picture;
mod context;
mod directory;
mod document;
mod error;
mod markdown;
mod short_training;
mod trained;
mod unit_log;

pub use chart_picture::{ChartPictureError, to_svg};
pub use context::{NoStudyProgress, StudyContext, StudyProgress, StudySize};
pub use directory::{StudyDescription, StudyDirectory};
pub use document::{
    Axis, Chart, Finding, Provenance, Section, Series, StudyDocument, Table, Verdict,
};
pub use error::StudyError;
pub(crate) use error::check_networks;
pub(crate) use short_training::{ShortTraining, train_briefly};
pub use trained::{TrainedNetwork, trained_network};
pub use unit_log::UnitLog;
