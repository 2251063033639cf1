//! Measures a run for its page.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use noctule_core::{Engine, Network, Prediction, Samples};
use noctule_data::Dataset;
use noctule_train::{Classifier, Config, ConfigTable, RunDirectory, experiment};

use super::choice::{choose, worst};
use super::commands::{Repeated, commands, name_of};
use super::curves::{curve, summary};
use super::data::{Provenance, Report, Result as Classification, RunReport, Worst};
use super::error::ReportError;
use super::machine::machine;
use super::network::{layers, weights};
use super::outcomes::{Judge, Outcomes};
use super::picture::{data_uri, picture};
use super::samples;
use crate::study::StudyDocument;

/// Wrong samples that are shown as pictures.
const WORST: usize = 32;
/// Where a run has the picture of its decisions, if it has one.
const DECISION_MAP: &str = "decision.png";

/// A run, and the seed that it has.
#[derive(Clone, Debug)]
pub struct ReportedRun {
    /// Its folder.
    pub directory: RunDirectory,
    /// Its seed.
    pub seed: u64,
}

/// What a page is made of.
pub struct Source<'a> {
    /// The run that is looked into.
    pub run: ReportedRun,
    /// Runs whose learning curves are shown beside those of `run`.
    pub others: Vec<ReportedRun>,
    /// The experiment of `run`.
    pub config: &'a Config,
    /// Its test samples.
    pub test: &'a Dataset,
    /// The engine that measures.
    pub engine: Arc<dyn Engine<f32>>,
    /// How many samples are shown with all their spikes.
    pub samples: usize,
}

impl Provenance {
    /// This machine, and a program of this version.
    pub fn here(version: &str) -> Self {
        Self {
            version: version.to_owned(),
            machine: machine(),
        }
    }
}

impl Report {
    /// A page of a program of this version on this machine, with the title that its contents suggest.
    pub fn new(version: &str, run: Option<RunReport>, studies: Vec<StudyDocument>) -> Self {
        let title = match (&run, &studies[..]) {
            (Some(run), _) => run.name.as_str(),
            (None, [only]) => only.title.as_str(),
            (None, _) => "Studies",
        };
        Self {
            title: title.to_owned(),
            provenance: Provenance::here(version),
            run,
            studies,
        }
    }
}

/// Measures the network after its last epoch; `None` if `stop` was set meanwhile.
///
/// # Errors
/// If the run cannot be read, its network does not fit the samples, or the engine fails.
pub fn collect(source: &Source<'_>, stop: &AtomicBool) -> Result<Option<RunReport>, ReportError> {
    let config = source.config;
    let directory = &source.run.directory;
    let engine = Arc::clone(&source.engine);
    let mut classifier = Classifier::new(config, source.test, &directory.last_path(), engine)?;
    let loss = experiment::loss(config);
    let last = classifier
        .network()
        .layers()
        .iter()
        .rev()
        .find_map(|layer| layer.spiking());
    let judge = Judge {
        rule: loss.prediction(),
        classes: classifier.network().outputs(),
        silent_time: last.map_or(config.neuron.t_max, |layer| layer.neuron().t_max),
    };
    let labels = source.test.labels();
    let Some(outcomes) = Outcomes::measure(&mut classifier, labels, judge, stop)? else {
        return Ok(None);
    };
    let chosen = choose(&outcomes.samples, source.samples);
    let Some(samples) = samples::collect(&mut classifier, &outcomes.samples, &chosen, stop)? else {
        return Ok(None);
    };
    let mut test = outcomes.report();
    test.weights = weights(classifier.network());
    let neurons = neurons_of(classifier.network());
    let (mut curves, mut runs) = (Vec::new(), Vec::new());
    for run in std::iter::once(&source.run).chain(&source.others) {
        let name = name_of(run.directory.path());
        let records = run.directory.read_epochs()?;
        let own = neurons_of_run(source, run, &neurons);
        curves.push(curve(&name, run.seed, &records, own.as_deref()));
        runs.push(summary(&name, run.seed, &records, own.as_deref()));
    }
    let are_seeds = are_seeds(source);
    let repeated = Repeated {
        run: directory.path(),
        others: source
            .others
            .iter()
            .map(|run| run.directory.path())
            .collect(),
        seeds: match are_seeds {
            true => curves.iter().map(|curve| curve.seed).collect(),
            false => vec![source.run.seed],
        },
        has_own_start: directory.initial_path().exists(),
    };
    Ok(Some(RunReport {
        name: config.name.clone(),
        description: config.description.clone(),
        run: name_of(directory.path()),
        seed: source.run.seed,
        data_set: config.data.set.name().to_owned(),
        engine: engine_in_words(&*source.engine),
        layers: layers(classifier.network(), has_bias(&classifier)),
        are_seeds,
        curves,
        runs,
        result: classification(&outcomes, judge),
        test,
        samples,
        worst: worst_samples(&classifier, &outcomes)?,
        decision_map: decision_map(directory.path())?,
        config: config.to_toml()?,
        commands: commands(&repeated),
    }))
}

