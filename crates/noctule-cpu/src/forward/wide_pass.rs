//! The wide pass: the forward pass of a wide layer, which takes all of its blocks from one interval to the next.
//!
//! Where hundreds of neurons receive the same inputs, several of them spike in nearly every interval. A pass over a few
//! blocks (see [`group_pass`](crate::forward::group_pass)) waits for each of these spikes. Here, the neurons that may
//! spike in an interval are packed from all blocks, sixteen to a block, and solved together. The arithmetic of each
//! neuron is the same, bit for bit. Intervals come in the order of time.

use std::array::from_fn;
use std::ops::Range;

use noctule_core::{Lif, Real};

use crate::events::schedule::{FullPath, NO_INPUT, Path};
use crate::events::timeline::{Segment, Timeline};
use crate::forward::candidates::Candidates;
use crate::forward::group_state::State;
use crate::forward::solve_interval::Interval;
use crate::forward::spike_collector::SpikeCollector;
use crate::simd::group::Group;
use crate::simd::isa::Isa;
use crate::simd::lane_vec::LaneVec;
use crate::simd::lanes::{LANES, Lanes, blocks};
use crate::tape::sorted_spikes::SortedSpikes;

/// The state of all neurons of a wide layer; lists have one entry per block.
#[derive(Clone, Debug)]
pub(crate) struct WideState<T: Real> {
    /// The reference current `C` and the reference potential `V`.
    current: LaneVec<T>,
    potential: LaneVec<T>,
    /// The number of spikes that each neuron may still emit, as an exact number of type `T`.
    remaining: LaneVec<T>,
    /// The neurons that may spike in the current interval.
    candidates: Candidates,
    /// The numbers 0 to 15: the index of each lane in its block.
    lane_numbers: Lanes<T>,
    /// The candidates, while they are solved.
    packed: PackedCandidates<T>,
    /// The spikes so far.
    collector: SpikeCollector<T>,
}

impl<T: Real> Default for WideState<T> {
    fn default() -> Self {
        Self {
            current: LaneVec::default(),
            potential: LaneVec::default(),
            remaining: LaneVec::default(),
            candidates: Candidates::default(),
            lane_numbers: from_fn(|lane| T::of(lane as f64)),
            packed: PackedCandidates::default(),
            collector: SpikeCollector::default(),
        }
    }
}

/// The state of the neurons that may spike in an interval, packed into as few blocks as possible.
#[derive(Clone, Debug, Default)]
struct PackedCandidates<T> {
    count: usize,
    /// The index of each neuron (as an exact number of type `T`) and its state as in [`WideState`]. Only the first
    /// `count` entries are candidates; the rest is spare memory.
    neuron: LaneVec<T>,
    current: LaneVec<T>,
    potential: LaneVec<T>,
    remaining: LaneVec<T>,
}

impl<T: Real> PackedCandidates<T> {
    /// Allocates memory for the neurons of `blocks` blocks, and for a block that is written from the last neuron on.
    fn resize(&mut self, blocks: usize) {
        let lists = [
            &mut self.neuron,
            &mut self.current,
            &mut self.potential,
            &mut self.remaining,
        ];
        for list in lists {
            list.resize(blocks + 1, [T::zero(); LANES]);
        }
    }
}

/// The constants and weights of a wide layer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WideLayer<'a, T> {
    pub neuron: &'a Lif<T>,
    /// The number of neurons.
    pub neurons: usize,
    /// Shape `[row][block][LANES]`.
    pub weights: &'a [Lanes<T>],
}

/// Runs a layer along a timeline and overwrites `spikes` with its spikes, sorted by time. Only for `tau_m = 2 tau_s`.
#[inline(always)]
pub(crate) fn run<T: Real, I: Isa<T>>(
    isa: I,
    layer: WideLayer<'_, T>,
    timeline: &Timeline<T>,
    state: &mut WideState<T>,
    spikes: &mut SortedSpikes<T>,
) {
    state.begin(layer);
    for (index, segment) in timeline.segments.iter().enumerate() {
        state.cross(isa, segment);
        let path = timeline.schedule.path();
        let mut rest = path.segment(index);
        while let Some(number) = isa.outlined(
            #[inline(always)]
            || state.advance(isa, layer, &path, &mut rest),
        ) {
            isa.outlined(
                #[inline(always)]
                || {
                    let interval = Interval::new(&path, number, &timeline.bounds);
                    state.gather_candidates(isa);
                    state.solve_interval(isa, layer.neuron, &interval);
                    state.scatter_candidates(isa);
                    let ends = [number, number + 1].map(|event| timeline.bounds.times[event]);
                    state
                        .collector
                        .end_interval(number, ends, segment.reference);
                },
            );
        }
    }
    isa.outlined(
        #[inline(always)]
        || state.collector.write_sorted(isa, layer.neuron, spikes),
    );
}

impl<T: Real> WideState<T> {
    /// Becomes the state at rest, before any input.
    fn begin(&mut self, layer: WideLayer<'_, T>) {
        let blocks = blocks(layer.neurons);
        for list in [&mut self.current, &mut self.potential, &mut self.remaining] {
            list.clear();
            list.resize(blocks, [T::zero(); LANES]);
        }
        let max_spikes = T::of(f64::from(layer.neuron.max_spikes()));
        self.remaining.as_flattened_mut()[..layer.neurons].fill(max_spikes);
        // Lanes without a neuron, like neurons without remaining spikes, never reach a threshold.
        self.potential.as_flattened_mut()[layer.neurons..].fill(T::neg_infinity());
        self.candidates.begin(blocks);
        self.packed.resize(blocks);
        self.collector.begin();
    }

