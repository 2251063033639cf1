//! What a forward pass of a layer leaves behind for the way back.

use std::ops::Range;

use rayon::prelude::*;

use super::LANES;
use super::by_row::ByRow;
use super::cut::Cut;
use super::forward::Spike;
use super::merge::Sorter;
use super::patches::Arrivals;
use super::scratch::Scratch;
use super::timeline::Timeline;
use crate::Real;

/// Work on so many numbers is done as soon as another thread would be told of it.
pub(crate) const SMALL: usize = 8192;
/// To deal out a spike takes as long as work on so many numbers.
const DEALT: usize = 4;

/// How many samples one thread should have at least, if all are work on so many numbers.
pub(crate) fn samples_at_once(samples: usize, numbers: usize) -> usize {
    samples / (numbers / SMALL).max(1)
}

/// What the backward pass needs to know of a forward pass.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace<T: Real> {
    /// One for each sample.
    pub timelines: Vec<Timeline<T>>,
    /// One for each sample, if the layer has places.
    pub arrivals: Vec<Arrivals>,
    /// One for each sample.
    pub samples: Vec<SampleTrace<T>>,
    pub cut: Cut,
    /// The weights of a wide layer.
    pub by_row: ByRow<T>,
    pub scratch: Scratch<T>,
}

impl<T: Real> Trace<T> {
    /// Makes room for a pass through so many samples.
    pub fn begin(&mut self, cut: Cut, samples: usize, has_places: bool) {
        self.cut = cut;
        self.timelines.resize_with(samples, Timeline::default);
        self.samples.resize_with(samples, SampleTrace::default);
        let with_places = if has_places { samples } else { 0 };
        self.arrivals.resize_with(with_places, Arrivals::default);
        self.scratch.for_threads(rayon::current_num_threads());
    }

    /// Spikes of all samples.
    pub fn spikes(&self) -> usize {
        self.samples.iter().map(SampleTrace::count).sum()
    }

    /// Brings the spikes of all samples into parts, where that was not yet done.
    pub fn deal(&mut self) {
        let mut undealt = self.samples.iter().map(|sample| sample.undealt);
        if !undealt.any(|undealt| undealt) {
            return;
        }
        let group_of = self.cut.group_of_blocks();
        let groups = self.cut.groups();
        let at_once = samples_at_once(self.samples.len(), DEALT * self.spikes());
        let samples = self.samples.par_iter_mut().with_min_len(at_once);
        samples.for_each(|sample| sample.deal(&group_of, groups));
    }
}

/// The spikes of a layer in one sample.
#[derive(Clone, Debug, Default)]
pub(crate) struct SampleTrace<T> {
    /// Part by part, and in the order of the walk in each. Of a wide layer, only once they are dealt.
    pub spikes: Vec<Spike<T>>,
    /// Where each part starts: shape `[places * groups + 1]`. Part `place * groups + group` is one group at one place.
    offsets: Vec<u32>,
    /// The position of each spike among the output events.
    pub ranks: Vec<u32>,
    /// The spikes of a wide layer as its walk finds them, sorted by time, and whether the parts are yet to be made of
    /// them. Only the way back needs parts.
    sorted: Vec<Spike<T>>,
    undealt: bool,
    /// Memory: times of the spikes.
    times: Vec<T>,
}

impl<T: Real> SampleTrace<T> {
    /// Begins a pass whose spikes come part by part.
    pub fn begin_parts(&mut self) {
        self.undealt = false;
        self.spikes.clear();
        self.offsets.clear();
        self.end_part();
    }

    /// All spikes of a part are there.
    pub fn end_part(&mut self) {
        self.offsets.push(self.spikes.len() as u32);
    }

    /// Begins a pass whose spikes come sorted by time; they are to be appended to this list.
    pub fn begin_sorted(&mut self) -> &mut Vec<Spike<T>> {
        self.undealt = true;
        self.sorted.clear();
        &mut self.sorted
    }

    /// How many spikes there are.
    pub fn count(&self) -> usize {
        if self.undealt {
            self.sorted.len()
        } else {
            self.spikes.len()
        }
    }

    /// The spikes of a part, as positions in `ranks`.
    pub fn part(&self, part: usize) -> Range<usize> {
        self.offsets[part] as usize..self.offsets[part + 1] as usize
    }

    /// Finds the order of spikes that came part by part.
    #[inline(always)]
    pub fn sort(&mut self, sorter: &mut Sorter<T>) {
        self.times.clear();
        self.times
            .extend(self.spikes.iter().map(|spike| spike.time));
        sorter.rank(&self.times, &mut self.ranks);
    }

    /// Writes all spikes in order of time into the event list `times` and `neurons`, which has room for just them.
    pub fn list(&self, times: &mut [T], neurons: &mut [u32]) {
        if self.undealt {
            let events = times.iter_mut().zip(neurons);
            for ((time, neuron), spike) in events.zip(&self.sorted) {
                (*time, *neuron) = (spike.time, spike.neuron);
            }
            return;
        }
        for (spike, &rank) in self.spikes.iter().zip(&self.ranks) {
            times[rank as usize] = spike.time;
            neurons[rank as usize] = spike.neuron;
        }
    }

    /// Deals sorted spikes out to the parts. `group_of` has the group of each block.
    fn deal(&mut self, group_of: &[u32], groups: usize) {
        if !std::mem::take(&mut self.undealt) {
            return;
        }
        let group = |spike: &Spike<T>| group_of[spike.neuron as usize / LANES] as usize;
        self.offsets.clear();
        self.offsets.resize(groups + 1, 0);
        for spike in &self.sorted {
            self.offsets[group(spike) + 1] += 1;
        }
        let mut sum = 0;
        for offset in &mut self.offsets {
            sum += *offset;
            *offset = sum;
        }
        self.ranks.resize(self.sorted.len(), 0);
        self.spikes.resize(self.sorted.len(), Spike::none());
        // While a part fills, its start grows into its end, which is where the next one starts.
        for (rank, spike) in self.sorted.iter().enumerate() {
            let next = &mut self.offsets[group(spike)];
            self.spikes[*next as usize] = *spike;
            self.ranks[*next as usize] = rank as u32;
            *next += 1;
        }
        self.offsets.rotate_right(1);
        self.offsets[0] = 0;
    }
}