/// Number of neurons of each layer.
fn neurons_of(network: &Network<f32>) -> Vec<usize> {
    network.spiking_neurons()
}

/// Whether all runs are of one experiment, but for their seeds.
fn are_seeds(source: &Source<'_>) -> bool {
    let is_alike = |run: &ReportedRun| {
        let table = ConfigTable::read(&run.directory.config_path());
        let config = table.and_then(ConfigTable::resolve);
        config.is_ok_and(|config| {
            let config = Config {
                seed: source.config.seed,
                ..config
            };
            config == *source.config
        })
    };
    let mut seeds: Vec<u64> = source.others.iter().map(|run| run.seed).collect();
    seeds.push(source.run.seed);
    let runs = seeds.len();
    seeds.sort_unstable();
    seeds.dedup();
    seeds.len() == runs && source.others.iter().all(is_alike)
}

/// Number of neurons of each layer of a run beside the first, whose layers have `neurons` neurons; `None` if its network is
/// another, and does not fit these samples.
fn neurons_of_run(source: &Source<'_>, run: &ReportedRun, neurons: &[usize]) -> Option<Vec<usize>> {
    let config = ConfigTable::read(&run.directory.config_path()).ok()?;
    let config = config.resolve().ok()?;
    if config.layers == source.config.layers {
        return Some(neurons.to_vec());
    }
    let population = source
        .test
        .batch(experiment::encoding(&config).ok()?)
        .population();
    let network = experiment::network(&config, population, source.test).ok()?;
    Some(neurons_of(&network))
}

fn engine_in_words(engine: &dyn Engine<f32>) -> String {
    let info = engine.info();
    match info.threads {
        1 => format!("{} ({})", info.backend, info.device),
        threads => format!("{} ({}, {threads} threads)", info.backend, info.device),
    }
}

fn has_bias(classifier: &Classifier) -> bool {
    match &classifier.samples().samples {
        Samples::Images(images) => images.encoding.bias().is_some(),
        _ => false,
    }
}

fn classification(outcomes: &Outcomes, judge: Judge) -> Classification {
    let samples = outcomes.samples.iter();
    Classification {
        samples: outcomes.samples.len(),
        correct: samples.clone().filter(|sample| sample.is_right()).count(),
        silent: samples.filter(|sample| sample.prediction.is_none()).count(),
        rule: match judge.rule {
            Prediction::MostSpikes => "most_spikes",
            Prediction::FirstSpike => "first_spike",
        }
        .to_owned(),
        confusion: outcomes.confusion.rows().to_vec(),
    }
}

fn worst_samples(classifier: &Classifier, outcomes: &Outcomes) -> Result<Vec<Worst>, ReportError> {
    let wrong = worst(&outcomes.samples).into_iter().take(WORST);
    wrong
        .map(|index| {
            let outcome = &outcomes.samples[index];
            Ok(Worst {
                index,
                label: outcome.label,
                prediction: outcome.prediction,
                margin: outcome.margin,
                picture: picture(classifier.samples(), index)?,
            })
        })
        .collect()
}

/// The picture of the decisions that the training left, if there is one.
fn decision_map(run: &Path) -> Result<Option<String>, ReportError> {
    let path = run.join(DECISION_MAP);
    match fs::read(&path) {
        Ok(png) => Ok(Some(data_uri(&png))),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(ReportError::Read { path, cause }),
    }
}
