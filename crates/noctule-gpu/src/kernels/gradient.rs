//! Gradients of weights and of input times.
//!
//! Each weight belongs to one unit, which sums over the events of its input in a part of the batch and looks up the
//! adjoint that each of them sees. Each input time belongs to the units that sum over the outputs. So there are no
//! atomics, and every sum has a fixed order.

use cubecl::prelude::*;

use crate::kernels::adjoint::{Adjoints, BOOSTED, at_segment, record_after};
use crate::kernels::geometry::{CUBE, Geometry};
use crate::kernels::lists::{Arrivals, Events};
use crate::kernels::neuron::{Dynamics, Neurons, gain_and_phi, lif_of};

/// Units that sum the time gradient of one event.
const LANES: u32 = 32;

/// Parts of a batch that are summed apart: words of 32 samples, and rows of places.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
pub(crate) struct Parts {
    /// Words of 32 samples of the batch.
    pub words: u32,
    /// Words from the bit set of one input to the next.
    pub stride: u32,
    pub word_parts: u32,
    pub row_parts: u32,
}

/// The gradient of each weight in each part; launched with a unit for each weight (x) and part (z). `parts` has shape
/// `[parts, rows, filters]`.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments, reason = "the lists of a layer")]
pub(crate) fn weight_gradient(
    arrived: &Array<u32>,
    arrivals: &Arrivals,
    firsts: &Array<u32>,
    adjoints: &Adjoints,
    neurons: &Neurons,
    split: &Parts,
    parts: &mut Array<f32>,
    #[comptime] geometry: Geometry,
    #[comptime] dynamics: Dynamics,
) {
    let weight = ABSOLUTE_POS_X;
    let part = CUBE_POS_Z;
    if weight < comptime!(geometry.weights()) {
        let row = weight / comptime!(geometry.filters);
        let filter = weight % comptime!(geometry.filters);
        let word_part = part % split.word_parts;
        let row_part = part / split.word_parts;
        let first_word = word_part * split.words / split.word_parts;
        let end_word = (word_part + 1) * split.words / split.word_parts;
        let sum = RuntimeCell::<f32>::new(0.0f32);
        if comptime!(geometry.is_dense) {
            add_input(
                &sum,
                row,
                filter,
                0u32.runtime(),
                first_word,
                end_word,
                split.stride,
                arrived,
                arrivals,
                firsts,
                adjoints,
                neurons,
                geometry,
                dynamics,
            );
        } else {
            let channel = row % comptime!(geometry.channels);
            let view = row / comptime!(geometry.channels);
            let ky = view / comptime!(geometry.window_width);
            let kx = view % comptime!(geometry.window_width);
            let high = comptime!(geometry.places_high);
            let from = row_part * high / split.row_parts;
            let to = (row_part + 1) * high / split.row_parts;
            for place_y in from..to {
                let y = place_y * comptime!(geometry.stride) + ky - comptime!(geometry.padding);
                if y < comptime!(geometry.input_height) {
                    for place_x in 0..comptime!(geometry.places_wide) {
                        let x =
                            place_x * comptime!(geometry.stride) + kx - comptime!(geometry.padding);
                        if x < comptime!(geometry.input_width) {
                            let pixel = y * comptime!(geometry.input_width) + x;
                            let input = pixel * comptime!(geometry.channels) + channel;
                            let place = place_y * comptime!(geometry.places_wide) + place_x;
                            add_input(
                                &sum,
                                input,
                                filter,
                                place,
                                first_word,
                                end_word,
                                split.stride,
                                arrived,
                                arrivals,
                                firsts,
                                adjoints,
                                neurons,
                                geometry,
                                dynamics,
                            );
                        }
                    }
                }
            }
        }
        parts[(part * comptime!(geometry.weights()) + weight) as usize] = sum.read();
    }
}

/// The neuron that spikes into an input after pooling: number `window` of the pooling window.
#[cube]
pub(crate) fn sender_of(input: u32, window: u32, #[comptime] geometry: Geometry) -> u32 {
    let mut sender = input;
    if comptime!(geometry.pool > 1) {
        let pool = comptime!(geometry.pool);
        let channel = input % comptime!(geometry.channels);
        let pixel = input / comptime!(geometry.channels);
        let y = pixel / comptime!(geometry.input_width) * pool + window / pool;
        let x = pixel % comptime!(geometry.input_width) * pool + window % pool;
        let there = y * comptime!(geometry.input_width) * pool + x;
        sender = there * comptime!(geometry.channels) + channel;
    }
    sender
}

/// Adds what the events of an input give the weight to one place.
#[cube]
#[allow(clippy::too_many_arguments, reason = "the lists of a layer")]
fn add_input(
    sum: &RuntimeCell<f32>,
    input: u32,
    filter: u32,
    place: u32,
    first_word: u32,
    end_word: u32,
    stride: u32,
    arrived: &Array<u32>,
    arrivals: &Arrivals,
    firsts: &Array<u32>,
    adjoints: &Adjoints,
    neurons: &Neurons,
    #[comptime] geometry: Geometry,
    #[comptime] dynamics: Dynamics,
) {
    let neuron = place * comptime!(geometry.filters) + filter;
    let lif = lif_of(neurons, neuron, dynamics);
    for window in 0..comptime!(geometry.pool * geometry.pool) {
        let sender = sender_of(input, window, geometry);
        for word in first_word..end_word {
            let mut samples = arrived[(sender * stride + word) as usize];
            while samples != 0 {
                let sample = word * 32 + samples.find_first_set() - 1;
                samples &= samples - 1;
                let cell = sample * comptime!(geometry.neurons()) + neuron;
                let head = adjoints.heads[cell as usize];
                if head[3] <= BOOSTED {
                    let mut slot =
                        arrivals.lasts[(sample * comptime!(geometry.senders()) + sender) as usize];
                    while slot != 0 {
                        let at = (slot - 1) as usize;
                        let event = arrivals.coefficients[at];
                        if head[3] == BOOSTED {
                            if event[0] != 0 {
                                sum.store(sum.read() - f32::reinterpret(head[0]));
                            }
                        } else {
                            let record =
                                record_after(head, firsts[cell as usize], event[3], adjoints);
                            if record[2] > event[3] {
                                let (v, c) =
                                    at_segment(record, event[2], &lif, comptime!(dynamics.method));
                                let (gain, phi) = gain_and_phi(event, &lif, dynamics);
                                sum.store(sum.read() - gain * (c - phi * v));
                            }
                        }
                        slot = arrivals.links[at];
                    }
                }
            }
        }
    }
}

