//! What the neurons of a layer share: when inputs arrive, and with which coefficients.
//!
//! The input events of a sample are cut into *segments*, each with a reference time `r` that its events count from
//! (`x = t - r`; see [`crate::neuron::propagator`] for the coordinates). Segments are about one time constant long, long
//! silences are filled with empty segments, and the last one ends at `t_max`.

use std::ops::Range;

use super::course::{Course, Moments, NOTHING, Stop, joined_threshold};
use crate::{Lif, Real, Spikes};

/// Length of a segment, in units of the shorter time constant.
const SEGMENT: f64 = 1.0;
/// A silence of so many of the longer time constant leaves nothing of the past, not even in `f64`.
const FORGOTTEN: f64 = 60.0;

/// Whether inputs at one instant act together from the start: see [`Stop::threshold`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Instants {
    Joined,
    /// Places see some of the stops, so that other inputs are next there.
    Apart,
}

/// A stretch of time with one reference: how the neurons get there from the reference of the segment before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment<T> {
    /// The reference time: that of its first stop.
    pub reference: T,
    /// `exp(-d/tau_s)`, `exp(-d/tau_m)` and `eps(d)`, `d` seconds after the reference before.
    pub current_decay: T,
    pub potential_decay: T,
    pub coupling: T,
}

/// The timeline of one sample.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timeline<T> {
    pub segments: Vec<Segment<T>>,
    /// The course of neurons that see all events.
    pub course: Course<T>,
    /// One for each stop of the course.
    pub moments: Moments<T>,
    /// Memory for laying out: `x` and coefficients of the stops.
    xs: Vec<T>,
    gains: Vec<T>,
    responses: Vec<T>,
    tests: Vec<T>,
}

impl<T: Real> Timeline<T> {
    /// Lays out the events of a sample, which arrive on the rows given by `row` of their neurons; overwrites what was
    /// there.
    ///
    /// Events at `t_max` or later cannot cause a spike and are left out.
    #[inline(always)]
    pub fn lay_out(
        &mut self,
        neuron: &Lif<T>,
        spikes: Spikes<'_, T>,
        instants: Instants,
        row: impl Fn(u32) -> u32,
    ) {
        self.segments.clear();
        self.course.starts.truncate(1);
        self.moments.times.clear();
        self.xs.clear();
        self.course.rows.clear();
        let mut builder = Builder::new(self, neuron);
        let before_end = spikes.times.partition_point(|&time| time < neuron.t_max);
        let mut times = &spikes.times[..before_end];
        let mut rows = spikes.neurons.iter().map(|&neuron| row(neuron));
        while let Some(&first) = times.first() {
            let reference = builder.reach(first);
            let fits = |&time: &T| time - reference <= builder.segment;
            let (together, later) = times.split_at(times.partition_point(fits).max(1));
            builder.arrive(reference, together, rows.by_ref().take(together.len()));
            times = later;
        }
        builder.finish();
        self.set_stops(neuron, instants);
    }

    /// Makes the stops of the moments.
    #[inline(always)]
    fn set_stops(&mut self, neuron: &Lif<T>, instants: Instants) {
        let count = self.moments.len();
        self.moments.thresholds.resize(count, T::zero());
        self.gains.resize(count, T::zero());
        self.responses.resize(count, T::zero());
        let growths = &mut self.moments.thresholds;
        for (growth, &x) in growths.iter_mut().zip(&self.xs) {
            *growth = (x * neuron.inverse_tau_m).quick_exp();
        }
        let xs = &self.xs;
        neuron.gains_and_responses(xs, growths, &mut self.gains, &mut self.responses);
        for threshold in &mut *growths {
            *threshold *= neuron.theta;
        }
        let tests = match instants {
            Instants::Joined => {
                self.tests.clone_from(growths);
                for (test, pair) in self.tests.iter_mut().zip(growths.windows(2)) {
                    *test = joined_threshold(pair[0], pair[1]);
                }
                &self.tests
            }
            Instants::Apart => &*growths,
        };
        let nowhere = Stop {
            current_gain: T::zero(),
            potential_gain: T::zero(),
            response: T::zero(),
            threshold: T::zero(),
        };
        let stops = &mut self.course.stops;
        stops.resize(count, nowhere);
        let coefficients = self.gains.iter().zip(&self.responses).zip(tests);
        for (stop, ((&current_gain, &response), &threshold)) in stops.iter_mut().zip(coefficients) {
            *stop = Stop {
                current_gain,
                potential_gain: -current_gain * response,
                response,
                threshold,
            };
        }
    }

