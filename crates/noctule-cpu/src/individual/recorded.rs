//! The slopes of spikes that were recorded elsewhere, for example on a chip.
//!
//! The slope `u'(t_k) = I(t_k) - u(t_k)/tau_m` is the model's at the recorded time, from the recorded inputs and the
//! neuron's own earlier recorded spikes. An input at the very time of a spike does not act on it.

use noctule_core::{Lif, Real, SpikeBatch, Spikes};
use rayon::prelude::*;

use crate::individual::block::{NeuronBlock, splat};
use crate::individual::block_spikes::{BlockSpike, SpikesByBlock};
use crate::individual::inputs::{InputSpike, inputs_by_position};
use crate::individual::moment::Moment;
use crate::individual::tape::IndividualTape;
use crate::individual::view::IndividualView;
use crate::simd::dispatch::{CpuReal, Kernel};
use crate::simd::isa::Isa;
use crate::simd::lanes::{LANES, Lanes, blocks};

/// The slopes of all recorded spikes, and the number of those that are not positive.
pub(crate) fn run<T: CpuReal>(
    view: IndividualView<'_, T>,
    input: &SpikeBatch<T>,
    output: &SpikeBatch<T>,
) -> (IndividualTape<T>, u64) {
    let neurons = NeuronBlock::all(&view);
    let samples = (0..input.samples()).into_par_iter();
    let slopes: Vec<Vec<T>> = samples
        .map(|sample| {
            let (input, output) = (input.sample(sample), output.sample(sample));
            slopes_of_sample(&view, &neurons, input, output)
        })
        .collect();
    let slopes: Vec<T> = slopes.concat();
    let is_flat = |&&slope: &&T| slope <= T::zero() || slope.is_nan();
    let without_rise = slopes.iter().filter(is_flat).count() as u64;
    let tape = IndividualTape {
        input: input.clone(),
        slopes,
    };
    (tape, without_rise)
}

/// The slope at each output spike of a sample, aligned with `output`.
fn slopes_of_sample<T: CpuReal>(
    view: &IndividualView<'_, T>,
    neurons: &[NeuronBlock<T>],
    input: Spikes<'_, T>,
    output: Spikes<'_, T>,
) -> Vec<T> {
    let mut slopes = vec![T::zero(); output.len()];
    let inputs = inputs_by_position(view, input);
    let spikes = SpikesByBlock::new(view, output);
    let blocks = blocks(view.rows_of_weights);
    for (index, neurons) in neurons.iter().enumerate() {
        T::run(BlockSlopes {
            view,
            neurons,
            inputs: &inputs[index / blocks],
            output,
            spikes: spikes.of_block(index),
            slopes: &mut slopes,
        });
    }
    slopes
}

/// The slopes of the recorded spikes of a block of neurons in one sample.
struct BlockSlopes<'a, T> {
    view: &'a IndividualView<'a, T>,
    neurons: &'a NeuronBlock<T>,
    inputs: &'a [InputSpike<T>],
    output: Spikes<'a, T>,
    /// Lane and index of each spike of the block, by time.
    spikes: &'a [BlockSpike],
    slopes: &'a mut [T],
}

impl<T: CpuReal> Kernel<T> for BlockSlopes<'_, T> {
    #[inline(always)]
    fn run<I: Isa<T>>(self, _: I) {
        let mut states = Trajectories {
            potential: splat(T::zero()),
            current: splat(T::zero()),
            now: [Moment::start(); LANES],
        };
        let mut inputs = self.inputs.iter().peekable();
        for &BlockSpike { lane, spike } in self.spikes {
            let time = Moment::of(self.output, spike);
            while let Some(input_spike) =
                inputs.next_if(|input_spike| input_spike.time.is_before(time))
            {
                states.reach(self.neurons, input_spike.time);
                let block = self.neurons.block;
                let weights = self.view.weights.of_block(block, input_spike.column);
                for (current, &weight) in states.current.iter_mut().zip(weights) {
                    *current += weight;
                }
            }
            let neuron = self.view.neuron(self.neurons.first + lane);
            self.slopes[spike] = states.spike(lane, neuron, time);
        }
    }
}

/// Potential and current of each neuron of a block, at a time of its own.
struct Trajectories<T> {
    potential: Lanes<T>,
    current: Lanes<T>,
    now: Lanes<Moment<T>>,
}

impl<T: Real> Trajectories<T> {
    /// Moves all states to `time`.
    #[inline(always)]
    fn reach(&mut self, neurons: &NeuronBlock<T>, time: Moment<T>) {
        if self.now == [time; LANES] {
            return;
        }
        let elapsed = self.now.map(|now| time.since(now));
        let decays = neurons.decays(&elapsed);
        for lane in 0..LANES {
            let (potential, current) = (self.potential[lane], self.current[lane]);
            self.potential[lane] =
                potential * decays.potential[lane] + current * decays.response[lane];
            self.current[lane] = current * decays.current[lane];
        }
        self.now = [time; LANES];
    }

    /// The slope of one neuron at its spike, which resets it.
    fn spike(&mut self, lane: usize, neuron: &Lif<T>, time: Moment<T>) -> T {
        let elapsed = time.since(self.now[lane]);
        let state = neuron.propagate(self.potential[lane], self.current[lane], elapsed);
        let slope = state.1 - state.0 * neuron.inverse_tau_m();
        (self.potential[lane], self.current[lane]) = (state.0 - neuron.reset(), state.1);
        self.now[lane] = time;
        slope
    }
}
