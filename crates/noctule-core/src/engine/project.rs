//! Spreads a layer over threads: one task is one group of blocks of neurons, or all of a convolution, and a chunk of the
//! samples.
//!
//! Tasks share nothing they write. What has to be summed over tasks (weight gradients over chunks, errors of input
//! events over blocks) is summed afterwards in the order of the tasks, and the chunks depend on the layer and the batch
//! alone, so results are the same for any number of threads.

use std::ops::Range;

use rayon::prelude::*;

use super::cut::Cut;
use super::merge::Sorter;
use super::patches::{Arrivals, Patches};
use super::task::{BackwardTask, ForwardTask, LayOut, TaskTrace};
use super::timeline::Timeline;
use super::{LANES, Lanes, blocks};
use crate::{Lif, Real, SpikeBatch};

/// So many numbers are summed as soon as another thread would be told of them.
const SMALL: usize = 8192;

/// What the backward pass needs to know of a forward pass.
#[derive(Clone, Debug)]
pub(crate) struct Trace<T> {
    /// One for each sample.
    pub timelines: Vec<Timeline<T>>,
    /// One for each sample, if the layer has places.
    pub arrivals: Vec<Arrivals>,
    /// One for each task, in the order `[chunk][blocks]`.
    pub tasks: Vec<TaskTrace<T>>,
    pub cut: Cut,
    /// The spikes of each sample, task by task and part by part: their places among the sample's output events.
    pub ranks: Vec<Vec<u32>>,
}

impl<T> Default for Trace<T> {
    fn default() -> Self {
        Self {
            timelines: Vec::new(),
            arrivals: Vec::new(),
            tasks: Vec::new(),
            cut: Cut::default(),
            ranks: Vec::new(),
        }
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
    /// The weights of some blocks.
    pub fn weights_of(&self, blocks: Range<usize>) -> &'a [Lanes<T>] {
        &self.weights[blocks.start * self.rows..blocks.end * self.rows]
    }

    /// The neurons of some blocks at a place, by their index in the layer.
    pub fn neurons_of(&self, place: usize, blocks: Range<usize>) -> Range<u32> {
        let end = (blocks.end * LANES).min(self.neurons);
        let first = place * self.neurons;
        (first + blocks.start * LANES) as u32..(first + end) as u32
    }

    pub fn places(&self) -> usize {
        self.patches.map_or(1, Patches::places)
    }

    /// Neurons at all places together.
    pub fn outputs(&self) -> usize {
        self.places() * self.neurons
    }

    /// Runs the layer; overwrites `trace` and `output`.
    pub fn forward(&self, input: &SpikeBatch<T>, trace: &mut Trace<T>, output: &mut SpikeBatch<T>) {
        self.lay_out(input, trace);
        let has_places = self.patches.is_some();
        trace.cut = Cut::new(input.samples(), blocks(self.neurons), has_places);
        let cut = trace.cut;
        trace.tasks.resize_with(cut.tasks(), TaskTrace::default);
        let (timelines, arrivals) = (&trace.timelines, &trace.arrivals);
        let tasks = trace.tasks.par_iter_mut().enumerate();
        tasks.for_each(|(task, out)| {
            let (groups, samples) = cut.task(task);
            T::run(ForwardTask {
                projection: self,
                cut,
                groups,
                samples,
                timelines,
                arrivals,
                out,
            });
        });
        self.merge(trace, output);
    }

    /// Lays out when inputs arrive.
    fn lay_out(&self, input: &SpikeBatch<T>, trace: &mut Trace<T>) {
        let samples = input.samples();
        trace.timelines.resize_with(samples, Timeline::default);
        let places = if self.patches.is_some() { samples } else { 0 };
        trace.arrivals.resize_with(places, Arrivals::default);
        let mut arrivals: Vec<_> = trace.arrivals.iter_mut().map(Some).collect();
        arrivals.resize_with(samples, || None);
        let both = trace.timelines.par_iter_mut().zip(arrivals).enumerate();
        both.for_each(|(sample, (timeline, arrivals))| {
            T::run(LayOut {
                neuron: self.neuron,
                patches: self.patches,
                events: input.sample(sample),
                timeline,
                arrivals,
            });
        });
    }

