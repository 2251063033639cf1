//! The schedule of a sample: when inputs arrive, and with which coefficients.
//!
//! A schedule is a list of *scheduled events*. There is one for each input event, and a threshold test covers the
//! interval from one to the next. Each segment (a stretch of time with one reference, see
//! [`timeline`](crate::events::timeline)) has two more, at its start and at its end, so that its intervals cover all of
//! it. A [`Path`] is the part of the schedule that concerns some neurons: all events for those of a dense layer, the
//! events of their own inputs for those at a position of a convolution.

use std::ops::Range;

use noctule_core::Real;

/// The row of an event without an input, at the start or the end of a segment.
pub(crate) const NO_INPUT: u32 = u32::MAX;

/// The coefficients of an event, which starts an interval; `x` is its time in seconds after the reference of its
/// segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScheduledEvent<T> {
    /// What an input of weight 1 adds to the reference current: `exp(x/tau_s)`.
    pub current_gain: T,
    /// What an input of weight 1 adds to the reference potential: `-exp(x/tau_s) phi(x)`.
    pub potential_gain: T,
    /// `phi(x)`.
    pub response: T,
    /// `theta exp(x/tau_m)`: the threshold that `V + C phi` at the next event is compared with. Infinite if the next
    /// event is at the same time, because simultaneous inputs act together.
    pub threshold: T,
}

/// The bounds of all intervals of a sample: time, `x` and threshold of each scheduled event.
#[derive(Clone, Debug, Default)]
pub(crate) struct IntervalBounds<T> {
    /// Seconds since the start of the sample.
    pub times: Vec<T>,
    /// `x`: seconds since the reference of the segment.
    pub xs: Vec<T>,
    /// `theta exp(x/tau_m)`, also where the next event is at the same time.
    pub thresholds: Vec<T>,
}

impl<T> IntervalBounds<T> {
    /// The number of scheduled events.
    pub fn len(&self) -> usize {
        self.times.len()
    }
}

/// The scheduled events of a sample, segment by segment.
#[derive(Clone, Debug)]
pub(crate) struct EventSchedule<T> {
    /// The coefficients of each event.
    pub events: Vec<ScheduledEvent<T>>,
    /// The row of weights of the input at each event, or [`NO_INPUT`]. In a convolution, the padded index of the input,
    /// from which each position subtracts its origin (see [`patches`](crate::events::patches)).
    pub rows: Vec<u32>,
    /// Where each segment starts in `events`, and the end of the last; shape `[segments + 1]`.
    pub starts: Vec<u32>,
}

impl<T> Default for EventSchedule<T> {
    fn default() -> Self {
        Self {
            events: Vec::new(),
            rows: Vec::new(),
            starts: vec![0],
        }
    }
}

impl<T: Real> EventSchedule<T> {
    /// The indices of the events of a segment; the last one is its end.
    #[inline(always)]
    pub fn segment(&self, segment: usize) -> Range<usize> {
        self.path().segment(segment)
    }

    /// The path that contains all events.
    #[inline(always)]
    pub fn path(&self) -> FullPath<'_, T> {
        FullPath {
            events: &self.events,
            rows: &self.rows,
            starts: &self.starts,
        }
    }
}

/// [`ScheduledEvent::threshold`] of an event, from the thresholds at the bounds of its interval. These grow with time,
/// so equal ones mean equal times.
#[inline(always)]
pub(crate) fn merged_threshold<T: Real>(own: T, next: T) -> T {
    if own == next { T::infinity() } else { own }
}

/// An input that arrives at an event of a path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InputEvent<'a, T> {
    /// See [`Path::index`].
    pub index: usize,
    /// See [`Path::row`].
    pub row: usize,
    /// The coefficients of the event.
    pub event: &'a ScheduledEvent<T>,
}

