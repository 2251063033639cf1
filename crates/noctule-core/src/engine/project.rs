//! Spreads a layer over threads. Forwards, one task is one sample, whose neurons all see the same inputs, or the places of a
//! convolution the same course. Backwards, it is one group of blocks of neurons, or all of a convolution, and a chunk of
//! the samples: the gradient of a block then belongs to few tasks, mostly to one.
//!
//! Tasks share nothing they write. What has to be summed over tasks (weight gradients over chunks, errors of input
//! events over blocks) is summed afterwards in the order of the tasks, and the chunks depend on the layer and the batch
//! alone, so results are the same for any number of threads.

use std::mem::take;
use std::ops::Range;

use rayon::prelude::*;

use super::cut::Cut;
use super::patches::Patches;
use super::task::{BackwardTask, ForwardTask};
use super::trace::{SMALL, SampleTrace, Trace, samples_at_once};
use super::{LANES, Lanes, blocks};
use crate::layer::Weights;
use crate::{Lif, Real, SpikeBatch};

/// A layer of so many blocks is wide: several of its neurons spike in nearly every interval.
const WIDE: usize = 8;
/// The walk of a wide layer numbers its neurons in `f32`, and [`Real::nearest`] is exact up to here.
const MOST_NUMBERED: usize = (1 << 23) / LANES;
/// Lists are added up by at least so many lanes at once, which are so many cache lines of each list.
const LEAST_ADDED: usize = 64;

/// A population of equal neurons, each with its own weights from every row; with `patches`, one such population at
/// every place of an image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Projection<'a, T> {
    pub neuron: &'a Lif<T>,
    pub neurons: usize,
    /// One row for each input.
    pub weights: &'a Weights<T>,
    pub patches: Option<&'a Patches>,
}

/// The errors that a backward pass starts from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutputErrors<'a, T> {
    /// The output events of the forward pass.
    pub events: &'a SpikeBatch<T>,
    /// `dL/dt` of each.
    pub d_times: &'a [T],
    /// The largest `1/slope` that is let through.
    pub max_inverse_slope: T,
}

impl<'a, T: Real> Projection<'a, T> {
    /// The weights of some blocks.
    pub fn weights_of(&self, blocks: Range<usize>) -> &'a [Lanes<T>] {
        let rows = self.rows();
        &self.weights.lanes()[blocks.start * rows..blocks.end * rows]
    }

    /// The neurons of some blocks at a place, by their index in the layer.
    pub fn neurons_of(&self, place: usize, blocks: Range<usize>) -> Range<u32> {
        let end = (blocks.end * LANES).min(self.neurons);
        let first = place * self.neurons;
        (first + blocks.start * LANES) as u32..(first + end) as u32
    }

    /// Weights of each neuron.
    pub fn rows(&self) -> usize {
        self.weights.inputs()
    }

    pub fn places(&self) -> usize {
        self.patches.map_or(1, Patches::places)
    }

    /// Neurons at all places together.
    pub fn outputs(&self) -> usize {
        self.places() * self.neurons
    }

    /// Whether all blocks walk abreast: see [`super::abreast`].
    pub fn is_wide(&self) -> bool {
        let wide = (WIDE..MOST_NUMBERED).contains(&blocks(self.neurons));
        wide && self.patches.is_none() && self.neuron.is_quadratic()
    }

    /// Runs the layer; overwrites `trace` and `output`.
    pub fn forward(&self, input: &SpikeBatch<T>, trace: &mut Trace<T>, output: &mut SpikeBatch<T>) {
        let samples = input.samples();
        let has_places = self.patches.is_some();
        let cut = Cut::new(samples, blocks(self.neurons), has_places);
        trace.begin(cut, samples, has_places);
        if self.is_wide() {
            trace.by_row.follow(self.weights);
        }
        let (by_row, scratch) = (trace.by_row.lanes(), &trace.scratch);
        let mut arrivals: Vec<_> = trace.arrivals.iter_mut().map(Some).collect();
        arrivals.resize_with(samples, || None);
        let timelines = trace.timelines.par_iter_mut().zip(arrivals);
        let tasks = timelines.zip(&mut trace.samples).enumerate();
        tasks.for_each(|(sample, ((timeline, arrivals), out))| {
            T::run(ForwardTask {
                projection: self,
                by_row,
                cut,
                events: input.sample(sample),
                timeline,
                arrivals,
                memory: &mut scratch.of_this_thread(),
                out,
            });
        });
        self.list(trace, output);
    }

    /// Makes an event list of the spikes of each sample.
    fn list(&self, trace: &Trace<T>, output: &mut SpikeBatch<T>) {
        let counts = trace.samples.iter().map(SampleTrace::count);
        output.make_room(self.outputs(), counts);
        let at_once = samples_at_once(trace.samples.len(), trace.spikes());
        let room = trace.samples.par_iter().zip(output.samples_mut());
        let room = room.with_min_len(at_once);
        room.for_each(|(sample, (times, neurons))| sample.list(times, neurons));
    }

    /// Adds the weight gradient to `d_weights` (shape as the weights). If the offsets of the input batch are given,
    /// returns `dL/dt` of its events.
    pub fn backward(
        &self,
        trace: &mut Trace<T>,
        errors: OutputErrors<'_, T>,
        d_weights: &mut [Lanes<T>],
        input_offsets: Option<&[usize]>,
    ) -> Option<Vec<T>> {
        trace.deal(self.neuron, errors);
        let cut = trace.cut;
        // Memory of the trace, which is given back below.
        let mut gradients_of_chunks = take(&mut trace.scratch.gradients);
        let mut d_moments = take(&mut trace.scratch.d_moments);
        let gradients = if cut.chunks() <= 1 {
            &mut *d_weights
        } else {
            let rows = cut.chunks() * cut.blocks_per_chunk() * self.rows();
            gradients_of_chunks.resize(rows, [T::zero(); LANES]);
            &mut gradients_of_chunks[..]
        };
        let tasks = self.gradients_of_tasks(cut, gradients);
        d_moments.resize_with(tasks.len(), Vec::new);
        let of_tasks = tasks.into_par_iter().zip(&mut d_moments).enumerate();
        of_tasks.for_each(|(task, (d_weights, d_moments))| {
            let (groups, samples) = cut.task(task);
            if cut.chunks() > 1 {
                d_weights.fill([T::zero(); LANES]);
            }
            T::run(BackwardTask {
                projection: self,
                cut,
                groups,
                samples,
                trace,
                errors,
                want_input: input_offsets.is_some(),
                memory: &mut trace.scratch.of_this_thread(),
                d_weights,
                d_moments,
            });
        });
        if cut.chunks() > 1 {
            add_all(d_weights, &gradients_of_chunks);
        }
        let d_input = input_offsets.map(|offsets| to_events(trace, &d_moments, offsets));
        trace.scratch.gradients = gradients_of_chunks;
        trace.scratch.d_moments = d_moments;
        d_input
    }

    /// The part of the gradient that belongs to each task, of a list `[chunk][block][row]`.
    fn gradients_of_tasks<'b>(
        &self,
        cut: Cut,
        mut gradients: &'b mut [Lanes<T>],
    ) -> Vec<&'b mut [Lanes<T>]> {
        let mut parts = Vec::with_capacity(cut.tasks());
        for task in 0..cut.tasks() {
            let (groups, _) = cut.task(task);
            let length = cut.blocks(groups).len() * self.rows();
            parts.extend(gradients.split_off_mut(..length));
        }
        parts
    }
}

