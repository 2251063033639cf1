//! One task: some groups of blocks of neurons, through a chunk of the samples, there and back.

use std::ops::Range;

use super::Lanes;
use super::backward::{self, Errors, Gradients};
use super::course::Path;
use super::crossings::Hits;
use super::cut::Cut;
use super::dispatch::Kernel;
use super::forward::{self, Spike};
use super::group::Group;
use super::lanes::Isa;
use super::patches::{Arrivals, Patches};
use super::project::{OutputErrors, Projection, Trace};
use super::timeline::Timeline;
use crate::{Lif, Real, Spikes};

/// The spikes of one task.
#[derive(Clone, Debug)]
pub(crate) struct TaskTrace<T> {
    pub spikes: Vec<Spike<T>>,
    /// Where each part starts: shape `[samples of the chunk * places * groups of the task + 1]`.
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
    /// The spikes of consecutive parts. Part `(sample * places + place) * groups + group` is one group at one place in one
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
            self.timeline
                .lay_out(self.neuron, self.events, |neuron| neuron);
            return self.timeline.course.join_instants();
        };
        let row = |neuron| patches.padded_index(neuron);
        self.timeline.lay_out(self.neuron, self.events, row);
        arrivals.sort(patches, self.events.neurons, self.timeline);
    }
}

/// Some groups through the samples of a chunk.
pub(crate) struct ForwardTask<'a, T> {
    pub projection: &'a Projection<'a, T>,
    pub cut: Cut,
    pub groups: Range<usize>,
    pub samples: Range<usize>,
    pub timelines: &'a [Timeline<T>],
    pub arrivals: &'a [Arrivals],
    pub out: &'a mut TaskTrace<T>,
}

impl<T: Real> ForwardTask<'_, T> {
    /// Runs all groups of the task along a path; each is a part.
    #[inline(always)]
    fn walk<I: Isa<T>>(
        &mut self,
        isa: I,
        sample: usize,
        place: usize,
        path: impl Path<T>,
        hits: &mut Hits<T>,
    ) {
        for group in self.groups.clone() {
            let blocks = self.cut.blocks(group..group + 1);
            match blocks.len() {
                1 => self.walk_group::<I, 1>(isa, sample, place, blocks, path, hits),
                2 => self.walk_group::<I, 2>(isa, sample, place, blocks, path, hits),
                _ => self.walk_group::<I, 3>(isa, sample, place, blocks, path, hits),
            }
            self.end_part();
        }
    }

    #[inline(always)]
    fn walk_group<I: Isa<T>, const N: usize>(
        &mut self,
        isa: I,
        sample: usize,
        place: usize,
        blocks: Range<usize>,
        path: impl Path<T>,
        hits: &mut Hits<T>,
    ) {
        forward::walk(
            Group::<T, I, N>::new(isa),
            self.projection.neuron,
            self.projection.neurons_of(place, blocks.clone()),
            &self.timelines[sample],
            path,
            self.projection.weights_of(blocks),
            hits,
            &mut self.out.spikes,
        );
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
        for sample in self.samples.clone() {
            let course = &self.timelines[sample].course;
            let Some(patches) = self.projection.patches else {
                self.walk(isa, sample, 0, course.path(), &mut hits);
                continue;
            };
            for place in 0..patches.places() {
                match self.arrivals[sample].path(patches, course, place) {
                    Some(path) => self.walk(isa, sample, place, path, &mut hits),
                    None => self.groups.clone().for_each(|_| self.end_part()),
                }
            }
        }
    }
}

/// Some groups back through the samples of a chunk.
pub(crate) struct BackwardTask<'a, T> {
    pub projection: &'a Projection<'a, T>,
    pub cut: Cut,
    pub groups: Range<usize>,
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
    /// Walks the parts of one place back along its path.
    #[inline(always)]
    fn walk<I: Isa<T>>(
        &mut self,
        isa: I,
        sample: usize,
        place: usize,
        path: impl Path<T>,
        mut standing: Standing,
    ) {
        for group in self.groups.clone() {
            let blocks = self.cut.blocks(group..group + 1);
            let spikes = self.spikes.parts(standing.part..standing.part + 1).len();
            match blocks.len() {
                _ if spikes == 0 => {}
                1 => self.walk_group::<I, 1>(isa, sample, place, blocks, path, standing),
                2 => self.walk_group::<I, 2>(isa, sample, place, blocks, path, standing),
                _ => self.walk_group::<I, 3>(isa, sample, place, blocks, path, standing),
            }
            standing.part += 1;
            standing.rank += spikes;
        }
    }

    #[inline(always)]
    fn walk_group<I: Isa<T>, const N: usize>(
        &mut self,
        isa: I,
        sample: usize,
        place: usize,
        blocks: Range<usize>,
        path: impl Path<T>,
        Standing {
            part,
            rank,
            first_moment,
        }: Standing,
    ) {
        let spikes = self.spikes.parts(part..part + 1);
        let errors = Errors {
            spikes,
            first_neuron: self.projection.neurons_of(place, blocks.clone()).start,
            ranks: &self.trace.ranks[sample][rank..rank + spikes.len()],
            d_times: &self.errors.d_times[self.errors.events.range(sample)],
            max_inverse_slope: self.errors.max_inverse_slope,
        };
        let rows = self.projection.rows;
        let before = self.cut.blocks(self.groups.clone()).start;
        let own = (blocks.start - before) * rows..(blocks.end - before) * rows;
        let mut gradients = Gradients {
            d_weights: &mut self.d_weights[own],
            d_moments: self.want_input.then(|| &mut self.d_moments[first_moment..]),
        };
        backward::walk(
            Group::<T, I, N>::new(isa),
            self.projection.neuron,
            &self.trace.timelines[sample],
            path,
            errors,
            self.projection.weights_of(blocks),
            &mut gradients,
        );
    }
}

impl<T: Real> Kernel<T> for BackwardTask<'_, T> {
    #[inline(always)]
    fn run<I: Isa<T>>(mut self, isa: I) {
        let trace = self.trace;
        let (places, groups) = (self.projection.places(), self.groups.len());
        for (index, sample) in self.samples.clone().enumerate() {
            let timeline = &trace.timelines[sample];
            let first_moment = self.d_moments.len();
            if self.want_input {
                let moments = first_moment + timeline.moments.len();
                self.d_moments.resize(moments, T::zero());
            }
            let mut rank = self.rank_starts[index] as usize;
            for place in 0..places {
                let part = (index * places + place) * groups;
                let spikes = self.spikes.parts(part..part + groups).len();
                if spikes == 0 {
                    continue;
                }
                let standing = Standing {
                    part,
                    rank,
                    first_moment,
                };
                let course = &timeline.course;
                let Some(patches) = self.projection.patches else {
                    self.walk(isa, sample, place, course.path(), standing);
                    break;
                };
                if let Some(path) = trace.arrivals[sample].path(patches, course, place) {
                    self.walk(isa, sample, place, path, standing);
                }
                rank += spikes;
            }
        }
    }
}
