//! The backward pass of neurons that may differ: errors of output spikes become gradients of weights and input times.
//!
//! With `D_k` the error on output spike `k` and `g_k = D_k/slope_k`, an input at `t_i` needs to know
//!
//! ```text
//! V* = sum_k g_k exp(-(t_k - t_i)/tau_m)          C* = sum_k g_k eps(t_k - t_i)          over t_k > t_i
//! ```
//!
//! which are followed backwards in time: over `s` seconds `C*` becomes `C* exp(-s/tau_s) + V* eps(s)` and `V*` becomes
//! `V* exp(-s/tau_m)`. Then
//!
//! ```text
//! D_k      = dL/dt_k + (reset/tau_m) V*           (spikes of the same neuron after k)
//! dL/dw_i -= C*
//! dL/dt_i += w_i (V* - C*/tau_s)
//! ```

use std::ops::Range;

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
use crate::weights::blocked::BlockedWeights;

/// The number of tasks that a batch is divided into, unless there are fewer blocks and samples. It does not depend on the
/// number of threads, so neither do the results.
const TASKS: usize = 16;

/// The errors that a backward pass starts from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IndividualErrors<'a, T> {
    /// The output events of the forward pass.
    pub output: &'a SpikeBatch<T>,
    /// `dL/dt` of each output event.
    pub d_times: &'a [T],
    /// The largest `1/slope`; larger ones are clipped to it.
    pub max_inverse_slope: T,
}

/// Adds `dL/dw` to `gradient` and, if wanted, returns `dL/dt` of each input event.
pub(crate) fn backward<T: CpuReal>(
    view: IndividualView<'_, T>,
    tape: &IndividualTape<T>,
    errors: IndividualErrors<'_, T>,
    gradient: &mut BlockedWeights<T>,
    want_input: bool,
) -> Option<Vec<T>> {
    let batch = PreparedBatch::new(view, tape, errors);
    let blocks = blocks(view.rows_of_weights);
    let samples = tape.input.samples();
    let chunks = (TASKS / blocks).clamp(1, samples.max(1));
    let per_chunk = samples.div_ceil(chunks).max(1);
    let part = |task: usize| {
        let (block, chunk) = (task / chunks, task % chunks);
        let first = (chunk * per_chunk).min(samples);
        let chunk = first..(first + per_chunk).min(samples);
        BlockGradient::new(&batch, block, chunk, want_input)
    };
    let mut d_input = vec![T::zero(); if want_input { tape.input.spikes() } else { 0 }];
    let tasks = blocks * chunks;
    // Some at a time: each may need memory for all input events.
    for first in (0..tasks).step_by(TASKS) {
        let tasks = (first..(first + TASKS).min(tasks)).into_par_iter();
        let parts: Vec<BlockGradient<T>> = tasks.map(part).collect();
        for part in &parts {
            part.add_to(gradient, &mut d_input);
        }
    }
    want_input.then_some(d_input)
}

/// What the tasks of a backward pass share.
struct PreparedBatch<'a, T> {
    view: IndividualView<'a, T>,
    tape: &'a IndividualTape<T>,
    errors: IndividualErrors<'a, T>,
    neurons: Vec<NeuronBlock<T>>,
    samples: Vec<PreparedSample<T>>,
}

/// The input spikes of a sample by position, and its output spikes by block.
struct PreparedSample<T> {
    inputs: Vec<Vec<InputSpike<T>>>,
    spikes: SpikesByBlock,
}

impl<'a, T: CpuReal> PreparedBatch<'a, T> {
    fn new(
        view: IndividualView<'a, T>,
        tape: &'a IndividualTape<T>,
        errors: IndividualErrors<'a, T>,
    ) -> Self {
        let samples = (0..tape.input.samples()).into_par_iter();
        let prepare = |sample| PreparedSample {
            inputs: inputs_by_position(&view, tape.input.sample(sample)),
            spikes: SpikesByBlock::new(&view, errors.output.sample(sample)),
        };
        Self {
            neurons: NeuronBlock::all(&view),
            samples: samples.map(prepare).collect(),
            view,
            tape,
            errors,
        }
    }
}

