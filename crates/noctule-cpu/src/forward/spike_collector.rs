//! [`SpikeCollector`]: gathers the spikes of a wide layer in a sample, and sorts them by time.
//!
//! The wide pass goes from interval to interval, and finds the spikes of each in no particular order. It only collects
//! what they consist of. After the pass, the logarithms of all spikes are computed together, and the spikes of each
//! interval are sorted; in these loops no step waits for another.

use noctule_core::{Lif, Real};

use crate::simd::isa::Isa;
use crate::simd::lane_vec::LaneVec;
use crate::simd::lanes::LANES;
use crate::tape::sorted_spikes::SortedSpikes;
use crate::tape::spike_order::SpikeOrder;

/// Spikes of a sample, interval after interval.
#[derive(Clone, Debug, Default)]
pub(crate) struct SpikeCollector<T: Real> {
    count: usize,
    /// `exp(-x/tau_m)` of each spike, its slope times `exp(x/tau_m)` (later its inverse slope), and the index of its
    /// neuron (as an exact number of type `T`). Only the first `count` entries are spikes; the rest is spare memory.
    leaks: LaneVec<T>,
    roots: LaneVec<T>,
    neurons: LaneVec<T>,
    /// The intervals that have spikes.
    intervals: Vec<IntervalSpikes<T>>,
    /// Scratch memory for sorting.
    logarithms: LaneVec<T>,
    times: LaneVec<T>,
    order: SpikeOrder,
}

/// The spikes of an interval.
#[derive(Clone, Copy, Debug)]
struct IntervalSpikes<T> {
    /// The number of the event that starts the interval.
    event: u32,
    /// The times of start and end in seconds.
    ends: [T; 2],
    /// The reference time of the segment in seconds, from which `x` counts.
    reference: T,
    /// The index at which the spikes of the interval end.
    end: usize,
}

impl<T: Real> SpikeCollector<T> {
    /// Becomes empty.
    pub fn begin(&mut self) {
        self.count = 0;
        self.intervals.clear();
    }

    /// Appends the spikes of the lanes in `spiking`. `of_lanes` has `exp(-x/tau_m)` of each spike, its slope times
    /// `exp(x/tau_m)`, and the index of its neuron.
    #[inline(always)]
    pub fn push<I: Isa<T>>(&mut self, isa: I, spiking: I::Mask, of_lanes: [I::Registers; 3]) {
        // Whole blocks are written from `count` on, and later read from any spike on.
        let blocks = self.count / LANES + 3;
        if self.leaks.len() < blocks {
            let lists = [&mut self.leaks, &mut self.roots, &mut self.neurons];
            for list in lists {
                list.resize(2 * blocks, [T::one(); LANES]);
            }
        }
        let lists = [&mut self.leaks, &mut self.roots, &mut self.neurons];
        for (list, values) in lists.into_iter().zip(of_lanes) {
            isa.compress(spiking, values, list.at_mut(self.count));
        }
        self.count += isa.bits(spiking).count_ones() as usize;
    }

    /// Ends an interval, which has the spikes pushed since the last call. It starts at event number `event` and lasts
    /// from `ends[0]` to `ends[1]`; `reference` is the reference time of its segment.
    #[inline(always)]
    pub fn end_interval(&mut self, event: usize, ends: [T; 2], reference: T) {
        let end = self.count;
        if end > self.intervals.last().map_or(0, |last| last.end) {
            self.intervals.push(IntervalSpikes {
                event: event as u32,
                ends,
                reference,
                end,
            });
        }
    }