    /// Sorts the spikes of each sample into one event list and remembers where each went.
    fn merge(&self, trace: &mut Trace<T>, output: &mut SpikeBatch<T>) {
        let (tasks, cut) = (&trace.tasks, trace.cut);
        let parts_per_task = self.places() * cut.together();
        let parts = |sample| {
            let (of_sample, index) = cut.tasks_of(sample);
            let parts = index * parts_per_task..(index + 1) * parts_per_task;
            tasks[of_sample]
                .iter()
                .map(move |task| task.parts(parts.clone()))
        };
        let samples = trace.timelines.len();
        let counts = (0..samples).map(|sample| parts(sample).map(<[_]>::len).sum::<usize>());
        output.make_room(self.outputs(), counts);
        trace.ranks.resize_with(samples, Vec::new);
        let room = trace.ranks.par_iter_mut().zip(output.samples_mut());
        room.enumerate().for_each_init(
            Sorter::default,
            |sorter, (sample, (ranks, (times, neurons)))| {
                sorter.sort(parts(sample), ranks, times, neurons);
            },
        );
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
        let cut = trace.cut;
        let mut scratch = Vec::new();
        let gradients = if cut.chunks() <= 1 {
            &mut *d_weights
        } else {
            let rows = cut.chunks() * cut.blocks_per_chunk() * self.rows;
            scratch.resize(rows, [T::zero(); LANES]);
            &mut scratch[..]
        };
        let tasks = self.gradients_of_tasks(cut, gradients);
        let tasks = tasks.into_par_iter().zip(&trace.tasks).enumerate();
        let d_moments: Vec<Vec<T>> = tasks
            .map(|(task, (d_weights, spikes))| {
                let (groups, samples) = cut.task(task);
                let mut d_moments = Vec::new();
                T::run(BackwardTask {
                    projection: self,
                    cut,
                    groups,
                    rank_starts: self.rank_starts(trace, task),
                    samples,
                    trace,
                    spikes,
                    errors,
                    want_input: input_offsets.is_some(),
                    d_weights,
                    d_moments: &mut d_moments,
                });
                d_moments
            })
            .collect();
        if cut.chunks() > 1 {
            add_all(d_weights, &scratch);
        }
        input_offsets.map(|offsets| to_events(trace, &d_moments, offsets))
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
            let length = cut.blocks(groups).len() * self.rows;
            parts.extend(gradients.split_off_mut(..length));
        }
        parts
    }

    /// Where the spikes of a task start in the ranks of each sample of its chunk.
    fn rank_starts(&self, trace: &Trace<T>, task: usize) -> Vec<u32> {
        let parts = self.places() * trace.cut.together();
        let (_, samples) = trace.cut.task(task);
        let start = |sample| {
            let (tasks, index) = trace.cut.tasks_of(sample);
            let before = &trace.tasks[tasks.start..task];
            let spikes = before
                .iter()
                .map(|task| task.parts(index * parts..(index + 1) * parts).len());
            spikes.sum::<usize>() as u32
        };
        samples.map(start).collect()
    }
}

/// Sums the errors of the tasks and takes those of the moments at which an event arrives.
fn to_events<T: Real>(trace: &Trace<T>, d_moments: &[Vec<T>], offsets: &[usize]) -> Vec<T> {
    let mut d_events = vec![T::zero(); offsets.last().copied().unwrap_or(0)];
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
    let pieces = (offsets.last().copied().unwrap_or(0) / SMALL).max(1);
    let samples_at_once = samples.len() / pieces;
    samples
        .into_par_iter()
        .with_min_len(samples_at_once)
        .for_each(|(d_events, timeline, tasks, first_moment)| {
            for (d_event, (stop, _)) in d_events.iter_mut().zip(timeline.arrivals()) {
                let of_tasks = tasks.iter().map(|task| task[first_moment + stop]);
                *d_event = of_tasks.fold(T::zero(), |sum, part| sum + part);
            }
        });
    d_events
}

/// Adds several lists of the length of `sum`, one after the other.
fn add_all<T: Real>(sum: &mut [Lanes<T>], parts: &[Lanes<T>]) {
    let length = sum.len();
    let pieces = sum.par_chunks_mut(SMALL / LANES).enumerate();
    pieces.for_each(|(index, sum)| {
        let start = index * SMALL / LANES;
        for part in parts.chunks_exact(length) {
            let part = part[start..start + sum.len()].as_flattened();
            for (sum, &part) in sum.as_flattened_mut().iter_mut().zip(part) {
                *sum += part;
            }
        }
    });
}
