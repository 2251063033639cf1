//! The course of neurons through a sample: where their inputs arrive, and with which coefficients.
//!
//! A course is a list of *stops*. Every input event is a stop; the interval that a threshold test looks at reaches from
//! one stop to the next. Each segment (a stretch of time with one reference, see [`super::timeline`]) has two more, at
//! its start and at its end, so that neurons are tested up to the border. In a dense layer all neurons share the course
//! of the sample; in a convolution each place of the image makes its own of the events that it sees.

use std::ops::Range;

use crate::Real;

/// What arrives at the ends of a segment.
pub(crate) const NOTHING: u32 = u32::MAX;

/// An instant at which an input arrives, or nothing: the start of an interval.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stop<T> {
    /// What an input of weight 1 adds to the reference current: `exp(x/tau_s)`, `x` seconds after the reference.
    pub current_gain: T,
    /// What an input of weight 1 adds to the reference potential: `-exp(x/tau_s) phi(x)`.
    pub potential_gain: T,
    /// `phi(x)`.
    pub response: T,
    /// `theta exp(x/tau_m)`: the threshold that `V + C phi` at the next stop is compared with. Infinite if the next stop
    /// is at the same instant: inputs at one instant act together.
    pub threshold: T,
    /// The weight row of the input, or [`NOTHING`]. In the course of a whole image, which is never walked, the padded index
    /// of the input (see [`super::patches`]).
    pub row: u32,
    /// When it is: an index into the moments of the sample.
    pub moment: u32,
}

/// When a stop is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment<T> {
    /// Seconds since the start of the sample.
    pub time: T,
    /// Seconds since the reference time of the segment.
    pub x: T,
    /// `theta exp(x/tau_m)`, whatever comes next.
    pub threshold: T,
}

/// The stops of neurons with the same inputs, segment by segment.
#[derive(Clone, Debug)]
pub(crate) struct Course<T> {
    pub stops: Vec<Stop<T>>,
    /// Where each segment starts in `stops`, and the end of the last; shape `[segments + 1]`.
    pub starts: Vec<u32>,
}

// Not derived: that would ask for `T: Default`.
impl<T> Default for Course<T> {
    fn default() -> Self {
        Self {
            stops: Vec::new(),
            starts: vec![0],
        }
    }
}

impl<T: Real> Course<T> {
    /// Removes all stops and keeps the memory.
    pub fn clear(&mut self) {
        self.stops.clear();
        self.starts.truncate(1);
    }

    /// The stops of a segment; the last is where it ends.
    #[inline(always)]
    pub fn segment(&self, segment: usize) -> Range<usize> {
        self.starts[segment] as usize..self.starts[segment + 1] as usize
    }

    /// Makes inputs at one instant act together: see [`Stop::threshold`].
    pub fn join_instants(&mut self) {
        for segment in 1..self.starts.len() {
            let range = self.segment(segment - 1);
            for index in range.start + 1..range.end {
                let threshold = self.stops[index].threshold;
                join(&mut self.stops[index - 1], threshold);
            }
        }
    }

    /// Becomes the course of a place that sees only the given stops of `whole`, whose inputs arrive on rows counted from
    /// `origin`. In `whole` instants are not joined: other events are next here.
    pub fn select(&mut self, whole: &Self, stops: &[u32], origin: u32) {
        self.clear();
        let mut rest = stops;
        for segment in 0..whole.starts.len() - 1 {
            let Range { start, end } = whole.segment(segment);
            self.stops.push(whole.stops[start]);
            let inside = rest.partition_point(|&stop| (stop as usize) < end);
            let (arriving, later) = rest.split_at(inside);
            rest = later;
            self.stops.reserve(arriving.len() + 1);
            for &stop in arriving {
                let arrival = whole.stops[stop as usize];
                self.push(Stop {
                    row: arrival.row - origin,
                    ..arrival
                });
            }
            self.push(whole.stops[end - 1]);
            self.starts.push(self.stops.len() as u32);
        }
    }

    /// Adds a stop to the segment under way.
    #[inline(always)]
    fn push(&mut self, stop: Stop<T>) {
        if let Some(previous) = self.stops.last_mut() {
            join(previous, stop.threshold);
        }
        self.stops.push(stop);
    }
}

/// Joins a stop with the next one, if that is at the same instant: the threshold grows with time.
#[inline(always)]
fn join<T: Real>(stop: &mut Stop<T>, next_threshold: T) {
    if stop.threshold == next_threshold {
        stop.threshold = T::infinity();
    }
}