    /// Overwrites `spikes` with all spikes, sorted by time. Spikes at equal times stay in the order in which they were
    /// pushed.
    #[inline(always)]
    pub fn write_sorted<I: Isa<T>>(
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
            self.write_interval(isa, neuron, interval, first, spikes);
            spikes.end_interval(interval.event, interval.end);
            first = interval.end;
        }
        spikes.sort_within_intervals();
    }

    /// Computes `ln exp(-x/tau_m)` of all spikes.
    #[inline(always)]
    fn take_logarithms(&mut self) {
        let blocks = self.leaks.len();
        if self.logarithms.len() < blocks {
            self.logarithms.resize(blocks, [T::zero(); LANES]);
        }
        let leaks = &self.leaks.as_flattened()[..self.count];
        let logarithms = self.logarithms.as_flattened_mut().iter_mut();
        for (logarithm, leak) in logarithms.zip(leaks) {
            *logarithm = leak.fast_ln();
        }
    }

    /// Replaces `roots` by inverse slopes.
    #[inline(always)]
    fn invert_slopes(&mut self) {
        let leaks = &self.leaks.as_flattened()[..self.count];
        for (root, &leak) in self.roots.as_flattened_mut().iter_mut().zip(leaks) {
            *root = (*root * leak).recip();
        }
    }

    /// Writes the spikes of an interval, which start at index `first`, nearly sorted by time.
    #[inline(always)]
    fn write_interval<I: Isa<T>>(
        &mut self,
        isa: I,
        neuron: &Lif<T>,
        interval: IntervalSpikes<T>,
        first: usize,
        spikes: &mut SortedSpikes<T>,
    ) {
        let count = interval.end - first;
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
            let times = isa.gather(times, positions);
            let of_spikes = [leaks, inverse_slopes].map(
                #[inline(always)]
                |list| isa.gather(list, positions),
            );
            let neurons = isa.gather(neurons, positions);
            spikes.write(first + block * LANES, times, of_spikes, neurons);
        }
    }

    /// Computes the times of the spikes of an interval, clamped to it.
    #[inline(always)]
    fn set_times(
        &mut self,
        neuron: &Lif<T>,
        interval: &IntervalSpikes<T>,
        first: usize,
        blocks: usize,
    ) {
        if self.times.len() < blocks {
            self.times.resize(blocks, [T::zero(); LANES]);
        }
        let [start, end] = interval.ends;
        let logarithms = self.logarithms.blocks_at(first, blocks);
        let times = self.times.as_flattened_mut().iter_mut();
        for (time, &logarithm) in times.zip(logarithms.as_flattened()) {
            let exact = interval.reference - neuron.tau_m() * logarithm;
            let not_early = if exact < start { start } else { exact };
            *time = if not_early > end { end } else { not_early };
        }
    }
}

#[cfg(test)]
mod tests {
    use noctule_core::LifParameters;
    use proptest::prelude::*;

    use super::*;
    use crate::simd::isa::Portable;
    use crate::simd::lanes::Lanes;

    /// An interval: its start and end in seconds, and pushes of spikes, each with the fraction of the interval before
    /// it and its neuron.
    type Given = ([f64; 2], Vec<Vec<(f64, u32)>>);

    fn neuron<T: Real>() -> Lif<T> {
        let parameters = LifParameters {
            tau_m: 0.02,
            tau_s: 0.01,
            theta: 1.0,
            reset: 1.0,
            max_spikes: 5,
            t_max: 1.0,
        };
        Lif::new(&parameters).expect("a neuron")
    }

    /// Leak, root and neuron of a spike.
    fn parts<T: Real>([start, end]: [f64; 2], (fraction, neuron): (f64, u32)) -> [T; 3] {
        let x = start + fraction * (end - start);
        let root = 1.0 + f64::from(neuron % 97);
        [(-x / 0.02).exp(), root, f64::from(neuron)].map(T::of)
    }

    /// Time, neuron and inverse slope of all spikes, sorted by the collector.
    fn sorted<T: Real, I: Isa<T>>(
        isa: I,
        collector: &mut SpikeCollector<T>,
        given: &[Given],
    ) -> Vec<[T; 3]> {
        collector.begin();
        for (event, &(ends, ref pushes)) in given.iter().enumerate() {
            for some in pushes {
                // The spikes are in the last lanes.
                let first = LANES - some.len();
                let lists: [Lanes<T>; 3] = std::array::from_fn(|list| {
                    let part = |&spike| parts(ends, spike)[list];
                    let spike = |lane: usize| lane.checked_sub(first).and_then(|n| some.get(n));
                    std::array::from_fn(|lane| spike(lane).map_or(T::one(), part))
                });
                let lanes = isa.mask(0xffff << first & 0xffff);
                collector.push(isa, lanes, lists.map(|list| isa.load(&list)));
            }
            collector.end_interval(event, ends.map(T::of), T::zero());
        }
        let mut spikes = SortedSpikes::default();
        collector.write_sorted(isa, &neuron(), &mut spikes);
        let (times, neurons) = spikes.events();
        let inverse_slopes = spikes.inverse_slopes();
        let all = times.iter().zip(neurons).zip(inverse_slopes);
        let list = |((&time, &neuron), &slope)| [time, T::of(f64::from(neuron)), slope];
        all.map(list).collect()
    }

