//! Spreads a layer over threads: one task is one block of neurons and a chunk of the samples.
//!
//! Tasks share nothing they write. What has to be summed over tasks (weight gradients over chunks, errors of input
//! events over blocks) is summed afterwards in the order of the tasks, and the chunks depend on the layer and the batch
//! alone, so results are the same for any number of threads.

use rayon::prelude::*;

use super::backward::{self, Errors};
use super::dispatch::{self, Kernel};
use super::forward::{self, Spike};
use super::timeline::Timeline;
use super::{LANES, Lanes, blocks};
use crate::{Lif, Real, SpikeBatch};

/// Layers of few blocks are cut into chunks of samples until there are so many tasks.
const TASKS: usize = 8;

/// What the backward pass needs to know of a forward pass.
#[derive(Clone, Debug)]
pub(crate) struct Trace<T> {
    /// One for each sample.
    timelines: Vec<Timeline<T>>,
    /// One for each task, in the order `[chunk][block]`.
    tasks: Vec<TaskTrace<T>>,
    /// Samples in a chunk.
    chunk: usize,
    /// The spikes of each sample, block by block: their places among the sample's output events.
    ranks: Vec<Vec<u32>>,
}

impl<T> Default for Trace<T> {
    fn default() -> Self {
        Self {
            timelines: Vec::new(),
            tasks: Vec::new(),
            chunk: 1,
            ranks: Vec::new(),
        }
    }
}

/// The spikes of one task.
#[derive(Clone, Debug)]
struct TaskTrace<T> {
    spikes: Vec<Spike<T>>,
    /// Where each sample of the chunk starts; shape `[samples + 1]`.
    offsets: Vec<u32>,
}

impl<T> Default for TaskTrace<T> {
    fn default() -> Self {
        Self {
            spikes: Vec::new(),
            offsets: Vec::new(),
        }
    }
}

impl<T> TaskTrace<T> {
    fn sample(&self, index: usize) -> &[Spike<T>] {
        &self.spikes[self.offsets[index] as usize..self.offsets[index + 1] as usize]
    }
}

/// A population of equal neurons, each with its own weights from every row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Projection<'a, T> {
    pub neuron: &'a Lif<T>,
    pub neurons: usize,
    pub rows: usize,
    /// Shape `[block][row][LANES]`.
    pub weights: &'a [Lanes<T>],
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

impl<T: Real> Projection<'_, T> {
    fn block_weights(&self, block: usize) -> &[Lanes<T>] {
        &self.weights[block * self.rows..(block + 1) * self.rows]
    }

    /// Samples in a chunk.
    fn chunk(&self, samples: usize) -> usize {
        let chunks = TASKS.div_ceil(blocks(self.neurons)).min(samples).max(1);
        samples.div_ceil(chunks).max(1)
    }

    /// Runs the layer; overwrites `trace`.
    pub fn forward(&self, input: &SpikeBatch<T>, trace: &mut Trace<T>) -> SpikeBatch<T> {
        let samples = input.samples();
        let blocks = blocks(self.neurons);
        trace.chunk = self.chunk(samples);
        trace.timelines.resize_with(samples, Timeline::default);
        trace
            .timelines
            .par_iter_mut()
            .enumerate()
            .for_each(|(sample, timeline)| timeline.lay_out(self.neuron, input.sample(sample)));
        let tasks = blocks * samples.div_ceil(trace.chunk);
        trace.tasks.resize_with(tasks, TaskTrace::default);
        let timelines = &trace.timelines;
        trace
            .tasks
            .par_iter_mut()
            .enumerate()
            .for_each(|(task, out)| {
                let (block, first) = (task % blocks, task / blocks * trace.chunk);
                dispatch::run(ForwardTask {
                    neuron: self.neuron,
                    neurons: (self.neurons - block * LANES).min(LANES),
                    weights: self.block_weights(block),
                    timelines: &timelines[first..(first + trace.chunk).min(samples)],
                    out,
                });
            });
        trace.merge(self.neurons)
    }

    /// Adds the weight gradient to `d_weights` (shape as the weights). If the offsets of the input batch are given,
    /// returns `dL/dt` of its events.
    pub fn backward(
        &self,
        trace: &Trace<T>,
        errors: OutputErrors<'_, T>,
        d_weights: &mut [Lanes<T>],
        input_offsets: Option<&[usize]>,
    ) -> Option<Vec<T>> {
        let blocks = blocks(self.neurons);
        let chunks = trace.timelines.len().div_ceil(trace.chunk);
        let mut scratch = Vec::new();
        let gradients = if chunks <= 1 {
            &mut *d_weights
        } else {
            scratch.resize(chunks * blocks * self.rows, [T::zero(); LANES]);
            &mut scratch[..]
        };
        let starts = trace.block_starts(blocks);
        let d_arrivals: Vec<Vec<T>> = gradients
            .par_chunks_mut(self.rows)
            .zip(&trace.tasks)
            .enumerate()
            .map(|(task, (d_weights, spikes))| {
                let (block, first) = (task % blocks, task / blocks * trace.chunk);
                let mut d_arrivals = Vec::new();
                dispatch::run(BackwardTask {
                    neuron: self.neuron,
                    weights: self.block_weights(block),
                    trace,
                    spikes,
                    first,
                    starts: &starts[block..],
                    stride: blocks,
                    errors,
                    input_offsets,
                    d_weights,
                    d_arrivals: &mut d_arrivals,
                });
                d_arrivals
            })
            .collect();
        for part in scratch.chunks(blocks * self.rows) {
            add(d_weights.as_flattened_mut(), part.as_flattened());
        }
        input_offsets.map(|_| {
            let mut d_input = Vec::new();
            for chunk in d_arrivals.chunks(blocks) {
                let start = d_input.len();
                d_input.resize(start + chunk[0].len(), T::zero());
                for block in chunk {
                    add(&mut d_input[start..], block);
                }
            }
            d_input
        })
    }
}

