//! [`Block`]: the events that a cube of the forward pass reads at a time, in shared memory.

use cubecl::prelude::*;

use crate::kernels::dropout::{Dropout, is_dropped};
use crate::kernels::geometry::{CUBE, Geometry};
use crate::kernels::lists::{Arrivals, Events, F4, LAST_OF_INPUT, link_of};
use crate::kernels::neuron::{Dynamics, Neurons, arrival, coefficients_at};

/// Bit sets of a block for each place.
pub(crate) const WORDS: u32 = CUBE / 32;
/// Stands for the input of an event that does not act.
pub(crate) const NO_INPUT: u32 = 0xffff_ffff;

/// What a forward pass has and does; each combination is a kernel of its own.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct ForwardOptions {
    pub geometry: Geometry,
    pub dynamics: Dynamics,
    /// Whether the events were loaded; otherwise they are spikes of another layer.
    pub is_first: bool,
    /// Whether inputs are dropped.
    pub drops: bool,
    /// Whether a sample is simulated in several launches.
    pub is_chunked: bool,
}

/// Up to [`CUBE`] events of a sample.
#[derive(CubeType)]
pub(crate) struct Block {
    /// `[phi, gain, growth, offset]` of each event; see `kernels::neuron`.
    pub coefficients: SharedMemory<F4>,
    pub segments: SharedMemory<u32>,
    /// The input of each event, or its pixel `y << 16 | x` in a convolution; [`NO_INPUT`] if it does not act.
    pub inputs: SharedMemory<u32>,
    /// The channel of each event in a convolution.
    pub channels: SharedMemory<u32>,
    /// The events that the window of each place of the cube sees, in a convolution; [`WORDS`] for each place.
    pub seen: SharedMemory<Atomic<u32>>,
}

#[cube]
impl Block {
    /// A block without events.
    pub fn new(#[comptime] geometry: Geometry) -> Block {
        Block {
            coefficients: SharedMemory::<F4>::new(CUBE as usize),
            segments: SharedMemory::<u32>::new(CUBE as usize),
            inputs: SharedMemory::<u32>::new(CUBE as usize),
            channels: SharedMemory::<u32>::new(CUBE as usize),
            seen: SharedMemory::<Atomic<u32>>::new(
                comptime!(geometry.places_per_cube() * WORDS) as usize
            ),
        }
    }
}

/// What the events of a block are read from.
#[derive(CubeType)]
pub(crate) struct Source {
    pub sample: u32,
    /// Where the sample starts, and its events.
    pub start: u32,
    pub count: u32,
    /// The slots of a sample, where the events were loaded.
    pub capacity: u32,
    /// Words of 32 samples from the bit set of one input to the next.
    pub stride: u32,
}

/// Reads event `number` of a sample into the unit's place of the block, and keeps what the backward pass needs of it.
/// Event number `count` is the end of the sample.
#[cube]
#[allow(clippy::too_many_arguments, reason = "the lists of a layer")]
pub(crate) fn stage(
    block: &mut Block,
    input: &Events,
    source: &Source,
    number: u32,
    neurons: &Neurons,
    dropout: &Dropout,
    arrived: &Array<Atomic<u32>>,
    arrivals: &mut Arrivals,
    #[comptime] options: ForwardOptions,
) {
    let geometry = comptime!(options.geometry);
    let lif = neurons.shared;
    let unit = UNIT_POS_X as usize;
    let is_event = number < source.count;
    let at = source.start + u32::min(number, u32::max(source.count, 1u32) - 1);
    let event = input.events[at as usize];
    let mut segment = lif.end_segment;
    let mut x = lif.end_x;
    let mut acts = false;
    if is_event {
        let offset = f32::reinterpret(event[1]);
        // Events after `t_max` come at it, when no spike follows.
        if event[0] < segment || (event[0] == segment && offset <= x) {
            segment = event[0];
            x = offset;
        }
        acts = true;
        if comptime!(options.drops) {
            acts = !is_dropped(dropout, source.sample, event[2]);
        }
    }
    let coefficients = coefficients_at(x, &lif, comptime!(options.dynamics.method));
    block.coefficients[unit] = coefficients;
    block.segments[unit] = segment;
    let mut from = event[2];
    if comptime!(!geometry.is_dense) {
        let pixel = event[2] / comptime!(geometry.channels);
        let y = pixel / comptime!(geometry.input_width);
        block.channels[unit] = event[2] - pixel * comptime!(geometry.channels);
        from = (y << 16u32) | (pixel - y * comptime!(geometry.input_width));
    }
    if !acts {
        from = NO_INPUT.runtime();
    }
    block.inputs[unit] = from;
    if is_event && CUBE_POS_X == 0 {
        let mut slot = event[3];
        if comptime!(options.is_first) {
            slot = source.sample * source.capacity + number;
            arrivals.links[slot as usize] = link_of(event[3], source.sample, source.capacity);
            if event[3] >= LAST_OF_INPUT {
                let cell = source.sample * comptime!(geometry.inputs()) + event[2];
                arrivals.lasts[cell as usize] = slot + 1;
                let word = event[2] * source.stride + source.sample / 32;
                arrived[word as usize].fetch_or(1u32 << (source.sample % 32));
            }
        }
        arrivals.coefficients[slot as usize] = arrival(
            coefficients,
            segment,
            number,
            acts,
            comptime!(options.dynamics),
        );
    }
}

/// Marks the unit's event in the bit set of each place whose window sees it. The end of the sample is marked in all sets.
#[cube]
pub(crate) fn mark_windows(
    block: &Block,
    is_end: bool,
    first_place: u32,
    #[comptime] geometry: Geometry,
) {
    let unit = UNIT_POS_X;
    let pixel = block.inputs[unit as usize];
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
            block.seen[(local * WORDS + unit / 32) as usize].fetch_or(bit);
        }
    }
}
