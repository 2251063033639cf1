//! The forward and backward passes of a layer through a batch, divided into parallel tasks.
//!
//! A task of the forward pass is one sample, for which all neurons share a timeline. A task of the backward pass is a
//! group of blocks (all groups of a convolution) with a chunk of samples, so that few tasks, and mostly one, add to the
//! gradient of a block.
//!
//! Tasks write to separate memory. Sums over tasks (of weight gradients over chunks, of input errors over groups) are
//! taken afterwards in the order of the tasks. Chunks depend on the layer and the batch alone, so results are the same
//! for any number of threads.

use std::mem::take;

use noctule_core::{Real, SpikeBatch};
use rayon::prelude::*;

use crate::parallel::layer_view::LayerView;
use crate::parallel::task::{BackwardTask, ForwardTask};
use crate::parallel::workspace::Workspace;
use crate::simd::dispatch::CpuReal;
use crate::simd::lanes::{LANES, Lanes, blocks};
use crate::tape::layer_tape::{LayerTape, SampleTape};
use crate::tape::output_errors::OutputErrors;
use crate::task_size::{MIN_TASK_WORK, samples_per_task};
use crate::weights::partition::Partition;

/// The least number of blocks per task when lists are summed.
const MIN_SUM_BLOCKS: usize = 64;

impl<T: CpuReal> LayerView<'_, T> {
    /// Runs the layer on a batch; overwrites `tape` and `output`.
    pub fn forward(
        &self,
        input: &SpikeBatch<T>,
        tape: &mut LayerTape<T>,
        workspace: &mut Workspace<T>,
        output: &mut SpikeBatch<T>,
    ) {
        let samples = input.samples();
        let has_positions = self.patches.is_some();
        let partition = Partition::new(samples, blocks(self.neurons), has_positions);
        tape.begin(partition, samples, has_positions);
        workspace.for_threads(rayon::current_num_threads());
        if self.is_wide() {
            workspace.input_major.update(self.weights);
        }
        let (input_major, workspace) = (workspace.input_major.lanes(), &*workspace);
        let mut window_events: Vec<_> = tape.window_events.iter_mut().map(Some).collect();
        window_events.resize_with(samples, || None);
        let timelines = tape.timelines.par_iter_mut().zip(window_events);
        let tasks = timelines.zip(&mut tape.samples).enumerate();
        tasks.for_each(|(sample, ((timeline, window_events), out))| {
            T::run(ForwardTask {
                view: self,
                input_major,
                partition,
                input: input.sample(sample),
                timeline,
                window_events,
                memory: &mut workspace.of_this_thread(),
                out,
            });
        });
        self.write_events(tape, output);
    }

    /// Writes the spikes of each sample to `output`.
    fn write_events(&self, tape: &LayerTape<T>, output: &mut SpikeBatch<T>) {
        let counts = tape.samples.iter().map(SampleTape::count);
        output.write_sorted_samples(self.outputs(), counts, |written| {
            let per_task = samples_per_task(tape.samples.len(), tape.spikes());
            let samples = tape.samples.par_iter().zip(written);
            let samples = samples.with_min_len(per_task);
            samples.for_each(|(sample, (times, neurons))| sample.write_events(times, neurons));
        });
        if self.keeps_residuals() {
            let mut residuals = vec![T::zero(); output.spikes()];
            for (index, sample) in tape.samples.iter().enumerate() {
                sample.write_residuals(&mut residuals[output.range(index)]);
            }
            output.set_residuals(residuals);
        }
    }

    /// Adds `dL/dw` to `d_weights`, which has the shape of the weights. If the offsets of the input batch are given,
    /// returns `dL/dt` of its events.
    pub fn backward(
        &self,
        tape: &mut LayerTape<T>,
        workspace: &mut Workspace<T>,
        errors: OutputErrors<'_, T>,
        d_weights: &mut [Lanes<T>],
        input_offsets: Option<&[usize]>,
    ) -> Option<Vec<T>> {
        tape.scatter_jumps(self.neuron, errors);
        let partition = tape.partition;
        // Taken from the workspace, and returned to it below.
        let mut gradients_of_chunks = take(&mut workspace.gradients);
        let mut d_scheduled = take(&mut workspace.d_scheduled);
        let gradients = if partition.chunks() <= 1 {
            &mut *d_weights
        } else {
            let rows = partition.chunks() * partition.blocks_per_chunk() * self.rows();
            gradients_of_chunks.resize(rows, [T::zero(); LANES]);
            &mut gradients_of_chunks[..]
        };
        let tasks = self.gradients_of_tasks(partition, gradients);
        d_scheduled.resize_with(tasks.len(), Vec::new);
        let of_tasks = tasks.into_par_iter().zip(&mut d_scheduled).enumerate();
        of_tasks.for_each(|(task, (d_weights, d_scheduled))| {
            let (groups, samples) = partition.task(task);
            if partition.chunks() > 1 {
                d_weights.fill([T::zero(); LANES]);
            }
            T::run(BackwardTask {
                view: self,
                partition,
                groups,
                samples,
                tape,
                errors,
                want_input: input_offsets.is_some(),
                memory: &mut workspace.of_this_thread(),
                d_weights,
                d_scheduled,
            });
        });
        if partition.chunks() > 1 {
            add_all(d_weights, &gradients_of_chunks);
        }
        let d_input = input_offsets.map(|offsets| to_events(tape, &d_scheduled, offsets));
        workspace.gradients = gradients_of_chunks;
        workspace.d_scheduled = d_scheduled;
        d_input
    }

    /// Splits a list of gradients `[chunk][block][row]` into the part of each task.
    fn gradients_of_tasks<'b>(
        &self,
        partition: Partition,
        mut gradients: &'b mut [Lanes<T>],
    ) -> Vec<&'b mut [Lanes<T>]> {
        let mut parts = Vec::with_capacity(partition.tasks());
        for task in 0..partition.tasks() {
            let (groups, _) = partition.task(task);
            let length = partition.blocks(groups).len() * self.rows();
            parts.extend(gradients.split_off_mut(..length));
        }
        parts
    }
}

