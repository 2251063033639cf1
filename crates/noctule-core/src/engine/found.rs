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
    /// Those between two instants, where there are any.
    bursts: Vec<Burst<T>>,
    /// Memory for putting them in order.
    logarithms: LaneVec<T>,
    times: LaneVec<T>,
    order: Order,
}

/// The spikes between two instants.
#[derive(Clone, Copy, Debug)]
struct Burst<T> {
    /// The number of the stop at the first instant.
    stop: u32,
    /// Both instants.
    ends: [T; 2],
    /// What `x` counts from.
    reference: T,
    /// How many spikes there are up to the second instant.
    end: usize,
}

impl<T: Real> Found<T> {
    /// Forgets all.
    pub fn begin(&mut self) {
        self.count = 0;
        self.bursts.clear();
    }

    /// Adds the spikes of the lanes in `spiking`: `exp(-x/tau_m)`, the slope times `exp(x/tau_m)`, and the neuron's number.
    #[inline(always)]
    pub fn push<I: Isa<T>>(&mut self, isa: I, spiking: I::Mask, of_lanes: [I::Registers; 3]) {
        // A block is written from `count` on, and later whole blocks are read that begin at any spike.
        let blocks = self.count / LANES + 3;
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

    /// The spikes pushed since this was last called are those after stop number `stop`, between the instants `ends`; their `x`
    /// counts from `reference`.
    #[inline(always)]
    pub fn end_burst(&mut self, stop: usize, ends: [T; 2], reference: T) {
        let end = self.count;
        if end > self.bursts.last().map_or(0, |last| last.end) {
            self.bursts.push(Burst {
                stop: stop as u32,
                ends,
                reference,
                end,
            });
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
        for index in 0..self.bursts.len() {
            let burst = self.bursts[index];
            self.place(isa, neuron, burst, first, spikes);
            spikes.end_burst(burst.stop, burst.end);
            first = burst.end;
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

    /// Puts the spikes of a burst, from number `first` on, in their places.
    #[inline(always)]
    fn place<I: Isa<T>>(
        &mut self,
        isa: I,
        neuron: &Lif<T>,
        burst: Burst<T>,
        first: usize,
        spikes: &mut SortedSpikes<T>,
    ) {
        let count = burst.end - first;
        let blocks = count.div_ceil(LANES);
        self.set_times(neuron, &burst, first, blocks);
        let times = &self.times[..blocks];
        let lists = [&self.leaks, &self.roots, &self.neurons];
        let [leaks, inverse_slopes, neurons] = lists.map(
            #[inline(always)]
            |list| list.blocks_at(first, blocks),
        );
        let order = self.order.sort_roughly(isa, times, count, burst.ends);
        for (block, positions) in order.iter().enumerate() {
            let times = isa.gather(times, positions);
            let of_spikes = [leaks, inverse_slopes].map(
                #[inline(always)]
                |list| isa.gather(list, positions),
            );
            let numbers = isa.gather(neurons, positions);
            spikes.write(first + block * LANES, times, of_spikes, numbers);
        }
    }

    #[inline(always)]
    fn set_times(&mut self, neuron: &Lif<T>, burst: &Burst<T>, first: usize, blocks: usize) {
        if self.times.len() < blocks {
            self.times.resize(blocks, [T::zero(); LANES]);
        }
        let [start, end] = burst.ends;
        let logarithms = self.logarithms.blocks_at(first, blocks);
        let times = self.times.as_flattened_mut().iter_mut();
        for (time, &logarithm) in times.zip(logarithms.as_flattened()) {
            let exact = burst.reference - neuron.tau_m * logarithm;
            let not_early = if exact < start { start } else { exact };
            *time = if not_early > end { end } else { not_early };
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Lanes;
    use super::super::lanes::Portable;
    use super::*;
    use crate::LifParameters;

    /// What a walk finds between two instants: both of them, and for each spike, pushed with some others, the part of the
    /// interval that is over and the neuron.
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

    /// Leak, root and neuron's number of a spike.
    fn parts<T: Real>([start, end]: [f64; 2], (over, neuron): (f64, u32)) -> [T; 3] {
        let x = start + over * (end - start);
        let root = 1.0 + f64::from(neuron % 97);
        [(-x / 0.02).exp(), root, f64::from(neuron)].map(T::of)
    }

    /// Puts all in order with vector code.
    fn sorted<T: Real, I: Isa<T>>(isa: I, found: &mut Found<T>, given: &[Given]) -> Vec<[T; 3]> {
        found.begin();
        for (stop, &(ends, ref pushes)) in given.iter().enumerate() {
            for some in pushes {
                // The last lanes have the spikes.
                let first = LANES - some.len();
                let lists: [Lanes<T>; 3] = std::array::from_fn(|list| {
                    let part = |&spike| parts(ends, spike)[list];
                    let spike = |lane: usize| lane.checked_sub(first).and_then(|n| some.get(n));
                    std::array::from_fn(|lane| spike(lane).map_or(T::one(), part))
                });
                let lanes = isa.mask(0xffff << first & 0xffff);
                found.push(isa, lanes, lists.map(|list| isa.load(&list)));
            }
            found.end_burst(stop, ends.map(T::of), T::zero());
        }
        let mut spikes = SortedSpikes::default();
        found.put_in_order(isa, &neuron(), &mut spikes);
        let (times, neurons) = spikes.events();
        let inverse_slopes = spikes.inverse_slopes();
        let all = times.iter().zip(neurons).zip(inverse_slopes);
        let list = |((&time, &neuron), &slope)| [time, T::of(f64::from(neuron)), slope];
        all.map(list).collect()
    }

    /// The same, spike by spike.
    fn expected<T: Real>(given: &[Given]) -> Vec<[T; 3]> {
        let mut all = Vec::new();
        for (ends, pushes) in given {
            let [start, end] = ends.map(T::of);
            let spike = |&spike| {
                let [leak, root, neuron]: [T; 3] = parts(*ends, spike);
                let time = T::zero() - T::of(0.02) * leak.quick_ln();
                [time.max(start).min(end), neuron, (root * leak).recip()]
            };
            let mut spikes: Vec<_> = pushes.iter().flatten().map(spike).collect();
            spikes.sort_by(|a, b| a[0].order(&b[0]));
            all.extend(spikes);
        }
        all
    }

    fn bursts() -> impl Strategy<Value = Vec<Given>> {
        let sizes = prop_oneof![8 => 0..40_usize, 1 => 1000..1500_usize];
        let steps = prop::sample::select(vec![1.0, 7.0, 1e3, 1e9]);
        let widths = prop::sample::select(vec![0.0, 1e-9, 1e-4, 0.005]);
        let burst = (sizes, steps, widths, any::<u32>());
        prop::collection::vec(burst, 0..6).prop_map(|bursts| {
            let mut time = 0.0;
            let burst = |(count, steps, width, seed): (usize, f64, f64, u32)| {
                let start = time;
                time += width;
                let number =
                    |spike: usize| seed.wrapping_add(spike as u32).wrapping_mul(0x9e37_79b1);
                let over =
                    |spike| (f64::from(number(spike)) / 2_f64.powi(32) * steps).floor() / steps;
                let spikes = (0..count).map(|spike| (over(spike), number(spike) >> 9));
                let mut left: Vec<_> = spikes.collect();
                let mut pushes = Vec::new();
                while !left.is_empty() {
                    let most = 1 + number(left.len()) as usize % LANES;
                    pushes.push(left.split_off(left.len().saturating_sub(most)));
                }
                ([start, time], pushes)
            };
            bursts.into_iter().map(burst).collect()
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
            let found = sorted(Portable::<false>, &mut Found::<f32>::default(), &given);
            assert_eq!(found, expected::<f32>(&given), "{before}, {sizes}");
        }
    }

    proptest! {
        #[test]
        fn spikes_are_in_order_of_time(given in bursts(), others in bursts()) {
            let (mut single, mut double) = (Found::<f32>::default(), Found::<f64>::default());
            // In fresh memory, then in memory that was in use.
            for given in [&given, &others, &given] {
                let plain = Portable::<false>;
                prop_assert_eq!(sorted(plain, &mut single, given), expected::<f32>(given));
                prop_assert_eq!(sorted(plain, &mut double, given), expected::<f64>(given));
            }
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            {
                use pulp::x86::{V3, V4};
                if let Some(isa) = V3::try_new() {
                    let found = isa.vectorize(|| sorted(isa, &mut Found::default(), &given));
                    prop_assert_eq!(found, expected::<f32>(&given), "AVX2");
                }
                if let Some(isa) = V4::try_new() {
                    let found = isa.vectorize(|| sorted(isa, &mut Found::default(), &given));
                    prop_assert_eq!(found, expected::<f32>(&given), "AVX-512");
                }
            }
        }
    }
}
