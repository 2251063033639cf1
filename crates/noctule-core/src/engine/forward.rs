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
    spikes: &mut Vec<Spike<T>>,
) {
    let present = neurons.len();
    let mut resolver = Resolver::new(isa, neuron, neurons, &timeline.moments, spikes);
    let mut state = State {
        current: [T::zero(); LANES],
        potential: [T::zero(); LANES],
    };
    // Neurons that are not there never spike.
    state.potential[present..].fill(T::neg_infinity());
    for (index, segment) in timeline.segments.iter().enumerate() {
        state.cross(isa, segment);
        let range = course.segment(index);
        let stops = &course.stops[range.clone()];
        let mut next = 0;
        loop {
            let candidates = isa.apart(|| scan(isa, stops, weights, &mut next, &mut state));
            if candidates == 0 {
                break;
            }
            let interval =
                resolver.interval(range.start + next - 1, &stops[next - 1], &stops[next]);
            resolver.resolve(&interval, candidates, &mut state);
            if resolver.firing == 0 {
                return;
            }
        }
    }
}

/// Walks along the intervals of a segment from number `next` on, until one cannot be rejected for some neurons; returns
/// these as a bit set, or 0 at the end. `next` is then the interval after.
#[inline(always)]
fn scan<T: Real, I: Isa<T>>(
    isa: I,
    stops: &[Stop<T>],
    weights: &[Lanes<T>],
    next: &mut usize,
    state: &mut State<T>,
) -> u32 {
    let mut current = isa.load(&state.current);
    let mut potential = isa.load(&state.potential);
    let first = *next;
    let mut candidates = 0;
    *next = stops.len();
    for (offset, pair) in stops[first..].windows(2).enumerate() {
        let (stop, end) = (&pair[0], &pair[1]);
        // At the start of the segment nothing arrives.
        if let Some(weights) = weights.get(stop.row as usize) {
            let weights = isa.load(weights);
            current = isa.mul_add(isa.splat(stop.current_gain), weights, current);
            potential = isa.mul_add(isa.splat(stop.potential_gain), weights, potential);
        }
        let highest = isa.mul_add(current, isa.splat(end.response), potential);
        candidates = isa.bits(isa.at_least(highest, isa.splat(stop.threshold)));
        if candidates != 0 {
            *next = first + offset + 1;
            break;
        }
    }
    state.current = isa.store(current);
    state.potential = isa.store(potential);
    candidates
}

/// Where the neurons of a block are.
struct State<T> {
    /// The reference current `C` and the reference potential `V`.
    current: Lanes<T>,
    potential: Lanes<T>,
}

impl<T: Real> State<T> {
    /// Goes from the reference time of one segment to that of the next.
    #[inline(always)]
    fn cross<I: Isa<T>>(&mut self, isa: I, segment: &Segment<T>) {
        let (current, potential) = (isa.load(&self.current), isa.load(&self.potential));
        let decayed = isa.mul(isa.splat(segment.potential_decay), potential);
        self.potential = isa.store(isa.mul_add(isa.splat(segment.coupling), current, decayed));
        self.current = isa.store(isa.mul(isa.splat(segment.current_decay), current));
    }
}

/// Solves the intervals that the test could not reject.
struct Resolver<'a, T, I> {
    isa: I,
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