    /// Moves the state from the reference time of the previous segment to that of `segment`.
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

    /// Goes through the intervals that begin at the events in `rest`, except for its last event, up to the first in
    /// which some neurons may spike; returns the event at which it begins. `rest` is set to the remaining events.
    #[inline(always)]
    fn advance<I: Isa<T>>(
        &mut self,
        isa: I,
        layer: WideLayer<'_, T>,
        path: &FullPath<'_, T>,
        rest: &mut Range<usize>,
    ) -> Option<usize> {
        while rest.len() > 1 {
            // Simultaneous inputs act together.
            let mut inputs = 1;
            while inputs + 1 < rest.len()
                && path.event(rest.start + inputs - 1).threshold == T::infinity()
            {
                inputs += 1;
            }
            let together = rest.start..rest.start + inputs;
            rest.start = together.end;
            if self.add_inputs(isa, layer, path, together) {
                return Some(rest.start - 1);
            }
        }
        None
    }

    /// Adds the simultaneous inputs at the events in `together`; returns whether some neurons may reach their threshold
    /// before the next event.
    #[inline(always)]
    fn add_inputs<I: Isa<T>>(
        &mut self,
        isa: I,
        layer: WideLayer<'_, T>,
        path: &FullPath<'_, T>,
        mut together: Range<usize>,
    ) -> bool {
        let threshold = path.event(together.end - 1).threshold;
        let response = path.event(together.end).response;
        // At the start of a segment there is no input.
        if path.row(together.start) == NO_INPUT as usize {
            together.start += 1;
        }
        let test = (threshold, response);
        while together.len() > 4 {
            self.add_events::<I, 4>(isa, layer, path, together.start, (T::infinity(), response));
            together.start += 4;
        }
        match together.len() {
            4 => self.add_events::<I, 4>(isa, layer, path, together.start, test),
            3 => self.add_events::<I, 3>(isa, layer, path, together.start, test),
            2 => self.add_events::<I, 2>(isa, layer, path, together.start, test),
            1 => self.add_events::<I, 1>(isa, layer, path, together.start, test),
            _ => self.add_events::<I, 0>(isa, layer, path, together.start, test),
        }
        self.candidates.find_occupied(isa)
    }

    /// Adds the inputs at the `K` events from `first` on, whose coefficients stay in registers, and sets the
    /// candidates: the neurons that may reach `threshold` while `phi` grows to `response`.
    #[inline(always)]
    fn add_events<I: Isa<T>, const K: usize>(
        &mut self,
        isa: I,
        layer: WideLayer<'_, T>,
        path: &FullPath<'_, T>,
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
            let event = path.event(first + input);
            gains[input] = (
                isa.splat(event.current_gain),
                isa.splat(event.potential_gain),
            );
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
            candidates[block] = isa.bits(isa.ge(highest, threshold)) as u16;
        }
    }

    /// Copies the state of the candidates to `packed`.
    #[inline(always)]
    fn gather_candidates<I: Isa<T>>(&mut self, isa: I) {
        let packed = &mut self.packed;
        packed.count = 0;
        for block in self.candidates.blocks() {
            let candidates = self.candidates.of_block(block);
            let mask = isa.mask(candidates);
            let neurons = isa.add(
                isa.load(&self.lane_numbers),
                isa.splat(T::of((block * LANES) as f64)),
            );
            let lists = [
                (&mut packed.neuron, neurons),
                (&mut packed.current, isa.load(&self.current[block])),
                (&mut packed.potential, isa.load(&self.potential[block])),
                (&mut packed.remaining, isa.load(&self.remaining[block])),
            ];
            for (list, values) in lists {
                isa.compress(mask, values, list.at_mut(packed.count));
            }
            packed.count += candidates.count_ones() as usize;
        }
    }

    /// Copies the potentials and the numbers of remaining spikes of the candidates back from `packed`.
    #[inline(always)]
    fn scatter_candidates<I: Isa<T>>(&mut self, isa: I) {
        let mut first = 0;
        for block in self.candidates.blocks() {
            let candidates = self.candidates.of_block(block);
            let mask = isa.mask(candidates);
            let lists = [
                (&mut self.potential[block], &self.packed.potential),
                (&mut self.remaining[block], &self.packed.remaining),
            ];
            for (lanes, list) in lists {
                let expanded = isa.expand(mask, list.at(first), isa.load(lanes));
                *lanes = isa.store(expanded);
            }
            first += candidates.count_ones() as usize;
        }
    }

    /// Finds the spikes of all packed candidates in an interval.
    #[inline(always)]
    fn solve_interval<I: Isa<T>>(&mut self, isa: I, neuron: &Lif<T>, interval: &Interval<'_, T>) {
        let group = Group::<T, I, 1>::new(isa);
        let Self {
            packed, collector, ..
        } = self;
        for block in 0..packed.count.div_ceil(LANES) {
            let mut state = State {
                current: group.load(&[packed.current[block]]),
                potential: group.load(&[packed.potential[block]]),
            };
            let mut remaining = group.load(&[packed.remaining[block]]);
            let neurons = isa.load(&packed.neuron[block]);
            let lanes = (packed.count - block * LANES).min(LANES);
            state.solve_interval(
                group,
                neuron,
                interval,
                group.mask(0xffff >> (LANES - lanes)),
                &mut remaining,
                #[inline(always)]
                |[crosses], [leak], [root]| collector.push(isa, crosses, [leak, root, neurons]),
            );
            [packed.potential[block]] = group.store(state.potential);
            [packed.remaining[block]] = group.store(remaining);
        }
    }
}
