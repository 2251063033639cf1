//! What a forward pass of a layer leaves behind for the way back.

use rayon::prelude::*;

use super::by_row::ByRow;
use super::cut::Cut;
use super::forward::Spike;
use super::kicks::{Kick, Kicker};
use super::lane_vec::LaneVec;
use super::lanes::Isa;
use super::order::Order;
use super::patches::Arrivals;
use super::project::OutputErrors;
use super::scratch::Scratch;
use super::sorted_spikes::SortedSpikes;
use super::timeline::Timeline;
use super::{LANES, Lanes};
use crate::{Lif, Real};

/// Work on so many numbers is done as soon as another thread would be told of it.
pub(crate) const SMALL: usize = 4096;
/// To deal out a spike takes as long as work on so many numbers.
const DEALT: usize = 4;

/// How many samples one thread should have at least, if all are work on so many numbers.
pub(crate) fn samples_at_once(samples: usize, numbers: usize) -> usize {
    samples / (numbers / SMALL).max(1)
}

/// What the backward pass needs to know of a forward pass.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace<T: Real> {
    /// One for each sample.
    pub timelines: Vec<Timeline<T>>,
    /// One for each sample, if the layer has places.
    pub arrivals: Vec<Arrivals>,
    /// One for each sample.
    pub samples: Vec<SampleTrace<T>>,
    pub cut: Cut,
    /// The weights of a wide layer.
    pub by_row: ByRow<T>,
    pub scratch: Scratch<T>,
}

impl<T: Real> Trace<T> {
    /// Makes room for a pass through so many samples.
    pub fn begin(&mut self, cut: Cut, samples: usize, has_places: bool) {
        self.cut = cut;
        self.timelines.resize_with(samples, Timeline::default);
        self.samples.resize_with(samples, SampleTrace::default);
        let with_places = if has_places { samples } else { 0 };
        self.arrivals.resize_with(with_places, Arrivals::default);
        self.scratch.for_threads(rayon::current_num_threads());
    }

    /// Spikes of all samples.
    pub fn spikes(&self) -> usize {
        self.samples.iter().map(SampleTrace::count).sum()
    }

    /// Deals out the spikes of a wide layer: makes the kicks of all parts.
    pub fn deal(&mut self, neuron: &Lif<T>, errors: OutputErrors<'_, T>) {
        if !self.samples.iter().any(|sample| sample.is_sorted) {
            return;
        }
        let kicker = Kicker::new(neuron, errors.max_inverse_slope);
        let group_of = self.cut.group_of_blocks();
        let groups = (&group_of[..], self.cut.groups());
        let at_once = samples_at_once(self.samples.len(), DEALT * self.spikes());
        let samples = self.samples.par_iter_mut().with_min_len(at_once);
        samples.enumerate().for_each(|(index, sample)| {
            let d_times = &errors.d_times[errors.events.range(index)];
            let into = (&mut sample.kicks, &mut sample.offsets);
            sample.sorted.deal(kicker, d_times, groups, into);
        });
    }
}

/// The spikes of a layer in one sample.
#[derive(Clone, Debug, Default)]
pub(crate) struct SampleTrace<T> {
    /// Part by part, and in the order of the walk in each. None of a wide layer.
    pub spikes: Vec<Spike<T>>,
    /// Where each part starts: shape `[places * groups + 1]`. Part `place * groups + group` is one group at one place.
    offsets: Vec<u32>,
    /// The position of each spike among the output events.
    ranks: Vec<u32>,
    /// Of a wide layer: its spikes, and, once they are dealt, what they do on the way back, part by part.
    sorted: SortedSpikes<T>,
    kicks: Vec<Kick<T>>,
    /// Whether it is a wide layer's.
    is_sorted: bool,
    /// Memory: times of the spikes.
    times: LaneVec<T>,
}

impl<T: Real> SampleTrace<T> {
    /// Begins a pass whose spikes come part by part.
    pub fn begin_parts(&mut self) {
        self.is_sorted = false;
        self.spikes.clear();
        self.offsets.clear();
        self.end_part();
    }

    /// All spikes of a part are there.
    pub fn end_part(&mut self) {
        self.offsets.push(self.spikes.len() as u32);
    }

    /// Begins a pass whose spikes come sorted by time; this list is to be overwritten with them.
    pub fn begin_sorted(&mut self) -> &mut SortedSpikes<T> {
        self.is_sorted = true;
        &mut self.sorted
    }

    /// How many spikes there are.
    pub fn count(&self) -> usize {
        if self.is_sorted {
            self.sorted.len()
        } else {
            self.spikes.len()
        }
    }

    /// What the spikes of a part do on the way back, up to the last that does anything. Those of a wide layer are dealt;
    /// others are written to `memory`. `d_times` is `dL/dt` of the output events of the sample.
    #[inline(always)]
    pub fn kicks<'a>(
        &'a self,
        part: usize,
        kicker: Kicker<T>,
        d_times: &[T],
        memory: &'a mut Vec<Kick<T>>,
    ) -> &'a [Kick<T>] {
        let range = self.offsets[part] as usize..self.offsets[part + 1] as usize;
        if self.is_sorted {
            return &self.kicks[range];
        }
        let spikes = self.spikes[range.clone()].iter();
        let kicks = spikes
            .zip(&self.ranks[range])
            .map(|(spike, &rank)| kicker.of_spike(spike, d_times[rank as usize]));
        memory.clear();
        memory.extend(kicks);
        let last = memory.iter().rposition(|kick| kick.own != T::zero());
        &memory[..last.map_or(0, |last| last + 1)]
    }

    /// Finds the order of spikes that came part by part.
    #[inline(always)]
    pub fn sort<I: Isa<T>>(&mut self, isa: I, order: &mut Order) {
        let count = self.spikes.len();
        let blocks = count.div_ceil(LANES);
        self.times.resize(blocks, [T::zero(); LANES]);
        let times = self.times.as_flattened_mut();
        for (time, spike) in times.iter_mut().zip(&self.spikes) {
            *time = spike.time;
        }
        times[count..].fill(self.spikes.last().map_or(T::zero(), |spike| spike.time));
        self.ranks.resize(count, 0);
        let order = order.sort(isa, &self.times, count, ends_of(&self.times));
        for (rank, &position) in order.iter().enumerate() {
            self.ranks[position as usize] = rank as u32;
        }
    }

    /// Writes all spikes in order of time into the event list `times` and `neurons`, which has room for just them.
    pub fn list(&self, times: &mut [T], neurons: &mut [u32]) {
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

/// The earliest and the latest of some times.
#[inline(always)]
fn ends_of<T: Real>(times: &[Lanes<T>]) -> [T; 2] {
    let (mut earliest, mut latest) = ([T::infinity(); LANES], [T::zero(); LANES]);
    for times in times {
        for (lane, &time) in times.iter().enumerate() {
            // Not `min` and `max`, which would look out for what is no number.
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