/// The gradients of a block of rows of weights, over a chunk of samples.
struct BlockGradient<T> {
    block: usize,
    /// Shape `[inputs]`.
    d_weights: Vec<Lanes<T>>,
    /// Index of the first input event of the chunk.
    first_event: usize,
    /// What this block adds to `dL/dt` of the input events of the chunk; empty if that is not wanted.
    d_input: Vec<T>,
}

impl<T: CpuReal> BlockGradient<T> {
    fn new(
        batch: &PreparedBatch<'_, T>,
        block: usize,
        samples: Range<usize>,
        want_input: bool,
    ) -> Self {
        let offsets = batch.tape.input.offsets();
        let (first_event, end) = (offsets[samples.start], offsets[samples.end]);
        let mut gradient = Self {
            block,
            d_weights: vec![splat(T::zero()); batch.view.weights.inputs()],
            first_event,
            d_input: vec![T::zero(); if want_input { end - first_event } else { 0 }],
        };
        for sample in samples {
            gradient.add_sample(batch, sample);
        }
        gradient
    }

    /// Adds this part to the gradient of all weights, and of all input times, if these are wanted.
    fn add_to(&self, gradient: &mut BlockedWeights<T>, d_input: &mut [T]) {
        let inputs = gradient.inputs();
        let sums = &mut gradient.lanes_mut()[self.block * inputs..][..inputs];
        for (sums, part) in sums.iter_mut().zip(&self.d_weights) {
            for (sum, &part) in sums.iter_mut().zip(part) {
                *sum += part;
            }
        }
        let sums = d_input.iter_mut().skip(self.first_event);
        for (sum, &part) in sums.zip(&self.d_input) {
            *sum += part;
        }
    }

    fn add_sample(&mut self, batch: &PreparedBatch<'_, T>, sample: usize) {
        let prepared = &batch.samples[sample];
        let blocks = blocks(batch.view.rows_of_weights);
        let events = batch.tape.input.range(sample);
        let first_spike = batch.errors.output.range(sample).start;
        for (position, inputs) in prepared.inputs.iter().enumerate() {
            let index = position * blocks + self.block;
            let spikes = prepared.spikes.of_block(index);
            if spikes.is_empty() {
                continue;
            }
            let d_input = match self.d_input.is_empty() {
                true => &mut [][..],
                false => &mut self.d_input[events.start - self.first_event..][..events.len()],
            };
            T::run(BlockBackward {
                batch,
                neurons: &batch.neurons[index],
                inputs,
                output: batch.errors.output.sample(sample),
                spikes,
                first_spike,
                d_weights: &mut self.d_weights,
                d_input,
            });
        }
    }
}

/// The backward pass of a block of neurons in one sample.
struct BlockBackward<'a, T> {
    batch: &'a PreparedBatch<'a, T>,
    neurons: &'a NeuronBlock<T>,
    inputs: &'a [InputSpike<T>],
    output: Spikes<'a, T>,
    spikes: &'a [BlockSpike],
    /// Index of the sample's first output spike in the batch.
    first_spike: usize,
    /// Shape `[inputs]`.
    d_weights: &'a mut [Lanes<T>],
    /// Of the input events of the sample; empty if it is not wanted.
    d_input: &'a mut [T],
}

