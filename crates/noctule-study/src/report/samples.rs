//! Chosen samples with all that happens in them.

use std::cmp::Reverse;
use std::sync::atomic::{AtomicBool, Ordering};

use noctule_core::{Layer, Neurons, Samples, SpikeBatch, SpikingLayer};
use noctule_train::Classifier;

use super::data::{Raster, Sample, Trace, Why};
use super::error::ReportError;
use super::membrane::{Grid, neuron_of, precise, trace, weight};
use super::outcomes::Outcome;
use super::picture::picture;
use super::raster::limits;
use super::rounding::Rounding;

/// Spikes that the rasters of a page have together.
const SPIKES: usize = 45_000;
/// Values that the potentials of a page have together.
const POTENTIALS: usize = 60_000;
/// Values of a potential.
const FEWEST_POINTS: usize = 121;
const MOST_POINTS: usize = 361;
/// Output neurons of which the potential is shown.
const OUTPUTS: usize = 6;
/// Silent neurons of a layer among which one is chosen, and values of the potential by which that is done.
const CANDIDATES: usize = 100;
const COARSE: usize = 25;
/// Hidden neurons of a layer of which the potential is shown.
const HIDDEN: usize = 3;

/// The chosen samples; `None` if `stop` was set meanwhile.
pub(super) fn collect(
    classifier: &mut Classifier,
    outcomes: &[Outcome],
    chosen: &[(usize, Why)],
    stop: &AtomicBool,
) -> Result<Option<Vec<Sample>>, ReportError> {
    let neurons = classifier.network().layers().iter().map(|layer| {
        let spiking = layer.spiking();
        spiking.map(SpikingLayer::evaluated_neurons).transpose()
    });
    let neurons = neurons.collect::<Result<Vec<_>, _>>()?;
    let shown = Shown::for_samples(chosen.len(), &neurons);
    let mut samples = Vec::new();
    for &(index, why) in chosen {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let activity = Activity::of(classifier, index)?;
        let outcome = &outcomes[index];
        let end = activity.end(classifier.network().layers());
        let rounding = Rounding::of_times(end);
        let mut decisions = outcome.decisions.clone();
        for change in &mut decisions {
            change.time = rounding.round(change.time);
        }
        samples.push(Sample {
            index,
            why,
            label: outcome.label,
            prediction: outcome.prediction,
            margin: rounding.round(outcome.margin),
            decided: outcome.decided().map(|time| rounding.round(time)),
            end: rounding.round(end),
            picture: picture(classifier.samples(), index)?,
            rasters: activity.rasters(shown.spikes, end, rounding),
            traces: activity.traces(classifier, outcome, &neurons, shown.points, end)?,
            decisions,
        });
    }
    Ok(Some(samples))
}

/// How much of each sample a page can hold.
struct Shown {
    spikes: usize,
    points: usize,
}

impl Shown {
    fn for_samples(samples: usize, neurons: &[Option<Neurons<f32>>]) -> Self {
        let spiking = neurons.iter().flatten().count();
        let traces = OUTPUTS + HIDDEN * spiking.saturating_sub(1);
        let points = POTENTIALS / (samples.max(1) * traces);
        Self {
            spikes: SPIKES / samples.max(1),
            points: points.clamp(FEWEST_POINTS, MOST_POINTS),
        }
    }
}

/// All spikes of a sample, by time: of the input, then of each layer.
struct Activity {
    spikes: Vec<Vec<(f64, u32)>>,
    populations: Vec<usize>,
}

impl Activity {
    fn of(classifier: &mut Classifier, index: usize) -> Result<Self, ReportError> {
        let layers: Vec<usize> = (0..classifier.network().layers().len()).collect();
        let (input, population) = match &classifier.samples().samples {
            Samples::Events(events) => (precise(events, index), events.population()),
            Samples::Images(images) => {
                let encoded = images.encode(&[index as u32]);
                let encoded: SpikeBatch<f32> = encoded.map_err(|cause| ReportError::Encoding {
                    sample: index,
                    cause,
                })?;
                (precise(&encoded, 0), encoded.population())
            }
            _ => (Vec::new(), classifier.network().inputs()),
        };
        let classified = classifier.classify(index..index + 1, &layers)?;
        let mut activity = Self {
            spikes: vec![input],
            populations: vec![population],
        };
        for layer in &classified.spikes {
            activity.spikes.push(precise(layer, 0));
            activity.populations.push(layer.population());
        }
        Ok(activity)
    }

    /// A little after the last spike, or the end of the sample if there is none; no later than that.
    fn end(&self, layers: &[Layer<f32>]) -> f64 {
        let t_max = layers.iter().filter_map(Layer::spiking);
        let t_max = t_max.map(|layer| layer.neuron().t_max).fold(0.0, f64::max);
        let last = self.spikes.iter().filter_map(|spikes| spikes.last());
        let last = last.map(|&(time, _)| time).fold(0.0, f64::max);
        match last > 0.0 {
            true => t_max.min(1.04 * last),
            false => t_max,
        }
    }

