//! The tasks of a layer: forwards through one sample ([`ForwardTask`]), or some groups backwards through a chunk of
//! samples ([`BackwardTask`]).

use std::mem::take;
use std::ops::Range;

use noctule_core::{Real, Spikes};

use crate::backward::adjoint::{self, Gradients};
use crate::events::patches::{Patches, WindowEvents};
use crate::events::schedule::Path;
use crate::events::timeline::{Simultaneous, Timeline};
use crate::forward::group_pass;
use crate::forward::wide_pass::{self, WideLayer};
use crate::parallel::layer_view::LayerView;
use crate::parallel::workspace::ThreadMemory;
use crate::simd::dispatch::Kernel;
use crate::simd::group::Group;
use crate::simd::isa::Isa;
use crate::simd::lanes::Lanes;
use crate::tape::adjoint_jump::{AdjointJump, JumpRule};
use crate::tape::layer_tape::{LayerTape, SampleTape};
use crate::tape::output_errors::OutputErrors;
use crate::weights::partition::Partition;

/// The forward pass of a layer through one sample.
pub(crate) struct ForwardTask<'a, T: Real> {
    pub view: &'a LayerView<'a, T>,
    /// The weights of a wide layer, shape `[row][block][LANES]`.
    pub input_major: &'a [Lanes<T>],
    pub partition: Partition,
    pub input: Spikes<'a, T>,
    /// Overwritten with the timeline of the sample.
    pub timeline: &'a mut Timeline<T>,
    /// The window events of a convolution; `None` for a dense layer.
    pub window_events: Option<&'a mut WindowEvents>,
    pub memory: &'a mut ThreadMemory<T>,
    /// Overwritten with the spikes of the sample.
    pub out: &'a mut SampleTape<T>,
}

impl<T: Real> Kernel<T> for ForwardTask<'_, T> {
    #[inline(always)]
    fn run<I: Isa<T>>(self, isa: I) {
        let Self {
            view,
            input,
            timeline,
            ..
        } = self;
        let mut window_events = view.patches.zip(self.window_events);
        if let Some((patches, window_events)) = &mut window_events {
            let row = |neuron| patches.padded_index(neuron);
            timeline.lay_out(view.neuron, input, Simultaneous::Separate, row);
            window_events.distribute(patches, input.neurons, timeline);
        } else {
            timeline.lay_out(view.neuron, input, Simultaneous::Merged, |neuron| neuron);
        }
        let runner = SampleRunner {
            view,
            input_major: self.input_major,
            partition: self.partition,
            timeline,
            memory: self.memory,
            out: self.out,
        };
        match window_events {
            Some((patches, window_events)) => runner.run_positions(isa, patches, window_events),
            None if view.is_wide() => runner.run_wide(isa),
            None => runner.run_groups(isa),
        }
    }
}

/// The forward pass of a layer through a sample whose timeline is laid out.
struct SampleRunner<'a, T: Real> {
    view: &'a LayerView<'a, T>,
    input_major: &'a [Lanes<T>],
    partition: Partition,
    timeline: &'a Timeline<T>,
    memory: &'a mut ThreadMemory<T>,
    out: &'a mut SampleTape<T>,
}

impl<T: Real> SampleRunner<'_, T> {
    /// Runs a wide layer.
    #[inline(always)]
    fn run_wide<I: Isa<T>>(self, isa: I) {
        let layer = WideLayer {
            neuron: self.view.neuron,
            neurons: self.view.neurons,
            weights: self.input_major,
        };
        let sorted = self.out.begin_sorted();
        wide_pass::run(
            isa,
            layer,
            self.timeline,
            &mut self.memory.wide_state,
            sorted,
        );
    }

    /// Runs a dense layer, group by group.
    #[inline(always)]
    fn run_groups<I: Isa<T>>(mut self, isa: I) {
        self.begin_parts();
        self.run_path(isa, 0, self.timeline.schedule.path());
        self.end_parts(isa);
    }

    /// Runs a convolution, position by position.
    #[inline(always)]
    fn run_positions<I: Isa<T>>(mut self, isa: I, patches: &Patches, window_events: &WindowEvents) {
        self.begin_parts();
        for position in 0..patches.positions() {
            match window_events.path(patches, &self.timeline.schedule, position) {
                Some(path) => self.run_path(isa, position, path),
                None => (0..self.partition.groups()).for_each(|_| self.out.end_part()),
            }
        }
        self.end_parts(isa);
    }

    #[inline(always)]
    fn end_parts<I: Isa<T>>(&mut self, isa: I) {
        self.out.sort(isa, &mut self.memory.order);
    }

    fn begin_parts(&mut self) {
        self.memory.pending.begin(self.view.neuron.max_spikes());
        self.out.begin_parts();
    }

    /// Runs all groups along the path of a position; each group is a part of the tape.
    #[inline(always)]
    fn run_path<I: Isa<T>>(&mut self, isa: I, position: usize, path: impl Path<T>) {
        for group in 0..self.partition.groups() {
            let blocks = self.partition.blocks(group..group + 1);
            match blocks.len() {
                1 => self.run_group::<I, 1>(isa, position, blocks, path),
                2 => self.run_group::<I, 2>(isa, position, blocks, path),
                _ => self.run_group::<I, 3>(isa, position, blocks, path),
            }
            self.out.end_part();
        }
    }

    #[inline(always)]
    fn run_group<I: Isa<T>, const N: usize>(
        &mut self,
        isa: I,
        position: usize,
        blocks: Range<usize>,
        path: impl Path<T>,
    ) {
        group_pass::run(
            Group::<T, I, N>::new(isa),
            self.view.neuron,
            self.view.neurons_of(position, blocks.clone()),
            self.timeline,
            path,
            self.view.weights_of(blocks),
            &mut self.memory.pending,
            (&mut self.out.spikes, &mut self.out.residuals),
        );
    }
}

