//! One task: some blocks of neurons, through a chunk of the samples, there and back.

use std::ops::Range;

use super::Lanes;
use super::backward::{self, Errors, Gradients};
use super::course::Course;
use super::crossings::Hits;
use super::dispatch::Kernel;
use super::forward::{self, Spike};
use super::lanes::Isa;
use super::patches::{Arrivals, Patches};
use super::project::{OutputErrors, Projection, Trace};
use super::timeline::Timeline;
use crate::{Lif, Real, Spikes};

/// The spikes of one task.
#[derive(Clone, Debug)]
pub(crate) struct TaskTrace<T> {
    pub spikes: Vec<Spike<T>>,
    /// Where each part starts: shape `[samples of the chunk * places * blocks of the task + 1]`.
    pub offsets: Vec<u32>,
}

impl<T> Default for TaskTrace<T> {
    fn default() -> Self {
        Self {
            spikes: Vec::new(),
            offsets: Vec::new(),
        }
    }
}

impl<T> TaskTrace<T> {
    /// The spikes of consecutive parts. Part `(sample * places + place) * blocks + block` is one block at one place in one
    /// sample.
    pub fn parts(&self, parts: Range<usize>) -> &[Spike<T>] {
        &self.spikes[self.offsets[parts.start] as usize..self.offsets[parts.end] as usize]
    }
}

/// The events of one sample, before any neuron sees them.
pub(crate) struct LayOut<'a, T> {
    pub neuron: &'a Lif<T>,
    pub patches: Option<&'a Patches>,
    pub events: Spikes<'a, T>,
    pub timeline: &'a mut Timeline<T>,
    /// If the layer has places.
    pub arrivals: Option<&'a mut Arrivals>,
}

impl<T: Real> Kernel<T> for LayOut<'_, T> {
    #[inline(always)]
    fn run<I: Isa<T>>(self, _isa: I) {
        let (Some(patches), Some(arrivals)) = (self.patches, self.arrivals) else {
            return self
                .timeline
                .lay_out(self.neuron, self.events, |neuron| neuron);
        };
        let row = |neuron| patches.padded_index(neuron);
        self.timeline.lay_out(self.neuron, self.events, row);
        arrivals.sort(patches, self.events.neurons, self.timeline);
    }
}

/// Some blocks through the samples of a chunk.
pub(crate) struct ForwardTask<'a, T> {
    pub projection: &'a Projection<'a, T>,
    pub blocks: Range<usize>,
    pub samples: Range<usize>,
    pub timelines: &'a [Timeline<T>],
    pub arrivals: &'a [Arrivals],
    pub out: &'a mut TaskTrace<T>,
}

impl<T: Real> ForwardTask<'_, T> {
    /// Runs all blocks of the task along a course; each is a part.
    #[inline(always)]
    fn walk<I: Isa<T>>(
        &mut self,
        isa: I,
        sample: usize,
        place: usize,
        course: &Course<T>,
        hits: &mut Hits<T>,
    ) {
        for block in self.blocks.clone() {
            forward::walk(
                isa,
                self.projection.neuron,
                self.projection.neurons_of(place, block),
                &self.timelines[sample],
                course,
                self.projection.block_weights(block),
                hits,
                &mut self.out.spikes,
            );
            self.end_part();
        }
    }

    fn end_part(&mut self) {
        self.out.offsets.push(self.out.spikes.len() as u32);
    }
}

impl<T: Real> Kernel<T> for ForwardTask<'_, T> {
    #[inline(always)]
    fn run<I: Isa<T>>(mut self, isa: I) {
        self.out.spikes.clear();
        self.out.offsets.clear();
        self.end_part();
        let mut hits = Hits::new(self.projection.neuron.max_spikes());
        let mut own = Course::default();
        for sample in self.samples.clone() {
            let timeline = &self.timelines[sample];
            let places = self.projection.patches.map_or(0, Patches::places);
            if self.projection.patches.is_none() {
                self.walk(isa, sample, 0, &timeline.course, &mut hits);
            }
            for place in 0..places {
                if visit(
                    self.projection,
                    timeline,
                    &self.arrivals[sample],
                    place,
                    &mut own,
                ) {
                    self.walk(isa, sample, place, &own, &mut hits);
                } else {
                    self.blocks.clone().for_each(|_| self.end_part());
                }
            }
        }
    }
}

