//! `noctule batteries`: the tests that every engine must pass, on a machine without a compiler.

use std::time::Instant;

use crate::engines::open;
use anyhow::{Result, bail};
use noctule_conformance::batteries;

use crate::cli::Batteries;
use crate::outcome::Outcome;
use crate::streams::say;

/// Runs the batteries in single precision, and prints each result as it comes.
pub fn run(options: &Batteries) -> Result<Outcome> {
    let engine = open(options.engine.choice()?, 0)?;
    let (mut passed, mut failed) = (0, 0);
    let chosen = batteries::all::<f32>().into_iter();
    for battery in chosen.filter(|(name, _)| name.contains(&options.part)) {
        let start = Instant::now();
        let problem = batteries::run(battery, &*engine).err();
        let (name, seconds) = (battery.0, start.elapsed().as_secs_f64());
        match &problem {
            None => passed += 1,
            Some(_) => failed += 1,
        }
        if options.json {
            say!(
                "{}",
                serde_json::json!({
                    "battery": name, "passed": problem.is_none(), "seconds": seconds, "problem": problem,
                })
            );
        } else {
            let verdict = if problem.is_none() { "ok" } else { "FAILED" };
            say!("{verdict:6} {seconds:7.2} s  {name}");
        }
    }
    if passed + failed == 0 {
        bail!("no battery has `{}` in its name", options.part);
    }
    if !options.json {
        say!("{passed} passed, {failed} failed");
    }
    Ok(if failed == 0 {
        Outcome::Done
    } else {
        Outcome::Failed
    })
}
