//! The forward pass neuron by neuron: the state moves from input to input, and spikes in between are solved exactly.

use noctule_core::{Lif, Real, SpikeBatch, Spikes};
use rayon::prelude::*;

use crate::events::timeline::keeps_residuals;
use crate::individual::inputs::{InputSpike, inputs_by_position};
use crate::individual::moment::Moment;
use crate::individual::tape::IndividualTape;
use crate::individual::view::IndividualView;

/// An output spike of a sample.
#[derive(Clone, Copy, Debug)]
struct OutputSpike<T> {
    time: Moment<T>,
    slope: T,
    neuron: u32,
}

/// Runs the layer on a batch; overwrites `output`.
pub(crate) fn run<T: Real>(
    view: IndividualView<'_, T>,
    input: &SpikeBatch<T>,
    output: &mut SpikeBatch<T>,
) -> IndividualTape<T> {
    let samples = (0..input.samples()).into_par_iter();
    let spikes: Vec<Vec<OutputSpike<T>>> = samples
        .map(|sample| run_sample(&view, input.sample(sample)))
        .collect();
    output.write_sorted_samples(view.outputs(), spikes.iter().map(Vec::len), |written| {
        for (spikes, (times, neurons)) in spikes.iter().zip(written) {
            for (spike, (time, neuron)) in spikes.iter().zip(times.iter_mut().zip(neurons)) {
                (*time, *neuron) = (spike.time.time, spike.neuron);
            }
        }
    });
    if (0..view.outputs()).any(|neuron| keeps_residuals(view.neuron(neuron))) {
        let residuals = spikes.iter().flatten().map(|spike| spike.time.residual);
        output.set_residuals(residuals.collect());
    }
    IndividualTape {
        input: input.clone(),
        slopes: spikes.iter().flatten().map(|spike| spike.slope).collect(),
    }
}

/// The spikes of all neurons in one sample, sorted by time, and by neuron at equal times.
fn run_sample<T: Real>(view: &IndividualView<'_, T>, input: Spikes<'_, T>) -> Vec<OutputSpike<T>> {
    let mut spikes = Vec::new();
    for (position, inputs) in inputs_by_position(view, input).iter().enumerate() {
        for row in 0..view.rows_of_weights {
            let index = position * view.rows_of_weights + row;
            let weight =
                |input_spike: &InputSpike<T>| view.weights.get(row, input_spike.column as usize);
            run_neuron(view.neuron(index), inputs, weight, |time, slope| {
                spikes.push(OutputSpike {
                    time,
                    slope,
                    neuron: index as u32,
                });
            });
        }
    }
    spikes.sort_by(|a, b| {
        let by_residual = || a.time.residual.total_order(&b.time.residual);
        a.time.time.total_order(&b.time.time).then_with(by_residual)
    });
    spikes
}

/// Runs one neuron up to `t_max` or its last spike; `emit` receives time and slope of each spike.
fn run_neuron<T: Real>(
    neuron: &Lif<T>,
    inputs: &[InputSpike<T>],
    weight: impl Fn(&InputSpike<T>) -> T,
    mut emit: impl FnMut(Moment<T>, T),
) {
    let mut inputs = inputs
        .iter()
        .take_while(|input_spike| input_spike.time.time < neuron.t_max());
    let mut next = inputs.next();
    let (mut potential, mut current, mut now) = (T::zero(), T::zero(), Moment::start());
    let end = Moment::exactly(neuron.t_max());
    let mut spikes_left = neuron.max_spikes();
    loop {
        let until = next.map_or(end, |input_spike| input_spike.time);
        let duration = until.since(now);
        let mut time_left = duration;
        while let Some(crossing) = neuron.first_crossing(potential, current, time_left) {
            time_left -= crossing.elapsed;
            emit(now.after(duration - time_left, until), crossing.slope);
            spikes_left -= 1;
            if spikes_left == 0 {
                return;
            }
            potential = neuron.theta() - neuron.reset();
            current *= crossing.current_decay;
        }
        (potential, current) = neuron.propagate(potential, current, time_left);
        now = until;
        // Simultaneous inputs act together.
        while let Some(input_spike) = next.filter(|input_spike| input_spike.time == now) {
            current += weight(input_spike);
            next = inputs.next();
        }
        if next.is_none() && now.time >= end.time {
            return;
        }
    }
}
