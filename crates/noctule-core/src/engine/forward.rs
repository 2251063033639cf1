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
//! every interval; the few lanes that remain are solved exactly.

use std::ops::Range;

use super::course::{Course, Moment, Stop};
use super::lanes::Isa;
use super::timeline::Timeline;
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
    spikes: &mut Vec<Spike<T>>,
) {
    let present = neurons.len();
    let mut resolver = Resolver::new(neuron, neurons, &timeline.moments, spikes);
    let mut current = isa.splat(T::zero());
    let mut potential = [T::zero(); LANES];
    for absent in &mut potential[present..] {
        *absent = T::neg_infinity();
    }
    let mut potential = isa.load(&potential);
    for (index, segment) in timeline.segments.iter().enumerate() {
        let decayed = isa.mul(isa.splat(segment.potential_decay), potential);
        potential = isa.mul_add(isa.splat(segment.coupling), current, decayed);
        current = isa.mul(isa.splat(segment.current_decay), current);
        let range = course.segment(index);
        let first = range.start;
        for (offset, pair) in course.stops[range].windows(2).enumerate() {
            let (stop, end) = (&pair[0], &pair[1]);
            // At the start of the segment nothing arrives.
            if let Some(weights) = weights.get(stop.row as usize) {
                let weights = isa.load(weights);
                current = isa.mul_add(isa.splat(stop.current_gain), weights, current);
                potential = isa.mul_add(isa.splat(stop.potential_gain), weights, potential);
            }
            let highest = isa.mul_add(current, isa.splat(end.response), potential);
            let lanes = isa.at_least(highest, isa.splat(stop.threshold));
            if lanes != 0 {
                let interval = resolver.interval(first + offset, stop, end);
                let mut resolved = isa.store(potential);
                resolver.resolve(&interval, lanes, &isa.store(current), &mut resolved);
                potential = isa.load(&resolved);
                if resolver.firing == 0 {
                    return;
                }
            }
        }
    }
}

/// Solves the intervals that the test could not reject.
struct Resolver<'a, T> {
    neuron: &'a Lif<T>,
    moments: &'a [Moment<T>],
    spikes: &'a mut Vec<Spike<T>>,
    /// Spikes that each neuron may still emit.
    remaining: [u32; LANES],
    /// Neurons that may still emit spikes.
    firing: usize,
    /// The number of the block's first neuron.
    first: u32,
}

impl<'a, T: Real> Resolver<'a, T> {
    fn new(
        neuron: &'a Lif<T>,
        neurons: Range<u32>,
        moments: &'a [Moment<T>],
        spikes: &'a mut Vec<Spike<T>>,
    ) -> Self {
        Self {
            neuron,
            moments,
            spikes,
            remaining: [neuron.max_spikes(); LANES],
            firing: neurons.len(),
            first: neurons.start,
        }
    }

    /// The interval between two stops of a segment; `index` is that of the first.
    #[inline(always)]
    fn interval(&self, index: usize, stop: &Stop<T>, end: &Stop<T>) -> Interval<T> {
        let start = &self.moments[stop.moment as usize];
        let end = &self.moments[end.moment as usize];
        Interval {
            stop: index as u32,
            start: start.time,
            end: end.time,
            reference: start.time - start.x,
            growth: end.threshold / start.threshold - T::one(),
            leak: self.neuron.theta / stop.threshold,
            current_decay: stop.current_gain.recip(),
            response: stop.response,
        }
    }

    /// Emits all spikes of an interval of the neurons in the bit set `lanes`, and sets their reference potentials to what
    /// they are after it.
    ///
    /// Never inlined: the walk needs the registers for itself.
    #[inline(never)]
    fn resolve(
        &mut self,
        interval: &Interval<T>,
        mut lanes: u32,
        current: &Lanes<T>,
        potential: &mut Lanes<T>,
    ) {
        while lanes != 0 {
            let lane = lanes.trailing_zeros() as usize;
            lanes &= lanes - 1;
            potential[lane] = self.resolve_lane(interval, lane, current[lane], potential[lane]);
        }
    }

