//! The intervals that the cheap test of the forward walk could not reject: which neurons cross, and when.
//!
//! For `tau_m = 2 tau_s` all neurons of a group are solved at once, in terms of `y = exp(x/tau_m)` (see
//! [`crate::neuron::crossing`]).

use super::course::{Moments, Path, Stop};
use super::forward::State;
use super::group::{Group, Mask, Registers};
use super::lanes::Isa;
use crate::{Lif, Real};

/// Where the neurons of a group are, each at an instant of its own, in units that need no exponential: everything is
/// multiplied by `exp(x/tau_m)`.
struct Level<T: Real, I: Isa<T>, const N: usize> {
    potential: Registers<T, I, N>,
    current: Registers<T, I, N>,
    threshold: Registers<T, I, N>,
}

/// The next crossing of the neurons of a group.
struct Crossing<T: Real, I: Isa<T>, const N: usize> {
    /// Whether there is one, however late.
    exists: Mask<T, I, N>,
    /// `theta exp(x/tau_m)` of the crossing.
    threshold: Registers<T, I, N>,
    /// The slope of the potential there, times `exp(x/tau_m)`.
    root: Registers<T, I, N>,
}

impl<T: Real, I: Isa<T>, const N: usize> Level<T, I, N> {
    /// After the input at the start of an interval.
    #[inline(always)]
    fn at_start(
        group: Group<T, I, N>,
        neuron: &Lif<T>,
        state: &State<T, I, N>,
        interval: &Interval<'_, T>,
    ) -> Self {
        // phi = tau_m (1 - exp(-x/tau_m)), so that C exp(-x/tau_m) = C - C phi/tau_m.
        let built = group.mul(state.current, group.splat(interval.start.response));
        let leaked = group.mul(built, group.splat(neuron.inverse_tau_m));
        Self {
            potential: group.add(state.potential, built),
            current: group.sub(state.current, leaked),
            threshold: group.splat(interval.first),
        }
    }

    /// Just after a spike at the given threshold; `leak` is its `exp(-x/tau_m)`.
    #[inline(always)]
    fn after_spike(
        group: Group<T, I, N>,
        neuron: &Lif<T>,
        state: &State<T, I, N>,
        threshold: Registers<T, I, N>,
        leak: Registers<T, I, N>,
    ) -> Self {
        let kept = T::one() - neuron.reset / neuron.theta;
        Self {
            potential: group.mul(threshold, group.splat(kept)),
            current: group.mul(state.current, leak),
            threshold,
        }
    }

    /// Solves the quadratic equation for `y - 1`, in the slope and the gap as they are now.
    #[inline(always)]
    fn crossing(&self, group: Group<T, I, N>, neuron: &Lif<T>) -> Crossing<T, I, N> {
        let zero = group.splat(T::zero());
        let rate = group.splat(neuron.inverse_tau_m);
        let twice_rate = group.splat(T::of(2.0) * neuron.inverse_tau_m);
        let slope = group.sub(self.current, group.mul(self.potential, rate));
        let twice_gap = group.mul(group.sub(self.threshold, self.potential), twice_rate);
        let twice_current = group.add(self.current, self.current);
        let square = group.sub(group.mul(slope, slope), group.mul(twice_current, twice_gap));
        let positive = group.above(square, zero);
        let root = group.sqrt(group.select(positive, square, zero));
        let denominator = group.add(group.sub(slope, twice_gap), root);
        let growth = group.div(twice_gap, denominator);
        let growth = group.select(group.above(growth, zero), growth, zero);
        let driven = group.mul(self.current, group.splat(neuron.tau_m));
        // At a crossing the potential is at the threshold and rises, and the current only decays.
        let rises = group.both(
            group.above(driven, self.threshold),
            group.both(group.above(slope, zero), positive),
        );
        let finite = group.both(
            group.above(denominator, zero),
            group.above(group.splat(T::infinity()), growth),
        );
        Crossing {
            exists: group.both(rises, finite),
            threshold: group.mul_add(self.threshold, growth, self.threshold),
            root,
        }
    }
}

/// From one stop to the next: nothing arrives in between.
#[derive(Clone, Copy)]
pub(super) struct Interval<'a, T> {
    pub start: &'a Stop<T>,
    pub end: &'a Stop<T>,
    /// `theta exp(x/tau_m)` at both.
    first: T,
    last: T,
}

impl<'a, T: Real> Interval<'a, T> {
    /// From stop number `number` of a path to the next.
    #[inline(always)]
    pub fn new(path: &'a impl Path<T>, number: usize, moments: &Moments<T>) -> Self {
        Self {
            start: path.stop(number),
            end: path.stop(number + 1),
            first: moments.thresholds[path.index(number)],
            last: moments.thresholds[path.index(number + 1)],
        }
    }
}

impl<T: Real, I: Isa<T>, const N: usize> State<T, I, N> {
    /// What `V + C phi` must reach at the end of an interval if there is a spike in between. A neuron that still rises at the
    /// end is above the threshold there; any other may have come back, but was above the first threshold.
    #[inline(always)]
    fn tight_test(
        &self,
        group: Group<T, I, N>,
        neuron: &Lif<T>,
        interval: &Interval<'_, T>,
    ) -> Registers<T, I, N> {
        // (V + C phi)' = C exp(-x/tau_m), and the threshold grows by theta exp(x/tau_m)/tau_m.
        let holding = neuron.inverse_tau_m / neuron.theta;
        let weakest = interval.last * (interval.last * holding);
        let rising = group.at_least(self.current, group.splat(weakest));
        let (first, last) = (group.splat(interval.first), group.splat(interval.last));
        group.select(rising, last, first)
    }

    /// Finds all spikes of the `candidates` in an interval, round by round, and takes them from the potentials and from what
    /// is `left` of the spikes that each may emit. `note` is told which neurons spike in a round, `exp(-x/tau_m)` of the
    /// spike, and its slope times `exp(x/tau_m)`.
    #[inline(always)]
    pub fn settle(
        &mut self,
        group: Group<T, I, N>,
        neuron: &Lif<T>,
        interval: &Interval<'_, T>,
        mut candidates: Mask<T, I, N>,
        left: &mut Registers<T, I, N>,
        mut note: impl FnMut(Mask<T, I, N>, Registers<T, I, N>, Registers<T, I, N>),
    ) {
        let (zero, one) = (group.splat(T::zero()), group.splat(T::one()));
        let sunk = group.splat(T::neg_infinity());
        let (theta, reset) = (
            group.splat(neuron.theta),
            group.splat(neuron.reset / neuron.theta),
        );
        let last = group.splat(interval.last);
        let test = self.tight_test(group, neuron, interval);
        candidates = group.both(candidates, self.reaches(group, test, interval.end));
        let mut now = Level::at_start(group, neuron, self, interval);
        while group.bits(candidates) != 0 {
            let crossing = now.crossing(group, neuron);
            let in_time = group.both(group.at_least(last, crossing.threshold), candidates);
            let crosses = group.both(crossing.exists, in_time);
            let leak = group.div(theta, crossing.threshold);
            note(crosses, leak, crossing.root);
            let fall = group.mul(crossing.threshold, reset);
            let fallen = group.sub(self.potential, group.select(crosses, fall, zero));
            *left = group.sub(*left, group.select(crosses, one, zero));
            let alive = group.above(*left, zero);
            self.potential = group.select(alive, fallen, sunk);
            candidates = group.both(crosses, self.reaches(group, test, interval.end));
            now = Level::after_spike(group, neuron, self, crossing.threshold, leak);
        }
    }
}
