//! The forward walk: input events drive a group of blocks of neurons, output spikes come out.
//!
//! The state of a neuron is its reference potential `V` and reference current `C` (see [`crate::neuron::propagator`]).
//! In an interval from `x_0` to `x_1` (from one stop of its path to the next) the neuron can only reach its threshold if
//!
//! ```text
//! V + C phi(x_1) >= theta exp(x_0/tau_m)
//! ```
//!
//! since the left side `V + C phi(x)` grows with `x` when `C > 0` (and a neuron with `C <= 0` never crosses from
//! below), and the right side `theta exp(x/tau_m)` grows as well. One multiply-add and one comparison reject almost
//! every interval; the few lanes that remain are solved exactly (see [`super::crossings`]).

use std::mem::replace;
use std::ops::Range;

use super::course::{Moments, Path, Stop};
use super::crossings::Interval;
use super::emitter::{Emitter, Hits};
use super::group::{Group, Mask, Memory, Registers};
use super::lanes::Isa;
use super::timeline::{Segment, Timeline};
use super::{LANES, Lanes};
use crate::{Lif, Real};

/// An output spike of one neuron of a group.
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
    /// The number of the stop, along the path, after which it happened.
    pub stop: u32,
    /// The neuron, among all of the layer.
    pub neuron: u32,
}

/// Runs the blocks of a group, whose `neurons` are given by their numbers, along a path through a timeline and appends
/// their spikes, stop by stop.
///
/// `weights` has shape `[N][rows][LANES]`.
#[inline(always)]
#[expect(
    clippy::too_many_arguments,
    reason = "a struct would be made for this call alone"
)]
pub(crate) fn walk<T: Real, I: Isa<T>, const N: usize>(
    group: Group<T, I, N>,
    neuron: &Lif<T>,
    neurons: Range<u32>,
    timeline: &Timeline<T>,
    path: impl Path<T>,
    weights: &[Lanes<T>],
    hits: &mut Hits<T>,
    spikes: &mut Vec<Spike<T>>,
) {
    let mut population = Population::new(neuron, neurons.len());
    let mut emitter = Emitter {
        neuron,
        times: &timeline.moments.times,
        reference: T::zero(),
        path,
        first: neurons.start,
        spikes,
    };
    let walk = Walk {
        neuron,
        moments: &timeline.moments,
        path,
        weights: group.rows(weights),
    };
    for (index, segment) in timeline.segments.iter().enumerate() {
        population.cross(group, segment);
        emitter.reference = segment.reference;
        let mut left = path.segment(index);
        while left.len() > 1 && population.firing {
            if neuron.is_quadratic() {
                group.apart(
                    #[inline(always)]
                    || walk.advance(group, &mut left, &mut population, hits),
                );
                group.apart(
                    #[inline(always)]
                    || emitter.emit(hits),
                );
            } else {
                let candidates = group.apart(
                    #[inline(always)]
                    || walk.scan(group, &mut left, &mut population),
                );
                if candidates != 0 {
                    let stop = left.start - 1;
                    group.apart(
                        #[inline(always)]
                        || emitter.follow_by_time(stop, candidates, &mut population),
                    );
                }
            }
        }
    }
}

/// Where the neurons of a group are, in memory.
pub(super) struct Population<T, const N: usize> {
    /// The reference current `C` and the reference potential `V`.
    pub current: Memory<T, N>,
    pub potential: Memory<T, N>,
    /// Spikes that each neuron may still emit; as numbers of type `T`, which are exact.
    pub remaining: Memory<T, N>,
    /// Whether a neuron may still emit spikes.
    pub firing: bool,
}

impl<T: Real, const N: usize> Population<T, N> {
    fn new(neuron: &Lif<T>, neurons: usize) -> Self {
        let zero = [[T::zero(); LANES]; N];
        let mut population = Self {
            current: zero,
            potential: zero,
            remaining: zero,
            firing: neurons > 0,
        };
        let max_spikes = T::of(f64::from(neuron.max_spikes()));
        population.remaining.as_flattened_mut()[..neurons].fill(max_spikes);
        // Neurons that are not there, as those that have no spikes left, are below every test.
        population.potential.as_flattened_mut()[neurons..].fill(T::neg_infinity());
        population
    }

    /// Goes from the reference time of one segment to that of the next.
    #[inline(always)]
    fn cross<I: Isa<T>>(&mut self, group: Group<T, I, N>, segment: &Segment<T>) {
        State::load(group, self)
            .cross(group, segment)
            .store(group, self);
    }
}

/// Where the neurons of a group are, in registers.
pub(super) struct State<T: Real, I: Isa<T>, const N: usize> {
    pub current: Registers<T, I, N>,
    pub potential: Registers<T, I, N>,
}

impl<T: Real, I: Isa<T>, const N: usize> State<T, I, N> {
    #[inline(always)]
    fn load(group: Group<T, I, N>, population: &Population<T, N>) -> Self {
        Self {
            current: group.load(&population.current),
            potential: group.load(&population.potential),
        }
    }