    /// The stops at which events arrive, in the order of the events: all of a segment but the first and the last.
    pub fn events(&self) -> impl Iterator<Item = Range<usize>> {
        let segments = 0..self.segments.len();
        segments.map(|segment| {
            let stops = self.course.segment(segment);
            stops.start + 1..stops.end - 1
        })
    }
}

/// Lays out one sample.
struct Builder<'a, T> {
    out: &'a mut Timeline<T>,
    neuron: &'a Lif<T>,
    /// The longest segment, in seconds.
    segment: T,
    /// Reference time of the open segment and the time of its last stop, once there is one.
    open: Option<(T, T)>,
}

impl<'a, T: Real> Builder<'a, T> {
    fn new(out: &'a mut Timeline<T>, neuron: &'a Lif<T>) -> Self {
        let segment = T::of(SEGMENT) * neuron.tau_m.min(neuron.tau_s);
        Self {
            out,
            neuron,
            segment,
            open: None,
        }
    }

    /// Opens a segment that `time` fits into, unless it fits into the open one; returns its reference.
    fn reach(&mut self, time: T) -> T {
        match self.open {
            Some((reference, _)) if time - reference <= self.segment => return reference,
            Some((reference, last)) => {
                let reference = self.cross_silence(reference, last, time);
                self.end(reference, time);
                self.begin(time, Some(reference));
            }
            None => self.begin(time, None),
        }
        time
    }

    /// Events of the open segment.
    #[inline(always)]
    fn arrive(&mut self, reference: T, times: &[T], rows: impl Iterator<Item = u32>) {
        // Not `extend`, which is not compiled for the instruction set.
        let before = self.out.course.rows.len();
        let after = before + times.len();
        self.out.moments.times.extend_from_slice(times);
        self.out.xs.resize(after, T::zero());
        self.out.course.rows.resize(after, NOTHING);
        for (x, &time) in self.out.xs[before..].iter_mut().zip(times) {
            *x = time - reference;
        }
        for (slot, row) in self.out.course.rows[before..].iter_mut().zip(rows) {
            *slot = row;
        }
        self.open = times.last().map(|&last| (reference, last));
    }

    /// Fills the silence between `last` and `until` with empty segments; returns the reference of the open one.
    fn cross_silence(&mut self, mut reference: T, mut last: T, until: T) -> T {
        let forgotten = last + T::of(FORGOTTEN) * self.neuron.tau_m.max(self.neuron.tau_s);
        while until - last > self.segment && last < forgotten {
            let time = last + self.segment;
            if time <= last {
                // A segment is shorter than the resolution of the number type at this time.
                break;
            }
            self.end(reference, time);
            self.begin(time, Some(reference));
            (reference, last) = (time, time);
        }
        reference
    }

    fn begin(&mut self, time: T, previous: Option<T>) {
        let gap = previous.map_or(T::zero(), |previous| time - previous);
        self.out.segments.push(Segment {
            reference: time,
            current_decay: (-gap / self.neuron.tau_s).precise_exp(),
            potential_decay: (-gap / self.neuron.tau_m).precise_exp(),
            coupling: self.neuron.postsynaptic_potential(gap),
        });
        self.open = None;
        self.stop(time, time, NOTHING);
    }

    fn end(&mut self, reference: T, time: T) {
        self.stop(time, reference, NOTHING);
        self.out
            .course
            .starts
            .push(self.out.course.rows.len() as u32);
    }

    #[inline(always)]
    fn stop(&mut self, time: T, reference: T, row: u32) {
        self.open = Some((reference, time));
        self.out.moments.times.push(time);
        self.out.xs.push(time - reference);
        self.out.course.rows.push(row);
    }

    fn finish(mut self) {
        if let Some((reference, last)) = self.open {
            let reference = self.cross_silence(reference, last, self.neuron.t_max);
            self.end(reference, self.neuron.t_max);
        }
    }
}
