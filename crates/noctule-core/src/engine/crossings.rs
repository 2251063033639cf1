//! The intervals that the cheap test of the forward walk could not reject: which neurons cross, and when.
//!
//! For `tau_m = 2 tau_s` all neurons of a block are solved at once, in terms of `y = exp(x/tau_m)` (see
//! [`crate::neuron::crossing`]). What a spike is made of is only noted, as a [`Hit`]; the [`Emitter`] makes spikes of them
//! later, when nothing waits for their logarithms.

use super::course::{Course, Moment, Stop};
use super::forward::{Block, Registers, Spike};
use super::lanes::Isa;
use super::{LANES, Lanes};
use crate::{Lif, Real};

/// Where the neurons of a block are at one instant each, in units that need no exponential: everything is multiplied by
/// `exp(x/tau_m)`.
pub(super) struct Level<R> {
    potential: R,
    current: R,
    threshold: R,
}

/// The next crossing of the neurons of a block.
pub(super) struct Crossing<R, M> {
    /// Whether there is one, however late.
    pub exists: M,
    /// `theta exp(x/tau_m)` of the crossing.
    pub threshold: R,
    /// The slope of the potential there, times `exp(x/tau_m)`.
    pub root: R,
}

impl<R: Copy> Level<R> {
    /// After the input at `stop`.
    #[inline(always)]
    pub fn at_stop<T: Real, I: Isa<T, Registers = R>>(
        isa: I,
        neuron: &Lif<T>,
        block: &Registers<R>,
        stop: &Stop<T>,
    ) -> Self {
        // phi = tau_m (1 - exp(-x/tau_m)), so that C exp(-x/tau_m) = C - C phi/tau_m.
        let built = isa.mul(block.current, isa.splat(stop.response));
        let leaked = isa.mul(built, isa.splat(neuron.inverse_tau_m));
        Self {
            potential: isa.add(block.potential, built),
            current: isa.sub(block.current, leaked),
            threshold: isa.splat(stop.threshold),
        }
    }

    /// Just after a spike at the given threshold; `leak` is its `exp(-x/tau_m)`.
    #[inline(always)]
    pub fn after_spike<T: Real, I: Isa<T, Registers = R>>(
        isa: I,
        neuron: &Lif<T>,
        block: &Registers<R>,
        threshold: R,
        leak: R,
    ) -> Self {
        let kept = T::one() - neuron.reset / neuron.theta;
        Self {
            potential: isa.mul(threshold, isa.splat(kept)),
            current: isa.mul(block.current, leak),
            threshold,
        }
    }

    /// Solves the quadratic equation for `y - 1`, in the slope and the gap as they are now.
    #[inline(always)]
    pub fn crossing<T: Real, I: Isa<T, Registers = R>>(
        &self,
        isa: I,
        neuron: &Lif<T>,
    ) -> Crossing<R, I::Mask> {
        let zero = isa.splat(T::zero());
        let rate = isa.splat(neuron.inverse_tau_m);
        let twice_rate = isa.splat(T::of(2.0) * neuron.inverse_tau_m);
        let slope = isa.sub(self.current, isa.mul(self.potential, rate));
        let twice_gap = isa.mul(isa.sub(self.threshold, self.potential), twice_rate);
        let twice_current = isa.add(self.current, self.current);
        let square = isa.sub(isa.mul(slope, slope), isa.mul(twice_current, twice_gap));
        let positive = isa.above(square, zero);
        let root = isa.sqrt(isa.select(positive, square, zero));
        let denominator = isa.add(isa.sub(slope, twice_gap), root);
        let growth = isa.div(twice_gap, denominator);
        let growth = isa.select(isa.above(growth, zero), growth, zero);
        let driven = isa.mul(self.current, isa.splat(neuron.tau_m));
        // At a crossing the potential is at the threshold and rises, and the current only decays.
        let rises = isa.both(
            isa.above(driven, self.threshold),
            isa.both(isa.above(slope, zero), positive),
        );
        let finite = isa.both(
            isa.above(denominator, zero),
            isa.above(isa.splat(T::infinity()), growth),
        );
        Crossing {
            exists: isa.both(rises, finite),
            threshold: isa.mul_add(self.threshold, growth, self.threshold),
            root,
        }
    }
}

/// Spikes of the neurons of a block in one interval, at most one of each.
#[derive(Clone, Debug)]
struct Hit<T> {
    /// `exp(-x/tau_m)` of the spike, and its slope times `exp(x/tau_m)`.
    leak: Lanes<T>,
    root: Lanes<T>,
    /// The neurons that spike, as a bit set.
    lanes: u32,
    /// The stop at which the interval begins.
    stop: u32,
}

/// A list of hits of one block.
#[derive(Clone, Debug)]
pub(crate) struct Hits<T> {
    /// Memory: those from `count` on are of no use.
    hits: Vec<Hit<T>>,
    count: usize,
}

/// So many are emitted together.
const MANY: usize = 32;