/// `dL/dt` of each input event, in its slot. Launched with a unit of [`LANES`] for each event (x) of each sample (y), or
/// fewer.
///
/// An event that moves by `dt` changes `C` by `-gain/tau_s` and `V` by `gain (1 + phi/tau_m)` times its weight.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments, reason = "the lists of a layer")]
pub(crate) fn time_gradient(
    input: &Events,
    input_capacity: u32,
    weights: &Array<f32>,
    arrivals: &Arrivals,
    firsts: &Array<u32>,
    adjoints: &Adjoints,
    neurons: &Neurons,
    errors: &mut Array<f32>,
    #[comptime] is_first: bool,
    #[comptime] geometry: Geometry,
    #[comptime] dynamics: Dynamics,
) {
    let mut sums = SharedMemory::<f32>::new(CUBE as usize);
    let unit = UNIT_POS_X;
    let lane = unit % LANES;
    let sample = CUBE_POS_Y;
    let start = input.starts[sample as usize];
    let count = u32::min(input.counts[sample as usize], input_capacity);
    let together = comptime!(CUBE / LANES);
    let mut block = CUBE_POS_X * together;
    while block < count {
        let number = block + unit / LANES;
        let mut sum = 0.0f32;
        let mut slot = 0u32;
        if number < count {
            let event = input.events[(start + number) as usize];
            slot = event[3];
            if comptime!(is_first) {
                slot = sample * input_capacity + number;
            }
            sum = sum_of_lane(
                lane, sample, event[2], slot, weights, arrivals, firsts, adjoints, neurons,
                geometry, dynamics,
            );
        }
        sums[unit as usize] = sum;
        sync_cube();
        let mut half = LANES.runtime() / 2;
        while half > 0 {
            if lane < half {
                sums[unit as usize] += sums[(unit + half) as usize];
            }
            sync_cube();
            half /= 2;
        }
        if lane == 0 && number < count {
            errors[slot as usize] = sums[unit as usize];
        }
        sync_cube();
        block += together * CUBE_COUNT_X;
    }
}

/// The sum over every [`LANES`]-th output of an event.
#[cube]
#[allow(clippy::too_many_arguments, reason = "the lists of a layer")]
fn sum_of_lane(
    lane: u32,
    sample: u32,
    input: u32,
    slot: u32,
    weights: &Array<f32>,
    arrivals: &Arrivals,
    firsts: &Array<u32>,
    adjoints: &Adjoints,
    neurons: &Neurons,
    #[comptime] geometry: Geometry,
    #[comptime] dynamics: Dynamics,
) -> f32 {
    let event = arrivals.coefficients[slot as usize];
    let filters = comptime!(geometry.filters);
    let channel = input % comptime!(geometry.channels);
    let pixel = input / comptime!(geometry.channels);
    let y = pixel / comptime!(geometry.input_width) + comptime!(geometry.padding);
    let x = pixel % comptime!(geometry.input_width) + comptime!(geometry.padding);
    let outputs = comptime!(geometry.outputs_of_event());
    let mut sum = 0.0f32;
    let mut output = lane;
    while output < outputs {
        let filter = output % filters;
        let mut row = input;
        let mut place = 0u32;
        let mut is_seen = true;
        if comptime!(!geometry.is_dense) {
            let view = output / filters;
            let corner_y = y - view / comptime!(geometry.window_width);
            let corner_x = x - view % comptime!(geometry.window_width);
            let place_y = corner_y / comptime!(geometry.stride);
            let place_x = corner_x / comptime!(geometry.stride);
            is_seen = place_y < comptime!(geometry.places_high)
                && place_x < comptime!(geometry.places_wide)
                && place_y * comptime!(geometry.stride) == corner_y
                && place_x * comptime!(geometry.stride) == corner_x;
            place = place_y * comptime!(geometry.places_wide) + place_x;
            row = view * comptime!(geometry.channels) + channel;
        }
        if is_seen {
            let neuron = place * filters + filter;
            let cell = sample * comptime!(geometry.neurons()) + neuron;
            let head = adjoints.heads[cell as usize];
            if head[3] < BOOSTED {
                let record = record_after(head, firsts[cell as usize], event[3], adjoints);
                if record[2] > event[3] {
                    let lif = lif_of(neurons, neuron, dynamics);
                    let (v, c) = at_segment(record, event[2], &lif, comptime!(dynamics.method));
                    let (gain, phi) = gain_and_phi(event, &lif, dynamics);
                    let by_potential = fma(phi, lif.inverse_tau_m, 1.0f32);
                    let slope = gain * (v * by_potential - c * lif.inverse_tau_s);
                    sum = fma(weights[(row * filters + filter) as usize], slope, sum);
                }
            }
        }
        output += LANES;
    }
    sum
}
