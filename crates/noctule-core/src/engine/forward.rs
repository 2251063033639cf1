//! The forward walk: input events drive a block of neurons, output spikes come out.
//!
//! The state of a neuron is its reference potential `V` and reference current `C` (see [`crate::neuron::propagator`]).
//! In an interval from `x_0` to `x_1` (from one stop of its course to the next) the neuron can only reach its threshold if
//!
//! ```text
//! V + C phi(x_1) >= theta exp(x_0/tau_m)
//! ```
//!
//! since the left side `V + C phi(x)` grows with `x` when `C > 0` (and a neuron with `C <= 0` never crosses from
//! below), and the right side `theta exp(x/tau_m)` grows as well. One multiply-add and one comparison reject almost
//! every interval; the few lanes that remain are solved exactly (see [`super::crossings`]).

use std::ops::Range;

use super::course::{Course, Moment, Stop};
use super::crossings::{Emitter, Hits, Level};
use super::lanes::Isa;
use super::timeline::{Segment, Timeline};
use super::{LANES, Lanes};
use crate::{Lif, Real};

/// An output spike of one neuron of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spike<T> {
    /// Time in seconds.
    pub time: T,
    /// Slope of the potential just before the spike.
    pub slope: T,
    /// `exp(-x/tau_m)` of the spike, `x` counted from the reference of its segment.
    pub leak: T,
    /// `phi(x)` of the spike.
    pub response: T,
    /// The stop of the course after which it happened.
    pub stop: u32,
    /// The neuron, among all of the layer.
    pub neuron: u32,
}

/// Runs a block of at most [`LANES`] `neurons`, given by their numbers, along a course through a timeline and appends their
/// spikes, stop by stop.
///
/// `weights` has shape `[rows][LANES]`.
#[inline(always)]
pub(crate) fn walk<T: Real, I: Isa<T>>(
    isa: I,
    neuron: &Lif<T>,
    neurons: Range<u32>,
    timeline: &Timeline<T>,
    course: &Course<T>,
    weights: &[Lanes<T>],
    hits: &mut Hits<T>,
    spikes: &mut Vec<Spike<T>>,
) {
    let mut block = Block::new(neuron, neurons.len());
    let mut emitter = Emitter {
        neuron,
        moments: &timeline.moments,
        course,
        first: neurons.start,
        spikes,
    };
    for (index, segment) in timeline.segments.iter().enumerate() {
        block.cross(isa, segment);
        let mut interval = course.segment(index);
        while interval.len() > 1 && block.firing {
            let walk = Walk {
                neuron,
                moments: &timeline.moments,
                stops: &course.stops,
                weights,
            };
            if neuron.is_quadratic() {
                isa.apart(|| walk.advance(isa, &mut interval, &mut block, hits));
                isa.apart(|| emitter.emit(hits));
            } else {
                let candidates = isa.apart(|| walk.scan(isa, &mut interval, &mut block));
                if candidates != 0 {
                    let stop = interval.start - 1;
                    isa.apart(|| emitter.follow_by_time(stop, candidates, &mut block));
                }
            }
        }
    }
}

/// Where the neurons of a block are.
pub(super) struct Block<T> {
    /// The reference current `C` and the reference potential `V`.
    pub current: Lanes<T>,
    pub potential: Lanes<T>,
    /// Spikes that each neuron may still emit; as numbers of type `T`, which are exact.
    pub remaining: Lanes<T>,
    /// Whether a neuron may still emit spikes.
    pub firing: bool,
}

impl<T: Real> Block<T> {
    fn new(neuron: &Lif<T>, neurons: usize) -> Self {
        let mut block = Self {
            current: [T::zero(); LANES],
            potential: [T::zero(); LANES],
            remaining: [T::zero(); LANES],
            firing: neurons > 0,
        };
        block.remaining[..neurons].fill(T::of(f64::from(neuron.max_spikes())));
        // Neurons that are not there, as those that have no spikes left, are below every test.
        block.potential[neurons..].fill(T::neg_infinity());
        block
    }

    /// Goes from the reference time of one segment to that of the next.
    #[inline(always)]
    fn cross<I: Isa<T>>(&mut self, isa: I, segment: &Segment<T>) {
        let (current, potential) = (isa.load(&self.current), isa.load(&self.potential));
        let decayed = isa.mul(isa.splat(segment.potential_decay), potential);
        self.potential = isa.store(isa.mul_add(isa.splat(segment.coupling), current, decayed));
        self.current = isa.store(isa.mul(isa.splat(segment.current_decay), current));
    }
}

/// What a block walks along.
struct Walk<'a, T> {
    neuron: &'a Lif<T>,
    moments: &'a [Moment<T>],
    stops: &'a [Stop<T>],
    weights: &'a [Lanes<T>],
}

/// A block in registers.
pub(super) struct Registers<R> {
    pub current: R,
    pub potential: R,
}

