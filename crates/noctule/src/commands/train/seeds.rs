//! `noctule train --seeds`: the same experiment once with each of several seeds.

mod table;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::engines;
use anyhow::{Context, Result, bail};
use noctule_core::Engine;
use noctule_study::report::ReportedRun;
use noctule_study::{SeedRun, SeedsSummary};
use noctule_train::{
    Checkpoint, Collective, Config, ConfigTable, RunDirectory, RunEnd, SingleProcess, TrainError,
    Trainer, recorded_backend, write_atomically,
};

use super::super::experiment::{LoadedData, RUNS, configure, data_directory_of};
use super::begin::{Start, begin, overrides, weights_file};
use super::report::{self, Measuring};
use super::{picture, progress};
use crate::cli::{Seeds, Train};
use crate::outcome::Outcome;
use crate::plural::plural;
use crate::ranks::NotForRanks;
use crate::streams::remark;
use crate::suggest;

const SUMMARY: &str = "summary.json";

/// The runs of one experiment.
struct SeedRuns<'a> {
    options: &'a Train,
    engine: Arc<dyn Engine<f32>>,
    loaded: LoadedData,
    stop: &'a Arc<AtomicBool>,
    /// The directory of all runs.
    out: PathBuf,
}

pub(super) fn run(
    options: &Train,
    seeds: &Seeds,
    collective: &dyn Collective,
    stop: &Arc<AtomicBool>,
) -> Result<Outcome> {
    if !collective.is_single() {
        return Err(NotForRanks("--seeds").into());
    }
    let experiment = options.experiment.as_deref().unwrap_or_default();
    let config = configure(experiment, &overrides(options))?;
    let out = options.out.clone();
    let out = out.unwrap_or_else(|| Path::new(RUNS).join(format!("{}-seeds", config.name)));
    check_out(&out)?;
    let choice = options.engine.choice()?;
    let mut runs = SeedRuns {
        options,
        engine: engines::open(choice, config.training.threads)?,
        loaded: LoadedData::default(),
        stop,
        out,
    };
    // Before the first run, so that a directory that cannot be used costs none of them.
    for &seed in &seeds.0 {
        runs.check(&runs.directory(seed), config.training.epochs)?;
    }
    let mut finished = Vec::new();
    for &seed in &seeds.0 {
        let config = Config {
            seed,
            ..config.clone()
        };
        let Some(run) = runs.train(&config)? else {
            remark!(
                "\nStopped. The same command continues:  {}",
                suggest::again()
            );
            return Ok(Outcome::Interrupted);
        };
        finished.push(run);
        write_summary(&runs.out, &config.name, &finished)?;
    }
    let report = runs.report_all(&seeds.0);
    if let Some(summary) = SeedsSummary::of(&config.name, finished) {
        remark!("\n{}", table::table(&summary));
        remark!("  summary  {}", runs.out.join(SUMMARY).display());
    }
    if let Some(report) = report {
        remark!("  report   {}", report.display());
    }
    Ok(Outcome::Done)
}