/// Sums the errors of the tasks and takes those of the moments at which an event arrives.
fn to_events<T: Real>(trace: &Trace<T>, d_moments: &[Vec<T>], offsets: &[usize]) -> Vec<T> {
    let d_events_count = offsets.last().copied().unwrap_or(0);
    let mut d_events = vec![T::zero(); d_events_count];
    let per_chunk = trace.cut.tasks_per_chunk().max(1);
    let mut samples = Vec::with_capacity(trace.timelines.len());
    let mut rest = d_events.as_mut_slice();
    for (chunk, tasks) in d_moments.chunks(per_chunk).enumerate() {
        let mut first_moment = 0;
        for sample in trace.cut.task(chunk * per_chunk).1 {
            let (own, others) = rest.split_at_mut(offsets[sample + 1] - offsets[sample]);
            let timeline = &trace.timelines[sample];
            samples.push((own, timeline, tasks, first_moment));
            first_moment += timeline.moments.len();
            rest = others;
        }
    }
    let at_once = samples_at_once(samples.len(), d_events_count);
    samples.into_par_iter().with_min_len(at_once).for_each(
        |(d_events, timeline, tasks, first_moment)| {
            let mut rest = d_events;
            for stops in timeline.events() {
                let (d_events, others) = rest.split_at_mut(stops.len());
                rest = others;
                let moments = first_moment + stops.start..first_moment + stops.end;
                for task in tasks {
                    for (d_event, &part) in d_events.iter_mut().zip(&task[moments.clone()]) {
                        *d_event += part;
                    }
                }
            }
        },
    );
    d_events
}

/// Adds several lists of the length of `sum`, one after the other.
fn add_all<T: Real>(sum: &mut [Lanes<T>], parts: &[Lanes<T>]) {
    let length = sum.len();
    let at_once = (SMALL / LANES * length / parts.len().max(1)).max(LEAST_ADDED);
    let pieces = sum.par_chunks_mut(at_once).enumerate();
    pieces.for_each(|(index, sum)| {
        let start = index * at_once;
        for part in parts.chunks_exact(length) {
            let part = part[start..start + sum.len()].as_flattened();
            for (sum, &part) in sum.as_flattened_mut().iter_mut().zip(part) {
                *sum += part;
            }
        }
    });
}
