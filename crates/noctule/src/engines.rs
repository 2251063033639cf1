//! The engines of this build, by the names that the command line has for them.

use std::sync::Arc;

use clap::ValueEnum;
use noctule_core::{Engine, EngineError};
use noctule_cpu::CpuEngine;
use thiserror::Error;

/// The name of an engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// The processor.
    #[default]
    Cpu,
    /// The graphics card (not in this build).
    Gpu,
}

/// An engine that cannot be opened.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum BackendError {
    /// This build does not have the engine.
    #[error("this build of noctule has no GPU back end; use --backend cpu")]
    NotBuilt,
    /// The engine does not start.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Opens an engine for single precision, in which networks are trained; `threads` is the number of CPU threads, 0 for one
/// on each core.
///
/// # Errors
/// If this build does not have the engine, or it does not start.
pub fn open(backend: Backend, threads: usize) -> Result<Arc<dyn Engine<f32>>, BackendError> {
    require(backend)?;
    Ok(Arc::new(CpuEngine::new(threads)?))
}

/// As [`open`], for double precision.
///
/// # Errors
/// As [`open`].
pub fn open_f64(backend: Backend, threads: usize) -> Result<Arc<dyn Engine<f64>>, BackendError> {
    require(backend)?;
    Ok(Arc::new(CpuEngine::new(threads)?))
}

/// Whether this build has an engine.
///
/// # Errors
/// [`BackendError::NotBuilt`] if it does not.
pub fn require(backend: Backend) -> Result<(), BackendError> {
    match backend {
        Backend::Cpu => Ok(()),
        Backend::Gpu => Err(BackendError::NotBuilt),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_there_in_both_precisions() {
        let (single, double) = (open(Backend::Cpu, 1), open_f64(Backend::Cpu, 1));
        assert_eq!(single.unwrap().info().backend, "cpu");
        assert_eq!(double.unwrap().info().threads, 1);
    }

    #[test]
    fn an_engine_that_was_not_built_is_refused() {
        let refused = open(Backend::Gpu, 0).err();
        assert_eq!(refused, Some(BackendError::NotBuilt));
    }
}
