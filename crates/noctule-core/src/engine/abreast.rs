//! The forward walk of a wide layer: all its blocks abreast, from instant to instant.
//!
//! Where hundreds of neurons see the same inputs, several of them spike in every interval. A walk of a few blocks (see
//! [`super::forward`]) waits for each of these spikes; here the blocks that have none go on, and the neurons of all
//! blocks that may spike are gathered, sixteen at a time, and solved together. The arithmetic of each neuron is the same to
//! the bit. What is found comes in the order of time.

use std::array::from_fn;
use std::ops::Range;

use super::candidates::Candidates;
use super::course::{NOTHING, Path, WholePath};
use super::crossings::Interval;
use super::forward::State;
use super::found::Found;
use super::group::Group;
use super::lane_vec::LaneVec;
use super::lanes::Isa;
use super::sorted_spikes::SortedSpikes;
use super::timeline::{Segment, Timeline};
use super::{LANES, Lanes};
use crate::{Lif, Real};

/// Where all neurons of a layer are; one entry for each block.
#[derive(Clone, Debug)]
pub(crate) struct Front<T: Real> {
    /// The reference current `C` and the reference potential `V`.
    current: LaneVec<T>,
    potential: LaneVec<T>,
    /// Spikes that each neuron may still emit; as numbers of type `T`, which are exact.
    left: LaneVec<T>,
    /// Memory: the neurons that may spike before the next instant.
    candidates: Candidates,
    /// The first numbers.
    first: Lanes<T>,
    packed: Packed<T>,
    found: Found<T>,
}

impl<T: Real> Default for Front<T> {
    fn default() -> Self {
        Self {
            current: LaneVec::default(),
            potential: LaneVec::default(),
            left: LaneVec::default(),
            candidates: Candidates::default(),
            first: from_fn(|lane| T::of(lane as f64)),
            packed: Packed::default(),
            found: Found::default(),
        }
    }
}

/// Neurons that may spike in an interval, side by side.
#[derive(Clone, Debug, Default)]
struct Packed<T> {
    count: usize,
    /// Memory, of which `count` are of use: the numbers of the neurons (as numbers of type `T`, which are exact), and where
    /// they are, as in [`Front`].
    neuron: LaneVec<T>,
    current: LaneVec<T>,
    potential: LaneVec<T>,
    left: LaneVec<T>,
}

impl<T: Real> Packed<T> {
    /// For the neurons of so many blocks, and what is written behind them.
    fn make_room(&mut self, blocks: usize) {
        let lists = [
            &mut self.neuron,
            &mut self.current,
            &mut self.potential,
            &mut self.left,
        ];
        for list in lists {
            list.resize(blocks + 1, [T::zero(); LANES]);
        }
    }
}

/// A wide layer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layer<'a, T> {
    pub neuron: &'a Lif<T>,
    pub neurons: usize,
    /// Shape `[row][block][LANES]`.
    pub weights: &'a [Lanes<T>],
}

/// Runs a layer along a timeline and overwrites `spikes` with its spikes, sorted by time. Only for `tau_m = 2 tau_s`.
#[inline(always)]
pub(crate) fn walk<T: Real, I: Isa<T>>(
    isa: I,
    layer: Layer<'_, T>,
    timeline: &Timeline<T>,
    front: &mut Front<T>,
    spikes: &mut SortedSpikes<T>,
) {
    front.start(layer);
    for (index, segment) in timeline.segments.iter().enumerate() {
        front.cross(isa, segment);
        let path = timeline.course.path();
        let mut rest = path.segment(index);
        while let Some(number) = isa.apart(
            #[inline(always)]
            || front.advance(isa, layer, &path, &mut rest),
        ) {
            isa.apart(
                #[inline(always)]
                || {
                    let interval = Interval::new(&path, number, &timeline.moments);
                    front.pack(isa);
                    front.settle(isa, layer.neuron, &interval);
                    front.unpack(isa);
                    let ends = [number, number + 1].map(|stop| timeline.moments.times[stop]);
                    front.found.end_burst(number, ends, segment.reference);
                },
            );
        }
    }
    isa.apart(
        #[inline(always)]
        || front.found.put_in_order(isa, layer.neuron, spikes),
    );
}

