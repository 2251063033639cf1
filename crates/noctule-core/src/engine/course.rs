//! The course of neurons through a sample: where inputs arrive, and with which coefficients.
//!
//! A course is a list of *stops*. Every input event is a stop; the interval that a threshold test looks at reaches from
//! one stop to the next. Each segment (a stretch of time with one reference, see [`super::timeline`]) has two more, at
//! its start and at its end, so that neurons are tested up to the border. A [`Path`] is what some neurons see of it: those
//! of a dense layer all stops, those at a place of a convolution the stops of their own inputs.

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
}

/// When the stops of a sample are: an entry for each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Moments<T> {
    /// Seconds since the start of the sample.
    pub times: Vec<T>,
    /// `theta exp(x/tau_m)`, whatever comes next.
    pub thresholds: Vec<T>,
}

impl<T> Moments<T> {
    pub fn len(&self) -> usize {
        self.times.len()
    }
}

/// The stops of neurons with the same inputs, segment by segment.
#[derive(Clone, Debug)]
pub(crate) struct Course<T> {
    pub stops: Vec<Stop<T>>,
    /// The weight row of the input at each stop, or [`NOTHING`]. For a convolution the padded index of the input, from which
    /// a place takes its origin (see [`super::patches`]).
    pub rows: Vec<u32>,
    /// Where each segment starts in `stops`, and the end of the last; shape `[segments + 1]`.
    pub starts: Vec<u32>,
}

impl<T> Default for Course<T> {
    fn default() -> Self {
        Self {
            stops: Vec::new(),
            rows: Vec::new(),
            starts: vec![0],
        }
    }
}

impl<T: Real> Course<T> {
    /// The stops of a segment; the last is where it ends.
    #[inline(always)]
    pub fn segment(&self, segment: usize) -> Range<usize> {
        self.path().segment(segment)
    }

    /// All of it.
    #[inline(always)]
    pub fn path(&self) -> WholePath<'_, T> {
        WholePath {
            stops: &self.stops,
            rows: &self.rows,
            starts: &self.starts,
        }
    }
}

/// [`Stop::threshold`] of a stop, from those of the moments of this stop and the next: they grow with time.
#[inline(always)]
pub(crate) fn joined_threshold<T: Real>(own: T, next: T) -> T {
    if own == next { T::infinity() } else { own }
}

/// A stop of a path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival<'a, T> {
    /// See [`Path::index`].
    pub index: usize,
    /// See [`Path::row`].
    pub row: usize,
    pub stop: &'a Stop<T>,
}

/// The stops at which some neurons have something to do, by number.
pub(crate) trait Path<T: 'static>: Copy {
    /// The numbers of the stops of a segment; the last is where it ends.
    fn segment(&self, segment: usize) -> Range<usize>;

    /// The number of a stop among all of the course; it is that of its moment, too.
    fn index(&self, number: usize) -> usize;

    fn stop(&self, number: usize) -> &Stop<T>;

    /// The weight row of what arrives at a stop; a number that is no row if nothing does.
    fn row(&self, number: usize) -> usize;

    /// The stops of a range, in order.
    fn arrivals(&self, range: Range<usize>) -> impl DoubleEndedIterator<Item = Arrival<'_, T>>;

    /// See [`Stop::threshold`]; `next` is the next stop of this path.
    fn threshold(&self, stop: &Stop<T>, next: &Stop<T>) -> T;
}

/// All stops of a course, whose instants are joined.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WholePath<'a, T> {
    stops: &'a [Stop<T>],
    rows: &'a [u32],
    starts: &'a [u32],
}

impl<T: Real> Path<T> for WholePath<'_, T> {
    #[inline(always)]
    fn segment(&self, segment: usize) -> Range<usize> {
        self.starts[segment] as usize..self.starts[segment + 1] as usize
    }

    #[inline(always)]
    fn index(&self, number: usize) -> usize {
        number
    }

    #[inline(always)]
    fn stop(&self, number: usize) -> &Stop<T> {
        &self.stops[number]
    }

    #[inline(always)]
    fn row(&self, number: usize) -> usize {
        self.rows[number] as usize
    }

    #[inline(always)]
    fn arrivals(&self, range: Range<usize>) -> impl DoubleEndedIterator<Item = Arrival<'_, T>> {
        let stops = self.stops[range.clone()]
            .iter()
            .zip(&self.rows[range.clone()]);
        range.zip(stops).map(
            #[inline(always)]
            |(index, (stop, &row))| Arrival {
                index,
                row: row as usize,
                stop,
            },
        )
    }

    #[inline(always)]
    fn threshold(&self, stop: &Stop<T>, _next: &Stop<T>) -> T {
        stop.threshold
    }
}

/// What a place of an image sees of a course, whose instants are not joined: other inputs are next here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlacePath<'a, T> {
    pub stops: &'a [Stop<T>],
    pub rows: &'a [u32],
    /// The stops of the place, ascending.
    pub numbers: &'a [u32],
    /// Where each segment starts among the numbers of all places, and where the next place begins.
    pub starts: &'a [u32],
    /// What rows are counted from.
    pub origin: u32,
}

impl<T: Real> Path<T> for PlacePath<'_, T> {
    #[inline(always)]
    fn segment(&self, segment: usize) -> Range<usize> {
        let first = self.starts[0];
        (self.starts[segment] - first) as usize..(self.starts[segment + 1] - first) as usize
    }

    #[inline(always)]
    fn index(&self, number: usize) -> usize {
        self.numbers[number] as usize
    }

    #[inline(always)]
    fn stop(&self, number: usize) -> &Stop<T> {
        &self.stops[self.numbers[number] as usize]
    }

    #[inline(always)]
    fn row(&self, number: usize) -> usize {
        self.rows[self.numbers[number] as usize].wrapping_sub(self.origin) as usize
    }

    #[inline(always)]
    fn arrivals(&self, range: Range<usize>) -> impl DoubleEndedIterator<Item = Arrival<'_, T>> {
        let Self {
            stops,
            rows,
            origin,
            ..
        } = *self;
        self.numbers[range].iter().map(
            #[inline(always)]
            move |&number| Arrival {
                index: number as usize,
                row: rows[number as usize].wrapping_sub(origin) as usize,
                stop: &stops[number as usize],
            },
        )
    }

    #[inline(always)]
    fn threshold(&self, stop: &Stop<T>, next: &Stop<T>) -> T {
        joined_threshold(stop.threshold, next.threshold)
    }
}
