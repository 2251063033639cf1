//! From what the forward walk of a group noted to spikes.
//!
//! While the walk waits for roots and divisions, what a spike is made of is only noted, as a [`Hit`]; the [`Emitter`] makes
//! spikes of many at a time, when nothing waits for their logarithms. For time constants whose ratio is not 2, it follows
//! the neurons by itself, one by one.

use super::course::Path;
use super::forward::{Population, Spike};
use super::group::{Group, MOST_BLOCKS, Mask, Registers};
use super::lanes::Isa;
use super::{LANES, Lanes};
use crate::{Lif, Real};

/// Spikes of the neurons of a block in one interval, at most one of each.
#[derive(Clone, Debug)]
struct Hit<T> {
    /// `exp(-x/tau_m)` of the spike, and its slope times `exp(x/tau_m)`.
    leak: Lanes<T>,
    root: Lanes<T>,
    /// The neurons that spike, as a bit set, and which block of the group this is.
    lanes: u32,
    block: u32,
    /// The stop at which the interval begins.
    stop: u32,
}

/// A list of hits of one group.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hits<T> {
    /// Memory: those from `count` on are of no use.
    hits: Vec<Hit<T>>,
    count: usize,
    /// Memory: the logarithm of the leak of each spike.
    logarithms: Vec<T>,
}

/// So many are emitted together.
const MANY: usize = 32;

impl<T: Real> Hits<T> {
    /// Forgets all, and makes room for the hits of one interval when there are [`MANY`] already.
    pub fn begin(&mut self, max_spikes: u32) {
        let none = Hit {
            leak: [T::zero(); LANES],
            root: [T::zero(); LANES],
            lanes: 0,
            block: 0,
            stop: 0,
        };
        // The last look at an interval finds no spike, and a note is begun for each block.
        let room = MANY + MOST_BLOCKS * (max_spikes as usize + 2);
        if self.hits.len() < room {
            self.hits.resize(room, none);
        }
        self.count = 0;
    }

    /// Notes the spikes of the neurons in a mask.
    #[inline(always)]
    pub fn note<I: Isa<T>, const N: usize>(
        &mut self,
        group: Group<T, I, N>,
        mask: Mask<T, I, N>,
        leak: Registers<T, I, N>,
        root: Registers<T, I, N>,
        stop: usize,
    ) {
        let lanes = group.bits(mask);
        let (leak, root) = (group.store(leak), group.store(root));
        for block in 0..N {
            let lanes = (lanes >> (LANES * block)) as u32 & 0xffff;
            let hit = &mut self.hits[self.count];
            hit.leak = leak[block];
            hit.root = root[block];
            hit.lanes = lanes;
            hit.block = block as u32;
            hit.stop = stop as u32;
            // Counted without a branch: nobody could predict it.
            self.count += usize::from(lanes != 0);
        }
    }

    #[inline(always)]
    pub fn are_many(&self) -> bool {
        self.count >= MANY
    }
}

/// Makes spikes.
pub(super) struct Emitter<'a, T, P> {
    pub neuron: &'a Lif<T>,
    /// When the stops of the sample are.
    pub times: &'a [T],
    /// The reference time of the segment.
    pub reference: T,
    pub path: P,
    /// The number of the block's first neuron.
    pub first: u32,
    pub spikes: &'a mut Vec<Spike<T>>,
}

impl<T: Real, P: Path<T>> Emitter<'_, T, P> {
    /// Emits the spikes of all hits, and forgets these.
    #[inline(always)]
    pub fn emit(&mut self, hits: &mut Hits<T>) {
        let before = self.spikes.len();
        hits.logarithms.clear();
        for hit in &hits.hits[..hits.count] {
            let first = self.first + hit.block * LANES as u32;
            let mut lanes = hit.lanes;
            while lanes != 0 {
                let lane = lanes.trailing_zeros() as usize;
                lanes &= lanes - 1;
                let leak = hit.leak[lane];
                hits.logarithms.push(leak);
                self.spikes.push(Spike {
                    time: T::zero(),
                    slope: hit.root[lane] * leak,
                    leak,
                    response: self.neuron.tau_m * (T::one() - leak),
                    stop: hit.stop,
                    neuron: first + lane as u32,
                });
            }
        }
        hits.count = 0;
        // All logarithms together: this loop becomes vector code.
        for logarithm in &mut hits.logarithms {
            *logarithm = logarithm.quick_ln();
        }
        for index in 0..hits.logarithms.len() {
            let [start, end] = self.ends(self.spikes[before + index].stop as usize);
            let time = self.reference - self.neuron.tau_m * hits.logarithms[index];
            let time = if time < start { start } else { time };
            self.spikes[before + index].time = if time > end { end } else { time };
        }
    }

    /// The ends of the interval that begins at a stop.
    #[inline(always)]
    fn ends(&self, stop: usize) -> [T; 2] {
        [stop, stop + 1].map(|stop| self.times[self.path.index(stop)])
    }

    /// For any ratio of the time constants, neuron by neuron: emits all spikes of those in the bit set `lanes` in the
    /// interval that begins at `stop`, and takes them from their potentials.
    #[inline(always)]
    pub fn follow_by_time<const N: usize>(
        &mut self,
        stop: usize,
        mut lanes: u64,
        population: &mut Population<T, N>,
    ) {
        let [start, end] = self.ends(stop);
        let begin = self.path.stop(stop);
        let interval = IntervalByTime {
            stop: stop as u32,
            start,
            end,
            leak: self.neuron.theta / begin.threshold,
            current_decay: begin.current_gain.recip(),
            response: begin.response,
        };
        while lanes != 0 {
            let lane = lanes.trailing_zeros() as usize;
            lanes &= lanes - 1;
            self.follow(&interval, lane, population);
        }
        let mut remaining = population.remaining.as_flattened().iter();
        population.firing = remaining.any(|&left| left > T::zero());
    }

    /// One neuron, from spike to spike.
    #[inline(always)]
    fn follow<const N: usize>(
        &mut self,
        interval: &IntervalByTime<T>,
        lane: usize,
        population: &mut Population<T, N>,
    ) {
        let neuron = self.neuron;
        let reference_current = population.current.as_flattened()[lane];
        let reference_potential = &mut population.potential.as_flattened_mut()[lane];
        let remaining = &mut population.remaining.as_flattened_mut()[lane];
        let mut leak = interval.leak;
        let mut current = reference_current * interval.current_decay;
        let mut potential = leak * (*reference_potential + reference_current * interval.response);
        let duration = interval.end - interval.start;
        let mut left = duration;
        while let Some(crossing) = neuron.first_crossing(potential, current, left) {
            left -= crossing.elapsed;
            leak *= crossing.potential_decay;
            let elapsed = duration - left;
            let x = interval.start - self.reference + elapsed;
            self.spikes.push(Spike {
                time: (interval.start + elapsed).min(interval.end),
                slope: crossing.slope,
                leak,
                response: neuron.response_of_decay(x, leak),
                stop: interval.stop,
                neuron: self.first + lane as u32,
            });
            *remaining -= T::one();
            if *remaining <= T::zero() {
                *reference_potential = T::neg_infinity();
                return;
            }
            *reference_potential -= neuron.reset / leak;
            potential = neuron.theta - neuron.reset;
            current *= crossing.current_decay;
        }
    }
}

/// What all neurons that may cross in an interval have in common.
struct IntervalByTime<T> {
    stop: u32,
    start: T,
    end: T,
    /// `exp(-x/tau_m)`, `exp(-x/tau_s)` and `phi(x)` of the start.
    leak: T,
    current_decay: T,
    response: T,
}
