//! Spreads a layer over threads: one task is one block of neurons and a chunk of the samples.
//!
//! Tasks share nothing they write. What has to be summed over tasks (weight gradients over chunks, errors of input
//! events over blocks) is summed afterwards in the order of the tasks, and the chunks depend on the layer and the batch
//! alone, so results are the same for any number of threads.

use rayon::prelude::*;

use super::backward::{self, Errors};
use super::course::{Course, Whole};
use super::dispatch::{self, Kernel};
use super::forward::{self, Spike};
use super::patches::{Courses, Patches};
use super::timeline::Timeline;
use super::{LANES, Lanes, blocks, merge};
use crate::{Lif, Real, SpikeBatch};

/// Dense layers of few blocks are cut into chunks of samples until there are so many tasks.
const DENSE_TASKS: usize = 8;
/// Convolutions do more for each sample and each weight, so that more chunks pay.
const PATCH_TASKS: usize = 32;

/// What the backward pass needs to know of a forward pass.
#[derive(Clone, Debug)]
pub(crate) struct Trace<T> {
    /// One for each sample.
    timelines: Vec<Timeline<T>>,
    /// One for each sample, if the layer has places.
    courses: Vec<Courses>,
    /// One for each task, in the order `[chunk][block]`.
    tasks: Vec<TaskTrace<T>>,
    /// Samples in a chunk.
    chunk: usize,
    /// The spikes of each sample, block by block and place by place: their places among the sample's output events.
    ranks: Vec<Vec<u32>>,
}

impl<T> Default for Trace<T> {
    fn default() -> Self {
        Self {
            timelines: Vec::new(),
            courses: Vec::new(),
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
    /// Where each place of each sample of the chunk starts; shape `[samples * places + 1]`.
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
    /// The spikes of one sample at one place; `index` is `sample * places + place`.
    fn part(&self, index: usize) -> &[Spike<T>] {
        &self.spikes[self.offsets[index] as usize..self.offsets[index + 1] as usize]
    }
}

/// A population of equal neurons, each with its own weights from every row; with `patches`, one such population at
/// every place of an image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Projection<'a, T> {
    pub neuron: &'a Lif<T>,
    pub neurons: usize,
    pub rows: usize,
    /// Shape `[block][row][LANES]`.
    pub weights: &'a [Lanes<T>],
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
    fn block_weights(&self, block: usize) -> &'a [Lanes<T>] {
        &self.weights[block * self.rows..(block + 1) * self.rows]
    }

    fn places(&self) -> usize {
        self.patches.map_or(1, Patches::places)
    }

    /// Neurons at all places together.
    pub fn outputs(&self) -> usize {
        self.places() * self.neurons
    }

    /// Samples in a chunk.
    fn chunk(&self, samples: usize) -> usize {
        let tasks = self.patches.map_or(DENSE_TASKS, |_| PATCH_TASKS);
        let chunks = tasks.div_ceil(blocks(self.neurons)).min(samples).max(1);
        samples.div_ceil(chunks).max(1)
    }

    /// Runs the layer; overwrites `trace`.
    pub fn forward(&self, input: &SpikeBatch<T>, trace: &mut Trace<T>) -> SpikeBatch<T> {
        let samples = input.samples();
        self.lay_out(input, trace);
        trace.chunk = self.chunk(samples);
        let blocks = blocks(self.neurons);
        let tasks = blocks * samples.div_ceil(trace.chunk);
        trace.tasks.resize_with(tasks, TaskTrace::default);
        let (timelines, courses) = (&trace.timelines, &trace.courses);
        trace
            .tasks
            .par_iter_mut()
            .enumerate()
            .for_each(|(task, out)| {
                let (block, first) = (task % blocks, task / blocks * trace.chunk);
                dispatch::run(ForwardTask {
                    projection: self,
                    block,
                    samples: first..(first + trace.chunk).min(samples),
                    timelines,
                    courses,
                    out,
                });
            });
        self.merge(trace)
    }

