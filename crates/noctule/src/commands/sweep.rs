//! `noctule sweep`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::engines::{Backend, BackendError, Choice, open};
use anyhow::{Context, Result, bail};
use noctule_study::sweep::{ChosenBy, RunLog};
use noctule_study::{Sweep, SweepOutcome, sweep_picture};
use noctule_train::experiment::data_directory;
use noctule_train::{Config, ConfigTable, RunDirectory, SingleProcess, write_atomically};

use super::experiment::{configure, data_directory_of, load_data, make_directory};
use crate::cli;
use crate::outcome::Outcome;
use crate::plural::plural;
use crate::streams::remark;
use crate::suggest;
use crate::sweep_progress::SweepBar;

/// The keys that can be changed when a sweep is resumed; all others decide what the runs are.
const CHANGEABLE: [&str; 2] = ["sweep.repeats", "training.threads"];
/// The file of the runs that are done.
const RUNS: &str = "runs.jsonl";

pub fn run(options: &cli::Sweep, stop: &Arc<AtomicBool>) -> Result<Outcome> {
    // Before anything is read: no other process may write it meanwhile.
    let resumed = match &options.resume {
        Some(path) => Some(RunDirectory::open_to_write(path)?),
        None => None,
    };
    if let Some(run) = resumed.iter().find(|run| run.last_path().exists()) {
        let command = suggest::resume(run.path(), 1);
        bail!(
            "`{}` holds a training, not a sweep; continue it with:  {command}",
            run.path().display()
        );
    }
    let config = experiment(options, resumed.as_ref())?;
    let data_dir = match &resumed {
        Some(directory) => data_directory_of(directory, options.data_dir.as_deref())?,
        None => options.data_dir.clone(),
    };
    let choice = choice(options, resumed.as_ref())?;
    let engine = open(choice, config.training.threads)?;
    let sweep = Sweep::new(&config, data_dir.as_deref(), engine)?;
    prepare(&sweep, data_dir.as_deref(), stop)?;
    if stop.load(Ordering::Relaxed) {
        return Ok(Outcome::Interrupted);
    }
    let is_new = resumed.is_none();
    let directory = match resumed {
        Some(directory) => directory,
        None => make_directory(options.out.as_deref(), &config)?,
    };
    let log = RunLog::new(directory.path().join(RUNS));
    sweep.finished(&log)?;
    describe(&config, data_dir, choice, &directory)?;
    let bar = SweepBar::new();
    let outcome = sweep.run(Some(&log), &|position| bar.show(position), stop);
    bar.finish();
    match outcome {
        Ok(Some(outcome)) => {
            write(&outcome, directory.path())?;
            report(&outcome, directory.path());
            Ok(Outcome::Done)
        }
        Ok(None) => {
            let (done, all) = (sweep.finished(&log)?, plural(sweep.runs(), "run"));
            let command = suggest::resume_sweep(directory.path());
            remark!("\nStopped after {done} of {all}. Continue with:  {command}");
            Ok(Outcome::Interrupted)
        }
        Err(error) => {
            if is_new && !log.path().exists() {
                abandon(directory);
            }
            Err(error.into())
        }
    }
}

/// The experiment that is named, or that of the sweep that is resumed.
fn experiment(options: &cli::Sweep, resumed: Option<&RunDirectory>) -> Result<Config> {
    let named = [
        ("sweep.repeats", options.repeats),
        ("training.threads", options.threads),
    ];
    let named = named
        .iter()
        .filter_map(|(key, value)| value.map(|value| format!("{key}={value}")));
    let overrides: Vec<String> = options.set.iter().cloned().chain(named).collect();
    let Some(directory) = resumed else {
        let experiment = options.experiment.as_deref();
        return configure(experiment.unwrap_or_default(), &overrides);
    };
    if let Some(key) = ConfigTable::key_beyond(&overrides, &CHANGEABLE) {
        bail!(
            "`{key}` cannot be changed on --resume: only sweep.repeats and training.threads can; start a new sweep instead"
        );
    }
    let mut table = ConfigTable::read(&directory.config_path())?;
    table.apply_overrides(&overrides)?;
    Ok(table.resolve()?)
}