    #[inline(always)]
    fn resolve_lane(
        &mut self,
        interval: &Interval<T>,
        lane: usize,
        reference_current: T,
        reference_potential: T,
    ) -> T {
        let start = Neuron {
            leak: interval.leak,
            current: reference_current * interval.current_decay,
            potential: interval.leak
                * (reference_potential + reference_current * interval.response),
            reference_potential,
        };
        if self.neuron.is_quadratic() {
            self.follow_by_growth(interval, lane, start)
        } else {
            self.follow_by_time(interval, lane, start)
        }
    }

    /// For `tau_m = 2 tau_s`: from spike to spike in terms of `exp(x/tau_m)`. Nothing waits for a logarithm.
    #[inline(always)]
    fn follow_by_growth(&mut self, interval: &Interval<T>, lane: usize, mut state: Neuron<T>) -> T {
        let neuron = self.neuron;
        let mut left = interval.growth;
        loop {
            let crossing = neuron.growth_to_threshold(state.potential, state.current);
            // The interval itself may be so long that its growth is infinite.
            if !(crossing.growth <= left && crossing.growth < T::infinity()) {
                return state.reference_potential;
            }
            let decay = (T::one() + crossing.growth).recip();
            left = (left - crossing.growth) * decay;
            state.leak *= decay;
            let time = interval.reference - neuron.tau_m * state.leak.ln();
            let spike = Spike {
                time: time.max(interval.start).min(interval.end),
                slope: crossing.root * decay,
                leak: state.leak,
                response: neuron.tau_m * (T::one() - state.leak),
                stop: interval.stop,
                neuron: self.first + lane as u32,
            };
            if self.emit(lane, spike) {
                return T::neg_infinity();
            }
            state.reference_potential -= neuron.reset / state.leak;
            state.potential = neuron.theta - neuron.reset;
            state.current *= decay * decay;
        }
    }

    /// For any ratio of the time constants: from spike to spike in terms of time.
    #[inline(always)]
    fn follow_by_time(&mut self, interval: &Interval<T>, lane: usize, mut state: Neuron<T>) -> T {
        let neuron = self.neuron;
        let duration = interval.end - interval.start;
        let mut left = duration;
        while let Some(crossing) = neuron.first_crossing(state.potential, state.current, left) {
            left -= crossing.elapsed;
            state.leak *= crossing.potential_decay;
            let elapsed = duration - left;
            let x = interval.start - interval.reference + elapsed;
            let spike = Spike {
                time: (interval.start + elapsed).min(interval.end),
                slope: crossing.slope,
                leak: state.leak,
                response: neuron.response_of_decay(x, state.leak),
                stop: interval.stop,
                neuron: self.first + lane as u32,
            };
            if self.emit(lane, spike) {
                return T::neg_infinity();
            }
            state.reference_potential -= neuron.reset / state.leak;
            state.potential = neuron.theta - neuron.reset;
            state.current *= crossing.current_decay;
        }
        state.reference_potential
    }

    /// Takes down a spike; returns whether it was the neuron's last. An exhausted neuron sinks so deep that no test ever
    /// looks at it again.
    #[inline(always)]
    fn emit(&mut self, lane: usize, spike: Spike<T>) -> bool {
        let remaining = &mut self.remaining[lane];
        *remaining -= 1;
        let exhausted = *remaining == 0;
        self.firing -= usize::from(exhausted);
        self.spikes.push(spike);
        exhausted
    }
}

/// One neuron on its way through an interval.
struct Neuron<T> {
    /// `exp(-x/tau_m)`.
    leak: T,
    current: T,
    potential: T,
    /// What [`Resolver::resolve`] is to return.
    reference_potential: T,
}

/// What all neurons that may cross in an interval have in common.
struct Interval<T> {
    stop: u32,
    start: T,
    end: T,
    /// The reference time of the segment.
    reference: T,
    /// By how much `exp(x/tau_m)` grows, relative to what it is at the start.
    growth: T,
    /// `exp(-x/tau_m)`, `exp(-x/tau_s)` and `phi(x)` of the start.
    leak: T,
    current_decay: T,
    response: T,
}
