//! The spikes of a layer between two instants, put in order of time.
//!
//! Their order within the interval is not known before all of them are. So what they are made of is collected first; then
//! logarithms are taken, and each spike counts those before it, sixteen at a time: for the few dozens of an interval that
//! is quicker than to sort them, and there is nothing to predict.

use super::forward::Spike;
use super::lanes::Isa;
use super::merge::Sorter;
use super::{LANES, Lanes};
use crate::{Lif, Real};

/// More spikes than these are sorted.
const MANY: usize = 64;

/// Spikes of one interval, in the order in which they were found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Burst<T: Real> {
    count: usize,
    /// Memory, of which `count` are of use: `exp(-x/tau_m)` of each spike, its slope times `exp(x/tau_m)`, and its
    /// neuron's number (as a number of type `T`, which is exact).
    leaks: Vec<Lanes<T>>,
    roots: Vec<Lanes<T>>,
    neurons: Vec<Lanes<T>>,
    /// Memory for putting them in order.
    times: Vec<Lanes<T>>,
    ranks: Vec<u32>,
    sorter: Sorter<T>,
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
        let rest = self.count..self.count + LANES;
        let lists = [&mut self.leaks, &mut self.roots, &mut self.neurons];
        for (list, values) in lists.into_iter().zip(of_lanes) {
            let values = isa.store(isa.compress(spiking, values));
            list.as_flattened_mut()[rest.clone()].copy_from_slice(&values);
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
        spikes: &mut Vec<Spike<T>>,
    ) {
        let count = std::mem::take(&mut self.count);
        self.set_times(neuron, reference, ends, count);
        let before = spikes.len();
        spikes.resize(before + count, Spike::none());
        let room = &mut spikes[before..];
        let of = |index: usize, time: T| {
            let leak = self.leaks.as_flattened()[index];
            Spike {
                time,
                slope: self.roots.as_flattened()[index] * leak,
                leak,
                response: neuron.tau_m * (T::one() - leak),
                stop,
                neuron: self.neurons.as_flattened()[index].to_index() as u32,
            }
        };
        let times = &self.times.as_flattened()[..count];
        if count > MANY {
            for (spike, index) in room.iter_mut().zip(self.sorter.sort(times)) {
                *spike = of(index, times[index]);
            }
        } else {
            rank(isa, &self.times[..count.div_ceil(LANES)], &mut self.ranks);
            for (index, (&time, &rank)) in times.iter().zip(&self.ranks).enumerate() {
                room[rank as usize] = of(index, time);
            }
        }
    }

    /// Takes logarithms. Behind the spikes all is infinitely late.
    #[inline(always)]
    fn set_times(&mut self, neuron: &Lif<T>, reference: T, [start, end]: [T; 2], count: usize) {
        let blocks = count.div_ceil(LANES);
        if self.times.len() < blocks {
            self.times.resize(blocks, [T::infinity(); LANES]);
        }
        for (times, leaks) in self.times[..blocks].iter_mut().zip(&self.leaks) {
            for (time, leak) in times.iter_mut().zip(leaks) {
                let exact = reference - neuron.tau_m * leak.quick_ln();
                let not_early = if exact < start { start } else { exact };
                *time = if not_early > end { end } else { not_early };
            }
        }
        self.times.as_flattened_mut()[count..blocks * LANES].fill(T::infinity());
    }
}

/// Counts how many times come before each.
#[inline(always)]
fn rank<T: Real, I: Isa<T>>(isa: I, times: &[Lanes<T>], ranks: &mut Vec<u32>) {
    let (one, zero) = (isa.splat(T::one()), isa.splat(T::zero()));
    ranks.resize(times.len() * LANES, 0);
    for (block, ranks) in ranks.chunks_exact_mut(LANES).enumerate() {
        let own = isa.load(&times[block]);
        let mut rank = zero;
        for earlier in times[..block].as_flattened() {
            let before = isa.at_least(own, isa.splat(*earlier));
            rank = isa.add(rank, isa.select(before, one, zero));
        }
        for (lane, time) in times[block].iter().enumerate() {
            let time = isa.splat(*time);
            // At equal times the lanes after this one count it.
            let after = isa.mask(0xfffe << lane & 0xffff);
            let or_equal = isa.both(isa.at_least(own, time), after);
            let before = isa.select(isa.above(own, time), one, isa.select(or_equal, one, zero));
            rank = isa.add(rank, before);
        }
        for later in times[block + 1..].as_flattened() {
            let before = isa.above(own, isa.splat(*later));
            rank = isa.add(rank, isa.select(before, one, zero));
        }
        for (slot, rank) in ranks.iter_mut().zip(isa.store(rank)) {
            *slot = rank.to_index() as u32;
        }
    }
}