impl<T: Real> Front<T> {
    /// Nothing has arrived yet.
    fn start(&mut self, layer: Layer<'_, T>) {
        let blocks = super::blocks(layer.neurons);
        for list in [&mut self.current, &mut self.potential, &mut self.left] {
            list.clear();
            list.resize(blocks, [T::zero(); LANES]);
        }
        let max_spikes = T::of(f64::from(layer.neuron.max_spikes()));
        self.left.as_flattened_mut()[..layer.neurons].fill(max_spikes);
        // Neurons that are not there, as those that have no spikes left, are below every test.
        self.potential.as_flattened_mut()[layer.neurons..].fill(T::neg_infinity());
        self.candidates.begin(blocks);
        self.packed.make_room(blocks);
        self.found.begin();
    }

    /// Goes from the reference time of one segment to that of the next.
    #[inline(always)]
    fn cross<I: Isa<T>>(&mut self, isa: I, segment: &Segment<T>) {
        let group = Group::<T, I, 1>::new(isa);
        for (current, potential) in self.current.iter_mut().zip(self.potential.iter_mut()) {
            let state = State {
                current: group.load(&[*current]),
                potential: group.load(&[*potential]),
            };
            let state = state.cross(group, segment);
            [*current] = group.store(state.current);
            [*potential] = group.store(state.potential);
        }
    }

    /// Walks along the intervals that begin at the stops in `rest`, but for the last of them, until some neurons may spike;
    /// returns the stop at which that interval begins. `rest` is then what is left.
    #[inline(always)]
    fn advance<I: Isa<T>>(
        &mut self,
        isa: I,
        layer: Layer<'_, T>,
        path: &WholePath<'_, T>,
        rest: &mut Range<usize>,
    ) -> Option<usize> {
        while rest.len() > 1 {
            // Inputs at one instant act together.
            let mut inputs = 1;
            while inputs + 1 < rest.len()
                && path.stop(rest.start + inputs - 1).threshold == T::infinity()
            {
                inputs += 1;
            }
            let together = rest.start..rest.start + inputs;
            rest.start = together.end;
            if self.take_in(isa, layer, path, together) {
                return Some(rest.start - 1);
            }
        }
        None
    }

    /// Takes in the inputs at one instant, those at the stops `together`; returns whether some neurons may reach their
    /// threshold before the next stop.
    #[inline(always)]
    fn take_in<I: Isa<T>>(
        &mut self,
        isa: I,
        layer: Layer<'_, T>,
        path: &WholePath<'_, T>,
        mut together: Range<usize>,
    ) -> bool {
        let threshold = path.stop(together.end - 1).threshold;
        let response = path.stop(together.end).response;
        // At the start of a segment nothing arrives.
        if path.row(together.start) == NOTHING as usize {
            together.start += 1;
        }
        let test = (threshold, response);
        while together.len() > 4 {
            self.add::<I, 4>(isa, layer, path, together.start, (T::infinity(), response));
            together.start += 4;
        }
        match together.len() {
            4 => self.add::<I, 4>(isa, layer, path, together.start, test),
            3 => self.add::<I, 3>(isa, layer, path, together.start, test),
            2 => self.add::<I, 2>(isa, layer, path, together.start, test),
            1 => self.add::<I, 1>(isa, layer, path, together.start, test),
            _ => self.add::<I, 0>(isa, layer, path, together.start, test),
        }
        self.candidates.look(isa)
    }

