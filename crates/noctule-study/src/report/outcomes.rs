//! What the network makes of all test samples.

use std::sync::atomic::{AtomicBool, Ordering};

use noctule_core::{Label, Prediction, SpikeBatch};
use noctule_train::{Classifier, Confusion};

use super::data::{Histogram, TestReport, TimeCourse};
use super::error::ReportError;
use super::rounding::Rounding;
use crate::decision::{Decision, decisions, margin};

/// Test samples whose spikes are counted in all layers; of the others only the output is read.
const COUNTED: usize = 1_000;
/// Spike counts from this on share an interval.
const MOST_SPIKES: usize = 40;
/// Points of the time course.
const POINTS: usize = 121;
/// Intervals of the histogram of decision times.
const INTERVALS: usize = 40;

/// What became of a test sample.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub label: Label,
    pub prediction: Option<Label>,
    pub margin: f64,
    pub decisions: Vec<Decision>,
}

impl Outcome {
    pub fn is_right(&self) -> bool {
        self.prediction == Some(self.label)
    }

    /// When the final decision was reached.
    pub fn decided(&self) -> Option<f64> {
        self.decisions.last().map(|last| last.time)
    }

    /// The decision with the spikes up to a time.
    fn at(&self, time: f64) -> Option<Label> {
        let so_far = self.decisions.partition_point(|change| change.time <= time);
        Some(self.decisions[so_far.checked_sub(1)?].class)
    }
}

/// The outcomes of all test samples, and spikes of each layer.
pub(super) struct Outcomes {
    pub samples: Vec<Outcome>,
    pub confusion: Confusion,
    /// For each layer, pairs of a neuron and a sample by number of spikes.
    spike_counts: Vec<Histogram>,
    counted: usize,
}

/// How samples are judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judge {
    pub rule: Prediction,
    pub classes: usize,
    /// The first-spike time of a silent neuron, in seconds.
    pub silent_time: f64,
}

impl Outcomes {
    /// Classifies all samples; `None` if `stop` was set meanwhile.
    pub fn measure(
        classifier: &mut Classifier,
        labels: &[Label],
        judge: Judge,
        stop: &AtomicBool,
    ) -> Result<Option<Self>, ReportError> {
        let layers = classifier.network().layers().len();
        let all: Vec<usize> = (0..layers).collect();
        let counts = Histogram::over(0.0, MOST_SPIKES as f64 + 1.0, MOST_SPIKES + 1, true);
        let mut outcomes = Self {
            samples: Vec::with_capacity(labels.len()),
            confusion: Confusion::new(judge.classes),
            spike_counts: vec![counts; layers],
            counted: 0,
        };
        for first in (0..labels.len()).step_by(Classifier::BATCH) {
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let batch = first..labels.len().min(first + Classifier::BATCH);
            let wanted = match first < COUNTED {
                true => &all[..],
                false => &all[layers - 1..],
            };
            let classified = classifier.classify(batch.clone(), wanted)?;
            if first < COUNTED {
                outcomes.counted = batch.end;
                for (counts, spikes) in outcomes.spike_counts.iter_mut().zip(&classified.spikes) {
                    count_spikes(counts, spikes);
                }
            }
            let Some(output) = classified.spikes.last() else {
                continue;
            };
            for (sample, index) in batch.enumerate() {
                let (label, prediction) = (labels[index], classified.predictions[sample]);
                let spikes = output.sample(sample);
                outcomes.confusion.add(label, prediction);
                outcomes.samples.push(Outcome {
                    label,
                    prediction,
                    margin: margin(judge.rule, spikes, judge.classes, label, judge.silent_time),
                    decisions: decisions(judge.rule, spikes, judge.classes),
                });
            }
        }
        Ok(Some(outcomes))
    }

    /// What is shown of all samples but the weights.
    pub fn report(&self) -> TestReport {
        let last = self.samples.iter().filter_map(Outcome::decided);
        let last = last.fold(0.0, f64::max);
        let mut decided_right = Histogram::over(0.0, last, INTERVALS, false);
        let mut decided_wrong = decided_right.clone();
        for sample in &self.samples {
            if let Some(time) = sample.decided() {
                match sample.is_right() {
                    true => decided_right.add(time, 1),
                    false => decided_wrong.add(time, 1),
                }
            }
        }
        TestReport {
            course: self.course(last),
            decided_right,
            decided_wrong,
            counted_samples: self.counted,
            spike_counts: self.spike_counts.iter().map(without_empty_end).collect(),
            weights: Vec::new(),
        }
    }

    /// How decisions develop, up to the time of the last of them.
    fn course(&self, last: f64) -> TimeCourse {
        let (time, share) = (Rounding::of_times(last), Rounding::behind_point(5));
        let mut course = TimeCourse::default();
        let count = self.samples.len().max(1) as f64;
        for point in 0..POINTS {
            // The last point is the last decision, not a little before it.
            let now = last * (point as f64 / (POINTS - 1) as f64);
            let fraction = |holds: &dyn Fn(&Outcome, Option<Label>) -> bool| {
                let holding = self.samples.iter().filter(|&one| holds(one, one.at(now)));
                share.round(holding.count() as f64 / count)
            };
            course.times.push(time.round(now));
            let right = fraction(&|sample, class| class == Some(sample.label));
            let decided = fraction(&|_, class| class.is_some());
            let is_final = fraction(&|sample, _| sample.decided().is_some_and(|time| time <= now));
            course.right.push(right);
            course.decided.push(decided);
            course.is_final.push(is_final);
        }
        course
    }
}

/// Adds each neuron of each sample by its number of spikes.
fn count_spikes(counts: &mut Histogram, spikes: &SpikeBatch<f32>) {
    let mut of_neurons = vec![0u32; spikes.population()];
    for sample in 0..spikes.samples() {
        of_neurons.fill(0);
        for &neuron in spikes.sample(sample).neurons {
            of_neurons[neuron as usize] += 1;
        }
        for &count in &of_neurons {
            counts.add(f64::from(count), 1);
        }
    }
    let pairs: u64 = counts.counts.iter().sum();
    let new = spikes.samples() * spikes.population();
    // The mean of all is that of what was there and of what came.
    let before = counts.mean.unwrap_or(0.0) * (pairs - new as u64) as f64;
    counts.mean = (pairs > 0).then(|| (before + spikes.spikes() as f64) / pairs as f64);
}

/// Without intervals behind the last that has a value.
fn without_empty_end(counts: &Histogram) -> Histogram {
    let mut counts = counts.clone();
    let used = counts.counts.iter().rposition(|&count| count > 0);
    counts.is_open = used == Some(MOST_SPIKES);
    counts.counts.truncate(used.map_or(1, |last| last + 1));
    counts.mean = counts
        .mean
        .map(|mean| Rounding::behind_point(6).round(mean));
    counts
}