    /// Lays out when inputs arrive.
    fn lay_out(&self, input: &SpikeBatch<T>, trace: &mut Trace<T>) {
        let samples = input.samples();
        trace.timelines.resize_with(samples, Timeline::default);
        let timelines = trace.timelines.par_iter_mut().enumerate();
        let Some(patches) = self.patches else {
            timelines
                .for_each(|(sample, timeline)| timeline.lay_out(self.neuron, input.sample(sample)));
            return;
        };
        trace.courses.resize_with(samples, Courses::default);
        timelines
            .zip(&mut trace.courses)
            .for_each(|((sample, timeline), courses)| {
                timeline.lay_out(self.neuron, input.sample(sample));
                courses.lay_out(patches, timeline);
            });
    }

    /// Sorts the spikes of each sample into one event list and remembers where each went.
    fn merge(&self, trace: &mut Trace<T>) -> SpikeBatch<T> {
        let (blocks, places) = (blocks(self.neurons), self.places());
        trace.ranks.resize_with(trace.timelines.len(), Vec::new);
        let (tasks, chunk) = (&trace.tasks, trace.chunk);
        let sorted: Vec<Vec<(T, u32)>> = trace
            .ranks
            .par_iter_mut()
            .enumerate()
            .map(|(sample, ranks)| {
                let (chunk, index) = (sample / chunk, sample % chunk);
                let parts = (0..blocks).flat_map(|block| {
                    let task = &tasks[chunk * blocks + block];
                    (0..places).map(move |place| {
                        let first = place * self.neurons + block * LANES;
                        (first as u32, task.part(index * places + place))
                    })
                });
                merge::sort(parts, self.neuron.t_max, ranks)
            })
            .collect();
        SpikeBatch::from_sorted(self.outputs(), &sorted)
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
        let starts = self.block_starts(trace);
        let d_events: Vec<Vec<T>> = gradients
            .par_chunks_mut(self.rows)
            .zip(&trace.tasks)
            .enumerate()
            .map(|(task, (d_weights, spikes))| {
                let (block, first) = (task % blocks, task / blocks * trace.chunk);
                let mut d_events = Vec::new();
                dispatch::run(BackwardTask {
                    projection: self,
                    block,
                    samples: first..(first + trace.chunk).min(trace.timelines.len()),
                    trace,
                    spikes,
                    starts: &starts,
                    errors,
                    input_offsets,
                    d_weights,
                    d_events: &mut d_events,
                });
                d_events
            })
            .collect();
        for part in scratch.chunks(blocks * self.rows) {
            add(d_weights.as_flattened_mut(), part.as_flattened());
        }
        input_offsets.map(|_| {
            let mut d_input = Vec::new();
            for chunk in d_events.chunks(blocks) {
                let start = d_input.len();
                d_input.resize(start + chunk[0].len(), T::zero());
                for block in chunk {
                    add(&mut d_input[start..], block);
                }
            }
            d_input
        })
    }

    /// Where each block's spikes start in `ranks`; shape `[samples][blocks]`.
    fn block_starts(&self, trace: &Trace<T>) -> Vec<u32> {
        let (blocks, places) = (blocks(self.neurons), self.places());
        let mut starts = Vec::with_capacity(trace.timelines.len() * blocks);
        for sample in 0..trace.timelines.len() {
            let (chunk, index) = (sample / trace.chunk, sample % trace.chunk);
            let mut start = 0;
            for task in &trace.tasks[chunk * blocks..(chunk + 1) * blocks] {
                starts.push(start);
                start += task.offsets[(index + 1) * places] - task.offsets[index * places];
            }
        }
        starts
    }
}

fn add<T: Real>(sum: &mut [T], part: &[T]) {
    for (sum, &part) in sum.iter_mut().zip(part) {
        *sum += part;
    }
}

/// One block through the samples of a chunk.
struct ForwardTask<'a, T> {
    projection: &'a Projection<'a, T>,
    block: usize,
    samples: std::ops::Range<usize>,
    timelines: &'a [Timeline<T>],
    courses: &'a [Courses],
    out: &'a mut TaskTrace<T>,
}

