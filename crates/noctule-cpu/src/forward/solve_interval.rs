//! The intervals that the threshold test could not reject: which neurons spike in them, and when.
//!
//! For `tau_m = 2 tau_s` all neurons of a group are solved at once, in terms of `y = exp(x/tau_m)` (see
//! [`noctule_core::Lif::first_crossing`]).

use noctule_core::{Lif, Real};

use crate::events::schedule::{IntervalBounds, Path, ScheduledEvent};
use crate::forward::group_state::State;
use crate::simd::group::{Group, Mask, Registers};
use crate::simd::isa::Isa;

/// Potential, current and threshold of the neurons of a group, each at its own time, multiplied by `exp(x/tau_m)` so
/// that no exponential is needed.
struct ScaledState<T: Real, I: Isa<T>, const N: usize> {
    potential: Registers<T, I, N>,
    current: Registers<T, I, N>,
    threshold: Registers<T, I, N>,
}

/// The next crossing of each neuron of a group.
struct Crossing<T: Real, I: Isa<T>, const N: usize> {
    /// Whether there is one, at any time after the start.
    exists: Mask<T, I, N>,
    /// `theta exp(x/tau_m)` of the crossing.
    threshold: Registers<T, I, N>,
    /// The slope of the potential at the crossing, times `exp(x/tau_m)`.
    root: Registers<T, I, N>,
}

impl<T: Real, I: Isa<T>, const N: usize> ScaledState<T, I, N> {
    /// Just after the input at the start of an interval.
    #[inline(always)]
    fn at_start(
        group: Group<T, I, N>,
        neuron: &Lif<T>,
        state: &State<T, I, N>,
        interval: &Interval<'_, T>,
    ) -> Self {
        // phi = tau_m (1 - exp(-x/tau_m)), so that C exp(-x/tau_m) = C - C phi/tau_m.
        let built = group.mul(state.current, group.splat(interval.start.response));
        let leaked = group.mul(built, group.splat(neuron.inverse_tau_m()));
        Self {
            potential: group.add(state.potential, built),
            current: group.sub(state.current, leaked),
            threshold: group.splat(interval.first),
        }
    }

    /// Just after a spike; `threshold` is its `theta exp(x/tau_m)`, and `leak` its `exp(-x/tau_m)`.
    #[inline(always)]
    fn after_spike(
        group: Group<T, I, N>,
        neuron: &Lif<T>,
        state: &State<T, I, N>,
        threshold: Registers<T, I, N>,
        leak: Registers<T, I, N>,
    ) -> Self {
        let kept = T::one() - neuron.reset() / neuron.theta();
        Self {
            potential: group.mul(threshold, group.splat(kept)),
            current: group.mul(state.current, leak),
            threshold,
        }
    }

    /// Solves the quadratic equation for `y - 1`, in terms of the slope and the gap at the current time.
    #[inline(always)]
    fn crossing(&self, group: Group<T, I, N>, neuron: &Lif<T>) -> Crossing<T, I, N> {
        let zero = group.splat(T::zero());
        let rate = group.splat(neuron.inverse_tau_m());
        let twice_rate = group.splat(T::of(2.0) * neuron.inverse_tau_m());
        let slope = group.sub(self.current, group.mul(self.potential, rate));
        let twice_gap = group.mul(group.sub(self.threshold, self.potential), twice_rate);
        let twice_current = group.add(self.current, self.current);
        let square = group.sub(group.mul(slope, slope), group.mul(twice_current, twice_gap));
        let positive = group.gt(square, zero);
        let root = group.sqrt(group.select(positive, square, zero));
        let denominator = group.add(group.sub(slope, twice_gap), root);
        let growth = group.div(twice_gap, denominator);
        let growth = group.select(group.gt(growth, zero), growth, zero);
        let driven = group.mul(self.current, group.splat(neuron.tau_m()));
        // At a crossing the potential is at the threshold and rises, and the current only decays.
        let rises = group.and(
            group.gt(driven, self.threshold),
            group.and(group.gt(slope, zero), positive),
        );
        let finite = group.and(
            group.gt(denominator, zero),
            group.gt(group.splat(T::infinity()), growth),
        );
        Crossing {
            exists: group.and(rises, finite),
            threshold: group.mul_add(self.threshold, growth, self.threshold),
            root,
        }
    }
}

