//! The slopes of the model at spikes that were recorded elsewhere.

use cubecl::prelude::*;

use crate::kernels::geometry::Geometry;
use crate::kernels::lists::{Arrivals, Events, LAST_OF_INPUT, Spikes, link_of};
use crate::kernels::math::exp;
use crate::kernels::neuron::{
    Dynamics, Neurons, arrival, carry, coefficients_at, current_left, gain_of, lif_of, phi_of,
};

/// Completes the records of recorded spikes: launched with a unit for each neuron (x) of each sample (y).
///
/// Each record comes as `[offset, 0, 0, segment (bits)]`, where the segment is that of the spike; the host has filled in
/// the origins and `nexts`, the slot of the neuron's next spike plus 1. A spike whose slope is not positive gets `1/slope
/// = 0` and is counted in `without_rise`.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments, reason = "the lists of a layer")]
pub(crate) fn recorded_slopes(
    input: &Events,
    weights: &Array<f32>,
    neurons: &Neurons,
    nexts: &Array<u32>,
    spikes: &mut Spikes,
    without_rise: &Array<Atomic<u32>>,
    #[comptime] geometry: Geometry,
    #[comptime] dynamics: Dynamics,
) {
    let neuron = ABSOLUTE_POS_X;
    let sample = CUBE_POS_Y;
    if neuron < comptime!(geometry.neurons()) {
        let method = comptime!(dynamics.method);
        let lif = lif_of(neurons, neuron, dynamics);
        let place = neuron / comptime!(geometry.filters);
        let filter = neuron % comptime!(geometry.filters);
        let start = input.starts[sample as usize];
        let mut potential = 0.0f32;
        let mut current = 0.0f32;
        let mut segment = 0u32;
        let mut done = 0u32;
        let mut slot = spikes.firsts[(sample * comptime!(geometry.neurons()) + neuron) as usize];
        while slot != 0 {
            let at = (slot - 1) as usize;
            let acting = spikes.origins[at][0];
            while done < acting {
                let event = input.events[(start + done) as usize];
                let (row, is_seen) = row_of(event[2], place, geometry);
                if is_seen {
                    if event[0] > segment {
                        let (v, c) = carry(potential, current, event[0] - segment, &lif, method);
                        potential = v;
                        current = c;
                        segment = event[0];
                    }
                    let x = f32::reinterpret(event[1]);
                    let growth = exp(x * lif.inverse_tau_m);
                    let weight = weights[(row * comptime!(geometry.filters) + filter) as usize];
                    let kick = weight * gain_of(x, growth, &lif, method);
                    current += kick;
                    potential -= kick * phi_of(x, 1.0 / growth, &lif, method);
                }
                done += 1;
            }
            let mut record = spikes.records[at];
            let own = u32::reinterpret(record[3]);
            if own > segment {
                let (v, c) = carry(potential, current, own - segment, &lif, method);
                potential = v;
                current = c;
                segment = own;
            }
            let x = record[0];
            let leak = exp(-x * lif.inverse_tau_m);
            let u = leak * fma(current, phi_of(x, leak, &lif, method), potential);
            let slope = current * current_left(x, leak, &lif, method) - u * lif.inverse_tau_m;
            record[1] = 0.0f32;
            if slope > 0.0 {
                record[1] = 1.0 / slope;
            } else {
                without_rise[0].fetch_add(1u32);
            }
            record[2] = leak;
            spikes.records[at] = record;
            potential -= lif.theta * lif.fall / leak;
            slot = nexts[at];
        }
    }
}

/// The row of the weight from an input to a place, and whether there is one.
#[cube]
fn row_of(input: u32, place: u32, #[comptime] geometry: Geometry) -> (u32, bool) {
    let mut row = input;
    let mut is_seen = true;
    if comptime!(!geometry.is_dense) {
        let channel = input % comptime!(geometry.channels);
        let pixel = input / comptime!(geometry.channels);
        let y = pixel / comptime!(geometry.input_width) + comptime!(geometry.padding);
        let x = pixel % comptime!(geometry.input_width) + comptime!(geometry.padding);
        let ky = y - place / comptime!(geometry.places_wide) * comptime!(geometry.stride);
        let kx = x - place % comptime!(geometry.places_wide) * comptime!(geometry.stride);
        is_seen = ky < comptime!(geometry.window_height) && kx < comptime!(geometry.window_width);
        row = (ky * comptime!(geometry.window_width) + kx) * comptime!(geometry.channels) + channel;
    }
    (row, is_seen)
}

/// Fills in what the backward pass needs of the input events of a stage whose spikes are recorded; launched with a unit
/// for each event (x) of each sample (y), or fewer. Recorded events all act.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments, reason = "the lists of a layer")]
pub(crate) fn arrive(
    input: &Events,
    neurons: &Neurons,
    stride: u32,
    capacity: u32,
    senders: u32,
    arrived: &Array<Atomic<u32>>,
    arrivals: &mut Arrivals,
    #[comptime] is_first: bool,
    #[comptime] dynamics: Dynamics,
) {
    let sample = CUBE_POS_Y;
    let start = input.starts[sample as usize];
    let count = u32::min(input.counts[sample as usize], capacity);
    let mut number = ABSOLUTE_POS_X;
    while number < count {
        let event = input.events[(start + number) as usize];
        let mut slot = event[3];
        if comptime!(is_first) {
            slot = sample * capacity + number;
            let link = link_of(event[3], sample, capacity);
            arrivals.links[slot as usize] = link;
            if event[3] >= LAST_OF_INPUT {
                let cell = (sample * senders + event[2]) as usize;
                arrivals.lasts[cell] = slot + 1;
                let word = event[2] * stride + sample / 32;
                arrived[word as usize].fetch_or(1u32 << (sample % 32));
            }
        }
        let x = f32::reinterpret(event[1]);
        let lif = neurons.shared;
        let coefficients = coefficients_at(x, &lif, comptime!(dynamics.method));
        arrivals.coefficients[slot as usize] =
            arrival(coefficients, event[0], number, true, dynamics);
        number += CUBE_DIM_X * CUBE_COUNT_X;
    }
}