    fn rasters(&self, limit: usize, end: f64, rounding: Rounding) -> Vec<Raster> {
        let shown: Vec<&[(f64, u32)]> = self
            .spikes
            .iter()
            .map(|spikes| &spikes[..spikes.partition_point(|&(time, _)| time <= end)])
            .collect();
        let counts: Vec<usize> = shown.iter().map(|spikes| spikes.len()).collect();
        let limits = limits(&counts, limit);
        shown
            .iter()
            .zip(&self.populations)
            .zip(limits)
            .map(|((spikes, &population), limit)| Raster::of(spikes, population, limit, rounding))
            .collect()
    }

    /// Potentials of output neurons, then of hidden ones from the last layer to the first.
    fn traces(
        &self,
        classifier: &Classifier,
        outcome: &Outcome,
        neurons: &[Option<Neurons<f32>>],
        points: usize,
        end: f64,
    ) -> Result<Vec<Trace>, ReportError> {
        let layers = classifier.network().layers();
        let mut traces = Vec::new();
        for (index, layer) in layers.iter().enumerate().rev() {
            let (Some(layer), Some(neurons)) = (layer.spiking(), &neurons[index]) else {
                continue;
            };
            let chosen = match index + 1 == layers.len() {
                true => self.output_neurons(outcome),
                false => self.hidden_neurons(index, layer, neurons, end)?,
            };
            for neuron in chosen {
                let trace = self.trace(index, layer, neurons, neuron, Grid::of(points, end))?;
                let (time, step) = (Rounding::of_times(end), Rounding::of_times(trace.step));
                traces.push(Trace {
                    layer: index,
                    neuron,
                    crossings: time.round_all(trace.crossings),
                    step: step.round(trace.step),
                    ..trace
                });
            }
        }
        Ok(traces)
    }

    /// The potential of a neuron.
    fn trace(
        &self,
        index: usize,
        layer: &SpikingLayer<f32>,
        neurons: &Neurons<f32>,
        neuron: u32,
        grid: Grid,
    ) -> Result<Trace, ReportError> {
        let received = self.spikes[index].iter().filter_map(|&(time, input)| {
            Some((time, weight(layer, input as usize, neuron as usize)?))
        });
        let received: Vec<(f64, f64)> = received.collect();
        let emitted = self.spikes[index + 1].iter();
        let emitted = emitted.filter_map(|&(time, of)| (of == neuron).then_some(time));
        let emitted: Vec<f64> = emitted.collect();
        let lif = neuron_of(neurons, neuron as usize)?;
        Ok(trace(&lif, &received, &emitted, grid))
    }

    /// The true class, the predicted one, and those with most spikes.
    fn output_neurons(&self, outcome: &Outcome) -> Vec<u32> {
        let last = self.spikes.len() - 1;
        let counts = counts(&self.spikes[last], self.populations[last]);
        let mut order: Vec<u32> = (0..counts.len() as u32).collect();
        let named = |neuron: u32| {
            (outcome.prediction == Some(neuron)) as u8 + 2 * (outcome.label == neuron) as u8
        };
        order.sort_by_key(|&neuron| {
            (
                Reverse(named(neuron)),
                Reverse(counts[neuron as usize]),
                neuron,
            )
        });
        order.truncate(OUTPUTS);
        order
    }

    /// The neuron with most spikes, one in the middle of those that spike, and one that almost spikes.
    fn hidden_neurons(
        &self,
        index: usize,
        layer: &SpikingLayer<f32>,
        neurons: &Neurons<f32>,
        end: f64,
    ) -> Result<Vec<u32>, ReportError> {
        let counts = counts(&self.spikes[index + 1], self.populations[index + 1]);
        let mut order: Vec<u32> = (0..counts.len() as u32).collect();
        order.sort_by_key(|&neuron| (Reverse(counts[neuron as usize]), neuron));
        let silent = order.split_off(order.partition_point(|&neuron| counts[neuron as usize] > 0));
        let mut chosen: Vec<u32> = order.first().copied().into_iter().collect();
        chosen.extend(order.get(order.len() / 2).filter(|_| order.len() > 1));
        let mut nearest: Option<(f64, u32)> = None;
        for &neuron in silent
            .iter()
            .step_by(silent.len().div_ceil(CANDIDATES).max(1))
        {
            let trace = self.trace(index, layer, neurons, neuron, Grid::of(COARSE, end))?;
            let peak = trace.potentials.into_iter().fold(0.0, f64::max);
            if nearest.is_none_or(|(highest, _)| peak > highest) {
                nearest = Some((peak, neuron));
            }
        }
        chosen.extend(nearest.map(|(_, neuron)| neuron));
        Ok(chosen)
    }
}

fn counts(spikes: &[(f64, u32)], population: usize) -> Vec<u32> {
    let mut counts = vec![0; population];
    for &(_, neuron) in spikes {
        counts[neuron as usize] += 1;
    }
    counts
}
