//! [`LayerTape`]: what the forward pass of a layer records for its backward pass.

use noctule_core::{Lif, Real};
use rayon::prelude::*;

use crate::events::patches::WindowEvents;
use crate::events::timeline::Timeline;
use crate::simd::isa::Isa;
use crate::simd::lane_vec::LaneVec;
use crate::simd::lanes::{LANES, Lanes};
use crate::tape::adjoint_jump::{AdjointJump, JumpRule};
use crate::tape::output_errors::OutputErrors;
use crate::tape::sorted_spikes::SortedSpikes;
use crate::tape::spike::Spike;
use crate::tape::spike_order::SpikeOrder;
use crate::task_size::samples_per_task;
use crate::weights::partition::Partition;

/// The cost of computing a jump, in units of the work on one number (see [`samples_per_task`]).
const WORK_PER_JUMP: usize = 4;

/// The record of a layer's forward pass through a batch.
#[derive(Clone, Debug, Default)]
pub(crate) struct LayerTape<T: Real> {
    /// The timeline of each sample.
    pub timelines: Vec<Timeline<T>>,
    /// The window events of each sample in a convolution; empty for a dense layer.
    pub window_events: Vec<WindowEvents>,
    /// The spikes of each sample.
    pub samples: Vec<SampleTape<T>>,
    /// The groups and tasks of the pass.
    pub partition: Partition,
}

impl<T: Real> LayerTape<T> {
    /// Prepares for a pass through `samples` samples.
    pub fn begin(&mut self, partition: Partition, samples: usize, has_positions: bool) {
        self.partition = partition;
        self.timelines.resize_with(samples, Timeline::default);
        self.samples.resize_with(samples, SampleTape::default);
        let with_windows = if has_positions { samples } else { 0 };
        self.window_events
            .resize_with(with_windows, WindowEvents::default);
    }

    /// The number of spikes in all samples.
    pub fn spikes(&self) -> usize {
        self.samples.iter().map(SampleTape::count).sum()
    }

    /// In a wide layer, computes the jumps at all spikes and scatters them to the groups.
    pub fn scatter_jumps(&mut self, neuron: &Lif<T>, errors: OutputErrors<'_, T>) {
        if !self.samples.iter().any(|sample| sample.is_sorted) {
            return;
        }
        let rule = JumpRule::new(neuron, errors.max_inverse_slope);
        let group_of = self.partition.group_of_blocks();
        let groups = (&group_of[..], self.partition.groups());
        let per_task = samples_per_task(self.samples.len(), WORK_PER_JUMP * self.spikes());
        let samples = self.samples.par_iter_mut().with_min_len(per_task);
        samples.enumerate().for_each(|(index, sample)| {
            let d_times = &errors.d_times[errors.output.range(index)];
            let into = (&mut sample.jumps, &mut sample.offsets);
            sample.sorted.scatter_jumps(rule, d_times, groups, into);
        });
    }
}

/// The spikes of a layer in one sample.
#[derive(Clone, Debug, Default)]
pub(crate) struct SampleTape<T> {
    /// The spikes, part by part, and in the order of the forward pass within each; empty for a wide layer.
    pub spikes: Vec<Spike<T>>,
    /// Where each part starts, and the end of the last; shape `[positions * groups + 1]`. Part
    /// `position * groups + group` is one group at one position.
    offsets: Vec<u32>,
    /// The index of each spike among the output events of the sample.
    ranks: Vec<u32>,
    /// What rounding took from the time of each of `spikes`; empty unless the sample is long.
    pub residuals: Vec<T>,
    /// In a wide layer: all spikes, and, once these are scattered, the jumps at them, part by part.
    sorted: SortedSpikes<T>,
    jumps: Vec<AdjointJump<T>>,
    /// Whether this is a pass of a wide layer, with its spikes in `sorted`.
    is_sorted: bool,
    /// Scratch memory: the times of `spikes`.
    times: LaneVec<T>,
}

impl<T: Real> SampleTape<T> {
    /// Begins a pass whose spikes come part by part.
    pub fn begin_parts(&mut self) {
        self.is_sorted = false;
        self.spikes.clear();
        self.residuals.clear();
        self.offsets.clear();
        self.end_part();
    }

    /// Ends a part, all of whose spikes were appended to `spikes`.
    pub fn end_part(&mut self) {
        self.offsets.push(self.spikes.len() as u32);
    }

