//! Work on the threads of an engine of any precision.

use noctule_core::{Engine, Real};

use crate::study::StudyError;

/// Does `work` on the threads of an engine and returns its result.
pub(super) fn on_threads<T: Real, R: Send>(
    engine: &dyn Engine<T>,
    work: impl FnOnce() -> Result<R, StudyError> + Send,
) -> Result<R, StudyError> {
    let mut work = Some(work);
    let mut outcome = None;
    engine.run(&mut || {
        if let Some(work) = work.take() {
            outcome = Some(work());
        }
    });
    outcome.unwrap_or_else(|| unreachable!("Engine::run does the work before it returns"))
}
