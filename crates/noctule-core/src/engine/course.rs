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

    /// Adds a stop to the segment under way, at the instant of the one before if `together`.
    #[inline(always)]
    pub fn push(&mut self, stop: Stop<T>, together: bool) {
        if together && let Some(previous) = self.stops.last_mut() {
            previous.threshold = T::infinity();
        }
        self.stops.push(stop);
    }

    /// Ends the segment under way.
    pub fn end_segment(&mut self) {
        self.starts.push(self.stops.len() as u32);
    }

    /// Becomes the course of a place that sees only the given stops of `whole`, whose inputs arrive on rows counted from
    /// `origin`.
    pub fn select(&mut self, whole: &Self, moments: &[Moment<T>], stops: &[u32], origin: u32) {
        self.clear();
        let mut stops = stops.iter().map(|&stop| stop as usize).peekable();
        for segment in 0..whole.starts.len() - 1 {
            let Range { start, end } = whole.segment(segment);
            let mut previous = start;
            // The whole's threshold says whether its next event comes at once; here another event is next.
            let threshold = moments[start].threshold;
            self.stops.push(Stop {
                threshold,
                ..whole.stops[start]
            });
            while let Some(stop) = stops.next_if(|&stop| stop < end) {
                let arrival = Stop {
                    threshold: moments[stop].threshold,
                    row: whole.stops[stop].row - origin,
                    ..whole.stops[stop]
                };
                self.push_after(arrival, moments, &mut previous);
            }
            self.push_after(whole.stops[end - 1], moments, &mut previous);
            self.end_segment();
        }
    }

    #[inline(always)]
    fn push_after(&mut self, stop: Stop<T>, moments: &[Moment<T>], previous: &mut usize) {
        let moment = stop.moment as usize;
        let together = moments[moment].time == moments[*previous].time;
        *previous = moment;
        self.push(stop, together);
    }
}
