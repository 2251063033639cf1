//! One task: all of a layer forwards through one sample, or some of it back through a chunk of the samples.

use std::mem::take;
use std::ops::Range;

use super::Lanes;
use super::abreast::{self, Layer};
use super::backward::{self, Gradients};
use super::course::Path;
use super::cut::Cut;
use super::dispatch::Kernel;
use super::forward;
use super::group::Group;
use super::kicks::{Kick, Kicker};
use super::lanes::Isa;
use super::patches::{Arrivals, Patches};
use super::project::{OutputErrors, Projection};
use super::scratch::ThreadMemory;
use super::timeline::{Instants, Timeline};
use super::trace::{SampleTrace, Trace};
use crate::{Real, Spikes};

/// A layer through one sample.
pub(crate) struct ForwardTask<'a, T: Real> {
    pub projection: &'a Projection<'a, T>,
    /// The weights of a wide layer, shape `[row][block][LANES]`.
    pub by_row: &'a [Lanes<T>],
    pub cut: Cut,
    pub events: Spikes<'a, T>,
    pub timeline: &'a mut Timeline<T>,
    /// If the layer has places.
    pub arrivals: Option<&'a mut Arrivals>,
    pub memory: &'a mut ThreadMemory<T>,
    pub out: &'a mut SampleTrace<T>,
}

impl<T: Real> Kernel<T> for ForwardTask<'_, T> {
    #[inline(always)]
    fn run<I: Isa<T>>(self, isa: I) {
        let Self {
            projection,
            events,
            timeline,
            ..
        } = self;
        let mut arrivals = projection.patches.zip(self.arrivals);
        if let Some((patches, arrivals)) = &mut arrivals {
            let row = |neuron| patches.padded_index(neuron);
            timeline.lay_out(projection.neuron, events, Instants::Apart, row);
            arrivals.sort(patches, events.neurons, timeline);
        } else {
            timeline.lay_out(projection.neuron, events, Instants::Joined, |neuron| neuron);
        }
        let walker = Walker {
            projection,
            by_row: self.by_row,
            cut: self.cut,
            timeline,
            memory: self.memory,
            out: self.out,
        };
        match arrivals {
            Some((patches, arrivals)) => walker.run_places(isa, patches, arrivals),
            None if projection.is_wide() => walker.run_abreast(isa),
            None => walker.run_groups(isa),
        }
    }
}

/// A layer and a sample that is laid out.
struct Walker<'a, T: Real> {
    projection: &'a Projection<'a, T>,
    by_row: &'a [Lanes<T>],
    cut: Cut,
    timeline: &'a Timeline<T>,
    memory: &'a mut ThreadMemory<T>,
    out: &'a mut SampleTrace<T>,
}

impl<T: Real> Walker<'_, T> {
    #[inline(always)]
    fn run_abreast<I: Isa<T>>(self, isa: I) {
        let layer = Layer {
            neuron: self.projection.neuron,
            neurons: self.projection.neurons,
            weights: self.by_row,
        };
        let sorted = self.out.begin_sorted();
        abreast::walk(isa, layer, self.timeline, &mut self.memory.front, sorted);
    }

    #[inline(always)]
    fn run_groups<I: Isa<T>>(mut self, isa: I) {
        self.begin_parts();
        self.walk(isa, 0, self.timeline.course.path());
        self.out.sort(isa, &mut self.memory.order);
    }

    #[inline(always)]
    fn run_places<I: Isa<T>>(mut self, isa: I, patches: &Patches, arrivals: &Arrivals) {
        self.begin_parts();
        for place in 0..patches.places() {
            match arrivals.path(patches, &self.timeline.course, place) {
                Some(path) => self.walk(isa, place, path),
                None => (0..self.cut.groups()).for_each(|_| self.out.end_part()),
            }
        }
        self.out.sort(isa, &mut self.memory.order);
    }

    fn begin_parts(&mut self) {
        self.memory.hits.begin(self.projection.neuron.max_spikes());
        self.out.begin_parts();
    }

    /// Runs all groups along a path; each is a part.
    #[inline(always)]
    fn walk<I: Isa<T>>(&mut self, isa: I, place: usize, path: impl Path<T>) {
        for group in 0..self.cut.groups() {
            let blocks = self.cut.blocks(group..group + 1);
            match blocks.len() {
                1 => self.walk_group::<I, 1>(isa, place, blocks, path),
                2 => self.walk_group::<I, 2>(isa, place, blocks, path),
                _ => self.walk_group::<I, 3>(isa, place, blocks, path),
            }
            self.out.end_part();
        }
    }

    #[inline(always)]
    fn walk_group<I: Isa<T>, const N: usize>(
        &mut self,
        isa: I,
        place: usize,
        blocks: Range<usize>,
        path: impl Path<T>,
    ) {
        forward::walk(
            Group::<T, I, N>::new(isa),
            self.projection.neuron,
            self.projection.neurons_of(place, blocks.clone()),
            self.timeline,
            path,
            self.projection.weights_of(blocks),
            &mut self.memory.hits,
            &mut self.out.spikes,
        );
    }
}

