//! The spikes of a layer between two instants, put in order of time.
//!
//! Their order within the interval is not known before all of them are. So what they are made of is collected first; then
//! logarithms are taken, and the spikes are put in their places.

use super::LANES;
use super::lane_vec::LaneVec;
use super::lanes::Isa;
use super::order::Order;
use super::sorted_spikes::{SortedSpike, SortedSpikes};
use crate::{Lif, Real};

/// Spikes of one interval, in the order in which they were found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Burst<T: Real> {
    count: usize,
    /// Memory, of which `count` are of use: `exp(-x/tau_m)` of each spike, its slope times `exp(x/tau_m)`, and its
    /// neuron's number (as a number of type `T`, which is exact).
    leaks: LaneVec<T>,
    roots: LaneVec<T>,
    neurons: LaneVec<T>,
    /// Memory for putting them in order.
    times: LaneVec<T>,
    order: Order,
}

impl<T: Real> Burst<T> {
    /// Forgets all.
    pub fn begin(&mut self) {
        self.count = 0;
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

    /// Appends all spikes, which are after stop number `stop`, in the order of their times (of equal times, in the order in
    /// which they were pushed), and forgets them. The interval begins and ends at the times `ends`; `x` counts from
    /// `reference`.
    #[inline(always)]
    pub fn drain<I: Isa<T>>(
        &mut self,
        isa: I,
        neuron: &Lif<T>,
        reference: T,
        ends: [T; 2],
        stop: u32,
        spikes: &mut SortedSpikes<T>,
    ) {
        let count = std::mem::take(&mut self.count);
        if count == 0 {
            return;
        }
        self.set_times(neuron, reference, ends, count);
        self.invert_slopes(count);
        let places = spikes.add(count, stop);
        let [leaks, inverse_slopes, neurons] =
            [&self.leaks, &self.roots, &self.neurons].map(|list| &list.as_flattened()[..count]);
        let of = |index: usize, time: T| SortedSpike {
            time,
            neuron: neurons[index].to_index() as u32,
            leak: leaks[index],
            inverse_slope: inverse_slopes[index],
        };
        let times = &self.times.as_flattened()[..count];
        let blocks = &self.times[..count.div_ceil(LANES)];
        let order = self.order.sort_roughly(isa, blocks, count, ends);
        let (mut latest, mut in_order) = (T::zero(), true);
        for (place, index) in places.iter_mut().zip(order) {
            *place = of(index, times[index]);
            in_order &= place.time >= latest;
            latest = place.time;
        }
        if !in_order {
            // Equal times are in order already, and a stable sort keeps it.
            places.sort_by(|a, b| a.time.order(&b.time));
        }
    }

    /// Takes logarithms.
    #[inline(always)]
    fn set_times(&mut self, neuron: &Lif<T>, reference: T, [start, end]: [T; 2], count: usize) {
        let blocks = count.div_ceil(LANES);
        if self.times.len() < blocks {
            self.times.resize(blocks, [T::infinity(); LANES]);
        }
        for (times, leaks) in self.times[..blocks].iter_mut().zip(self.leaks.iter()) {
            for (time, leak) in times.iter_mut().zip(leaks) {
                let exact = reference - neuron.tau_m * leak.quick_ln();
                let not_early = if exact < start { start } else { exact };
                *time = if not_early > end { end } else { not_early };
            }
        }
    }

    /// Turns the roots into inverse slopes.
    #[inline(always)]
    fn invert_slopes(&mut self, count: usize) {
        let blocks = self.roots.iter_mut().zip(self.leaks.iter());
        for (roots, leaks) in blocks.take(count.div_ceil(LANES)) {
            for (root, &leak) in roots.iter_mut().zip(leaks) {
                *root = (*root * leak).recip();
            }
        }
    }
}