    /// Adds the inputs at `K` stops, whose coefficients stay in registers, and notes for all blocks which neurons may reach
    /// `threshold` while `phi` grows to `response`.
    #[inline(always)]
    fn add<I: Isa<T>, const K: usize>(
        &mut self,
        isa: I,
        layer: Layer<'_, T>,
        path: &WholePath<'_, T>,
        first: usize,
        (threshold, response): (T, T),
    ) {
        let (threshold, response) = (isa.splat(threshold), isa.splat(response));
        let blocks = self.current.len();
        let current = &mut self.current[..blocks];
        let potential = &mut self.potential[..blocks];
        let candidates = self.candidates.of_blocks(blocks);
        let mut gains = [(threshold, threshold); K];
        let mut rows = [layer.weights; K];
        for input in 0..K {
            let stop = path.stop(first + input);
            gains[input] = (isa.splat(stop.current_gain), isa.splat(stop.potential_gain));
            rows[input] = &layer.weights[path.row(first + input) * blocks..][..blocks];
        }
        for block in 0..blocks {
            let (mut c, mut v) = (isa.load(&current[block]), isa.load(&potential[block]));
            for (row, gains) in rows.iter().zip(&gains) {
                let weight = isa.load(&row[block]);
                c = isa.mul_add(gains.0, weight, c);
                v = isa.mul_add(gains.1, weight, v);
            }
            current[block] = isa.store(c);
            potential[block] = isa.store(v);
            let highest = isa.mul_add(c, response, v);
            candidates[block] = isa.bits(isa.at_least(highest, threshold)) as u16;
        }
    }

    /// Packs the candidates side by side.
    #[inline(always)]
    fn pack<I: Isa<T>>(&mut self, isa: I) {
        let packed = &mut self.packed;
        packed.count = 0;
        for block in self.candidates.blocks() {
            let some = self.candidates.of_block(block);
            let mask = isa.mask(some);
            let numbers = isa.add(
                isa.load(&self.first),
                isa.splat(T::of((block * LANES) as f64)),
            );
            let lists = [
                (&mut packed.neuron, numbers),
                (&mut packed.current, isa.load(&self.current[block])),
                (&mut packed.potential, isa.load(&self.potential[block])),
                (&mut packed.left, isa.load(&self.left[block])),
            ];
            for (list, values) in lists {
                isa.pack(mask, values, list.at_mut(packed.count));
            }
            packed.count += some.count_ones() as usize;
        }
    }

    /// Takes back what has changed.
    #[inline(always)]
    fn unpack<I: Isa<T>>(&mut self, isa: I) {
        let mut first = 0;
        for block in self.candidates.blocks() {
            let some = self.candidates.of_block(block);
            let mask = isa.mask(some);
            let lists = [
                (&mut self.potential[block], &self.packed.potential),
                (&mut self.left[block], &self.packed.left),
            ];
            for (lanes, list) in lists {
                let unpacked = isa.unpack(mask, list.at(first), isa.load(lanes));
                *lanes = isa.store(unpacked);
            }
            first += some.count_ones() as usize;
        }
    }

    /// Finds the spikes of all candidates in an interval.
    #[inline(always)]
    fn settle<I: Isa<T>>(&mut self, isa: I, neuron: &Lif<T>, interval: &Interval<'_, T>) {
        let group = Group::<T, I, 1>::new(isa);
        let Self { packed, found, .. } = self;
        for block in 0..packed.count.div_ceil(LANES) {
            let mut state = State {
                current: group.load(&[packed.current[block]]),
                potential: group.load(&[packed.potential[block]]),
            };
            let mut left = group.load(&[packed.left[block]]);
            let neurons = isa.load(&packed.neuron[block]);
            let there = (packed.count - block * LANES).min(LANES);
            state.settle(
                group,
                neuron,
                interval,
                group.mask(0xffff >> (LANES - there)),
                &mut left,
                #[inline(always)]
                |[crosses], [leak], [root]| found.push(isa, crosses, [leak, root, neurons]),
            );
            [packed.potential[block]] = group.store(state.potential);
            [packed.left[block]] = group.store(left);
        }
    }
}
