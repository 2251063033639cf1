//! The forward pass: each unit follows one neuron of one sample through the sample's events.
//!
//! The units of a cube share the events: a block of them is read at a time, and each unit computes the coefficients of
//! one event into shared memory. In a convolution a bit set for each place says which events of the block its window
//! sees. Spikes go to the next free slot of their sample.

use cubecl::prelude::*;

use crate::kernels::block::{Block, ForwardOptions, NO_INPUT, Source, WORDS, mark_windows, stage};
use crate::kernels::crossing::Search;
use crate::kernels::dropout::Dropout;
use crate::kernels::geometry::{CUBE, Geometry};
use crate::kernels::integrate::arrive;
use crate::kernels::lists::{Arrivals, Events, F4, Spikes, U4};
use crate::kernels::membrane::{Membrane, STATE};
use crate::kernels::neuron::{Lif, Neurons, coefficients_at, lif_of};

/// Events whose weights are loaded together.
const STAGE: u32 = 8;

/// Simulates a layer from event `from` to event `to` of each sample. Launched with a cube of [`CUBE`] units for each of [`Geometry::cubes`] and each sample.
///
/// `totals` has the number of spikes of each sample, and must be 0; `spiked` has a bit for each sample in words of 32,
/// `stride` words for each neuron, and must be 0. `arrived` is the same for the events of a first layer. `from` and `to`
/// are multiples of [`CUBE`]; between launches the neurons' states are kept in `states`, if samples are chunked.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments, reason = "the lists of a layer")]
pub(crate) fn forward(
    input: &Events,
    weights: &Array<f32>,
    neurons: &Neurons,
    dropout: &Dropout,
    stride: u32,
    input_capacity: u32,
    capacity: u32,
    totals: &Array<Atomic<u32>>,
    spiked: &Array<Atomic<u32>>,
    arrived: &Array<Atomic<u32>>,
    spikes: &mut Spikes,
    arrivals: &mut Arrivals,
    from: u32,
    to: u32,
    states: &mut Array<U4>,
    #[comptime] options: ForwardOptions,
) {
    let geometry = comptime!(options.geometry);
    let mut block = Block::new(geometry);
    let mut near_weights = SharedMemory::<f32>::new(comptime!(near_weights_of(&geometry)) as usize);

    let unit = UNIT_POS_X;
    let sample = CUBE_POS_Y;
    let lanes = comptime!(geometry.lanes());
    let blocks = comptime!(geometry.filter_blocks());
    let per_cube = comptime!(geometry.places_per_cube());
    let local = unit / lanes;
    let first_place = CUBE_POS_X / blocks * per_cube;
    let place = first_place + local;
    let filter = CUBE_POS_X % blocks * lanes + unit % lanes;
    let neuron = place * comptime!(geometry.filters) + filter;
    let is_active = local < per_cube
        && place < comptime!(geometry.places())
        && filter < comptime!(geometry.filters);
    let mut known = 0u32;
    if is_active {
        known = neuron;
    }
    let lif = lif_of(neurons, known, comptime!(options.dynamics));
    let membrane = Membrane::at_rest();
    let finder = Search {
        sample,
        neuron,
        capacity,
    };
    let source = Source {
        sample,
        start: input.starts[sample as usize],
        count: u32::min(input.counts[sample as usize], input_capacity),
        capacity: input_capacity,
        stride,
    };
    let cell = (sample * comptime!(geometry.neurons()) + known) as usize;
    if comptime!(options.is_chunked) {
        if is_active && from > 0 {
            membrane.load(states, comptime!(STATE as usize) * cell);
        }
    }
    let mut first = from;
    // The end of the sample is one more event, of no input.
    while first <= source.count && first < to {
        if comptime!(!geometry.is_dense) {
            let mut word = unit;
            while word < comptime!(per_cube * WORDS) {
                block.seen[word as usize].store(0u32);
                word += CUBE;
            }
            sync_cube();
        }
        if first + unit <= source.count {
            stage(
                &mut block,
                input,
                &source,
                first + unit,
                neurons,
                dropout,
                arrived,
                arrivals,
                options,
            );
            if comptime!(!geometry.is_dense) {
                mark_windows(&block, first + unit == source.count, first_place, geometry);
            }
        }
        sync_cube();
        let count = u32::min(source.count + 1 - first, CUBE.runtime());
        if comptime!(geometry.is_thin()) {
            stage_thin_weights(&block, weights, count, &mut near_weights, geometry);
            sync_cube();
        }
        if is_active {
            if comptime!(geometry.is_dense) {
                take_dense(
                    &membrane,
                    &block,
                    first,
                    count,
                    filter,
                    weights,
                    &mut near_weights,
                    &lif,
                    &finder,
                    totals,
                    spikes,
                    options,
                );
            } else {
                take_seen(
                    &membrane, &block, first, local, place, filter, weights, &lif, &finder, totals,
                    spikes, options,
                );
            }
        }
        sync_cube();
        first += CUBE;
    }
    if is_active {
        let count = membrane.count.read();
        spikes.tallies[cell] = count;
        spikes.firsts[cell] = membrane.first.read();
        spikes.lasts[cell] = membrane.last.read();
        if count > 0 {
            let word = neuron * stride + sample / 32;
            spiked[word as usize].fetch_or(1u32 << (sample % 32));
        }
        if comptime!(options.is_chunked) {
            membrane.save(states, comptime!(STATE as usize) * cell);
        }
    }
}

