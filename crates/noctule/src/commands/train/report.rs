//! The page that a training leaves in its directory. Without it the training is as good: it never fails for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::version::VERSION;
use anyhow::Result;
use noctule_core::Engine;
use noctule_data::Dataset;
use noctule_study::report::{Report, ReportedRun, Source, collect};
use noctule_train::{Config, RunDirectory, Trainer};

use super::super::report::{REPORT, SAMPLES, write};
use crate::streams::note;
use crate::suggest;

/// Whether the page was written.
pub(super) fn is_there(folder: &Path) -> bool {
    folder.join(REPORT).exists()
}

/// Removes the page of a run that goes on, which it will no longer describe.
pub(crate) fn remove(folder: &Path) {
    std::fs::remove_file(folder.join(REPORT)).ok();
}

/// What the first of the runs of a page is measured with.
pub(super) struct Measuring<'a> {
    pub(super) config: &'a Config,
    pub(super) test: &'a Dataset,
    pub(super) engine: Arc<dyn Engine<f32>>,
}

/// Writes the page of a finished run and returns its path; `None`, with a warning, if that fails or `stop` is set.
pub(crate) fn of_run(
    trainer: &Trainer,
    directory: &RunDirectory,
    stop: &AtomicBool,
) -> Option<PathBuf> {
    let (config, data) = (trainer.config()?, trainer.data()?);
    let measuring = Measuring {
        config,
        test: &data.test,
        engine: Arc::clone(trainer.engine()),
    };
    let run = ReportedRun {
        directory: directory.clone(),
        seed: config.seed,
    };
    of_runs(measuring, run, Vec::new(), directory.path(), stop)
}

/// Writes the page of several runs into a folder, likewise; all but the learning curves is that of `first`.
pub(super) fn of_runs(
    measuring: Measuring<'_>,
    first: ReportedRun,
    others: Vec<ReportedRun>,
    folder: &Path,
    stop: &AtomicBool,
) -> Option<PathBuf> {
    let output = folder.join(REPORT);
    match make(measuring, first, others, &output, stop) {
        Ok(true) => return Some(output),
        Ok(false) => note!(
            "Stopped before the report was written. Write it with:  {}",
            suggest::report(folder)
        ),
        Err(error) => not_written(folder, &error),
    }
    None
}

/// Warns that there is no page.
pub(super) fn not_written(folder: &Path, error: &anyhow::Error) {
    note!(
        "warning: the report was not written: {error:#}. Try again with:  {}",
        suggest::report(folder)
    );
}

/// Whether the page was written: `stop` may be set meanwhile.
fn make(
    measuring: Measuring<'_>,
    run: ReportedRun,
    others: Vec<ReportedRun>,
    output: &Path,
    stop: &AtomicBool,
) -> Result<bool> {
    let source = Source {
        run,
        others,
        config: measuring.config,
        test: measuring.test,
        engine: measuring.engine,
        samples: SAMPLES,
    };
    let Some(measured) = collect(&source, stop)? else {
        return Ok(false);
    };
    write(&Report::new(VERSION, Some(measured), Vec::new()), output)?;
    Ok(true)
}
