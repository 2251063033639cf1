//! The timeline of a sample, which all neurons of a layer share: its segments, and its schedule of input events.
//!
//! The sample is divided into *segments*, each with a reference time `r` from which its event times count: `x = t - r`.
//! The state of a neuron is its potential `V` and current `C` at the reference time (see
//! [`group_state`](crate::forward::group_state)). Segments are about one time constant long, since digits are lost as
//! `x` grows. Silences are filled with empty segments, and the last segment ends at `t_max`.

use std::ops::Range;

use noctule_core::{Lif, Real, Spikes};

use crate::events::schedule::{
    EventSchedule, IntervalBounds, NO_INPUT, ScheduledEvent, merged_threshold,
};

/// The greatest time from the reference of a segment to its last input, in units of the shorter time constant.
const SEGMENT_LENGTH: f64 = 1.0;
/// The length of a silence, in units of the longer time constant, after which nothing of the past is left, even in
/// `f64`.
const FORGETTING_TIME: f64 = 60.0;

/// The length of a sample in time constants, from which on single precision keeps what rounding takes from times: there,
/// numbers are 6e-6 time constants apart.
const LONG_SAMPLE: f64 = 100.0;

/// How the thresholds of simultaneous events are stored; see [`ScheduledEvent::threshold`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Simultaneous {
    /// Infinite for all but the last of them: neurons are tested once all of them have acted.
    Merged,
    /// Unchanged, since a position of a convolution may receive only some of them; its path merges them.
    Separate,
}

/// A stretch of time with one reference, and the coefficients that take a state there from the previous reference.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment<T> {
    /// The reference time in seconds: the time of its first event.
    pub reference: T,
    /// What rounding took from the reference time; see [`SpikeBatch::residuals`](noctule_core::SpikeBatch::residuals).
    pub residual: T,
    /// `exp(-d/tau_s)`, `exp(-d/tau_m)` and `eps(d)`, where `d` is the time since the previous reference.
    pub current_decay: T,
    pub potential_decay: T,
    pub coupling: T,
}

/// The timeline of one sample.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timeline<T> {
    /// All segments, in order.
    pub segments: Vec<Segment<T>>,
    /// All scheduled events.
    pub schedule: EventSchedule<T>,
    /// Their times, `x` and thresholds.
    pub bounds: IntervalBounds<T>,
    /// Scratch memory: `exp(x/tau_s)`, `phi(x)` and test threshold of each event.
    gains: Vec<T>,
    responses: Vec<T>,
    test_thresholds: Vec<T>,
}

impl<T: Real> Timeline<T> {
    /// Lays out the input events of a sample; overwrites earlier content. `row` returns the row of weights of an input
    /// neuron.
    ///
    /// Events at `t_max` or later cannot cause a spike and are left out.
    #[inline(always)]
    pub fn lay_out(
        &mut self,
        neuron: &Lif<T>,
        spikes: Spikes<'_, T>,
        simultaneous: Simultaneous,
        row: impl Fn(u32) -> u32,
    ) {
        self.segments.clear();
        self.schedule.starts.truncate(1);
        self.bounds.times.clear();
        self.bounds.xs.clear();
        self.schedule.rows.clear();
        let mut builder = Builder::new(self, neuron);
        let before_end = spikes.times.partition_point(|&time| time < neuron.t_max());
        let mut times = &spikes.times[..before_end];
        let mut residuals = spikes.residuals;
        let mut rows = spikes.neurons.iter().map(|&neuron| row(neuron));
        while let Some(&first) = times.first() {
            let residual = residuals.first().copied().unwrap_or(T::zero());
            let reference = builder.segment_for(first, residual);
            let fits = |&time: &T| time - reference <= builder.max_length;
            let (together, later) = times.split_at(times.partition_point(fits).max(1));
            let rows = rows.by_ref().take(together.len());
            builder.add_inputs(reference, together, residuals, rows);
            residuals = residuals.get(together.len()..).unwrap_or_default();
            times = later;
        }
        builder.finish();
        self.set_events(neuron, simultaneous);
    }

    /// Computes the coefficients of all events from their `x`.
    #[inline(always)]
    fn set_events(&mut self, neuron: &Lif<T>, simultaneous: Simultaneous) {
        let count = self.bounds.len();
        self.bounds.thresholds.resize(count, T::zero());
        self.gains.resize(count, T::zero());
        self.responses.resize(count, T::zero());
        let IntervalBounds { xs, thresholds, .. } = &mut self.bounds;
        let growths = thresholds;
        for (growth, &x) in growths.iter_mut().zip(&*xs) {
            *growth = (x * neuron.inverse_tau_m()).fast_exp();
        }
        neuron.gains_and_responses(xs, growths, &mut self.gains, &mut self.responses);
        for threshold in &mut *growths {
            *threshold *= neuron.theta();
        }
        let test_thresholds = match simultaneous {
            Simultaneous::Merged => {
                self.test_thresholds.clone_from(growths);
                for (test, pair) in self.test_thresholds.iter_mut().zip(growths.windows(2)) {
                    *test = merged_threshold(pair[0], pair[1]);
                }
                &self.test_thresholds
            }
            Simultaneous::Separate => &*growths,
        };
        let blank = ScheduledEvent {
            current_gain: T::zero(),
            potential_gain: T::zero(),
            response: T::zero(),
            threshold: T::zero(),
        };
        let events = &mut self.schedule.events;
        events.resize(count, blank);
        let coefficients = self.gains.iter().zip(&self.responses).zip(test_thresholds);
        for (event, ((&current_gain, &response), &threshold)) in events.iter_mut().zip(coefficients)
        {
            *event = ScheduledEvent {
                current_gain,
                potential_gain: -current_gain * response,
                response,
                threshold,
            };
        }
    }

