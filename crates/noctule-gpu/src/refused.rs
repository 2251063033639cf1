//! Errors for what the engine does not support.

use noctule_core::EngineError;

/// An error that names what the kernels do not support.
pub(crate) fn unsupported(what: impl Into<String>) -> EngineError {
    EngineError::Unsupported {
        backend: "gpu",
        what: what.into(),
    }
}
