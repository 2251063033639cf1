//! The reference cases, with the tolerances of `noctule replay`.

use noctule_core::{Engine, Real};

use crate::cases::Cases;
use crate::fixtures;
use crate::harness::must;
use crate::replay;
use crate::verdict::{Problem, Verdict};

/// Spike times and gradients of simulated spikes.
pub fn exact_cases<T: Real>(engine: &dyn Engine<T>) {
    replay_all(engine, fixtures::EXACT, 32);
}

/// Gradients at recorded spikes.
pub fn recorded_cases<T: Real>(engine: &dyn Engine<T>) {
    replay_all(engine, fixtures::RECORDED, 20);
}

/// Neurons with constants of their own.
pub fn temporal_cases<T: Real>(engine: &dyn Engine<T>) {
    replay_all(engine, fixtures::TEMPORAL, 8);
}

/// Replays a file of which at least `least` cases must be judged, and all of these pass.
fn replay_all<T: Real>(engine: &dyn Engine<T>, text: &str, least: usize) {
    let cases = must(Cases::from_json(text), "reading the cases");
    let replay = must(replay::run(engine, &cases), "replaying the cases");
    let judged = replay.judged().count();
    assert!(
        judged >= least,
        "only {judged} of {least} cases were judged"
    );
    let failed: Vec<String> = replay.failed().map(describe).collect();
    assert!(
        failed.is_empty(),
        "{} cases failed:\n{}",
        failed.len(),
        failed.join("\n")
    );
}

/// What is wrong with a case.
fn describe(verdict: &Verdict) -> String {
    let problems: Vec<String> = verdict.problems.iter().map(Problem::to_string).collect();
    format!("{}: {}", verdict.case, problems.join("; "))
}