    /// For each segment, the indices of the scheduled events at which inputs arrive: all but its first and its last.
    pub fn input_ranges(&self) -> impl Iterator<Item = Range<usize>> {
        let segments = 0..self.segments.len();
        segments.map(|segment| {
            let events = self.schedule.segment(segment);
            events.start + 1..events.end - 1
        })
    }
}

/// Whether the output times of a neuron keep what rounding takes from them.
pub(crate) fn keeps_residuals<T: Real>(neuron: &Lif<T>) -> bool {
    let shorter = neuron.tau_m().min(neuron.tau_s());
    size_of::<T>() < size_of::<f64>() && neuron.t_max() > T::of(LONG_SAMPLE) * shorter
}

/// Builds the timeline of a sample.
struct Builder<'a, T> {
    out: &'a mut Timeline<T>,
    neuron: &'a Lif<T>,
    /// The greatest time from the reference of a segment to its last input, in seconds.
    max_length: T,
    /// The reference time of the open segment and the time of its last event; `None` before the first segment.
    open: Option<(T, T)>,
}

impl<'a, T: Real> Builder<'a, T> {
    fn new(out: &'a mut Timeline<T>, neuron: &'a Lif<T>) -> Self {
        let max_length = T::of(SEGMENT_LENGTH) * neuron.tau_m().min(neuron.tau_s());
        Self {
            out,
            neuron,
            max_length,
            open: None,
        }
    }

    /// Returns the reference time of a segment that `time` fits into: the open one, or else a new one.
    fn segment_for(&mut self, time: T, residual: T) -> T {
        match self.open {
            Some((reference, _)) if time - reference <= self.max_length => return reference,
            Some((reference, last)) => {
                let reference = self.fill_silence(reference, last, time);
                self.end_segment(reference, time, residual);
                self.begin_segment(time, residual, Some(reference));
            }
            None => self.begin_segment(time, residual, None),
        }
        time
    }

    /// What rounding took from the reference time of the open segment.
    fn reference_residual(&self) -> T {
        self.out
            .segments
            .last()
            .map_or(T::zero(), |segment| segment.residual)
    }

    /// Adds inputs to the open segment; `residuals` begins with those of the inputs, or is empty.
    #[inline(always)]
    fn add_inputs(
        &mut self,
        reference: T,
        times: &[T],
        residuals: &[T],
        rows: impl Iterator<Item = u32>,
    ) {
        // Not `extend`, which would not be compiled for the instruction set.
        let before = self.out.schedule.rows.len();
        let after = before + times.len();
        self.out.bounds.times.extend_from_slice(times);
        self.out.bounds.xs.resize(after, T::zero());
        self.out.schedule.rows.resize(after, NO_INPUT);
        let reference_residual = self.reference_residual();
        let xs = &mut self.out.bounds.xs[before..];
        for (x, &time) in xs.iter_mut().zip(times) {
            *x = time - reference;
        }
        for (x, &residual) in xs.iter_mut().zip(residuals) {
            *x += residual - reference_residual;
        }
        for (slot, row) in self.out.schedule.rows[before..].iter_mut().zip(rows) {
            *slot = row;
        }
        self.open = times.last().map(|&last| (reference, last));
    }

    /// Fills the silence from `last` to `until` with empty segments; returns the reference time of the open one.
    fn fill_silence(&mut self, mut reference: T, mut last: T, until: T) -> T {
        let forgotten =
            last + T::of(FORGETTING_TIME) * self.neuron.tau_m().max(self.neuron.tau_s());
        while until - last > self.max_length && last < forgotten {
            let time = last + self.max_length;
            if time <= last {
                // A segment is shorter than the resolution of the number type at this time.
                break;
            }
            self.end_segment(reference, time, T::zero());
            self.begin_segment(time, T::zero(), Some(reference));
            (reference, last) = (time, time);
        }
        reference
    }

    fn begin_segment(&mut self, time: T, residual: T, previous: Option<T>) {
        let before = self.reference_residual();
        let gap = previous.map_or(T::zero(), |previous| {
            (time - previous) + (residual - before)
        });
        self.out.segments.push(Segment {
            reference: time,
            residual,
            current_decay: (-gap / self.neuron.tau_s()).precise_exp(),
            potential_decay: (-gap / self.neuron.tau_m()).precise_exp(),
            coupling: self.neuron.postsynaptic_potential(gap),
        });
        self.open = None;
        self.push_event(time, T::zero(), NO_INPUT);
    }

    fn end_segment(&mut self, reference: T, time: T, residual: T) {
        let x = (time - reference) + (residual - self.reference_residual());
        self.push_event(time, x, NO_INPUT);
        self.open = Some((reference, time));
        self.out
            .schedule
            .starts
            .push(self.out.schedule.rows.len() as u32);
    }

    #[inline(always)]
    fn push_event(&mut self, time: T, x: T, row: u32) {
        self.open = Some((time, time));
        self.out.bounds.times.push(time);
        self.out.bounds.xs.push(x);
        self.out.schedule.rows.push(row);
    }

    fn finish(mut self) {
        if let Some((reference, last)) = self.open {
            let reference = self.fill_silence(reference, last, self.neuron.t_max());
            self.end_segment(reference, self.neuron.t_max(), T::zero());
        }
    }
}