impl<R: Copy> Registers<R> {
    #[inline(always)]
    fn load<T, I: Isa<T, Registers = R>>(isa: I, block: &Block<T>) -> Self {
        Self {
            current: isa.load(&block.current),
            potential: isa.load(&block.potential),
        }
    }

    #[inline(always)]
    fn store<T, I: Isa<T, Registers = R>>(self, isa: I, block: &mut Block<T>) {
        block.current = isa.store(self.current);
        block.potential = isa.store(self.potential);
    }

    /// Takes in the input at `stop`; returns which neurons may reach their threshold before `end`.
    #[inline(always)]
    fn pass<T: Real, I: Isa<T, Registers = R>>(
        &mut self,
        isa: I,
        weights: &[Lanes<T>],
        stop: &Stop<T>,
        end: &Stop<T>,
    ) -> I::Mask {
        // At the start of a segment nothing arrives.
        if let Some(weights) = weights.get(stop.row as usize) {
            let weights = isa.load(weights);
            self.current = isa.mul_add(isa.splat(stop.current_gain), weights, self.current);
            self.potential = isa.mul_add(isa.splat(stop.potential_gain), weights, self.potential);
        }
        self.may_cross(isa, stop, end)
    }

    #[inline(always)]
    fn may_cross<T: Real, I: Isa<T, Registers = R>>(
        &self,
        isa: I,
        stop: &Stop<T>,
        end: &Stop<T>,
    ) -> I::Mask {
        let highest = isa.mul_add(self.current, isa.splat(end.response), self.potential);
        isa.at_least(highest, isa.splat(stop.threshold))
    }
}

impl<T: Real> Walk<'_, T> {
    /// Walks along the intervals that begin at the stops in `range`, but for the last of them, until one cannot be rejected
    /// for some neurons; returns these as a bit set, or 0 at the end. `range` is then what is left.
    #[inline(always)]
    fn scan<I: Isa<T>>(&self, isa: I, range: &mut Range<usize>, block: &mut Block<T>) -> u32 {
        let mut registers = Registers::load(isa, block);
        let mut candidates = 0;
        for pair in self.stops[range.clone()].windows(2) {
            range.start += 1;
            let mask = registers.pass(isa, self.weights, &pair[0], &pair[1]);
            candidates = isa.bits(mask);
            if candidates != 0 {
                break;
            }
        }
        registers.store(isa, block);
        candidates
    }

    /// For `tau_m = 2 tau_s`: walks along the intervals that begin at the stops in `range`, but for the last of them, until
    /// `hits` are full; `range` is then what is left.
    ///
    /// All is done in registers, without a call, and nothing waits for more than one root and one division.
    #[inline(always)]
    fn advance<I: Isa<T>>(
        &self,
        isa: I,
        range: &mut Range<usize>,
        block: &mut Block<T>,
        hits: &mut Hits<T>,
    ) {
        let mut registers = Registers::load(isa, block);
        let mut remaining = isa.load(&block.remaining);
        let (zero, one) = (isa.splat(T::zero()), isa.splat(T::one()));
        let sunk = isa.splat(T::neg_infinity());
        let reset = isa.splat(self.neuron.reset / self.neuron.theta);
        let first = range.start;
        range.start = range.end;
        for (offset, pair) in self.stops[first..range.end].windows(2).enumerate() {
            let (stop, end) = (&pair[0], &pair[1]);
            let mut candidates = registers.pass(isa, self.weights, stop, end);
            if isa.bits(candidates) == 0 {
                continue;
            }
            let last = isa.splat(self.moments[end.moment as usize].threshold);
            let mut now = Level::at_stop(isa, self.neuron, &registers, stop);
            while isa.bits(candidates) != 0 {
                let crossing = now.crossing(isa, self.neuron);
                let in_time = isa.both(isa.at_least(last, crossing.threshold), candidates);
                let crosses = isa.both(crossing.exists, in_time);
                let leak = isa.div(isa.splat(self.neuron.theta), crossing.threshold);
                hits.note(isa, isa.bits(crosses), leak, crossing.root, first + offset);
                let fall = isa.mul(crossing.threshold, reset);
                let fallen = isa.sub(registers.potential, isa.select(crosses, fall, zero));
                remaining = isa.sub(remaining, isa.select(crosses, one, zero));
                let alive = isa.above(remaining, zero);
                registers.potential = isa.select(alive, fallen, sunk);
                candidates = isa.both(crosses, registers.may_cross(isa, stop, end));
                now = Level::after_spike(isa, self.neuron, &registers, crossing.threshold, leak);
            }
            block.firing = isa.bits(isa.above(remaining, zero)) != 0;
            if hits.are_many() || !block.firing {
                range.start = first + offset + 1;
                break;
            }
        }
        registers.store(isa, block);
        block.remaining = isa.store(remaining);
    }
}