/// Numbers of shared memory for the weights of coming events.
fn near_weights_of(geometry: &Geometry) -> u32 {
    if geometry.is_thin() {
        CUBE * geometry.filters
    } else if geometry.is_dense {
        CUBE * STAGE
    } else {
        1
    }
}

/// The weight of an event of a dense layer.
#[cube]
fn dense_weight(weights: &Array<f32>, input: u32, filter: u32, #[comptime] filters: u32) -> f32 {
    let mut weight = 0.0f32;
    if input != NO_INPUT {
        weight = weights[(input * filters + filter) as usize];
    }
    weight
}

/// Copies the weights of all events of a block to shared memory.
#[cube]
fn stage_thin_weights(
    block: &Block,
    weights: &Array<f32>,
    count: u32,
    near_weights: &mut SharedMemory<f32>,
    #[comptime] geometry: Geometry,
) {
    let filters = comptime!(geometry.filters);
    let mut at = UNIT_POS_X;
    while at < count * filters {
        let input = block.inputs[(at / filters) as usize];
        near_weights[at as usize] = dense_weight(weights, input, at % filters, filters);
        at += CUBE;
    }
}

/// The coefficients of an event for a neuron.
#[cube]
fn coefficients_of(
    block: &Block,
    event: u32,
    lif: &Lif,
    #[comptime] options: ForwardOptions,
) -> F4 {
    let shared = block.coefficients[event as usize];
    let mut own = shared;
    if comptime!(options.dynamics.is_individual) {
        own = coefficients_at(shared[3], lif, comptime!(options.dynamics.method));
    }
    own
}

/// Takes in all events of a block.
#[cube]
#[allow(clippy::too_many_arguments, reason = "the lists of a layer")]
fn take_dense(
    membrane: &Membrane,
    block: &Block,
    first: u32,
    count: u32,
    filter: u32,
    weights: &Array<f32>,
    near_weights: &mut SharedMemory<f32>,
    lif: &Lif,
    finder: &Search,
    totals: &Array<Atomic<u32>>,
    spikes: &mut Spikes,
    #[comptime] options: ForwardOptions,
) {
    let geometry = comptime!(options.geometry);
    let filters = comptime!(geometry.filters);
    let method = comptime!(options.dynamics.method);
    let unit = UNIT_POS_X;
    let mut from = 0u32;
    while from < count {
        let mut to = u32::min(from + STAGE, count);
        if comptime!(geometry.is_thin()) {
            to = count;
        } else {
            // Several loads are under way at a time; each unit reads its own values back.
            #[unroll]
            for ahead in 0..STAGE {
                let at = u32::min(from + ahead, count - 1);
                near_weights[(ahead * CUBE + unit) as usize] =
                    dense_weight(weights, block.inputs[at as usize], filter, filters);
            }
        }
        for event in from..to {
            let mut place = (event - from) * CUBE + unit;
            if comptime!(geometry.is_thin()) {
                place = event * filters + filter;
            }
            let weight = near_weights[place as usize];
            let coefficients = coefficients_of(block, event, lif, options);
            let segment = block.segments[event as usize];
            arrive(
                membrane,
                coefficients,
                segment,
                weight,
                first + event,
                lif,
                finder,
                totals,
                spikes,
                method,
            );
        }
        from = to;
    }
}

/// Takes in the events of a block that the window of a place sees.
#[cube]
#[allow(clippy::too_many_arguments, reason = "the lists of a layer")]
fn take_seen(
    membrane: &Membrane,
    block: &Block,
    first: u32,
    local: u32,
    place: u32,
    filter: u32,
    weights: &Array<f32>,
    lif: &Lif,
    finder: &Search,
    totals: &Array<Atomic<u32>>,
    spikes: &mut Spikes,
    #[comptime] options: ForwardOptions,
) {
    let geometry = comptime!(options.geometry);
    let method = comptime!(options.dynamics.method);
    let corner_y = place / comptime!(geometry.places_wide) * comptime!(geometry.stride);
    let corner_x = place % comptime!(geometry.places_wide) * comptime!(geometry.stride);
    #[unroll]
    for word in 0..WORDS {
        let mut rest = block.seen[(local * WORDS + word) as usize].load();
        while rest != 0u32 {
            let event = word * 32 + rest.find_first_set() - 1;
            rest &= rest - 1;
            let pixel = block.inputs[event as usize];
            let mut weight = 0.0f32;
            if pixel != NO_INPUT {
                let ky = (pixel >> 16u32) + comptime!(geometry.padding) - corner_y;
                let kx = (pixel & 0xffffu32) + comptime!(geometry.padding) - corner_x;
                let view = ky * comptime!(geometry.window_width) + kx;
                let row = view * comptime!(geometry.channels) + block.channels[event as usize];
                weight = weights[(row * comptime!(geometry.filters) + filter) as usize];
            }
            let coefficients = coefficients_of(block, event, lif, options);
            let segment = block.segments[event as usize];
            arrive(
                membrane,
                coefficients,
                segment,
                weight,
                first + event,
                lif,
                finder,
                totals,
                spikes,
                method,
            );
        }
    }
}