impl<T: CpuReal> Kernel<T> for BlockBackward<'_, T> {
    #[inline(always)]
    fn run<I: Isa<T>>(mut self, _: I) {
        let mut adjoints = Adjoints {
            potential: splat(T::zero()),
            current: splat(T::zero()),
            now: [Moment::start(); LANES],
        };
        let errors = self.batch.errors;
        let mut inputs = self.inputs.iter().rev().peekable();
        let mut is_first = true;
        for &BlockSpike { lane, spike } in self.spikes.iter().rev() {
            let time = Moment::of(self.output, spike);
            // An input at the very time of a spike does not act on it.
            while let Some(input_spike) =
                inputs.next_if(|input_spike| !input_spike.time.is_before(time))
            {
                // Inputs behind the last spike act on nothing.
                if !is_first {
                    self.add_input(&mut adjoints, input_spike);
                }
            }
            is_first = false;
            let spike = self.first_spike + spike;
            let slope = self.batch.tape.slopes[spike];
            if slope > T::zero() {
                let inverse_slope = slope.recip().min(errors.max_inverse_slope);
                let neuron = self.batch.view.neuron(self.neurons.first + lane);
                adjoints.spike(lane, neuron, time, (errors.d_times[spike], inverse_slope));
            }
        }
        for input_spike in inputs {
            self.add_input(&mut adjoints, input_spike);
        }
    }
}

impl<T: CpuReal> BlockBackward<'_, T> {
    #[inline(always)]
    fn add_input(&mut self, adjoints: &mut Adjoints<T>, input_spike: &InputSpike<T>) {
        adjoints.reach(self.neurons, input_spike.time);
        let sums = &mut self.d_weights[input_spike.column as usize];
        for (sum, &current) in sums.iter_mut().zip(&adjoints.current) {
            *sum -= current;
        }
        if self.d_input.is_empty() {
            return;
        }
        let view = &self.batch.view;
        let weights = view
            .weights
            .of_block(self.neurons.block, input_spike.column);
        let mut rates = splat(T::zero());
        for lane in 0..LANES {
            let decay = adjoints.current[lane] * self.neurons.inverse_tau_s[lane];
            rates[lane] = weights[lane] * (adjoints.potential[lane] - decay);
        }
        self.d_input[input_spike.event as usize] += sum(&rates);
    }
}

/// The sum of all lanes, pair by pair.
#[inline(always)]
fn sum<T: Real>(lanes: &Lanes<T>) -> T {
    let mut sums = *lanes;
    let mut count = LANES;
    while count > 1 {
        count /= 2;
        for lane in 0..count {
            sums[lane] += sums[lane + count];
        }
    }
    sums[0]
}

/// The adjoints `V*` and `C*` of each neuron of a block, followed backwards in time.
struct Adjoints<T> {
    potential: Lanes<T>,
    current: Lanes<T>,
    now: Lanes<Moment<T>>,
}

impl<T: Real> Adjoints<T> {
    /// Moves all adjoints back to `time`.
    #[inline(always)]
    fn reach(&mut self, neurons: &NeuronBlock<T>, time: Moment<T>) {
        if self.now == [time; LANES] {
            return;
        }
        // The adjoints of a neuron that has not spiked yet are 0 at any time.
        let elapsed = self.now.map(|now| now.since(time).max(T::zero()));
        let decays = neurons.decays(&elapsed);
        for lane in 0..LANES {
            let (potential, current) = (self.potential[lane], self.current[lane]);
            self.current[lane] = current * decays.current[lane] + potential * decays.response[lane];
            self.potential[lane] = potential * decays.potential[lane];
        }
        self.now = [time; LANES];
    }

    /// Applies the jump of one neuron at its output spike, from `dL/dt` of the spike and its inverse slope.
    fn spike(
        &mut self,
        lane: usize,
        neuron: &Lif<T>,
        time: Moment<T>,
        (d_time, inverse_slope): (T, T),
    ) {
        let elapsed = self.now[lane].since(time).max(T::zero());
        self.now[lane] = time;
        let (potential, current) = (self.potential[lane], self.current[lane]);
        self.current[lane] = current * (-elapsed / neuron.tau_s()).precise_exp()
            + potential * neuron.postsynaptic_potential(elapsed);
        let potential = potential * (-elapsed / neuron.tau_m()).precise_exp();
        let reset = neuron.reset() * neuron.inverse_tau_m();
        self.potential[lane] = potential + (d_time + reset * potential) * inverse_slope;
    }
}