/// Downloads data that are missing, and finds whatever is wrong at a point now, and not in the last of the runs.
fn prepare(sweep: &Sweep, data_dir: Option<&Path>, stop: &Arc<AtomicBool>) -> Result<()> {
    let points = sweep.points();
    for (index, point) in points.iter().enumerate() {
        let is_other = |earlier: &Config| earlier.data != point.data;
        if points[..index].iter().all(is_other) {
            load_data(point, data_dir, &mut SingleProcess, stop)?;
        }
    }
    Ok(sweep.check()?)
}

/// The engine that is named, else that of the sweep that is resumed, which must not change: runs of several back ends could
/// not be compared.
fn choice(options: &cli::Sweep, resumed: Option<&RunDirectory>) -> Result<Choice> {
    let engine = &options.engine;
    let Some(directory) = resumed else {
        return Ok(engine.choice()?);
    };
    // The first sweeps noted none, for there was only one.
    let recorded = directory.recorded_backend()?;
    let recorded = recorded.unwrap_or(Backend::default().name().to_owned());
    if let Some(named) = engine.backend.filter(|named| named.name() != recorded) {
        bail!(
            "the sweep was begun on the back end `{recorded}`, and all its runs must be of one back end; start a new sweep \
             for `{}`",
            named.name()
        );
    }
    let begun = || format!("the sweep was begun on the back end `{recorded}`");
    let backend = Backend::named(&recorded)
        .context("this version has no such back end")
        .with_context(begun)?;
    Choice::new(backend, engine.device).map_err(|error| match error {
        BackendError::NotBuilt(_) => anyhow::Error::from(error).context(begun()),
        other => other.into(),
    })
}

/// Writes the experiment, where its data are, and the back end.
fn describe(
    config: &Config,
    data_dir: Option<PathBuf>,
    choice: Choice,
    directory: &RunDirectory,
) -> Result<()> {
    directory.record_backend(choice.backend.name())?;
    if let Some(data_dir) = data_directory(config, data_dir.as_deref())? {
        directory.record_data_directory(&data_dir)?;
    }
    Ok(directory.write_config(&config.to_toml()?)?)
}

/// Nothing remains of a sweep that failed before a run was done; a folder that holds other files stays.
fn abandon(directory: RunDirectory) {
    std::fs::remove_file(directory.config_path()).ok();
    directory.abandon();
}

fn write(outcome: &SweepOutcome, directory: &Path) -> Result<()> {
    let json = serde_json::to_vec_pretty(outcome)?;
    write_atomically(&directory.join("sweep.json"), &json)?;
    let picture = sweep_picture::draw(outcome)?;
    write_atomically(&directory.join("sweep.png"), &picture)?;
    Ok(())
}

fn report(outcome: &SweepOutcome, directory: &Path) {
    let rows = outcome.y.as_ref().map_or(1, |y| y.values.len());
    let points = outcome.x.values.len() * rows;
    remark!(
        "{}: {}, {} each",
        outcome.name,
        plural(points, "point"),
        plural(outcome.repeats, "run")
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
    remark!("  best       {}", best(outcome));
    for line in accuracies(outcome) {
        remark!("             {line}");
    }
    remark!("  picture    {}", directory.join("sweep.png").display());
    remark!("  data       {}", directory.join("sweep.json").display());
    remark!("  runs       {}", directory.join(RUNS).display());
}

/// The best point by its keys.
fn best(outcome: &SweepOutcome) -> String {
    let best = &outcome.best;
    let mut point = best.x.as_override(&outcome.x.key);
    if let Some((y, value)) = outcome.y.as_ref().zip(best.y.as_ref()) {
        point = format!("{point} {}", value.as_override(&y.key));
    }
    match best.equally_good {
        1 => point,
        others => format!("{point}, the first of {others} that are equally good"),
    }
}

/// How good the best point is, and what that is worth.
fn accuracies(outcome: &SweepOutcome) -> Vec<String> {
    let best = &outcome.best;
    let spread = best
        .std
        .map_or(String::new(), |std| format!(" +- {:.2}", 100.0 * std));
    let test = format!("{:.2}{spread} % test accuracy", 100.0 * best.accuracy);
    match (outcome.chosen_by, best.validation) {
        (ChosenBy::Validation, Some(validation)) => vec![format!(
            "{test}, chosen by validation ({:.2} %)",
            100.0 * validation
        )],
        _ => vec![
            format!("{test}, which also chose the point, for there is no validation part:"),
            "expect less on new samples, or hold some out with data.validation".to_owned(),
        ],
    }
}
