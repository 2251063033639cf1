//! The backward pass neuron by neuron: errors of output spikes become gradients of weights and input times.
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

use noctule_core::{Lif, Real, SpikeBatch};
use rayon::prelude::*;

use crate::individual::inputs::{InputSpike, inputs_by_position};
use crate::individual::moment::Moment;
use crate::individual::tape::IndividualTape;
use crate::individual::view::IndividualView;
use crate::weights::blocked::BlockedWeights;

/// The largest number of chunks of samples. Each chunk has its own gradient, and these are added in order, so results
/// do not depend on the number of threads.
const MAX_CHUNKS: usize = 16;

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
pub(crate) fn backward<T: Real>(
    view: IndividualView<'_, T>,
    tape: &IndividualTape<T>,
    errors: IndividualErrors<'_, T>,
    gradient: &mut BlockedWeights<T>,
    want_input: bool,
) -> Option<Vec<T>> {
    let samples = tape.input.samples();
    let per_chunk = samples.div_ceil(MAX_CHUNKS).max(1);
    let chunks = (0..samples.div_ceil(per_chunk)).into_par_iter();
    let chunks: Vec<Chunk<T>> = chunks
        .map(|chunk| {
            let first = chunk * per_chunk;
            let samples = first..(first + per_chunk).min(samples);
            Chunk::new(&view, tape, errors, samples)
        })
        .collect();
    for chunk in &chunks {
        let sums = gradient.as_mut_slice().iter_mut();
        for (sum, &part) in sums.zip(chunk.d_weights.as_slice()) {
            *sum += part;
        }
    }
    want_input.then(|| chunks.into_iter().flat_map(|chunk| chunk.d_input).collect())
}

/// The gradients of a chunk of samples.
struct Chunk<T> {
    d_weights: BlockedWeights<T>,
    /// `dL/dt` of the input events of the samples.
    d_input: Vec<T>,
}

impl<T: Real> Chunk<T> {
    fn new(
        view: &IndividualView<'_, T>,
        tape: &IndividualTape<T>,
        errors: IndividualErrors<'_, T>,
        samples: Range<usize>,
    ) -> Self {
        let mut chunk = Self {
            d_weights: BlockedWeights::zeros(view.weights.outputs(), view.weights.inputs()),
            d_input: Vec::new(),
        };
        for sample in samples {
            chunk.add_sample(view, tape, errors, sample);
        }
        chunk
    }

    fn add_sample(
        &mut self,
        view: &IndividualView<'_, T>,
        tape: &IndividualTape<T>,
        errors: IndividualErrors<'_, T>,
        sample: usize,
    ) {
        let input = tape.input.sample(sample);
        let output = errors.output.sample(sample);
        let first_spike = errors.output.range(sample).start;
        let first = self.d_input.len();
        self.d_input.resize(first + input.len(), T::zero());
        let mut spikes: Vec<Vec<usize>> = vec![Vec::new(); view.outputs()];
        for spike in errors.output.range(sample) {
            spikes[errors.output.neurons()[spike] as usize].push(spike);
        }
        for (position, inputs) in inputs_by_position(view, input).iter().enumerate() {
            for row in 0..view.rows_of_weights {
                let index = position * view.rows_of_weights + row;
                if spikes[index].is_empty() {
                    continue;
                }
                let mut adjoint = Adjoint::new(view.neuron(index), errors.max_inverse_slope);
                let mut inputs = inputs.iter().rev().peekable();
                for &spike in spikes[index].iter().rev() {
                    let time = Moment::of(output, spike - first_spike);
                    // An input at the very time of a spike does not act on it.
                    while let Some(input_spike) =
                        inputs.next_if(|input_spike| !input_spike.time.is_before(time))
                    {
                        self.add_input(view, &mut adjoint, row, input_spike, first);
                    }
                    adjoint.add_spike(time, tape.slopes[spike], errors.d_times[spike]);
                }
                for input_spike in inputs {
                    self.add_input(view, &mut adjoint, row, input_spike, first);
                }
            }
        }
    }

    fn add_input(
        &mut self,
        view: &IndividualView<'_, T>,
        adjoint: &mut Adjoint<'_, T>,
        row: usize,
        input_spike: &InputSpike<T>,
        first: usize,
    ) {
        if adjoint.is_zero() {
            return;
        }
        adjoint.reach(input_spike.time);
        let column = input_spike.column as usize;
        let sum = self.d_weights.get(row, column) - adjoint.current;
        self.d_weights.set(row, column, sum);
        let rate = adjoint.potential - adjoint.current / adjoint.neuron.tau_s();
        self.d_input[first + input_spike.event as usize] += view.weights.get(row, column) * rate;
    }
}

/// The adjoints `V*` and `C*` of one neuron, followed backwards in time.
struct Adjoint<'a, T> {
    neuron: &'a Lif<T>,
    max_inverse_slope: T,
    potential: T,
    current: T,
    now: Moment<T>,
}

impl<'a, T: Real> Adjoint<'a, T> {
    fn new(neuron: &'a Lif<T>, max_inverse_slope: T) -> Self {
        Self {
            neuron,
            max_inverse_slope,
            potential: T::zero(),
            current: T::zero(),
            now: Moment::start(),
        }
    }

    fn is_zero(&self) -> bool {
        self.potential == T::zero() && self.current == T::zero()
    }

    /// Moves the adjoints back to `time`.
    fn reach(&mut self, time: Moment<T>) {
        let elapsed = self.now.since(time);
        self.now = time;
        if self.is_zero() {
            return;
        }
        let neuron = self.neuron;
        self.current = self.current * (-elapsed / neuron.tau_s()).precise_exp()
            + self.potential * neuron.postsynaptic_potential(elapsed);
        self.potential *= (-elapsed / neuron.tau_m()).precise_exp();
    }

    /// Applies the jump at an output spike; a spike whose slope is not positive passes no error on.
    fn add_spike(&mut self, time: Moment<T>, slope: T, d_time: T) {
        self.reach(time);
        let rises = slope > T::zero();
        if rises {
            let inverse_slope = slope.recip().min(self.max_inverse_slope);
            let reset = self.neuron.reset() * self.neuron.inverse_tau_m();
            self.potential += (d_time + reset * self.potential) * inverse_slope;
        }
    }
}
