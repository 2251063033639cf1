//! The data of a page. Times are in seconds.

use serde::{Deserialize, Serialize};

use crate::decision::Decision;
use crate::study::StudyDocument;

/// Everything that a page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The title of the page.
    pub title: String,
    /// Where the page comes from.
    pub provenance: Provenance,
    /// What was measured of a run, if there is one.
    pub run: Option<RunReport>,
    /// What studies found.
    pub studies: Vec<StudyDocument>,
}

/// Which program made a page, and where.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Version of Noctule, with its commit.
    pub version: String,
    /// The machine: processor, cores and system.
    pub machine: String,
}

/// What was measured of a run, and the learning curves of the runs beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// Name of the experiment.
    pub name: String,
    /// A sentence that describes it, or nothing.
    pub description: String,
    /// The run that all but `curves` and `runs` is about.
    pub run: String,
    /// Seed of that run.
    pub seed: u64,
    /// Name of the data set.
    pub data_set: String,
    /// The back end that measured, its device and threads.
    pub engine: String,
    /// The input, then each layer.
    pub layers: Vec<LayerInfo>,
    /// Whether the runs differ in their seeds alone, so that their mean has a meaning.
    pub are_seeds: bool,
    /// Learning curves, one for each run.
    pub curves: Vec<Curve>,
    /// What each run reached.
    pub runs: Vec<RunSummary>,
    /// Classification of the test samples.
    pub result: Result,
    /// What was measured of all test samples.
    pub test: TestReport,
    /// Chosen test samples.
    pub samples: Vec<Sample>,
    /// The test samples that are most clearly wrong, worst first.
    pub worst: Vec<Worst>,
    /// A picture of what the network decides for every point of the input, as a data URI, if there is one.
    pub decision_map: Option<String>,
    /// The experiment with every default, as TOML.
    pub config: String,
    /// Commands that repeat the run and look into it.
    pub commands: Vec<Command>,
}

/// The input of a network, or one of its layers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerInfo {
    /// `input`, `dense`, `conv2d` or `sum_pool2d`.
    pub kind: String,
    /// For people, such as `dense, 800 neurons`.
    pub label: String,
    /// Number of neurons.
    pub neurons: usize,
    /// Number of weights.
    pub weights: usize,
    /// The constants of its neurons, for people; empty if it has none.
    pub constants: String,
}

/// The learning curves of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Name of the run.
    pub run: String,
    /// Seed of the run.
    pub seed: u64,
    /// A curve for each part of the data: `train`, `validation`, `test`.
    pub splits: Vec<SplitCurve>,
}

/// What was measured of a part of the data, epoch by epoch. All lists have the same length; but `spikes` is empty if the
/// sizes of the run's layers are not known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SplitCurve {
    /// `train`, `validation` or `test`.
    pub split: String,
    /// Epochs, counted from 1.
    pub epochs: Vec<u64>,
    /// Mean loss of a sample.
    pub loss: Vec<f64>,
    /// Fraction of samples that were classified correctly.
    pub accuracy: Vec<f64>,
    /// Spikes of all layers in a sample, the input left out.
    pub spikes: Vec<f64>,
}

/// What a run reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    /// Name of the run.
    pub run: String,
    /// Its seed.
    pub seed: u64,
    /// Finished epochs.
    pub epochs: u64,
    /// Test accuracy after the last epoch; `None` before the first.
    pub test_accuracy: Option<f64>,
    /// The epoch that validation chose, if there is a validation part.
    pub best_epoch: Option<u64>,
    /// Test accuracy of that epoch.
    pub best_test_accuracy: Option<f64>,
    /// Spikes of all layers in a test sample, the input left out; `None` if that is not known.
    pub spikes: Option<f64>,
    /// Time of training and evaluation in seconds.
    pub seconds: f64,
}

/// How the test samples were classified.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Result {
    /// Test samples.
    pub samples: usize,
    /// Those that were classified correctly.
    pub correct: usize,
    /// Those without an output spike, which are never correct.
    pub silent: usize,
    /// `most_spikes` or `first_spike`: the rule that predicts a class.
    pub rule: String,
    /// A row for each true class: samples by predicted class, then those without an output spike.
    pub confusion: Vec<Vec<u64>>,
}

