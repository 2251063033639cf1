//! The reference cases, with the tolerances of `noctule replay`.

use noctule_core::{Engine, Real};

use crate::cases::Cases;
use crate::fixtures;
use crate::harness::{by_precision, must};
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
    let failed: Vec<String> = replay.failed().filter_map(describe::<T>).collect();
    assert!(
        failed.is_empty(),
        "{} cases failed:\n{}",
        failed.len(),
        failed.join("\n")
    );
}

/// A case whose gradient is so sensitive that single precision cannot give it to 1e-3 of its largest entry: rounding the
/// weights and input times to `f32`, and computing with them in `f64`, already moves it by 3.4e-3. Up to 1e-2 is allowed
/// here; `noctule replay` makes no exception.
const SENSITIVE: (&str, f64) = ("long-1101", 1e-2);

/// What is wrong with a case, if it is more than single precision can help.
fn describe<T: Real>(verdict: &Verdict) -> Option<String> {
    let (case, allowed) = SENSITIVE;
    let allowed = by_precision::<T>(0.0, allowed);
    let is_allowed = |problem: &Problem| match problem {
        Problem::Gradient { error, .. } => verdict.case == case && *error <= allowed,
        _ => false,
    };
    let problems = verdict
        .problems
        .iter()
        .filter(|problem| !is_allowed(problem));
    let problems: Vec<String> = problems.map(Problem::to_string).collect();
    let message = format!("{}: {}", verdict.case, problems.join("; "));
    (!problems.is_empty()).then_some(message)
}
