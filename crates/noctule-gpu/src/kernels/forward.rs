//! The forward pass: each unit follows one neuron of one sample through the sample's events.
//!
//! The units of a cube share the events: a block of them is read at a time, and each unit computes the coefficients of
//! one event into shared memory. In a convolution a bit set for each place says which events of the block its window
//! sees. Spikes go to the next free slot of their sample.

use cubecl::prelude::*;

use crate::kernels::crossing::{Search, search};
use crate::kernels::dropout::{Dropout, is_dropped};
use crate::kernels::geometry::{CUBE, Geometry};
use crate::kernels::lists::{Arrivals, Events, F4, LAST_OF_INPUT, Spikes, U4, link_of};
use crate::kernels::math::exp;
use crate::kernels::membrane::Membrane;
use crate::kernels::neuron::{Lif, Method, carry, gain_of, phi_of};

/// Events whose weights are loaded together.
const STAGE: u32 = 8;
/// Segments that a search may cross.
const MOST_HOPS: u32 = 8;
/// Stands for the input of an event that does not act.
const NO_INPUT: u32 = 0xffff_ffff;
/// Bit sets of a block.
const WORDS: u32 = CUBE / 32;

/// What a forward pass has and does; each combination is a kernel of its own.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct ForwardOptions {
    pub geometry: Geometry,
    pub method: Method,
    /// Whether the events were loaded; otherwise they are spikes of another layer.
    pub is_first: bool,
    /// Whether inputs are dropped.
    pub drops: bool,
}