impl<T: Real> ForwardTask<'_, T> {
    #[inline(always)]
    fn walk<const FUSED: bool>(&mut self, sample: usize, course: impl Course) {
        let Projection {
            neuron, neurons, ..
        } = *self.projection;
        forward::walk::<FUSED, T>(
            neuron,
            (neurons - self.block * LANES).min(LANES),
            &self.timelines[sample],
            course,
            self.projection.block_weights(self.block),
            &mut self.out.spikes,
        );
    }

    fn end_part(&mut self) {
        self.out.offsets.push(self.out.spikes.len() as u32);
    }
}

impl<T: Real> Kernel for ForwardTask<'_, T> {
    #[inline(always)]
    fn run<const FUSED: bool>(mut self) {
        self.out.spikes.clear();
        self.out.offsets.clear();
        self.end_part();
        for sample in self.samples.clone() {
            let Some(patches) = self.projection.patches else {
                self.walk::<FUSED>(sample, Whole(&self.timelines[sample]));
                self.end_part();
                continue;
            };
            for place in 0..patches.places() {
                if let Some(course) = self.courses[sample].place(place) {
                    self.walk::<FUSED>(sample, course);
                }
                self.end_part();
            }
        }
    }
}

/// One block back through the samples of a chunk.
struct BackwardTask<'a, T> {
    projection: &'a Projection<'a, T>,
    block: usize,
    samples: std::ops::Range<usize>,
    trace: &'a Trace<T>,
    spikes: &'a TaskTrace<T>,
    /// Where the spikes of each sample and block start in `trace.ranks`; shape `[samples][blocks]`.
    starts: &'a [u32],
    errors: OutputErrors<'a, T>,
    input_offsets: Option<&'a [usize]>,
    d_weights: &'a mut [Lanes<T>],
    /// `dL/dt` of the input events of the chunk, sample after sample.
    d_events: &'a mut Vec<T>,
}

impl<T: Real> BackwardTask<'_, T> {
    /// Walks the spikes of one part back; `rank` is where the part starts in the ranks of the sample.
    #[inline(always)]
    fn walk<const FUSED: bool>(
        &mut self,
        sample: usize,
        course: impl Course,
        spikes: &[Spike<T>],
        rank: usize,
        first_event: usize,
    ) {
        let errors = Errors {
            spikes,
            ranks: &self.trace.ranks[sample][rank..rank + spikes.len()],
            d_times: &self.errors.d_times[self.errors.events.range(sample)],
            max_inverse_slope: self.errors.max_inverse_slope,
        };
        let d_events = self
            .input_offsets
            .map(|_| &mut self.d_events[first_event..]);
        backward::walk::<FUSED, T>(
            self.projection.neuron,
            &self.trace.timelines[sample],
            course,
            errors,
            self.projection.block_weights(self.block),
            self.d_weights,
            d_events,
        );
    }
}

impl<T: Real> Kernel for BackwardTask<'_, T> {
    #[inline(always)]
    fn run<const FUSED: bool>(mut self) {
        let (blocks, places) = (blocks(self.projection.neurons), self.projection.places());
        for (index, sample) in self.samples.clone().enumerate() {
            let first_event = self.d_events.len();
            if let Some(offsets) = self.input_offsets {
                let events = offsets[sample + 1] - offsets[sample];
                self.d_events.resize(first_event + events, T::zero());
            }
            let mut rank = self.starts[sample * blocks + self.block] as usize;
            for place in 0..places {
                let spikes = self.spikes.part(index * places + place);
                if spikes.is_empty() {
                    continue;
                }
                if self.projection.patches.is_none() {
                    let course = Whole(&self.trace.timelines[sample]);
                    self.walk::<FUSED>(sample, course, spikes, rank, first_event);
                } else if let Some(course) = self.trace.courses[sample].place(place) {
                    self.walk::<FUSED>(sample, course, spikes, rank, first_event);
                }
                rank += spikes.len();
            }
        }
    }
}