/// The interval from one event of a path to the next, without an input in between.
#[derive(Clone, Copy)]
pub(super) struct Interval<'a, T> {
    pub start: &'a ScheduledEvent<T>,
    pub end: &'a ScheduledEvent<T>,
    /// `theta exp(x/tau_m)` at start and end.
    first: T,
    last: T,
}

impl<'a, T: Real> Interval<'a, T> {
    /// The interval that starts at event number `number` of a path.
    #[inline(always)]
    pub fn new(path: &'a impl Path<T>, number: usize, bounds: &IntervalBounds<T>) -> Self {
        Self {
            start: path.event(number),
            end: path.event(number + 1),
            first: bounds.thresholds[path.index(number)],
            last: bounds.thresholds[path.index(number + 1)],
        }
    }
}

impl<T: Real, I: Isa<T>, const N: usize> State<T, I, N> {
    /// The least `V + C phi` at the end of an interval with a crossing. A neuron that still rises at the end is above
    /// the threshold of the end; any other may have fallen below it again, but not below the threshold of the start.
    #[inline(always)]
    fn tight_test(
        &self,
        group: Group<T, I, N>,
        neuron: &Lif<T>,
        interval: &Interval<'_, T>,
    ) -> Registers<T, I, N> {
        // (V + C phi)' = C exp(-x/tau_m), and the threshold grows by theta exp(x/tau_m)/tau_m.
        let holding = neuron.inverse_tau_m() / neuron.theta();
        let weakest = interval.last * (interval.last * holding);
        let rising = group.ge(self.current, group.splat(weakest));
        let (first, last) = (group.splat(interval.first), group.splat(interval.last));
        group.select(rising, last, first)
    }

    /// Finds all spikes of the `candidates` in an interval, in rounds of at most one spike per neuron. Each spike
    /// resets the potential of its neuron and lowers its number of `remaining` spikes. In each round, `record` receives
    /// the neurons that spike, `exp(-x/tau_m)` of their spikes, and their slopes times `exp(x/tau_m)`.
    #[inline(always)]
    pub fn solve_interval(
        &mut self,
        group: Group<T, I, N>,
        neuron: &Lif<T>,
        interval: &Interval<'_, T>,
        mut candidates: Mask<T, I, N>,
        remaining: &mut Registers<T, I, N>,
        mut record: impl FnMut(Mask<T, I, N>, Registers<T, I, N>, Registers<T, I, N>),
    ) {
        let (zero, one) = (group.splat(T::zero()), group.splat(T::one()));
        let minus_infinity = group.splat(T::neg_infinity());
        let (theta, reset) = (
            group.splat(neuron.theta()),
            group.splat(neuron.reset() / neuron.theta()),
        );
        let last = group.splat(interval.last);
        let test = self.tight_test(group, neuron, interval);
        candidates = group.and(candidates, self.reaches(group, test, interval.end));
        let mut now = ScaledState::at_start(group, neuron, self, interval);
        while group.bits(candidates) != 0 {
            let crossing = now.crossing(group, neuron);
            let in_time = group.and(group.ge(last, crossing.threshold), candidates);
            let crosses = group.and(crossing.exists, in_time);
            let leak = group.div(theta, crossing.threshold);
            record(crosses, leak, crossing.root);
            let fall = group.mul(crossing.threshold, reset);
            let fallen = group.sub(self.potential, group.select(crosses, fall, zero));
            *remaining = group.sub(*remaining, group.select(crosses, one, zero));
            let alive = group.gt(*remaining, zero);
            self.potential = group.select(alive, fallen, minus_infinity);
            candidates = group.and(crosses, self.reaches(group, test, interval.end));
            now = ScaledState::after_spike(group, neuron, self, crossing.threshold, leak);
        }
    }
}