/// Some groups back through the samples of a chunk.
pub(crate) struct BackwardTask<'a, T: Real> {
    pub projection: &'a Projection<'a, T>,
    pub cut: Cut,
    pub groups: Range<usize>,
    pub samples: Range<usize>,
    pub trace: &'a Trace<T>,
    pub errors: OutputErrors<'a, T>,
    pub want_input: bool,
    pub memory: &'a mut ThreadMemory<T>,
    pub d_weights: &'a mut [Lanes<T>],
    /// Overwritten with `dL/dt` of the events at the moments of the chunk, sample after sample.
    pub d_moments: &'a mut Vec<T>,
}

impl<T: Real> BackwardTask<'_, T> {
    /// Walks all groups of the task back along the path of a place. The moments of the sample start at `first_moment`.
    #[inline(always)]
    fn walk<I: Isa<T>>(
        &mut self,
        isa: I,
        (sample, place): (usize, usize),
        path: impl Path<T>,
        first_moment: usize,
    ) {
        let trace = self.trace;
        let d_times = &self.errors.d_times[self.errors.events.range(sample)];
        let kicker = Kicker::new(self.projection.neuron, self.errors.max_inverse_slope);
        let mut memory = take(&mut self.memory.kicks);
        for group in self.groups.clone() {
            let number = place * self.cut.groups() + group;
            let part = Part {
                sample,
                place,
                blocks: self.cut.blocks(group..group + 1),
                kicks: trace.samples[sample].kicks(number, kicker, d_times, &mut memory),
                first_moment,
            };
            match part.blocks.len() {
                _ if part.kicks.is_empty() => {}
                1 => self.walk_group::<I, 1>(isa, part, path),
                2 => self.walk_group::<I, 2>(isa, part, path),
                _ => self.walk_group::<I, 3>(isa, part, path),
            }
        }
        self.memory.kicks = memory;
    }

    #[inline(always)]
    fn walk_group<I: Isa<T>, const N: usize>(
        &mut self,
        isa: I,
        part: Part<'_, T>,
        path: impl Path<T>,
    ) {
        let Part { sample, blocks, .. } = part;
        let neurons = self.projection.neurons_of(part.place, blocks.clone());
        let rows = self.projection.rows();
        let before = self.cut.blocks(self.groups.clone()).start;
        let own = (blocks.start - before) * rows..(blocks.end - before) * rows;
        let gradients = Gradients {
            d_weights: &mut self.d_weights[own],
            d_moments: self
                .want_input
                .then(|| &mut self.d_moments[part.first_moment..]),
        };
        backward::walk(
            Group::<T, I, N>::new(isa),
            self.projection.neuron,
            &self.trace.timelines[sample],
            path,
            part.kicks,
            neurons.start,
            self.projection.weights_of(blocks),
            gradients,
        );
    }
}

/// A group at a place in a sample.
struct Part<'a, T> {
    sample: usize,
    place: usize,
    blocks: Range<usize>,
    kicks: &'a [Kick<T>],
    /// Where the moments of the sample start in `d_moments`.
    first_moment: usize,
}

impl<T: Real> Kernel<T> for BackwardTask<'_, T> {
    #[inline(always)]
    fn run<I: Isa<T>>(mut self, isa: I) {
        let trace = self.trace;
        self.d_moments.clear();
        for sample in self.samples.clone() {
            let timeline = &trace.timelines[sample];
            let first_moment = self.d_moments.len();
            if self.want_input {
                let moments = first_moment + timeline.moments.len();
                self.d_moments.resize(moments, T::zero());
            }
            let course = &timeline.course;
            let Some(patches) = self.projection.patches else {
                self.walk(isa, (sample, 0), course.path(), first_moment);
                continue;
            };
            for place in 0..patches.places() {
                if let Some(path) = trace.arrivals[sample].path(patches, course, place) {
                    self.walk(isa, (sample, place), path, first_moment);
                }
            }
        }
    }
}
