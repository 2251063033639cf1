//! Work on an engine's threads.

use noctule_core::Engine;

/// Does `work` on the threads of an engine and returns its result.
///
/// # Panics
/// If the engine does not do the work.
pub fn run_on<Outcome: Send>(
    engine: &dyn Engine<f32>,
    work: impl FnOnce() -> Outcome + Send,
) -> Outcome {
    let mut work = Some(work);
    let mut outcome = None;
    engine.run(&mut || {
        if let Some(work) = work.take() {
            outcome = Some(work());
        }
    });
    outcome.expect("Engine::run does the work before it returns")
}
