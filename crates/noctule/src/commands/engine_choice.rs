//! The engine of a command that continues or uses a run.

use std::path::Path;

use crate::engines::{Backend, Choice};
use anyhow::{Result, bail};
use noctule_train::recorded_backend;

use crate::cli::EngineOptions;

/// The engine that is named, else that on which the run was trained, if that is `recorded`.
pub(super) fn engine_choice(options: &EngineOptions, recorded: Option<&str>) -> Result<Choice> {
    let backend = match (options.backend, recorded) {
        (Some(named), _) => named,
        (None, Some(recorded)) => of_run(recorded)?,
        (None, None) => Backend::default(),
    };
    Ok(Choice::new(backend, options.device)?)
}

/// The engine that is named, else that on which a checkpoint was trained.
pub(super) fn engine_for(options: &EngineOptions, checkpoint: &Path) -> Result<Choice> {
    let recorded = match options.backend {
        Some(_) => None,
        None => recorded_backend(checkpoint)?,
    };
    engine_choice(options, recorded.as_deref())
}

/// The back end of a run, which must not quietly give way to another.
fn of_run(recorded: &str) -> Result<Backend> {
    match Backend::named(recorded) {
        Some(backend) if backend.is_built() => Ok(backend),
        Some(_) => bail!(
            "the run was trained on the back end `{recorded}`, which this build does not have; build it with `--features \
             {recorded}`, or choose another one with --backend"
        ),
        None => bail!(
            "the run was trained on the back end `{recorded}`, which this version does not have; choose another one with \
             --backend"
        ),
    }
}
