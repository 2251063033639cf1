//! The backward pass of layers with few neurons, such as the last one.
//!
//! Each event is one unit's: it looks up the adjoint that the event sees of every neuron, writes its *shares*, what the
//! event adds to the gradient of each of its weights, and sums its time gradient. Then each input is one unit's, which
//! sums the shares of the input's events.

use cubecl::prelude::*;

use crate::kernels::adjoint::{Adjoints, BOOSTED, at_segment};
use crate::kernels::geometry::Geometry;
use crate::kernels::gradient::{Parts, sender_of};
use crate::kernels::lists::{Arrivals, Events, U4};
use crate::kernels::neuron::{Dynamics, Neurons, gain_and_phi, lif_of};

/// The record that an event at `position` sees of a neuron with `count` spikes, whose records lie from `start` on; found
/// by bisection. It sees nothing if the record is for no more than `position` events.
#[cube]
fn record_by_bisection(adjoints: &Adjoints, start: u32, count: u32, position: u32) -> U4 {
    let mut low = start;
    let mut high = start + count - 1;
    while low < high {
        let middle = (low + high) / 2;
        if adjoints.records[middle as usize][2] <= position {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    adjoints.records[low as usize]
}

/// Writes the shares of each event, shape `[slots, neurons]`, and `dL/dt` of each event. Launched with a unit for each
/// event (x) of each sample (y), or fewer. `most_spikes` is the number of records of a neuron for which there is room.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments, reason = "the lists of a layer")]
pub(crate) fn find_shares(
    input: &Events,
    capacity: u32,
    weights: &Array<f32>,
    arrivals: &Arrivals,
    tallies: &Array<u32>,
    adjoints: &Adjoints,
    most_spikes: u32,
    neurons: &Neurons,
    shares: &mut Array<f32>,
    errors: &mut Array<f32>,
    #[comptime] is_first: bool,
    #[comptime] wants_times: bool,
    #[comptime] geometry: Geometry,
    #[comptime] dynamics: Dynamics,
) {
    let sample = CUBE_POS_Y;
    let start = input.starts[sample as usize];
    let count = u32::min(input.counts[sample as usize], capacity);
    let outputs = comptime!(geometry.filters);
    let mut number = ABSOLUTE_POS_X;
    while number < count {
        let event = input.events[(start + number) as usize];
        let mut slot = event[3];
        if comptime!(is_first) {
            slot = sample * capacity + number;
        }
        let kept = arrivals.coefficients[slot as usize];
        let mut sum = 0.0f32;
        for output in 0..outputs {
            let cell = sample * outputs + output;
            let head = adjoints.heads[cell as usize];
            let mut share = f32::new(0.0);
            if head[3] == BOOSTED {
                if kept[0] != 0 {
                    share = -f32::reinterpret(head[0]);
                }
            }
            if head[3] < BOOSTED {
                let spikes = u32::min(tallies[cell as usize], most_spikes);
                let record = record_by_bisection(adjoints, cell * most_spikes, spikes, number);
                if record[2] > number {
                    let lif = lif_of(neurons, output, dynamics);
                    let (v, c) = at_segment(record, kept[2], &lif, comptime!(dynamics.method));
                    let (gain, phi) = gain_and_phi(kept, &lif, dynamics);
                    share = gain * (phi * v - c);
                    if comptime!(wants_times) {
                        let by_potential = fma(phi, lif.inverse_tau_m, 1.0f32);
                        let slope = gain * (v * by_potential - c * lif.inverse_tau_s);
                        let weight = weights[(event[2] * outputs + output) as usize];
                        sum = fma(weight, slope, sum);
                    }
                }
            }
            shares[(slot * outputs + output) as usize] = share;
        }
        if comptime!(wants_times) {
            errors[slot as usize] = sum;
        }
        number += CUBE_DIM_X * CUBE_COUNT_X;
    }
}

/// Sums the shares of the events of each input: launched with a unit for each weight (x) and part of the batch (z).
/// `parts` has shape `[parts, inputs, neurons]`.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments, reason = "the lists of a layer")]
pub(crate) fn sum_shares(
    arrived: &Array<u32>,
    lasts: &Array<u32>,
    links: &Array<u32>,
    shares: &Array<f32>,
    split: &Parts,
    parts: &mut Array<f32>,
    #[comptime] geometry: Geometry,
) {
    let weight = ABSOLUTE_POS_X;
    let part = CUBE_POS_Z;
    if weight < comptime!(geometry.weights()) {
        let outputs = comptime!(geometry.filters);
        let input = weight / outputs;
        let output = weight % outputs;
        let first_word = part * split.words / split.word_parts;
        let end_word = (part + 1) * split.words / split.word_parts;
        let mut sum = 0.0f32;
        for window in 0..comptime!(geometry.pool * geometry.pool) {
            let sender = sender_of(input, window, geometry);
            for word in first_word..end_word {
                let mut samples = arrived[(sender * split.stride + word) as usize];
                while samples != 0 {
                    let sample = word * 32 + samples.find_first_set() - 1;
                    samples &= samples - 1;
                    let cell = sample * comptime!(geometry.senders()) + sender;
                    let mut slot = lasts[cell as usize];
                    while slot != 0 {
                        sum += shares[((slot - 1) * outputs + output) as usize];
                        slot = links[(slot - 1) as usize];
                    }
                }
            }
        }
        parts[(part * comptime!(geometry.weights()) + weight) as usize] = sum;
    }
}
