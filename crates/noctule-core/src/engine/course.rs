//! The course of a neuron through a timeline: at which steps do its inputs arrive, and on which rows?
//!
//! A walk stops at the steps at which something arrives, and at both ends of every segment. In a dense layer all
//! neurons stop at all steps ([`Whole`]); in a convolution each place of the image has stops of its own
//! ([`crate::engine::patches`]). What happens at a stop is the same.

use std::ops::Range;

use super::timeline::Timeline;

/// Where a walk stops. Stops are numbered in the order of time.
pub(crate) trait Course: Copy {
    /// The stops in a segment; the last is its sentinel, at which nothing arrives. Empty if the walk can skip it.
    fn stops(&self, segment: usize) -> Range<usize>;

    /// The part of `stops` at steps up to `last`.
    fn up_to(&self, stops: Range<usize>, last: usize) -> Range<usize>;

    /// The step of a stop.
    fn step(&self, stop: usize) -> usize;

    /// What arrives at a stop that is no sentinel: places in [`rows`](Self::rows).
    fn arrivals(&self, stop: usize) -> Range<usize>;

    /// The weight rows of the arrivals.
    fn rows(&self) -> &[u32];

    /// The input event that an arrival belongs to.
    fn event(&self, arrival: usize) -> usize;
}

/// The course that stops at every step: each input event arrives once.
#[derive(Debug)]
pub(crate) struct Whole<'a, T>(pub &'a Timeline<T>);

// Not derived: that would ask for `T: Copy`.
impl<T> Clone for Whole<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Whole<'_, T> {}

impl<T> Course for Whole<'_, T> {
    #[inline(always)]
    fn stops(&self, segment: usize) -> Range<usize> {
        let segment = &self.0.segments[segment];
        segment.first_step as usize..segment.end_step as usize
    }

    #[inline(always)]
    fn up_to(&self, stops: Range<usize>, last: usize) -> Range<usize> {
        stops.start..stops.end.min(last + 1)
    }

    #[inline(always)]
    fn step(&self, stop: usize) -> usize {
        stop
    }

    #[inline(always)]
    fn arrivals(&self, stop: usize) -> Range<usize> {
        self.0.steps[stop].rows as usize..self.0.steps[stop + 1].rows as usize
    }

    #[inline(always)]
    fn rows(&self) -> &[u32] {
        &self.0.rows
    }

    #[inline(always)]
    fn event(&self, arrival: usize) -> usize {
        arrival
    }
}