impl<'a, T: Real, I: Isa<T>> Resolver<'a, T, I> {
    #[inline(always)]
    fn new(
        isa: I,
        neuron: &'a Lif<T>,
        neurons: Range<u32>,
        moments: &'a [Moment<T>],
        spikes: &'a mut Vec<Spike<T>>,
    ) -> Self {
        Self {
            isa,
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
        let start_moment = &self.moments[stop.moment as usize];
        let end_moment = &self.moments[end.moment as usize];
        Interval {
            stop: index as u32,
            start: start_moment.time,
            end: end_moment.time,
            reference: start_moment.time - start_moment.x,
            threshold: stop.threshold,
            end_threshold: end_moment.threshold,
            end_response: end.response,
            leak: self.neuron.theta / stop.threshold,
            current_decay: stop.current_gain.recip(),
            response: stop.response,
        }
    }

    /// Emits all spikes of an interval of the neurons in the bit set `candidates`, and takes them from their potentials.
    #[inline(always)]
    fn resolve(&mut self, interval: &Interval<T>, candidates: u32, state: &mut State<T>) {
        if self.neuron.is_quadratic() {
            self.follow_by_growth(interval, candidates, state);
        } else {
            let isa = self.isa;
            isa.apart(|| self.follow_by_time(interval, candidates, state));
        }
    }

    /// For `tau_m = 2 tau_s`: all neurons at once, from spike to spike in terms of `y = exp(x/tau_m)` (see
    /// [`crate::neuron::crossing`]). Nothing waits for a logarithm, and what comes next only for one root and one division.
    #[inline(always)]
    fn follow_by_growth(&mut self, interval: &Interval<T>, candidates: u32, state: &mut State<T>) {
        let reference_current = self.isa.load(&state.current);
        let mut reference_potential = self.isa.load(&state.potential);
        let (isa, neuron) = (self.isa, self.neuron);
        let one = isa.splat(T::one());
        let mut candidates = isa.mask(candidates);
        let mut leak = isa.splat(interval.leak);
        let mut current = isa.mul(reference_current, isa.splat(interval.current_decay));
        let raised = isa.mul_add(
            reference_current,
            isa.splat(interval.response),
            reference_potential,
        );
        let mut potential = isa.mul(leak, raised);
        // By how much y may still grow, and what a spike now would subtract.
        let mut left = isa.splat(interval.end_threshold / interval.threshold - T::one());
        let mut fall = isa.splat(neuron.reset / neuron.theta * interval.threshold);
        loop {
            let crossing = growth_to_threshold(isa, neuron, potential, current);
            // The interval itself may be so long that its growth is infinite.
            let finite = isa.above(isa.splat(T::infinity()), crossing.growth);
            let in_time = isa.both(isa.at_least(left, crossing.growth), finite);
            let crosses = isa.both(isa.both(crossing.exists, candidates), in_time);
            let lanes = isa.bits(crosses);
            if lanes == 0 {
                break;
            }
            let growth = isa.add(one, crossing.growth);
            fall = isa.mul(fall, growth);
            let fallen = isa.sub(reference_potential, fall);
            reference_potential = isa.select(crosses, fallen, reference_potential);
            let decay = isa.div(one, growth);
            leak = isa.mul(leak, decay);
            let slopes = isa.store(isa.mul(crossing.root, decay));
            let leaks = isa.store(leak);
            if isa.apart(|| self.emit_at(interval, lanes, &leaks, &slopes)) {
                // Below every test, so that they are never looked at again.
                let spent = isa.load(&self.spent());
                reference_potential = isa.add(reference_potential, spent);
            }
            let again = isa.splat(interval.end_response);
            let highest = isa.mul_add(reference_current, again, reference_potential);
            let may_cross = isa.at_least(highest, isa.splat(interval.threshold));
            candidates = isa.both(crosses, may_cross);
            if isa.bits(candidates) == 0 {
                break;
            }
            left = isa.mul(isa.sub(left, crossing.growth), decay);
            potential = isa.splat(neuron.theta - neuron.reset);
            current = isa.mul(current, isa.mul(decay, decay));
        }
        state.potential = isa.store(reference_potential);
    }

    /// Takes down a spike of each neuron in the bit set `lanes`; returns whether one of them was a neuron's last.
    #[inline(always)]
    fn emit_at(
        &mut self,
        interval: &Interval<T>,
        mut lanes: u32,
        leak: &Lanes<T>,
        slope: &Lanes<T>,
    ) -> bool {
        let mut exhausted = false;
        while lanes != 0 {
            let lane = lanes.trailing_zeros() as usize;
            lanes &= lanes - 1;
            let time = interval.reference - self.neuron.tau_m * leak[lane].quick_ln();
            exhausted |= self.emit(
                lane,
                Spike {
                    time: time.max(interval.start).min(interval.end),
                    slope: slope[lane],
                    leak: leak[lane],
                    response: self.neuron.tau_m * (T::one() - leak[lane]),
                    stop: interval.stop,
                    neuron: self.first + lane as u32,
                },
            );
        }
        exhausted
    }

    /// `-infinity` for neurons that may emit no more spikes, 0 for the others.
    fn spent(&self) -> Lanes<T> {
        self.remaining.map(|remaining| {
            if remaining == 0 {
                T::neg_infinity()
            } else {
                T::zero()
            }
        })
    }

    /// For any ratio of the time constants, neuron by neuron: emits all spikes of those in the bit set `lanes`, and sets
    /// their reference potentials to what they are after the interval.
    #[inline(always)]
    fn follow_by_time(&mut self, interval: &Interval<T>, mut lanes: u32, state: &mut State<T>) {
        while lanes != 0 {
            let lane = lanes.trailing_zeros() as usize;
            lanes &= lanes - 1;
            let (current, potential) = (state.current[lane], state.potential[lane]);
            let start = Neuron {
                leak: interval.leak,
                current: current * interval.current_decay,
                potential: interval.leak * (potential + current * interval.response),
                reference_potential: potential,
            };
            state.potential[lane] = self.follow_one(interval, lane, start);
        }
    }

    /// One neuron, from spike to spike; returns its reference potential after the interval.
    #[inline(always)]
    fn follow_one(&mut self, interval: &Interval<T>, lane: usize, mut state: Neuron<T>) -> T {
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

/// How far `exp(x/tau_m)` grows until the threshold is reached.
struct Growth<R, M> {
    /// `exp(s/tau_m) - 1`, `s` seconds from now, not negative; where `exists`.
    growth: R,
    /// The slope of the potential at the crossing, times `exp(s/tau_m)`.
    root: R,
    /// Whether there is a crossing, however late.
    exists: M,
}

/// The crossing of a quadratic neuron (see [`crate::neuron::crossing`]), from potentials and currents as they are now.
#[inline(always)]
fn growth_to_threshold<T: Real, I: Isa<T>>(
    isa: I,
    neuron: &Lif<T>,
    potential: I::Registers,
    current: I::Registers,
) -> Growth<I::Registers, I::Mask> {
    let zero = isa.splat(T::zero());
    let rate = isa.splat(neuron.inverse_tau_m);
    let slope = isa.sub(current, isa.mul(potential, rate));
    let twice_gap = isa.mul(
        isa.sub(isa.splat(neuron.theta), potential),
        isa.mul(rate, isa.splat(T::of(2.0))),
    );
    let twice_current = isa.mul(current, isa.splat(T::of(2.0)));
    let square = isa.sub(isa.mul(slope, slope), isa.mul(twice_current, twice_gap));
    let root = isa.sqrt(isa.select(isa.above(square, zero), square, zero));
    let denominator = isa.add(isa.sub(slope, twice_gap), root);
    let growth = isa.div(twice_gap, denominator);
    let driven = isa.mul(current, isa.splat(neuron.tau_m));
    let exists = isa.both(
        isa.both(
            isa.above(driven, isa.splat(neuron.theta)),
            isa.above(slope, zero),
        ),
        isa.both(isa.above(square, zero), isa.above(denominator, zero)),
    );
    Growth {
        growth: isa.select(isa.above(growth, zero), growth, zero),
        root,
        exists,
    }
}

/// One neuron on its way through an interval.
struct Neuron<T> {
    /// `exp(-x/tau_m)`.
    leak: T,
    current: T,
    potential: T,
    /// What [`Resolver::follow_one`] is to return.
    reference_potential: T,
}

/// What all neurons that may cross in an interval have in common.
struct Interval<T> {
    stop: u32,
    start: T,
    end: T,
    /// The reference time of the segment.
    reference: T,
    /// `theta exp(x/tau_m)` of the start and of the end, and `phi(x)` of the end.
    threshold: T,
    end_threshold: T,
    end_response: T,
    /// `exp(-x/tau_m)`, `exp(-x/tau_s)` and `phi(x)` of the start.
    leak: T,
    current_decay: T,
    response: T,
}
