//! The forward pass of neurons that may differ: the states of a block of neurons move from input to input, and the
//! neurons that may spike in between are solved one by one.

use noctule_core::{Lif, Real, SpikeBatch, Spikes};
use rayon::prelude::*;

use crate::events::timeline::keeps_residuals;
use crate::individual::block::{NeuronBlock, splat};
use crate::individual::inputs::{InputSpike, inputs_by_position};
use crate::individual::moment::Moment;
use crate::individual::tape::IndividualTape;
use crate::individual::view::IndividualView;
use crate::simd::dispatch::{CpuReal, Kernel};
use crate::simd::isa::Isa;
use crate::simd::lanes::{LANES, Lanes, blocks};

/// An output spike of a sample.
#[derive(Clone, Copy, Debug)]
struct OutputSpike<T> {
    time: Moment<T>,
    slope: T,
    neuron: u32,
}

/// Runs the layer on a batch; overwrites `output`.
pub(crate) fn run<T: CpuReal>(
    view: IndividualView<'_, T>,
    input: &SpikeBatch<T>,
    output: &mut SpikeBatch<T>,
) -> IndividualTape<T> {
    let neurons = NeuronBlock::all(&view);
    let samples = (0..input.samples()).into_par_iter();
    let spikes: Vec<Vec<OutputSpike<T>>> = samples
        .map(|sample| run_sample(&view, &neurons, input.sample(sample)))
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
fn run_sample<T: CpuReal>(
    view: &IndividualView<'_, T>,
    neurons: &[NeuronBlock<T>],
    input: Spikes<'_, T>,
) -> Vec<OutputSpike<T>> {
    let mut spikes = Vec::new();
    let inputs = inputs_by_position(view, input);
    let blocks = blocks(view.rows_of_weights);
    for (neurons, inputs) in neurons.chunks(blocks).zip(&inputs) {
        for neurons in neurons {
            T::run(BlockForward {
                view,
                neurons,
                inputs,
                spikes: &mut spikes,
            });
        }
    }
    spikes.sort_by(|a, b| {
        let by_residual = || a.time.residual.total_order(&b.time.residual);
        let by_neuron = || a.neuron.cmp(&b.neuron);
        let by_time = a.time.time.total_order(&b.time.time);
        by_time.then_with(by_residual).then_with(by_neuron)
    });
    spikes
}

/// The forward pass of a block of neurons in one sample.
struct BlockForward<'a, T> {
    view: &'a IndividualView<'a, T>,
    neurons: &'a NeuronBlock<T>,
    inputs: &'a [InputSpike<T>],
    spikes: &'a mut Vec<OutputSpike<T>>,
}

impl<T: CpuReal> Kernel<T> for BlockForward<'_, T> {
    #[inline(always)]
    fn run<I: Isa<T>>(self, _: I) {
        let neurons = self.neurons;
        let mut state = BlockState::new(self.view, neurons);
        let t_max = self.view.neuron(neurons.first).t_max();
        let inputs = self.inputs.iter();
        let mut inputs = inputs.take_while(|input_spike| input_spike.time.time < t_max);
        let mut next = inputs.next();
        let end = Moment::exactly(t_max);
        let mut now = Moment::start();
        loop {
            let until = next.map_or(end, |input_spike| input_spike.time);
            state.cross(neurons, (now, until), &mut |lane, time, slope| {
                self.spikes.push(OutputSpike {
                    time,
                    slope,
                    neuron: (neurons.first + lane) as u32,
                });
            });
            now = until;
            // Simultaneous inputs act together.
            while let Some(input_spike) = next.filter(|input_spike| input_spike.time == now) {
                let weights = self
                    .view
                    .weights
                    .of_block(neurons.block, input_spike.column);
                for (current, &weight) in state.current.iter_mut().zip(weights) {
                    *current += weight;
                }
                next = inputs.next();
            }
            let is_over = next.is_none() && now.time >= end.time;
            if is_over || state.spikes_left == [0; LANES] {
                return;
            }
        }
    }
}

/// The states of a block of neurons between two inputs.
struct BlockState<'a, T> {
    neurons: Vec<&'a Lif<T>>,
    potential: Lanes<T>,
    current: Lanes<T>,
    spikes_left: [u32; LANES],
}

impl<'a, T: Real> BlockState<'a, T> {
    fn new(view: &IndividualView<'a, T>, block: &NeuronBlock<T>) -> Self {
        let indices = block.first..block.first + block.lanes;
        let neurons: Vec<&Lif<T>> = indices.map(|index| view.neuron(index)).collect();
        let spikes_left = |lane: usize| neurons.get(lane).map_or(0, |neuron| neuron.max_spikes());
        Self {
            potential: splat(T::zero()),
            current: splat(T::zero()),
            spikes_left: std::array::from_fn(spikes_left),
            neurons,
        }
    }

    /// Moves all states from `now` to `until`; no input arrives in between. `emit` receives lane, time and slope of each
    /// spike.
    #[inline(always)]
    fn cross(
        &mut self,
        block: &NeuronBlock<T>,
        (now, until): (Moment<T>, Moment<T>),
        emit: &mut impl FnMut(usize, Moment<T>, T),
    ) {
        let duration = until.since(now);
        let decays = block.decays(&splat(duration));
        // A potential that stays below this does not spike, whatever rounding does.
        let margin = T::one() - T::of(16.0) * T::epsilon();
        let (mut potential, mut current) = (self.potential, self.current);
        let mut may_spike = [false; LANES];
        for lane in 0..LANES {
            let (u, i) = (potential[lane], current[lane]);
            let slope = i - u * block.inverse_tau_m[lane];
            let end_u = u * decays.potential[lane] + i * decays.response[lane];
            let end_i = i * decays.current[lane];
            let end_slope = end_i - end_u * block.inverse_tau_m[lane];
            let low = block.theta[lane] * margin;
            // On the rise the potential is concave: below its first tangent, and highest at its end.
            may_spike[lane] = (self.spikes_left[lane] > 0)
                & (i * block.tau_m[lane] > low)
                & (slope > T::zero())
                & (u + slope * duration >= low)
                & ((end_u >= low) | (end_slope <= T::zero()));
            (potential[lane], current[lane]) = (end_u, end_i);
        }
        if may_spike != [false; LANES] {
            for lane in (0..LANES).filter(|&lane| may_spike[lane]) {
                (potential[lane], current[lane]) =
                    self.cross_alone(lane, (now, until), &mut |time, slope| {
                        emit(lane, time, slope);
                    });
            }
        }
        (self.potential, self.current) = (potential, current);
    }

    /// The state of one neuron at `until`, with its spikes on the way from `now`.
    fn cross_alone(
        &mut self,
        lane: usize,
        (now, until): (Moment<T>, Moment<T>),
        emit: &mut impl FnMut(Moment<T>, T),
    ) -> (T, T) {
        let neuron = self.neurons[lane];
        let (mut potential, mut current) = (self.potential[lane], self.current[lane]);
        let duration = until.since(now);
        let mut time_left = duration;
        while let Some(crossing) = neuron.first_crossing(potential, current, time_left) {
            time_left -= crossing.elapsed;
            emit(now.after(duration - time_left, until), crossing.slope);
            potential = neuron.theta() - neuron.reset();
            current *= crossing.current_decay;
            self.spikes_left[lane] -= 1;
            if self.spikes_left[lane] == 0 {
                break;
            }
        }
        neuron.propagate(potential, current, time_left)
    }
}