    /// Begins a pass whose spikes come sorted by time; the caller overwrites the returned list with them.
    pub fn begin_sorted(&mut self) -> &mut SortedSpikes<T> {
        self.is_sorted = true;
        &mut self.sorted
    }

    /// The number of spikes.
    pub fn count(&self) -> usize {
        if self.is_sorted {
            self.sorted.len()
        } else {
            self.spikes.len()
        }
    }

    /// The jumps at the spikes of a part, up to the last one with an error; later ones change nothing. `d_times` is
    /// `dL/dt` of the output events of the sample. The jumps of a wide layer must have been scattered; others are
    /// computed into `memory`.
    #[inline(always)]
    pub fn jumps<'a>(
        &'a self,
        part: usize,
        rule: JumpRule<T>,
        d_times: &[T],
        memory: &'a mut Vec<AdjointJump<T>>,
    ) -> &'a [AdjointJump<T>] {
        let range = self.offsets[part] as usize..self.offsets[part + 1] as usize;
        if self.is_sorted {
            return &self.jumps[range];
        }
        let spikes = self.spikes[range.clone()].iter();
        let jumps = spikes
            .zip(&self.ranks[range])
            .map(|(spike, &rank)| rule.of_spike(spike, d_times[rank as usize]));
        memory.clear();
        memory.extend(jumps);
        let last = memory.iter().rposition(|jump| jump.own != T::zero());
        &memory[..last.map_or(0, |last| last + 1)]
    }

    /// Ranks spikes that came part by part by their times.
    #[inline(always)]
    pub fn sort<I: Isa<T>>(&mut self, isa: I, order: &mut SpikeOrder) {
        let count = self.spikes.len();
        let blocks = count.div_ceil(LANES);
        self.times.resize(blocks, [T::zero(); LANES]);
        let times = self.times.as_flattened_mut();
        for (time, spike) in times.iter_mut().zip(&self.spikes) {
            *time = spike.time;
        }
        times[count..].fill(self.spikes.last().map_or(T::zero(), |spike| spike.time));
        self.ranks.resize(count, 0);
        let order = order.sort(isa, &self.times, count, time_range(&self.times));
        for (rank, &position) in order.iter().enumerate() {
            self.ranks[position as usize] = rank as u32;
        }
        if !self.residuals.is_empty() {
            self.rank_equal_times(order);
        }
    }

    /// Ranks spikes whose rounded times are equal by their residuals; `order` has the spikes sorted by rounded time.
    fn rank_equal_times(&mut self, order: &[u32]) {
        let time = |&position: &u32| self.spikes[position as usize].time;
        let mut rank = 0;
        for run in order.chunk_by(|a, b| time(a) == time(b)) {
            let mut run = run.to_vec();
            let residual = |position: u32| self.residuals[position as usize];
            run.sort_by(|&a, &b| residual(a).total_order(&residual(b)));
            for position in run {
                self.ranks[position as usize] = rank;
                rank += 1;
            }
        }
    }

    /// Writes what rounding took from all spikes, in the order of [`write_events`](Self::write_events).
    pub fn write_residuals(&self, residuals: &mut [T]) {
        for (&residual, &rank) in self.residuals.iter().zip(&self.ranks) {
            residuals[rank as usize] = residual;
        }
    }

    /// Writes all spikes, sorted by time, to the event list `times` and `neurons`, both of length
    /// [`count`](Self::count).
    pub fn write_events(&self, times: &mut [T], neurons: &mut [u32]) {
        if self.is_sorted {
            let (own_times, own_neurons) = self.sorted.events();
            times.copy_from_slice(own_times);
            neurons.copy_from_slice(own_neurons);
            return;
        }
        for (spike, &rank) in self.spikes.iter().zip(&self.ranks) {
            times[rank as usize] = spike.time;
            neurons[rank as usize] = spike.neuron;
        }
    }
}

/// The earliest and the latest of `times`.
#[inline(always)]
fn time_range<T: Real>(times: &[Lanes<T>]) -> [T; 2] {
    let (mut earliest, mut latest) = ([T::infinity(); LANES], [T::zero(); LANES]);
    for times in times {
        for (lane, &time) in times.iter().enumerate() {
            // Not `min` and `max`, which would also test for NaN.
            earliest[lane] = if time < earliest[lane] {
                time
            } else {
                earliest[lane]
            };
            latest[lane] = if time > latest[lane] {
                time
            } else {
                latest[lane]
            };
        }
    }
    [
        earliest.into_iter().fold(T::infinity(), T::min),
        latest.into_iter().fold(T::zero(), T::max),
    ]
}
