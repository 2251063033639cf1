//! The spikes of a wide layer in a sample: as the walk abreast finds them, and put in order.
//!
//! The walk goes from one instant to the next, and in between it finds spikes in no order. It only collects what they are made
//! of. When it is done, logarithms are taken of all of them together, and the spikes of each interval are put in order;
//! there, nothing waits for anything else.

use super::LANES;
use super::lane_vec::LaneVec;
use super::lanes::Isa;
use super::order::Order;
use super::sorted_spikes::SortedSpikes;
use crate::{Lif, Real};

/// Spikes of a sample, interval after interval.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found<T: Real> {
    count: usize,
    /// Memory, of which `count` are of use: `exp(-x/tau_m)` of each spike, its slope times `exp(x/tau_m)`, and its
    /// neuron's number (as a number of type `T`, which is exact).
    leaks: LaneVec<T>,
    roots: LaneVec<T>,
    neurons: LaneVec<T>,
    /// The intervals in which there are spikes.
    intervals: Vec<Interval<T>>,
    /// Memory for putting them in order.
    logarithms: LaneVec<T>,
    times: LaneVec<T>,
    order: Order,
}

/// From one instant to the next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interval<T> {
    /// The number of the stop at which it begins.
    pub stop: u32,
    /// The times at which it begins and ends.
    pub ends: [T; 2],
    /// What `x` of its spikes counts from.
    pub reference: T,
    /// How many spikes there are up to its end; set by [`Found::end_interval`].
    pub spikes: u32,
}

impl<T: Real> Found<T> {
    /// Forgets all.
    pub fn begin(&mut self) {
        self.count = 0;
        self.intervals.clear();
    }

    /// Adds the spikes of the lanes in `spiking`: `exp(-x/tau_m)`, the slope times `exp(x/tau_m)`, and the neuron's number.
    #[inline(always)]
    pub fn push<I: Isa<T>>(&mut self, isa: I, spiking: I::Mask, of_lanes: [I::Registers; 3]) {
        let blocks = self.count / LANES + 2;
        if self.leaks.len() < blocks {
            let lists = [&mut self.leaks, &mut self.roots, &mut self.neurons];
            for list in lists {
                list.resize(2 * blocks, [T::one(); LANES]);
            }
        }
        let lists = [&mut self.leaks, &mut self.roots, &mut self.neurons];
        for (list, values) in lists.into_iter().zip(of_lanes) {
            isa.pack(spiking, values, list.at_mut(self.count));
        }
        self.count += isa.bits(spiking).count_ones() as usize;
    }

    /// The spikes since the last interval belong to this one.
    #[inline(always)]
    pub fn end_interval(&mut self, mut interval: Interval<T>) {
        interval.spikes = self.count as u32;
        let before = self.intervals.last().map_or(0, |last| last.spikes);
        if interval.spikes > before {
            self.intervals.push(interval);
        }
    }

    /// Overwrites `spikes` with all spikes in the order of their times; of equal times, in the order in which they were pushed.
    #[inline(always)]
    pub fn put_in_order<I: Isa<T>>(
        &mut self,
        isa: I,
        neuron: &Lif<T>,
        spikes: &mut SortedSpikes<T>,
    ) {
        spikes.begin(self.count);
        self.take_logarithms();
        self.invert_slopes();
        let mut first = 0;
        for index in 0..self.intervals.len() {
            let interval = self.intervals[index];
            self.place(isa, neuron, interval, first, spikes);
            spikes.end_interval(interval);
            first = interval.spikes as usize;
        }
        spikes.mend();
    }

    #[inline(always)]
    fn take_logarithms(&mut self) {
        let blocks = self.leaks.len();
        if self.logarithms.len() < blocks {
            self.logarithms.resize(blocks, [T::zero(); LANES]);
        }
        let leaks = &self.leaks.as_flattened()[..self.count];
        let logarithms = self.logarithms.as_flattened_mut().iter_mut();
        for (logarithm, leak) in logarithms.zip(leaks) {
            *logarithm = leak.quick_ln();
        }
    }

    /// Turns the roots into inverse slopes.
    #[inline(always)]
    fn invert_slopes(&mut self) {
        let leaks = &self.leaks.as_flattened()[..self.count];
        for (root, &leak) in self.roots.as_flattened_mut().iter_mut().zip(leaks) {
            *root = (*root * leak).recip();
        }
    }

    /// Puts the spikes of an interval, from number `first` on, in their places.
    #[inline(always)]
    fn place<I: Isa<T>>(
        &mut self,
        isa: I,
        neuron: &Lif<T>,
        interval: Interval<T>,
        first: usize,
        spikes: &mut SortedSpikes<T>,
    ) {
        let count = interval.spikes as usize - first;
        let blocks = count.div_ceil(LANES);
        self.set_times(neuron, &interval, first, blocks);
        let times = &self.times[..blocks];
        let lists = [&self.leaks, &self.roots, &self.neurons];
        let [leaks, inverse_slopes, neurons] = lists.map(
            #[inline(always)]
            |list| list.blocks_at(first, blocks),
        );
        let order = self.order.sort_roughly(isa, times, count, interval.ends);
        for (block, positions) in order.iter().enumerate() {
            // Behind the last spike of the interval come those of the next, which overwrite what is written there.
            let place = first + block * LANES;
            *spikes.times.at_mut(place) = isa.gather(times, positions);
            *spikes.leaks.at_mut(place) = isa.gather(leaks, positions);
            *spikes.inverse_slopes.at_mut(place) = isa.gather(inverse_slopes, positions);
            let numbers = isa.gather(neurons, positions);
            for (neuron, number) in spikes.neurons.at_mut(place).iter_mut().zip(numbers) {
                *neuron = number.nearest();
            }
        }
    }

    #[inline(always)]
    fn set_times(&mut self, neuron: &Lif<T>, interval: &Interval<T>, first: usize, blocks: usize) {
        if self.times.len() < blocks {
            self.times.resize(blocks, [T::zero(); LANES]);
        }
        let [start, end] = interval.ends;
        let logarithms = self.logarithms.blocks_at(first, blocks);
        let times = self.times.as_flattened_mut().iter_mut();
        for (time, &logarithm) in times.zip(logarithms.as_flattened()) {
            let exact = interval.reference - neuron.tau_m * logarithm;
            let not_early = if exact < start { start } else { exact };
            *time = if not_early > end { end } else { not_early };
        }
    }
}