/// The scheduled events that concern some neurons. A `number` counts the events of the path, an `index` those of the
/// schedule.
pub(crate) trait Path<T: 'static>: Copy {
    /// The numbers of the events of a segment; the last one is its end.
    fn segment(&self, segment: usize) -> Range<usize>;

    /// The index of an event in the schedule and in [`IntervalBounds`].
    fn index(&self, number: usize) -> usize;

    /// The coefficients of an event.
    fn event(&self, number: usize) -> &ScheduledEvent<T>;

    /// The row of weights of the input at an event; beyond all rows if there is no input.
    fn row(&self, number: usize) -> usize;

    /// The inputs at a range of events, in order.
    fn input_events(
        &self,
        range: Range<usize>,
    ) -> impl DoubleEndedIterator<Item = InputEvent<'_, T>>;

    /// See [`ScheduledEvent::threshold`]; `next` is the next event of the path.
    fn threshold(&self, event: &ScheduledEvent<T>, next: &ScheduledEvent<T>) -> T;
}

/// All events of a schedule that was built with merged simultaneous events.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FullPath<'a, T> {
    events: &'a [ScheduledEvent<T>],
    rows: &'a [u32],
    starts: &'a [u32],
}

impl<T: Real> Path<T> for FullPath<'_, T> {
    #[inline(always)]
    fn segment(&self, segment: usize) -> Range<usize> {
        self.starts[segment] as usize..self.starts[segment + 1] as usize
    }

    #[inline(always)]
    fn index(&self, number: usize) -> usize {
        number
    }

    #[inline(always)]
    fn event(&self, number: usize) -> &ScheduledEvent<T> {
        &self.events[number]
    }

    #[inline(always)]
    fn row(&self, number: usize) -> usize {
        self.rows[number] as usize
    }

    #[inline(always)]
    fn input_events(
        &self,
        range: Range<usize>,
    ) -> impl DoubleEndedIterator<Item = InputEvent<'_, T>> {
        let events = self.events[range.clone()]
            .iter()
            .zip(&self.rows[range.clone()]);
        range.zip(events).map(
            #[inline(always)]
            |(index, (event, &row))| InputEvent {
                index,
                row: row as usize,
                event,
            },
        )
    }

    #[inline(always)]
    fn threshold(&self, event: &ScheduledEvent<T>, _next: &ScheduledEvent<T>) -> T {
        event.threshold
    }
}

/// The events that concern one position of a convolution. The thresholds of its schedule are not merged, because the
/// next event of the schedule may not concern this position.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WindowPath<'a, T> {
    /// Coefficients and padded rows of all events of the schedule.
    pub events: &'a [ScheduledEvent<T>],
    pub rows: &'a [u32],
    /// The indices of the events of the position, ascending.
    pub indices: &'a [u32],
    /// Where each segment starts among the indices of all positions, and the end of the last.
    pub starts: &'a [u32],
    /// The padded index of the position's corner, which is subtracted from rows.
    pub origin: u32,
}

impl<T: Real> Path<T> for WindowPath<'_, T> {
    #[inline(always)]
    fn segment(&self, segment: usize) -> Range<usize> {
        let first = self.starts[0];
        (self.starts[segment] - first) as usize..(self.starts[segment + 1] - first) as usize
    }

    #[inline(always)]
    fn index(&self, number: usize) -> usize {
        self.indices[number] as usize
    }

    #[inline(always)]
    fn event(&self, number: usize) -> &ScheduledEvent<T> {
        &self.events[self.indices[number] as usize]
    }

    #[inline(always)]
    fn row(&self, number: usize) -> usize {
        self.rows[self.indices[number] as usize].wrapping_sub(self.origin) as usize
    }

    #[inline(always)]
    fn input_events(
        &self,
        range: Range<usize>,
    ) -> impl DoubleEndedIterator<Item = InputEvent<'_, T>> {
        let Self {
            events,
            rows,
            origin,
            ..
        } = *self;
        self.indices[range].iter().map(
            #[inline(always)]
            move |&index| InputEvent {
                index: index as usize,
                row: rows[index as usize].wrapping_sub(origin) as usize,
                event: &events[index as usize],
            },
        )
    }

    #[inline(always)]
    fn threshold(&self, event: &ScheduledEvent<T>, next: &ScheduledEvent<T>) -> T {
        merged_threshold(event.threshold, next.threshold)
    }
}
