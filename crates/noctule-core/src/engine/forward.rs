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

use super::course::Course;
use super::dispatch::multiply_add;
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
    /// The step after which it happened.
    pub step: u32,
    /// The neuron within the block.
    pub lane: u32,
}

/// Runs `neurons <= LANES` neurons along a course through a timeline and appends their spikes, stop by stop.
///
/// `weights` has shape `[rows][LANES]`.
#[inline(always)]
pub(crate) fn walk<const FUSED: bool, T: Real>(
    neuron: &Lif<T>,
    neurons: usize,
    timeline: &Timeline<T>,
    course: impl Course,
    weights: &[Lanes<T>],
    spikes: &mut Vec<Spike<T>>,
) {
    let mut resolver = Resolver::new(neuron, neurons, spikes);
    let mut current = [T::zero(); LANES];
    let mut potential = [T::zero(); LANES];
    for silent in &mut potential[neurons..] {
        *silent = T::neg_infinity();
    }
    for (index, segment) in timeline.segments.iter().enumerate() {
        for lane in 0..LANES {
            let decayed = segment.potential_decay * potential[lane];
            potential[lane] = multiply_add::<FUSED, T>(segment.coupling, current[lane], decayed);
            current[lane] *= segment.current_decay;
        }
        let stops = course.stops(index);
        for stop in stops.start..stops.end.saturating_sub(1) {
            let interval = (course.step(stop), course.step(stop + 1));
            let (step, end) = (&timeline.steps[interval.0], &timeline.steps[interval.1]);
            let arrivals = &course.rows()[course.arrivals(stop)];
            if let Some((&row, others)) = arrivals.split_first() {
                let mut sum = weights[row as usize];
                for &row in others {
                    let row = &weights[row as usize];
                    for lane in 0..LANES {
                        sum[lane] += row[lane];
                    }
                }
                for lane in 0..LANES {
                    current[lane] =
                        multiply_add::<FUSED, T>(step.current_gain, sum[lane], current[lane]);
                    potential[lane] =
                        multiply_add::<FUSED, T>(step.potential_gain, sum[lane], potential[lane]);
                }
            }
            let mut highest = [T::zero(); LANES];
            let mut reachable = false;
            for lane in 0..LANES {
                highest[lane] =
                    multiply_add::<FUSED, T>(current[lane], end.response, potential[lane]);
                reachable |= highest[lane] >= step.threshold;
            }
            if reachable {
                let mut lanes = 0;
                for (lane, &highest) in highest.iter().enumerate() {
                    lanes |= u32::from(highest >= step.threshold) << lane;
                }
                let interval = Interval::new(neuron, timeline, interval);
                potential = resolver.resolve(&interval, lanes, &{ current }, potential);
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
    spikes: &'a mut Vec<Spike<T>>,
    /// Spikes that each neuron may still emit.
    remaining: [u32; LANES],
    /// Neurons that may still emit spikes.
    firing: usize,
}

impl<'a, T: Real> Resolver<'a, T> {
    fn new(neuron: &'a Lif<T>, neurons: usize, spikes: &'a mut Vec<Spike<T>>) -> Self {
        Self {
            neuron,
            spikes,
            remaining: [neuron.max_spikes(); LANES],
            firing: neurons,
        }
    }

    /// Emits all spikes of an interval of the neurons in the bit set `lanes`; returns the reference potentials after it.
    ///
    /// The state comes and goes by value so that the caller can keep it in registers.
    #[inline(always)]
    fn resolve(
        &mut self,
        interval: &Interval<T>,
        mut lanes: u32,
        current: &Lanes<T>,
        mut potential: Lanes<T>,
    ) -> Lanes<T> {
        while lanes != 0 {
            let lane = lanes.trailing_zeros() as usize;
            lanes &= lanes - 1;
            potential[lane] = self.resolve_lane(interval, lane, current[lane], potential[lane]);
        }
        potential
    }

    #[inline(always)]
    fn resolve_lane(
        &mut self,
        interval: &Interval<T>,
        lane: usize,
        reference_current: T,
        mut reference_potential: T,
    ) -> T {
        let neuron = self.neuron;
        let mut leak = interval.leak;
        let mut current = reference_current * interval.current_decay;
        let mut potential = leak * (reference_potential + reference_current * interval.response);
        let mut left = interval.duration;
        while let Some(crossing) = neuron.first_crossing(potential, current, left) {
            left -= crossing.elapsed;
            leak *= crossing.potential_decay;
            let elapsed = interval.duration - left;
            self.spikes.push(Spike {
                time: (interval.start + elapsed).min(interval.end),
                slope: crossing.slope,
                leak,
                response: neuron.response_of_decay(interval.x + elapsed, leak),
                step: interval.step,
                lane: lane as u32,
            });
            self.remaining[lane] -= 1;
            if self.remaining[lane] == 0 {
                // An exhausted neuron sinks so deep that no test ever looks at it again.
                self.firing -= 1;
                return T::neg_infinity();
            }
            reference_potential -= neuron.reset / leak;
            potential = neuron.theta - neuron.reset;
            current *= crossing.current_decay;
        }
        reference_potential
    }
}

/// What all neurons that may cross in an interval have in common.
struct Interval<T> {
    step: u32,
    start: T,
    end: T,
    duration: T,
    /// The start, counted from the reference of the segment.
    x: T,
    /// `exp(-x/tau_m)`, `exp(-x/tau_s)` and `phi(x)` of the start.
    leak: T,
    current_decay: T,
    response: T,
}

impl<T: Real> Interval<T> {
    /// The interval between two steps of a segment.
    #[inline(always)]
    fn new(neuron: &Lif<T>, timeline: &Timeline<T>, (step, end): (usize, usize)) -> Self {
        let (start, coefficients) = (&timeline.moments[step], &timeline.steps[step]);
        let end = timeline.moments[end].time;
        Self {
            step: step as u32,
            start: start.time,
            end,
            duration: end - start.time,
            x: start.x,
            leak: neuron.theta / coefficients.threshold,
            current_decay: coefficients.current_gain.recip(),
            response: coefficients.response,
        }
    }
}