/// Simulates a layer. Launched with a cube of [`CUBE`] units for each of [`Geometry::cubes`] and each sample.
///
/// `totals` has the number of spikes of each sample, and must be 0; `spiked` has a bit for each sample in words of 32,
/// `stride` words for each neuron, and must be 0. `arrived` is the same for the events of a first layer.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments, reason = "the lists of a layer")]
pub(crate) fn forward(
    input: &Events,
    weights: &Array<f32>,
    lif: &Lif,
    dropout: &Dropout,
    stride: u32,
    input_capacity: u32,
    capacity: u32,
    totals: &Array<Atomic<u32>>,
    spiked: &Array<Atomic<u32>>,
    arrived: &Array<Atomic<u32>>,
    spikes: &mut Spikes,
    arrivals: &mut Arrivals,
    #[comptime] options: ForwardOptions,
) {
    let geometry = comptime!(options.geometry);
    let method = comptime!(options.method);
    let mut coefficients = SharedMemory::<F4>::new(CUBE as usize);
    let mut segments = SharedMemory::<u32>::new(CUBE as usize);
    let mut inputs = SharedMemory::<u32>::new(CUBE as usize);
    let mut channels = SharedMemory::<u32>::new(CUBE as usize);
    let seen =
        SharedMemory::<Atomic<u32>>::new(comptime!(geometry.places_per_cube() * WORDS) as usize);
    let mut near_weights = SharedMemory::<f32>::new(comptime!(near_weights_of(&geometry)) as usize);

    let unit = UNIT_POS_X;
    let sample = CUBE_POS_Y;
    let filters = comptime!(geometry.filters);
    let lanes = comptime!(geometry.lanes());
    let blocks = comptime!(geometry.filter_blocks());
    let per_cube = comptime!(geometry.places_per_cube());
    let local = unit / lanes;
    let first_place = CUBE_POS_X / blocks * per_cube;
    let place = first_place + local;
    let filter = CUBE_POS_X % blocks * lanes + unit % lanes;
    let is_active = local < per_cube && place < comptime!(geometry.places()) && filter < filters;
    let corner_y = place / comptime!(geometry.places_wide) * comptime!(geometry.stride);
    let corner_x = place % comptime!(geometry.places_wide) * comptime!(geometry.stride);

    let membrane = Membrane::at_rest();
    let start = input.starts[sample as usize];
    let count = u32::min(input.counts[sample as usize], input_capacity);
    let mut block = 0u32;
    // The end of the sample is one more event, of no input.
    while block <= count {
        if comptime!(!geometry.is_dense) {
            let mut word = unit;
            while word < comptime!(per_cube * WORDS) {
                seen[word as usize].store(0u32);
                word += CUBE;
            }
            sync_cube();
        }
        let number = block + unit;
        if number <= count {
            stage(
                input,
                start,
                count,
                number,
                sample,
                lif,
                dropout,
                stride,
                input_capacity,
                arrived,
                &mut coefficients,
                &mut segments,
                &mut inputs,
                &mut channels,
                arrivals,
                options,
            );
            if comptime!(!geometry.is_dense) {
                mark_windows(
                    &seen,
                    inputs[unit as usize],
                    number == count,
                    first_place,
                    geometry,
                );
            }
        }
        sync_cube();
        let in_block = u32::min(count + 1 - block, CUBE.runtime());
        if comptime!(geometry.is_thin()) {
            let mut at = unit;
            while at < in_block * filters {
                let row = inputs[(at / filters) as usize];
                let mut weight = 0.0f32;
                if row != NO_INPUT {
                    weight = weights[(row * filters + at % filters) as usize];
                }
                near_weights[at as usize] = weight;
                at += CUBE;
            }
            sync_cube();
        }
        if is_active {
            let finder = Search {
                sample,
                neuron: place * filters + filter,
                capacity,
            };
            if comptime!(geometry.is_thin()) {
                for e in 0..in_block {
                    let weight = near_weights[(e * filters + filter) as usize];
                    arrive(
                        &membrane,
                        coefficients[e as usize],
                        segments[e as usize],
                        weight,
                        block + e,
                        lif,
                        &finder,
                        totals,
                        spikes,
                        method,
                    );
                }
            }
            if comptime!(geometry.is_dense && !geometry.is_thin()) {
                let mut from = 0u32;
                while from < in_block {
                    // Several loads are under way at a time; each unit reads its own values back.
                    #[unroll]
                    for ahead in 0..STAGE {
                        let at = u32::min(from + ahead, in_block - 1);
                        let row = inputs[at as usize];
                        let mut weight = 0.0f32;
                        if row != NO_INPUT {
                            weight = weights[(row * filters + filter) as usize];
                        }
                        near_weights[(ahead * CUBE + unit) as usize] = weight;
                    }
                    let to = u32::min(from + STAGE, in_block);
                    for e in from..to {
                        let weight = near_weights[((e - from) * CUBE + unit) as usize];
                        arrive(
                            &membrane,
                            coefficients[e as usize],
                            segments[e as usize],
                            weight,
                            block + e,
                            lif,
                            &finder,
                            totals,
                            spikes,
                            method,
                        );
                    }
                    from = to;
                }
            }
            if comptime!(!geometry.is_dense) {
                #[unroll]
                for word in 0..WORDS {
                    let mut rest = seen[(local * WORDS + word) as usize].load();
                    while rest != 0u32 {
                        let e = word * 32 + rest.find_first_set() - 1;
                        rest &= rest - 1;
                        let pixel = inputs[e as usize];
                        let mut weight = 0.0f32;
                        if pixel != NO_INPUT {
                            let ky = (pixel >> 16u32) + comptime!(geometry.padding) - corner_y;
                            let kx = (pixel & 0xffffu32) + comptime!(geometry.padding) - corner_x;
                            let view = ky * comptime!(geometry.window_width) + kx;
                            let row = view * comptime!(geometry.channels) + channels[e as usize];
                            weight = weights[(row * filters + filter) as usize];
                        }
                        arrive(
                            &membrane,
                            coefficients[e as usize],
                            segments[e as usize],
                            weight,
                            block + e,
                            lif,
                            &finder,
                            totals,
                            spikes,
                            method,
                        );
                    }
                }
            }
        }
        sync_cube();
        block += CUBE;
    }
    if is_active {
        let neuron = place * filters + filter;
        let cell = (sample * comptime!(geometry.neurons()) + neuron) as usize;
        let count = membrane.count.read();
        spikes.tallies[cell] = count;
        spikes.firsts[cell] = membrane.first.read();
        spikes.lasts[cell] = membrane.last.read();
        if count > 0 {
            let word = neuron * stride + sample / 32;
            spiked[word as usize].fetch_or(1u32 << (sample % 32));
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

/// Computes the coefficients of one event, `[phi, gain, growth, offset]`, and what the backward pass needs of it.
#[cube]
#[allow(clippy::too_many_arguments, reason = "the lists of a layer")]
fn stage(
    input: &Events,
    start: u32,
    count: u32,
    number: u32,
    sample: u32,
    lif: &Lif,
    dropout: &Dropout,
    stride: u32,
    input_capacity: u32,
    arrived: &Array<Atomic<u32>>,
    coefficients: &mut SharedMemory<F4>,
    segments: &mut SharedMemory<u32>,
    inputs: &mut SharedMemory<u32>,
    channels: &mut SharedMemory<u32>,
    arrivals: &mut Arrivals,
    #[comptime] options: ForwardOptions,
) {
    let geometry = comptime!(options.geometry);
    let unit = UNIT_POS_X as usize;
    let is_event = number < count;
    let at = start + u32::min(number, u32::max(count, 1u32) - 1);
    let event = input.events[at as usize];
    let mut segment = lif.end_segment;
    let mut x = lif.end_x;
    let mut acts = false;
    if is_event {
        let offset = f32::reinterpret(event[1]);
        // Events after `t_max` do nothing.
        if event[0] < segment || (event[0] == segment && offset <= x) {
            segment = event[0];
            x = offset;
            acts = true;
            if comptime!(options.drops) {
                acts = !is_dropped(dropout, sample, event[2]);
            }
        }
    }
    let growth = exp(x * lif.inverse_tau_m);
    let leak = 1.0 / growth;
    let gain = gain_of(x, growth, lif, comptime!(options.method));
    let phi = phi_of(x, leak, lif, comptime!(options.method));
    let mut four = F4::empty();
    four[0] = phi;
    four[1] = gain;
    four[2] = growth;
    four[3] = x;
    coefficients[unit] = four;
    segments[unit] = segment;
    let mut place = event[2];
    if comptime!(!geometry.is_dense) {
        let pixel = event[2] / comptime!(geometry.channels);
        let y = pixel / comptime!(geometry.input_width);
        channels[unit] = event[2] - pixel * comptime!(geometry.channels);
        place = (y << 16u32) | (pixel - y * comptime!(geometry.input_width));
    }
    if !acts {
        place = NO_INPUT.runtime();
    }
    inputs[unit] = place;
    if is_event && CUBE_POS_X == 0 {
        let mut slot = event[3];
        if comptime!(options.is_first) {
            slot = sample * input_capacity + number;
            let link = link_of(event[3], sample, input_capacity);
            arrivals.links[slot as usize] = link;
            if event[3] >= LAST_OF_INPUT {
                let cell = sample * comptime!(geometry.inputs()) + event[2];
                arrivals.lasts[cell as usize] = slot + 1;
                let word = event[2] * stride + sample / 32;
                arrived[word as usize].fetch_or(1u32 << (sample % 32));
            }
        }
        let mut shown = U4::empty();
        shown[0] = 0u32;
        if acts {
            shown[0] = u32::reinterpret(gain);
        }
        shown[1] = u32::reinterpret(phi);
        shown[2] = segment;
        shown[3] = number;
        arrivals.coefficients[slot as usize] = shown;
    }
}

/// Adds an event to the bit sets of the places whose windows see it; the end of the sample, to all.
#[cube]
fn mark_windows(
    seen: &SharedMemory<Atomic<u32>>,
    pixel: u32,
    is_end: bool,
    first_place: u32,
    #[comptime] geometry: Geometry,
) {
    let unit = UNIT_POS_X;
    let bit = 1u32 << (unit % 32);
    #[unroll]
    for local in 0..comptime!(geometry.places_per_cube()) {
        let place = first_place + local;
        let corner_y = place / comptime!(geometry.places_wide) * comptime!(geometry.stride);
        let corner_x = place % comptime!(geometry.places_wide) * comptime!(geometry.stride);
        // Below 0 is a large unsigned number.
        let ky = (pixel >> 16u32) + comptime!(geometry.padding) - corner_y;
        let kx = (pixel & 0xffffu32) + comptime!(geometry.padding) - corner_x;
        let is_seen = pixel != NO_INPUT
            && ky < comptime!(geometry.window_height)
            && kx < comptime!(geometry.window_width);
        if is_seen || is_end {
            seen[(local * WORDS + unit / 32) as usize].fetch_or(bit);
        }
    }
}

/// Lets time pass to an event, with the spikes until then, and takes the event in.
#[cube]
#[allow(clippy::too_many_arguments, reason = "the lists of a layer")]
fn arrive(
    membrane: &Membrane,
    event: F4,
    segment: u32,
    weight: f32,
    number: u32,
    lif: &Lif,
    finder: &Search,
    totals: &Array<Atomic<u32>>,
    spikes: &mut Spikes,
    #[comptime] method: Method,
) {
    let mut hops = segment - membrane.segment.read();
    let is_later = hops > 0 || event[3] != membrane.x.read();
    if is_later {
        if hops > MOST_HOPS {
            pass_silence(membrane, hops, lif, finder, totals, spikes, method);
            hops = segment - membrane.segment.read();
        }
        // V + C phi grows with time, so below this level no time of the interval reaches the threshold.
        let level = lif.theta * membrane.growth.read();
        let highest = fma(membrane.current.read(), event[0], membrane.potential.read());
        if (hops > 0 || highest >= level) && membrane.count.read() < lif.max_spikes {
            search(membrane, event, hops, lif, finder, totals, spikes, method);
        }
        leave_segment(membrane, hops, lif, method);
    }
    let kick = weight * event[1];
    membrane.current.store(membrane.current.read() + kick);
    membrane
        .potential
        .store(membrane.potential.read() - kick * event[0]);
    membrane.segment.store(segment);
    membrane.x.store(event[3]);
    membrane.phi.store(event[0]);
    membrane.gain.store(event[1]);
    membrane.growth.store(event[2]);
    membrane.events.store(number + 1);
}

/// Takes potential and current to the start of the segment `hops` later.
#[cube]
fn leave_segment(membrane: &Membrane, hops: u32, lif: &Lif, #[comptime] method: Method) {
    if hops > 0 {
        let (potential, current) = carry(
            membrane.potential.read(),
            membrane.current.read(),
            hops,
            lif,
            method,
        );
        membrane.potential.store(potential);
        membrane.current.store(current);
    }
}

/// Lets a long silence pass, [`MOST_HOPS`] segments at a time, while the current can still cause a spike: so no
/// exponential in the coordinates of a segment becomes too large.
#[cube]
#[allow(clippy::too_many_arguments, reason = "the lists of a layer")]
fn pass_silence(
    membrane: &Membrane,
    hops: u32,
    lif: &Lif,
    finder: &Search,
    totals: &Array<Atomic<u32>>,
    spikes: &mut Spikes,
    #[comptime] method: Method,
) {
    let mut start = F4::empty();
    start[0] = 0.0f32;
    start[1] = 1.0f32;
    start[2] = 1.0f32;
    start[3] = 0.0f32;
    let end = membrane.segment.read() + hops;
    let mut left = hops + 0;
    // At a spike the current exceeds theta/tau_m, and it only decays.
    let now = membrane.current.read() / membrane.gain.read();
    let mut can_spike = now * lif.tau_m > lif.theta;
    while can_spike && left > MOST_HOPS {
        if membrane.count.read() < lif.max_spikes {
            search(
                membrane,
                start,
                MOST_HOPS.runtime(),
                lif,
                finder,
                totals,
                spikes,
                method,
            );
        }
        leave_segment(membrane, MOST_HOPS.runtime(), lif, method);
        membrane.segment.store(membrane.segment.read() + MOST_HOPS);
        membrane.x.store(0.0f32);
        membrane.phi.store(0.0f32);
        membrane.gain.store(1.0f32);
        membrane.growth.store(1.0f32);
        left = end - membrane.segment.read();
        can_spike = membrane.current.read() * lif.tau_m > lif.theta
            && membrane.count.read() < lif.max_spikes;
    }
}