impl<T: Real> Hits<T> {
    /// With room for all hits of one interval when there are [`MANY`] already.
    pub fn new(max_spikes: u32) -> Self {
        let none = Hit {
            leak: [T::zero(); LANES],
            root: [T::zero(); LANES],
            lanes: 0,
            stop: 0,
        };
        Self {
            // The last look at an interval finds no spike.
            hits: vec![none; MANY + max_spikes as usize + 1],
            count: 0,
        }
    }

    #[inline(always)]
    pub fn note<I: Isa<T>>(
        &mut self,
        isa: I,
        lanes: u32,
        leak: I::Registers,
        root: I::Registers,
        stop: usize,
    ) {
        let hit = &mut self.hits[self.count];
        hit.leak = isa.store(leak);
        hit.root = isa.store(root);
        hit.lanes = lanes;
        hit.stop = stop as u32;
        self.count += 1;
    }

    #[inline(always)]
    pub fn are_many(&self) -> bool {
        self.count >= MANY
    }
}

/// Makes spikes.
pub(super) struct Emitter<'a, T> {
    pub neuron: &'a Lif<T>,
    pub moments: &'a [Moment<T>],
    pub course: &'a Course<T>,
    /// The number of the block's first neuron.
    pub first: u32,
    pub spikes: &'a mut Vec<Spike<T>>,
}

impl<T: Real> Emitter<'_, T> {
    /// Emits the spikes of all hits, and forgets these.
    #[inline(always)]
    pub fn emit(&mut self, hits: &mut Hits<T>) {
        for hit in &hits.hits[..hits.count] {
            let [start, end] = self.ends(hit.stop as usize);
            let reference = start.time - start.x;
            let mut lanes = hit.lanes;
            while lanes != 0 {
                let lane = lanes.trailing_zeros() as usize;
                lanes &= lanes - 1;
                let leak = hit.leak[lane];
                let time = reference - self.neuron.tau_m * leak.quick_ln();
                self.spikes.push(Spike {
                    time: time.max(start.time).min(end.time),
                    slope: hit.root[lane] * leak,
                    leak,
                    response: self.neuron.tau_m * (T::one() - leak),
                    stop: hit.stop,
                    neuron: self.first + lane as u32,
                });
            }
        }
        hits.count = 0;
    }

    /// The ends of the interval that begins at a stop.
    #[inline(always)]
    fn ends(&self, stop: usize) -> [Moment<T>; 2] {
        [stop, stop + 1].map(|stop| self.moments[self.course.stops[stop].moment as usize])
    }

    /// For any ratio of the time constants, neuron by neuron: emits all spikes of those in the bit set `lanes` in the
    /// interval that begins at `stop`, and takes them from their potentials.
    #[inline(always)]
    pub fn follow_by_time(&mut self, stop: usize, mut lanes: u32, block: &mut Block<T>) {
        let [start, end] = self.ends(stop);
        let begin = &self.course.stops[stop];
        let interval = Interval {
            stop: stop as u32,
            start: start.time,
            end: end.time,
            reference: start.time - start.x,
            leak: self.neuron.theta / begin.threshold,
            current_decay: begin.current_gain.recip(),
            response: begin.response,
        };
        while lanes != 0 {
            let lane = lanes.trailing_zeros() as usize;
            lanes &= lanes - 1;
            self.follow(&interval, lane, block);
        }
        block.firing = block.remaining.iter().any(|&left| left > T::zero());
    }

    /// One neuron, from spike to spike.
    #[inline(always)]
    fn follow(&mut self, interval: &Interval<T>, lane: usize, block: &mut Block<T>) {
        let neuron = self.neuron;
        let (reference_current, reference_potential) = (block.current[lane], block.potential[lane]);
        let mut leak = interval.leak;
        let mut current = reference_current * interval.current_decay;
        let mut potential = leak * (reference_potential + reference_current * interval.response);
        let duration = interval.end - interval.start;
        let mut left = duration;
        while let Some(crossing) = neuron.first_crossing(potential, current, left) {
            left -= crossing.elapsed;
            leak *= crossing.potential_decay;
            let elapsed = duration - left;
            let x = interval.start - interval.reference + elapsed;
            self.spikes.push(Spike {
                time: (interval.start + elapsed).min(interval.end),
                slope: crossing.slope,
                leak,
                response: neuron.response_of_decay(x, leak),
                stop: interval.stop,
                neuron: self.first + lane as u32,
            });
            block.remaining[lane] -= T::one();
            if block.remaining[lane] <= T::zero() {
                block.potential[lane] = T::neg_infinity();
                return;
            }
            block.potential[lane] -= neuron.reset / leak;
            potential = neuron.theta - neuron.reset;
            current *= crossing.current_decay;
        }
    }
}

/// What all neurons that may cross in an interval have in common.
struct Interval<T> {
    stop: u32,
    start: T,
    end: T,
    /// The reference time of the segment.
    reference: T,
    /// `exp(-x/tau_m)`, `exp(-x/tau_s)` and `phi(x)` of the start.
    leak: T,
    current_decay: T,
    response: T,
}