fn add<T: Real>(sum: &mut [T], part: &[T]) {
    for (sum, &part) in sum.iter_mut().zip(part) {
        *sum += part;
    }
}

/// One block through the samples of a chunk.
struct ForwardTask<'a, T> {
    neuron: &'a Lif<T>,
    neurons: usize,
    weights: &'a [Lanes<T>],
    timelines: &'a [Timeline<T>],
    out: &'a mut TaskTrace<T>,
}

impl<T: Real> Kernel for ForwardTask<'_, T> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let out = self.out;
        out.spikes.clear();
        out.offsets.clear();
        out.offsets.push(0);
        for timeline in self.timelines {
            forward::walk::<FUSED, T>(
                self.neuron,
                self.neurons,
                timeline,
                self.weights,
                &mut out.spikes,
            );
            out.offsets.push(out.spikes.len() as u32);
        }
    }
}

/// One block back through the samples of a chunk.
struct BackwardTask<'a, T> {
    neuron: &'a Lif<T>,
    weights: &'a [Lanes<T>],
    trace: &'a Trace<T>,
    spikes: &'a TaskTrace<T>,
    /// The first sample of the chunk.
    first: usize,
    /// Where the block's spikes start in `trace.ranks[sample]`, at `starts[sample * stride]`.
    starts: &'a [u32],
    stride: usize,
    errors: OutputErrors<'a, T>,
    input_offsets: Option<&'a [usize]>,
    d_weights: &'a mut [Lanes<T>],
    d_arrivals: &'a mut Vec<T>,
}

impl<T: Real> Kernel for BackwardTask<'_, T> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        for index in 0..self.spikes.offsets.len() - 1 {
            let sample = self.first + index;
            let spikes = self.spikes.sample(index);
            let start = self.starts[sample * self.stride] as usize;
            let d_arrivals = self.input_offsets.map(|offsets| {
                let start = self.d_arrivals.len();
                let events = offsets[sample + 1] - offsets[sample];
                self.d_arrivals.resize(start + events, T::zero());
                &mut self.d_arrivals[start..]
            });
            backward::walk::<FUSED, T>(
                self.neuron,
                &self.trace.timelines[sample],
                Errors {
                    spikes,
                    ranks: &self.trace.ranks[sample][start..start + spikes.len()],
                    d_times: &self.errors.d_times[self.errors.events.range(sample)],
                    max_inverse_slope: self.errors.max_inverse_slope,
                },
                self.weights,
                self.d_weights,
                d_arrivals,
            );
        }
    }
}

impl<T: Real> Trace<T> {
    /// The spikes of a sample, block after block.
    fn spikes(&self, sample: usize, blocks: usize) -> impl Iterator<Item = &[Spike<T>]> {
        let (chunk, index) = (sample / self.chunk, sample % self.chunk);
        self.tasks[chunk * blocks..(chunk + 1) * blocks]
            .iter()
            .map(move |task| task.sample(index))
    }

    /// Where each block's spikes start in `ranks`; shape `[samples][blocks]`.
    fn block_starts(&self, blocks: usize) -> Vec<u32> {
        let mut starts = Vec::with_capacity(self.timelines.len() * blocks);
        for sample in 0..self.timelines.len() {
            let mut start = 0;
            for spikes in self.spikes(sample, blocks) {
                starts.push(start);
                start += spikes.len() as u32;
            }
        }
        starts
    }

    /// Sorts the spikes of all blocks into one event list and remembers where each went.
    fn merge(&mut self, neurons: usize) -> SpikeBatch<T> {
        let samples = self.timelines.len();
        let blocks = blocks(neurons);
        let mut ranks = std::mem::take(&mut self.ranks);
        ranks.resize_with(samples, Vec::new);
        let sorted: Vec<Vec<(T, u32)>> = ranks
            .par_iter_mut()
            .enumerate()
            .map(|(sample, ranks)| {
                let steps = self.timelines[sample].steps.len();
                let mut starts = vec![0; steps + 1];
                for spike in self.spikes(sample, blocks).flatten() {
                    starts[spike.step as usize + 1] += 1;
                }
                for step in 0..steps {
                    starts[step + 1] += starts[step];
                }
                let total = starts[steps];
                let mut events = Vec::with_capacity(total);
                let mut keys = vec![T::zero().sort_key(0); total];
                let mut ends = starts.clone();
                for (block, spikes) in self.spikes(sample, blocks).enumerate() {
                    for spike in spikes {
                        let neuron = (block * LANES) as u32 + spike.lane;
                        let end = &mut ends[spike.step as usize];
                        keys[*end] = spike.time.sort_key(events.len() as u32);
                        *end += 1;
                        events.push((spike.time, neuron));
                    }
                }
                // Steps follow one another in time, so only the few spikes of each have to be compared. Within a step
                // positions follow the neurons, so spikes at equal times are in the order of their neurons.
                for range in starts.windows(2) {
                    keys[range[0]..range[1]].sort_unstable();
                }
                ranks.resize(events.len(), 0);
                let positions = keys.iter().map(|&key| T::sorted_position(key) as usize);
                for (rank, position) in positions.clone().enumerate() {
                    ranks[position] = rank as u32;
                }
                positions.map(|position| events[position]).collect()
            })
            .collect();
        self.ranks = ranks;
        SpikeBatch::from_sorted(neurons, &sorted)
    }
}
