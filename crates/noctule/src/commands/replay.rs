//! `noctule replay`.

use std::fs;

use crate::engines::{self, BackendError, Choice};
use anyhow::{Context, Result};
use noctule_conformance::replay::{self, Replay};
use noctule_conformance::{Cases, Problem, Unsupported, Verdict};
use noctule_train::write_atomically;

use super::output_file::check_output;
use crate::cli::{self, Precision};
use crate::outcome::Outcome;
use crate::plural::plural;
use crate::streams::{OutputError, note, say};

pub fn run(options: &cli::Replay) -> Result<Outcome> {
    let choice = options.engine.choice()?;
    let precision = precision(options.precision, choice)?;
    if let Some(output) = &options.output {
        check_output(output)?;
    }
    let path = options.cases.display();
    let text =
        fs::read_to_string(&options.cases).with_context(|| format!("cannot read `{path}`"))?;
    let cases = Cases::from_json(&text)
        .with_context(|| format!("`{path}` is not a file of reference cases"))?;
    name_unsupported(&cases.unsupported);
    let replay = match precision {
        Precision::F64 => replay::run(&*engines::open_f64(choice, 0)?, &cases),
        Precision::F32 => replay::run(&*engines::open(choice, 0)?, &cases),
    }
    .with_context(|| format!("`{path}`"))?;
    // The report is printed when nothing else can fail.
    if let Some(output) = &options.output {
        let json =
            serde_json::to_vec(&replay.outcomes).context("cannot convert the outcome to JSON")?;
        write_atomically(output, &json)?;
    }
    name_unsupported(&replay.unsupported);
    match report(&replay, options) {
        // The verdict stands, whether or not its reader stays to the end.
        Err(left) if left.reader_left() => {}
        printed => printed?,
    }
    Ok(if replay.failed().next().is_some() {
        Outcome::Failed
    } else {
        Outcome::Done
    })
}

/// The precision that is named, else the best that the engine has.
fn precision(named: Option<Precision>, choice: Choice) -> Result<Precision, BackendError> {
    match (named, choice.backend.has_devices()) {
        (Some(Precision::F64), true) => Err(BackendError::SinglePrecision(choice.backend)),
        (Some(named), _) => Ok(named),
        (None, true) => Ok(Precision::F32),
        (None, false) => Ok(Precision::F64),
    }
}

fn name_unsupported(cases: &[Unsupported]) {
    for case in cases {
        note!("left out: {case}");
    }
}

/// Prints a line for each failed case, and a summary.
fn report(replay: &Replay, options: &cli::Replay) -> Result<(), OutputError> {
    for Verdict { case, problems, .. } in replay.failed() {
        let problems: Vec<String> = problems.iter().map(Problem::to_string).collect();
        say!("failed: case {case}: {}", problems.join("; "));
    }
    let (judged, failed) = (replay.judged().count(), replay.failed().count());
    let not_judged = replay.verdicts.len() - judged;
    say!(
        "{} passed, {failed} failed, {not_judged} without expectations",
        plural(judged - failed, "case")
    );
    let or_none = |error: Option<f64>, unit| {
        error.map_or("none compared".to_owned(), |error| {
            format!("{error:.1e} {unit}")
        })
    };
    say!(
        "worst error of times: {}; of gradients: {}",
        or_none(replay.time_error(), "tau_s"),
        or_none(replay.gradient_error(), "of the largest entry")
    );
    if let Some(output) = &options.output {
        let cases = replay.outcomes.cases.len();
        say!("{} written to {}", plural(cases, "case"), output.display());
    }
    Ok(())
}
