//! The terms that [`Regularisation`](noctule_core::Regularisation) adds to errors and gradients.

use noctule_core::{Homeostasis, Label, LayerRegularisation, Real, SpikeBatch};

use crate::weights::blocked::BlockedWeights;

/// Adds the gradient of [`Homeostasis`] to `d_times`, the errors of a layer's output events; `weight` is the fraction
/// of the whole batch that these samples are.
pub(crate) fn add_homeostasis<T: Real>(
    regularisation: LayerRegularisation,
    weight: f64,
    output: &SpikeBatch<T>,
    d_times: &mut [T],
) {
    let Some(Homeostasis { target, strength }) = regularisation.homeostasis else {
        return;
    };
    let strength = strength * weight;
    let samples = output.samples().max(1) as f64;
    let counts = total_counts(output);
    for (d_time, &neuron) in d_times.iter_mut().zip(output.neurons()) {
        let mean = counts[neuron as usize] as f64 / samples;
        *d_time += T::of(strength * (target - mean) / samples);
    }
}

/// The number of spikes of each neuron in all samples; shape `[neurons]`.
fn total_counts<T: Real>(events: &SpikeBatch<T>) -> Vec<u64> {
    let mut counts = vec![0; events.population()];
    for &neuron in events.neurons() {
        counts[neuron as usize] += 1;
    }
    counts
}

/// Adds `-boost` to the gradient of every weight of each neuron or filter that was silent in the whole batch.
pub(crate) fn boost_silent<T: Real>(
    boost: f64,
    output: &SpikeBatch<T>,
    gradient: &mut BlockedWeights<T>,
) {
    if boost == 0.0 {
        return;
    }
    let spiking = spiking_rows(output, gradient.outputs());
    boost_rows(T::of(boost), &spiking, gradient);
}

/// As [`boost_silent`], with one flag per neuron in `spiked`, which ranks have already combined.
pub(crate) fn boost_silent_neurons<T: Real>(
    boost: f64,
    spiked: &[bool],
    gradient: &mut BlockedWeights<T>,
) {
    // The neurons of a filter share its weights, which are boosted only if all of them were silent.
    let filters = gradient.outputs();
    let mut spiking = vec![false; filters];
    for (neuron, &spiked) in spiked.iter().enumerate() {
        spiking[neuron % filters] |= spiked;
    }
    boost_rows(T::of(boost), &spiking, gradient);
}

fn boost_rows<T: Real>(boost: T, spiking: &[bool], gradient: &mut BlockedWeights<T>) {
    for (row, _) in spiking.iter().enumerate().filter(|&(_, spiking)| !spiking) {
        for input in 0..gradient.inputs() {
            let raised = gradient.get(row, input) - boost;
            gradient.set(row, input, raised);
        }
    }
}

/// For each row of weights, whether one of its neurons spiked. A dense layer has one row per neuron, a convolution one
/// per filter.
fn spiking_rows<T: Real>(output: &SpikeBatch<T>, rows: usize) -> Vec<bool> {
    let mut spiking = vec![false; rows];
    let mut silent = rows;
    let is_dense = output.population() == rows;
    for &neuron in output.neurons() {
        // A dense layer needs no division.
        let row = neuron as usize;
        let row = if is_dense { row } else { row % rows };
        if !spiking[row] {
            spiking[row] = true;
            silent -= 1;
            if silent == 0 {
                break;
            }
        }
    }
    spiking
}

/// Boosts the neuron of the true class in each sample in which it was silent: adds `-boost/samples` to the gradient of
/// its weight for each event in `arriving` that reached it. `silent` has pairs of a sample and the neuron of its class.
/// `weight_between` returns row and column of the weight from an input to a neuron.
pub(crate) fn boost_true_classes<T: Real>(
    boost: f64,
    silent: &[(usize, Label)],
    arriving: &SpikeBatch<T>,
    weight_between: impl Fn(usize, usize) -> Option<(usize, usize)>,
    gradient: &mut BlockedWeights<T>,
) {
    let boost = T::of(boost / arriving.samples().max(1) as f64);
    for &(sample, neuron) in silent {
        for &from in arriving.sample(sample).neurons {
            if let Some((row, column)) = weight_between(neuron as usize, from as usize) {
                let raised = gradient.get(row, column) - boost;
                gradient.set(row, column, raised);
            }
        }
    }
}
