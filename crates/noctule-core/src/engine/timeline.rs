//! What the neurons of a layer share: when inputs arrive, and with which coefficients.
//!
//! The input events of a sample are cut into *segments*, each with a reference time `r` that its events count from
//! (`x = t - r`; see [`crate::neuron::propagator`] for the coordinates). Within a segment come *steps*: a step is an
//! instant at which inputs arrive together, followed by the interval up to the next step. Segments are about one time
//! constant long, long silences are filled with empty segments, and the last interval ends at `t_max`.

use crate::{Lif, Real, Spikes};

/// Length of a segment, in units of the shorter time constant.
const SEGMENT: f64 = 1.0;
/// A silence of so many of the longer time constant leaves nothing of the past, not even in `f64`.
const FORGOTTEN: f64 = 60.0;

/// An instant at which inputs arrive together, or none: the start of an interval.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<T> {
    /// What an input of weight 1 adds to the reference current: `exp(x/tau_s)`, `x` seconds after the reference.
    pub current_gain: T,
    /// What an input of weight 1 adds to the reference potential: `-exp(x/tau_s) phi(x)`.
    pub potential_gain: T,
    /// `phi(x)`.
    pub response: T,
    /// `theta exp(x/tau_m)`: the threshold that `V + C phi(x)` is compared with.
    pub threshold: T,
    /// Where its inputs start in [`Timeline::rows`]; they end where those of the next step start.
    pub rows: u32,
}

/// When a step is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment<T> {
    /// Seconds since the start of the sample.
    pub time: T,
    /// Seconds since the reference time of the segment.
    pub x: T,
}

/// A stretch of time with one reference.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment<T> {
    /// Steps of the segment, the first and one past the last; the last is a sentinel: the end of the segment.
    pub first_step: u32,
    pub end_step: u32,
    /// From the reference of the segment before to this one: `exp(-d/tau_s)`, `exp(-d/tau_m)` and `eps(d)`.
    pub current_decay: T,
    pub potential_decay: T,
    pub coupling: T,
}

/// The timeline of one sample.
#[derive(Clone, Debug)]
pub(crate) struct Timeline<T> {
    pub segments: Vec<Segment<T>>,
    pub steps: Vec<Step<T>>,
    /// One for each step.
    pub moments: Vec<Moment<T>>,
    /// The weight rows of the inputs, in the order of their arrival.
    pub rows: Vec<u32>,
}

// Not derived: that would ask for `T: Default`.
impl<T> Default for Timeline<T> {
    fn default() -> Self {
        Self {
            segments: Vec::new(),
            steps: Vec::new(),
            moments: Vec::new(),
            rows: Vec::new(),
        }
    }
}

impl<T: Real> Timeline<T> {
    /// Lays out the events of a sample, which arrive on the rows given by their neurons; overwrites what was there.
    ///
    /// Events at `t_max` or later cannot cause a spike and are left out, so `rows` is aligned with the first events.
    pub fn lay_out(&mut self, neuron: &Lif<T>, spikes: Spikes<'_, T>) {
        self.segments.clear();
        self.steps.clear();
        self.moments.clear();
        self.rows.clear();
        let mut builder = Builder::new(self, neuron);
        let before_end = spikes.times.partition_point(|&time| time < neuron.t_max);
        let mut next = 0;
        while next < before_end {
            let time = spikes.times[next];
            let together = spikes.times[next..before_end]
                .iter()
                .take_while(|&&other| other == time)
                .count();
            builder.arrive(time, &spikes.neurons[next..next + together]);
            next += together;
        }
        builder.finish();
    }
}

/// Lays out one sample.
struct Builder<'a, T> {
    out: &'a mut Timeline<T>,
    neuron: &'a Lif<T>,
    /// The longest segment, in seconds.
    segment: T,
    /// Reference time of the open segment and the time of its last step, once there is one.
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

    fn arrive(&mut self, time: T, rows: &[u32]) {
        match self.open {
            None => self.begin(time, None),
            Some((reference, last)) if time - reference > self.segment => {
                let reference = self.cross_silence(reference, last, time);
                self.end(reference, time);
                self.begin(time, Some(reference));
            }
            Some(_) => {}
        }
        let reference = self.open.map_or(time, |(reference, _)| reference);
        self.step(time, time - reference);
        self.out.rows.extend_from_slice(rows);
        self.open = Some((reference, time));
    }

    /// Fills the silence between `last` and `until` with empty segments; returns the reference of the open one.
    fn cross_silence(&mut self, mut reference: T, mut last: T, until: T) -> T {
        let forgotten = last + T::of(FORGOTTEN) * self.neuron.tau_m.max(self.neuron.tau_s);
        while until - last > self.segment && last < forgotten {
            let time = last + self.segment;
            if time <= last {
                // The silence is shorter than the resolution of the number type.
                break;
            }
            self.end(reference, time);
            self.begin(time, Some(reference));
            (reference, last) = (time, time);
        }
        reference
    }

    /// Opens a segment at `time`, with a step of its own so that a site without an input there can start from it.
    fn begin(&mut self, time: T, previous: Option<T>) {
        let gap = previous.map_or(T::zero(), |previous| time - previous);
        self.out.segments.push(Segment {
            first_step: self.next_step(),
            end_step: 0,
            current_decay: (-gap / self.neuron.tau_s).exp(),
            potential_decay: (-gap / self.neuron.tau_m).exp(),
            coupling: self.neuron.postsynaptic_potential(gap),
        });
        self.step(time, T::zero());
        self.open = Some((time, time));
    }

    /// Closes the open segment at `time` with its sentinel.
    fn end(&mut self, reference: T, time: T) {
        self.step(time, time - reference);
        let end_step = self.next_step();
        if let Some(segment) = self.out.segments.last_mut() {
            segment.end_step = end_step;
        }
    }

    fn step(&mut self, time: T, x: T) {
        let (potential_growth, current_gain, response) = self.neuron.growth(x);
        self.out.moments.push(Moment { time, x });
        self.out.steps.push(Step {
            current_gain,
            potential_gain: -current_gain * response,
            response,
            threshold: self.neuron.theta * potential_growth,
            rows: self.out.rows.len() as u32,
        });
    }

    fn next_step(&self) -> u32 {
        self.out.steps.len() as u32
    }

    fn finish(mut self) {
        if let Some((reference, last)) = self.open {
            let reference = self.cross_silence(reference, last, self.neuron.t_max);
            self.end(reference, self.neuron.t_max);
        }
    }
}