/// What was measured of all test samples.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TestReport {
    /// The decision with the spikes so far.
    pub course: TimeCourse,
    /// When the final decision was reached: samples that are right, by time.
    pub decided_right: Histogram,
    /// Likewise, samples that are wrong. The bins are those of `decided_right`.
    pub decided_wrong: Histogram,
    /// Samples that `spike_counts` are of.
    pub counted_samples: usize,
    /// For each layer: pairs of a neuron and a sample, by the number of spikes.
    pub spike_counts: Vec<Histogram>,
    /// For each layer: weights, by the peak potential of a single input spike in units of the threshold; empty for a
    /// layer without weights.
    pub weights: Vec<Histogram>,
}

/// How decisions develop within a sample. All lists have the same length.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TimeCourse {
    /// Times since the start of the sample, in seconds.
    pub times: Vec<f64>,
    /// The fraction of test samples whose decision is right at that time.
    pub right: Vec<f64>,
    /// The fraction that has a decision.
    pub decided: Vec<f64>,
    /// The fraction whose decision no longer changes.
    pub is_final: Vec<f64>,
}

/// How often values fall into intervals of equal width.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// Where the first interval begins.
    pub start: f64,
    /// Width of an interval.
    pub width: f64,
    /// Values in each interval.
    pub counts: Vec<u64>,
    /// Whether the last interval also has all greater values.
    pub is_open: bool,
    /// The mean of all values; `None` without any.
    pub mean: Option<f64>,
}

/// Why a sample was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// It is wrong.
    Wrong,
    /// Its decision is right, and among the latest.
    Slow,
    /// It is right.
    Right,
}

/// A test sample, with all that happened in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Index in the test set.
    pub index: usize,
    /// Why it was chosen.
    pub why: Why,
    /// The true class.
    pub label: u32,
    /// The predicted class; `None`: no output neuron spiked.
    pub prediction: Option<u32>,
    /// By how much the true class is ahead of the best other one: in spikes, or in seconds of the first spike.
    pub margin: f64,
    /// When the final decision was reached.
    pub decided: Option<f64>,
    /// End of what is shown.
    pub end: f64,
    /// The sample as a picture, as a data URI, if it is one.
    pub picture: Option<String>,
    /// The spikes of the input, then of each layer.
    pub rasters: Vec<Raster>,
    /// Potentials of chosen neurons.
    pub traces: Vec<Trace>,
    /// The decision with the spikes so far: each change of it.
    pub decisions: Vec<Decision>,
}

/// The spikes of a population in a sample, sorted by time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Raster {
    /// Neurons of the population.
    pub population: usize,
    /// Neurons that spiked.
    pub spiking: usize,
    /// Spikes of all of them.
    pub spikes: usize,
    /// Neurons whose spikes are listed here: all that spiked, unless these are too many for a page.
    pub shown: usize,
    /// Spike times.
    pub times: Vec<f64>,
    /// The neuron of each spike.
    pub neurons: Vec<u32>,
}

/// The potential of a neuron in a sample, in units of its threshold. Between events it is the exact solution, computed in
/// double precision from the spikes that the neuron received and emitted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// The layer, counted from 0 without the input.
    pub layer: usize,
    /// The neuron.
    pub neuron: u32,
    /// Seconds from one value to the next; the first is at 0.
    pub step: f64,
    /// The potential at these times.
    pub potentials: Vec<f64>,
    /// Spike times: where the potential crosses the threshold.
    pub crossings: Vec<f64>,
    /// The potential just before each crossing: 1, but for the rounding of the engine.
    pub before: Vec<f64>,
    /// What a spike subtracts.
    pub reset: f64,
    /// Whether the neuron has spiked as often as it may in a sample: it then stays silent whatever its potential is.
    pub is_exhausted: bool,
}

/// A test sample that is wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Worst {
    /// Index in the test set.
    pub index: usize,
    /// The true class.
    pub label: u32,
    /// The predicted class; `None`: no output neuron spiked.
    pub prediction: Option<u32>,
    /// As [`Sample::margin`], negative.
    pub margin: f64,
    /// The sample as a picture, as a data URI, if it is one.
    pub picture: Option<String>,
}

/// A command for people to paste.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// What it does.
    pub does: String,
    /// The command.
    pub command: String,
}