    /// The same, computed spike by spike.
    fn expected<T: Real>(given: &[Given]) -> Vec<[T; 3]> {
        let mut all = Vec::new();
        for (ends, pushes) in given {
            let [start, end] = ends.map(T::of);
            let spike = |&spike| {
                let [leak, root, neuron]: [T; 3] = parts(*ends, spike);
                let time = T::zero() - T::of(0.02) * leak.fast_ln();
                [time.max(start).min(end), neuron, (root * leak).recip()]
            };
            let mut spikes: Vec<_> = pushes.iter().flatten().map(spike).collect();
            spikes.sort_by(|a, b| a[0].total_order(&b[0]));
            all.extend(spikes);
        }
        all
    }

    fn intervals() -> impl Strategy<Value = Vec<Given>> {
        let sizes = prop_oneof![8 => 0..40_usize, 1 => 1000..1500_usize];
        let steps = prop::sample::select(vec![1.0, 7.0, 1e3, 1e9]);
        let widths = prop::sample::select(vec![0.0, 1e-9, 1e-4, 0.005]);
        let interval = (sizes, steps, widths, any::<u32>());
        prop::collection::vec(interval, 0..6).prop_map(|intervals| {
            let mut time = 0.0;
            let interval = |(count, steps, width, seed): (usize, f64, f64, u32)| {
                let start = time;
                time += width;
                let number =
                    |spike: usize| seed.wrapping_add(spike as u32).wrapping_mul(0x9e37_79b1);
                let fraction =
                    |spike| (f64::from(number(spike)) / 2_f64.powi(32) * steps).floor() / steps;
                let spikes = (0..count).map(|spike| (fraction(spike), number(spike) >> 9));
                let mut rest: Vec<_> = spikes.collect();
                let mut pushes = Vec::new();
                while !rest.is_empty() {
                    let max = 1 + number(rest.len()) as usize % LANES;
                    pushes.push(rest.split_off(rest.len().saturating_sub(max)));
                }
                ([start, time], pushes)
            };
            intervals.into_iter().map(interval).collect()
        })
    }

    #[test]
    fn there_is_room_for_every_number_of_spikes() {
        for (before, sizes) in (0..48).flat_map(|before| (0..256).map(move |sizes| (before, sizes)))
        {
            let push = |count| (0..count).map(|spike| (0.5, spike)).collect();
            let single = (0..before).map(|_| push(1)).collect();
            let last = vec![push(1 + sizes % 16), push(1 + sizes / 16)];
            let given = [([0.01, 0.02], single), ([0.02, 0.03], last)];
            let found = sorted(
                Portable::<false>,
                &mut SpikeCollector::<f32>::default(),
                &given,
            );
            assert_eq!(found, expected::<f32>(&given), "{before}, {sizes}");
        }
    }

    proptest! {
        #[test]
        fn spikes_are_in_order_of_time(given in intervals(), others in intervals()) {
            let (mut single, mut double) = (SpikeCollector::<f32>::default(), SpikeCollector::<f64>::default());
            // In fresh memory first, then in memory that was used before.
            for given in [&given, &others, &given] {
                let plain = Portable::<false>;
                prop_assert_eq!(sorted(plain, &mut single, given), expected::<f32>(given));
                prop_assert_eq!(sorted(plain, &mut double, given), expected::<f64>(given));
            }
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            {
                use pulp::x86::{V3, V4};
                if let Some(isa) = V3::try_new() {
                    let found = isa.vectorize(|| sorted(isa, &mut SpikeCollector::default(), &given));
                    prop_assert_eq!(found, expected::<f32>(&given), "AVX2");
                }
                if let Some(isa) = V4::try_new() {
                    let found = isa.vectorize(|| sorted(isa, &mut SpikeCollector::default(), &given));
                    prop_assert_eq!(found, expected::<f32>(&given), "AVX-512");
                }
            }
        }
    }
}
