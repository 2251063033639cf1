//! `noctule sweep`.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use noctule::engines::{Backend, open};
use noctule_study::{HeatMap, SweepOutcome, sweep};
use noctule_train::{SingleProcess, Trainer, write_atomically};

use super::experiment::{configure, load_data, make_directory};
use crate::cli::Sweep;
use crate::outcome::Outcome;
use crate::streams::{redraws, remark};

pub fn run(options: &Sweep, stop: &Arc<AtomicBool>) -> Result<Outcome> {
    let repeats = options
        .repeats
        .map(|repeats| format!("sweep.repeats={repeats}"));
    let threads = options
        .threads
        .map(|threads| format!("training.threads={threads}"));
    let named = options.set.iter().cloned().chain(repeats).chain(threads);
    let config = configure(&options.experiment, &named.collect::<Vec<_>>())?;
    let engine = open(Backend::Cpu, config.training.threads)?;
    sweep::check(&config)?;
    let data_dir = options.data_dir.as_deref();
    // Downloads what is missing, and finds out whether the experiment can be run at all.
    let data = load_data(&config, data_dir, &mut SingleProcess, stop)?;
    Trainer::with_data(config.clone(), Arc::new(data), Arc::clone(&engine))?;
    // Before the runs, so that a folder that cannot be used costs none of them.
    let directory = make_directory(options.out.as_deref(), &config)?;
    let bar = if redraws(&std::io::stderr()) {
        ProgressBar::new(0)
    } else {
        ProgressBar::hidden()
    };
    let bar = bar.with_style(ProgressStyle::with_template(
        "{bar:24} {pos}/{len} runs  {per_sec}  {eta} left",
    )?);
    let progress = |done: usize, total: usize| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    };
    let outcome = sweep::run(&config, data_dir, &engine, &progress, stop);
    bar.finish_and_clear();
    let outcome = match outcome {
        Ok(Some(outcome)) => outcome,
        unfinished => {
            directory.abandon();
            unfinished?;
            remark!("\nStopped; nothing is written.");
            return Ok(Outcome::Interrupted);
        }
    };
    write(&outcome, directory.path())?;
    directory.write_config(&config.to_toml()?)?;
    report(&outcome, directory.path());
    Ok(Outcome::Done)
}

fn write(outcome: &SweepOutcome, directory: &Path) -> Result<()> {
    let json = serde_json::to_vec_pretty(outcome)?;
    write_atomically(&directory.join("sweep.json"), &json)?;
    let map = HeatMap {
        title: &format!("{}: test accuracy", outcome.name),
        x: (&outcome.x.key, &outcome.x.values),
        y: (&outcome.y.key, &outcome.y.values),
        values: &outcome.accuracy,
        range: (0.0, 1.0),
    };
    write_atomically(&directory.join("sweep.png"), &map.to_png()?)?;
    Ok(())
}

fn report(outcome: &SweepOutcome, directory: &Path) {
    let points = outcome.x.values.len() * outcome.y.values.len();
    remark!(
        "{}: {points} points, {} runs each",
        outcome.name,
        outcome.repeats
    );
    remark!(
        "  accuracy   {:.2} % on average over the grid",
        100.0 * outcome.mean_accuracy
    );
    remark!(
        "  solved     {:.2} % of the runs make no mistake at the end",
        100.0 * outcome.mean_solved
    );
    if outcome.diverged > 0 {
        remark!(
            "  diverged   {} runs, counted as wrong on every sample",
            outcome.diverged
        );
    }
    remark!("  heat map   {}", directory.join("sweep.png").display());
    remark!("  data       {}", directory.join("sweep.json").display());
}