/// The backward pass of a range of groups through a chunk of samples.
pub(crate) struct BackwardTask<'a, T: Real> {
    pub view: &'a LayerView<'a, T>,
    pub partition: Partition,
    pub groups: Range<usize>,
    pub samples: Range<usize>,
    pub tape: &'a LayerTape<T>,
    pub errors: OutputErrors<'a, T>,
    /// Whether to compute `dL/dt` of the input events.
    pub want_input: bool,
    pub memory: &'a mut ThreadMemory<T>,
    /// The gradients to add to; shape `[block][row]` of the blocks of `groups`.
    pub d_weights: &'a mut [Lanes<T>],
    /// Overwritten with `dL/dt` of the inputs at all scheduled events of the chunk, sample after sample.
    pub d_scheduled: &'a mut Vec<T>,
}

impl<T: Real> BackwardTask<'_, T> {
    /// Runs all groups of the task backwards along the path of a position. The scheduled events of the sample start at
    /// `first_scheduled`.
    #[inline(always)]
    fn run_path<I: Isa<T>>(
        &mut self,
        isa: I,
        (sample, position): (usize, usize),
        path: impl Path<T>,
        first_scheduled: usize,
    ) {
        let tape = self.tape;
        let d_times = &self.errors.d_times[self.errors.output.range(sample)];
        let rule = JumpRule::new(self.view.neuron, self.errors.max_inverse_slope);
        let mut memory = take(&mut self.memory.jumps);
        for group in self.groups.clone() {
            let number = position * self.partition.groups() + group;
            let part = Part {
                sample,
                position,
                blocks: self.partition.blocks(group..group + 1),
                jumps: tape.samples[sample].jumps(number, rule, d_times, &mut memory),
                first_scheduled,
            };
            match part.blocks.len() {
                _ if part.jumps.is_empty() => {}
                1 => self.run_group::<I, 1>(isa, part, path),
                2 => self.run_group::<I, 2>(isa, part, path),
                _ => self.run_group::<I, 3>(isa, part, path),
            }
        }
        self.memory.jumps = memory;
    }

    #[inline(always)]
    fn run_group<I: Isa<T>, const N: usize>(
        &mut self,
        isa: I,
        part: Part<'_, T>,
        path: impl Path<T>,
    ) {
        let Part { sample, blocks, .. } = part;
        let neurons = self.view.neurons_of(part.position, blocks.clone());
        let rows = self.view.rows();
        let before = self.partition.blocks(self.groups.clone()).start;
        let own = (blocks.start - before) * rows..(blocks.end - before) * rows;
        let gradients = Gradients {
            d_weights: &mut self.d_weights[own],
            d_scheduled: self
                .want_input
                .then(|| &mut self.d_scheduled[part.first_scheduled..]),
        };
        adjoint::run(
            Group::<T, I, N>::new(isa),
            self.view.neuron,
            &self.tape.timelines[sample],
            path,
            part.jumps,
            neurons.start,
            self.view.weights_of(blocks),
            gradients,
        );
    }
}

/// One group at one position in one sample.
struct Part<'a, T> {
    sample: usize,
    position: usize,
    blocks: Range<usize>,
    jumps: &'a [AdjointJump<T>],
    /// Where the scheduled events of the sample start in `d_scheduled`.
    first_scheduled: usize,
}

impl<T: Real> Kernel<T> for BackwardTask<'_, T> {
    #[inline(always)]
    fn run<I: Isa<T>>(mut self, isa: I) {
        let tape = self.tape;
        self.d_scheduled.clear();
        for sample in self.samples.clone() {
            let timeline = &tape.timelines[sample];
            let first_scheduled = self.d_scheduled.len();
            if self.want_input {
                let bounds = first_scheduled + timeline.bounds.len();
                self.d_scheduled.resize(bounds, T::zero());
            }
            let schedule = &timeline.schedule;
            let Some(patches) = self.view.patches else {
                self.run_path(isa, (sample, 0), schedule.path(), first_scheduled);
                continue;
            };
            for position in 0..patches.positions() {
                if let Some(path) = tape.window_events[sample].path(patches, schedule, position) {
                    self.run_path(isa, (sample, position), path, first_scheduled);
                }
            }
        }
    }
}