impl SeedRuns<'_> {
    /// Trains with one seed, goes on with what was interrupted, or leaves what is finished as it is; `None` if `stop` was
    /// set meanwhile.
    fn train(&mut self, config: &Config) -> Result<Option<SeedRun>> {
        let (seed, epochs) = (config.seed, config.training.epochs);
        let path = self.directory(seed);
        let resumed = match is_run(&path) {
            true => Some(RunDirectory::open_to_write(&path)?),
            false => None,
        };
        let start = Start {
            config: config.clone(),
            resumed: resumed.clone(),
            engine: Arc::clone(&self.engine),
            data_dir: self.options.data_dir.clone(),
            init: self.options.init.clone(),
        };
        let begun = begin(start, Box::new(SingleProcess), &mut self.loaded, self.stop);
        let mut begun = begun.map_err(|error| match error.downcast_ref() {
            Some(TrainError::State { .. }) if resumed.is_some() => error.context(other_run(&path)),
            _ => error,
        })?;
        if self.stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let directory = match resumed {
            Some(directory) if begun.trainer.finished_epochs() >= epochs => {
                remark!(
                    "{} has its {}",
                    directory.path().display(),
                    plural(epochs, "epoch")
                );
                if picture::suits(config) && !picture::is_there(&path) {
                    picture::write(&mut begun.trainer, &path)?;
                }
                self.report(&begun.trainer, &directory, report::is_there(&path));
                directory
            }
            _ => {
                let directory = begun.open(Some(&path))?;
                let end = progress::train(config, &mut begun.trainer, &directory, self.stop)?;
                if end == RunEnd::Interrupted {
                    return Ok(None);
                }
                self.report(&begun.trainer, &directory, false);
                directory
            }
        };
        let run = SeedRun::read(seed, &name_of(seed), &directory)?;
        let run = run.with_context(|| format!("`{}` has no test record", path.display()))?;
        Ok(Some(run))
    }

    /// Writes the page of a finished run, unless it `is_there` or nobody wants it.
    fn report(&self, trainer: &Trainer, directory: &RunDirectory, is_there: bool) {
        if !self.options.no_report && !is_there {
            report::of_run(trainer, directory, self.stop);
        }
    }

    /// Writes the page of all runs and returns its path; `None` if nobody wants it, or it cannot be written.
    fn report_all(&mut self, seeds: &[u64]) -> Option<PathBuf> {
        if self.options.no_report {
            return None;
        }
        let written = self.try_report(seeds);
        written.unwrap_or_else(|error| {
            report::not_written(&self.out, &error);
            None
        })
    }

    fn try_report(&mut self, seeds: &[u64]) -> Result<Option<PathBuf>> {
        let runs = seeds.iter().map(|&seed| {
            let directory = RunDirectory::open(self.directory(seed))?;
            Ok(ReportedRun { directory, seed })
        });
        let mut runs = runs.collect::<Result<Vec<_>>>()?.into_iter();
        let Some(first) = runs.next() else {
            return Ok(None);
        };
        let config = ConfigTable::read(&first.directory.config_path())?.resolve()?;
        let named = self.options.data_dir.as_deref();
        let data_dir = data_directory_of(&first.directory, named)?;
        let data_dir = data_dir.as_deref();
        let data = self
            .loaded
            .get(&config, data_dir, &mut SingleProcess, self.stop)?;
        let measuring = Measuring {
            config: &config,
            test: &data.test,
            engine: Arc::clone(&self.engine),
        };
        Ok(report::of_runs(
            measuring,
            first,
            runs.collect(),
            &self.out,
            self.stop,
        ))
    }

    fn directory(&self, seed: u64) -> PathBuf {
        self.out.join(name_of(seed))
    }

    /// Whether a run that an earlier command began in this directory, if there is one, is as long as those of this command,
    /// and began with the same weights.
    fn check(&self, path: &Path, epochs: usize) -> Result<()> {
        if !is_run(path) {
            return Ok(());
        }
        let directory = RunDirectory::open(path)?;
        let before = ConfigTable::read(&directory.config_path())?.resolve()?;
        let before = before.training.epochs;
        if before != epochs {
            bail!(
                "{}: it was begun with training.epochs = {before}, and this command asks for {epochs}",
                other_run(path)
            );
        }
        self.check_backend(&directory)?;
        self.check_first_weights(&directory)
    }

    /// Whether a run was trained on the back end of this command.
    fn check_backend(&self, directory: &RunDirectory) -> Result<()> {
        let backend = self.engine.info().backend;
        match recorded_backend(&directory.last_path())? {
            Some(recorded) if recorded != backend => bail!(
                "{}: it was trained on the back end `{recorded}`, and this command computes on `{backend}`",
                other_run(directory.path())
            ),
            _ => Ok(()),
        }
    }

    /// Whether a run began with the weights that are named, or with none.
    fn check_first_weights(&self, directory: &RunDirectory) -> Result<()> {
        let initial = directory.initial_path();
        let same = match (&self.options.init, initial.exists()) {
            (None, exists) => !exists,
            (Some(_), false) => false,
            (Some(init), true) => {
                let weights = |path: &Path| -> Result<Vec<_>> {
                    let tensors = Checkpoint::load(path)?.tensors.into_iter();
                    let weights = tensors.filter(|(name, _)| name.starts_with("layers."));
                    Ok(weights
                        .map(|(name, tensor)| (name, tensor.values))
                        .collect())
                };
                weights(&weights_file(init)?)? == weights(&initial)?
            }
        };
        if !same {
            bail!(
                "{}: it began with other weights",
                other_run(directory.path())
            );
        }
        Ok(())
    }
}

/// Whether a folder can hold runs of several seeds.
fn check_out(out: &Path) -> Result<()> {
    let name = out.display();
    if out.is_file() {
        bail!("--out: `{name}` is a file; name a folder for the runs");
    }
    if is_run(out) {
        bail!("--out: `{name}` is the directory of a single run; choose another for several seeds");
    }
    Ok(())
}

fn is_run(path: &Path) -> bool {
    RunDirectory::open(path).is_ok()
}

/// The name of a run's directory.
fn name_of(seed: u64) -> String {
    format!("seed-{seed}")
}

fn other_run(path: &Path) -> String {
    format!(
        "`{}` holds another run; choose another directory with --out",
        path.display()
    )
}

/// Writes what the finished runs reached.
fn write_summary(out: &Path, name: &str, finished: &[SeedRun]) -> Result<()> {
    let summary = SeedsSummary::of(name, finished.to_vec());
    let mut json = serde_json::to_vec_pretty(&summary)?;
    json.push(b'\n');
    Ok(write_atomically(&out.join(SUMMARY), &json)?)
}