/// Some blocks back through the samples of a chunk.
pub(crate) struct BackwardTask<'a, T> {
    pub projection: &'a Projection<'a, T>,
    pub blocks: Range<usize>,
    pub samples: Range<usize>,
    pub trace: &'a Trace<T>,
    pub spikes: &'a TaskTrace<T>,
    /// Where the spikes of each sample of the chunk start in its ranks.
    pub rank_starts: Vec<u32>,
    pub errors: OutputErrors<'a, T>,
    pub want_input: bool,
    pub d_weights: &'a mut [Lanes<T>],
    /// `dL/dt` of the events at the moments of the chunk, sample after sample.
    pub d_moments: &'a mut Vec<T>,
}

/// Where a backward task stands.
#[derive(Clone, Copy, Debug)]
struct Standing {
    /// The first part of the place.
    part: usize,
    /// Where its spikes start in the ranks of the sample.
    rank: usize,
    /// Where the moments of the sample start in `d_moments`.
    first_moment: usize,
}

impl<T: Real> BackwardTask<'_, T> {
    /// Walks the parts of one place back along its course.
    #[inline(always)]
    fn walk<I: Isa<T>>(
        &mut self,
        isa: I,
        sample: usize,
        place: usize,
        course: &Course<T>,
        Standing {
            part,
            mut rank,
            first_moment,
        }: Standing,
    ) {
        let rows = self.projection.rows;
        for (index, block) in self.blocks.clone().enumerate() {
            let spikes = self.spikes.parts(part + index..part + index + 1);
            if spikes.is_empty() {
                continue;
            }
            let errors = Errors {
                spikes,
                first_neuron: self.projection.neurons_of(place, block).start,
                ranks: &self.trace.ranks[sample][rank..rank + spikes.len()],
                d_times: &self.errors.d_times[self.errors.events.range(sample)],
                max_inverse_slope: self.errors.max_inverse_slope,
            };
            rank += spikes.len();
            let mut gradients = Gradients {
                d_weights: &mut self.d_weights[index * rows..(index + 1) * rows],
                d_moments: self.want_input.then(|| &mut self.d_moments[first_moment..]),
            };
            backward::walk(
                isa,
                self.projection.neuron,
                &self.trace.timelines[sample],
                course,
                errors,
                self.projection.block_weights(block),
                &mut gradients,
            );
        }
    }
}

impl<T: Real> Kernel<T> for BackwardTask<'_, T> {
    #[inline(always)]
    fn run<I: Isa<T>>(mut self, isa: I) {
        let trace = self.trace;
        let (places, blocks) = (self.projection.places(), self.blocks.len());
        let mut own = Course::default();
        for (index, sample) in self.samples.clone().enumerate() {
            let timeline = &trace.timelines[sample];
            let first_moment = self.d_moments.len();
            if self.want_input {
                let moments = first_moment + timeline.moments.len();
                self.d_moments.resize(moments, T::zero());
            }
            let mut rank = self.rank_starts[index] as usize;
            for place in 0..places {
                let part = (index * places + place) * blocks;
                let spikes = self.spikes.parts(part..part + blocks).len();
                if spikes == 0 {
                    continue;
                }
                let standing = Standing {
                    part,
                    rank,
                    first_moment,
                };
                if self.projection.patches.is_none() {
                    self.walk(isa, sample, place, &timeline.course, standing);
                } else {
                    visit(
                        self.projection,
                        timeline,
                        &trace.arrivals[sample],
                        place,
                        &mut own,
                    );
                    self.walk(isa, sample, place, &own, standing);
                }
                rank += spikes;
            }
        }
    }
}

/// Lays out the course of a place; returns whether anything arrives there.
#[inline(always)]
fn visit<T: Real>(
    projection: &Projection<'_, T>,
    timeline: &Timeline<T>,
    arrivals: &Arrivals,
    place: usize,
    course: &mut Course<T>,
) -> bool {
    let stops = arrivals.place(place);
    let origin = projection
        .patches
        .map_or(0, |patches| patches.origin(place));
    course.select(&timeline.course, &timeline.moments, stops, origin);
    !stops.is_empty()
}