    #[inline(always)]
    fn store(self, group: Group<T, I, N>, population: &mut Population<T, N>) {
        population.current = group.store(self.current);
        population.potential = group.store(self.potential);
    }

    /// Goes from the reference time of one segment to that of the next.
    #[inline(always)]
    pub(super) fn cross(self, group: Group<T, I, N>, segment: &Segment<T>) -> Self {
        let decayed = group.mul(group.splat(segment.potential_decay), self.potential);
        Self {
            current: group.mul(group.splat(segment.current_decay), self.current),
            potential: group.mul_add(group.splat(segment.coupling), self.current, decayed),
        }
    }

    /// Whether `V + C phi` at `end` is at least this.
    #[inline(always)]
    pub(super) fn reaches(
        &self,
        group: Group<T, I, N>,
        threshold: Registers<T, I, N>,
        end: &Stop<T>,
    ) -> Mask<T, I, N> {
        let highest = group.mul_add(self.current, group.splat(end.response), self.potential);
        group.at_least(highest, threshold)
    }
}

/// What a group walks along.
#[derive(Clone, Copy)]
struct Walk<'a, T, P, const N: usize> {
    neuron: &'a Lif<T>,
    moments: &'a Moments<T>,
    path: P,
    /// The rows of each block.
    weights: [&'a [Lanes<T>]; N],
}

impl<T: Real, P: Path<T>, const N: usize> Walk<'_, T, P, N> {
    /// Takes in the input at stop number `number`, which is `stop`; returns which neurons may reach their threshold before
    /// `end`.
    #[inline(always)]
    fn pass<I: Isa<T>>(
        &self,
        group: Group<T, I, N>,
        state: &mut State<T, I, N>,
        number: usize,
        [stop, end]: [&Stop<T>; 2],
    ) -> Mask<T, I, N> {
        let row = self.path.row(number);
        // At the start of a segment nothing arrives.
        if row < self.weights[0].len() {
            let weights = group.load_row(&self.weights, row);
            let (current_gain, potential_gain) = (stop.current_gain, stop.potential_gain);
            state.current = group.mul_add(group.splat(current_gain), weights, state.current);
            state.potential = group.mul_add(group.splat(potential_gain), weights, state.potential);
        }
        let threshold = self.path.threshold(stop, end);
        state.reaches(group, group.splat(threshold), end)
    }

    /// Walks along the intervals that begin at the stops in `range`, but for the last of them, until one cannot be rejected
    /// for some neurons; returns these as a bit set, or 0 at the end. `range` is then what is left.
    #[inline(always)]
    fn scan<I: Isa<T>>(
        &self,
        group: Group<T, I, N>,
        range: &mut Range<usize>,
        population: &mut Population<T, N>,
    ) -> u64 {
        let mut state = State::load(group, population);
        let mut candidates = 0;
        let mut end = self.path.stop(range.start);
        while range.len() > 1 && candidates == 0 {
            range.start += 1;
            let stop = replace(&mut end, self.path.stop(range.start));
            let number = range.start - 1;
            candidates = group.bits(self.pass(group, &mut state, number, [stop, end]));
        }
        if candidates == 0 {
            range.start = range.end;
        }
        state.store(group, population);
        candidates
    }

    /// For `tau_m = 2 tau_s`: walks along the intervals that begin at the stops in `range`, but for the last of them, until
    /// there are many `hits`; `range` is then what is left.
    ///
    /// All is done in registers, without a call, and nothing waits for more than one root and one division.
    #[inline(always)]
    fn advance<I: Isa<T>>(
        &self,
        group: Group<T, I, N>,
        range: &mut Range<usize>,
        population: &mut Population<T, N>,
        hits: &mut Hits<T>,
    ) {
        // Copies, which stay in registers: nothing that is written could change them.
        let (walk, mut left) = (*self, range.clone());
        let mut state = State::load(group, population);
        let mut remaining = group.load(&population.remaining);
        let mut end = walk.path.stop(left.start);
        while left.len() > 1 {
            left.start += 1;
            let stop = replace(&mut end, walk.path.stop(left.start));
            let number = left.start - 1;
            let candidates = walk.pass(group, &mut state, number, [stop, end]);
            if group.bits(candidates) == 0 {
                continue;
            }
            let interval = Interval::new(&walk.path, number, walk.moments);
            state.settle(
                group,
                walk.neuron,
                &interval,
                candidates,
                &mut remaining,
                #[inline(always)]
                |crosses, leak, root| hits.note(group, crosses, leak, root, number),
            );
            population.firing = group.bits(group.above(remaining, group.splat(T::zero()))) != 0;
            if hits.are_many() || !population.firing {
                break;
            }
        }
        *range = left;
        state.store(group, population);
        population.remaining = group.store(remaining);
    }
}