/// Sums the errors at scheduled events over the tasks of a chunk, and returns those of the input events.
fn to_events<T: Real>(tape: &LayerTape<T>, d_scheduled: &[Vec<T>], offsets: &[usize]) -> Vec<T> {
    let d_events_count = offsets.last().copied().unwrap_or(0);
    let mut d_events = vec![T::zero(); d_events_count];
    let per_chunk = tape.partition.tasks_per_chunk().max(1);
    let mut samples = Vec::with_capacity(tape.timelines.len());
    let mut rest = d_events.as_mut_slice();
    for (chunk, tasks) in d_scheduled.chunks(per_chunk).enumerate() {
        let mut first_scheduled = 0;
        for sample in tape.partition.task(chunk * per_chunk).1 {
            let (own, others) = rest.split_at_mut(offsets[sample + 1] - offsets[sample]);
            let timeline = &tape.timelines[sample];
            samples.push((own, timeline, tasks, first_scheduled));
            first_scheduled += timeline.bounds.len();
            rest = others;
        }
    }
    let per_task = samples_per_task(samples.len(), d_events_count);
    samples.into_par_iter().with_min_len(per_task).for_each(
        |(d_events, timeline, tasks, first_scheduled)| {
            let mut rest = d_events;
            for range in timeline.input_ranges() {
                let (d_events, others) = rest.split_at_mut(range.len());
                rest = others;
                let bounds = first_scheduled + range.start..first_scheduled + range.end;
                for task in tasks {
                    for (d_event, &part) in d_events.iter_mut().zip(&task[bounds.clone()]) {
                        *d_event += part;
                    }
                }
            }
        },
    );
    d_events
}

/// Adds the lists in `parts`, each of the length of `sum`, to `sum` in order.
fn add_all<T: Real>(sum: &mut [Lanes<T>], parts: &[Lanes<T>]) {
    let length = sum.len();
    let per_task = (MIN_TASK_WORK / LANES * length / parts.len().max(1)).max(MIN_SUM_BLOCKS);
    let pieces = sum.par_chunks_mut(per_task).enumerate();
    pieces.for_each(|(index, sum)| {
        let start = index * per_task;
        for part in parts.chunks_exact(length) {
            let part = part[start..start + sum.len()].as_flattened();
            for (sum, &part) in sum.as_flattened_mut().iter_mut().zip(part) {
                *sum += part;
            }
        }
    });
}
