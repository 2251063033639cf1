//! What concerns a batch or the whole network: clearing, sums over parts, silence, metrics.

use cubecl::prelude::*;

/// Units of a cube of these kernels.
pub(crate) const UNITS: u32 = 256;
/// In `state[0]`: no batch has overflowed.
pub(crate) const NO_BATCH: u32 = 0xffff_ffff;

/// Sets `length` integers to 0.
#[cube(launch_unchecked)]
pub(crate) fn clear(values: &mut Array<u32>, length: u32) {
    let mut at = ABSOLUTE_POS_X;
    while at < length {
        values[at as usize] = 0u32;
        at += CUBE_DIM_X * CUBE_COUNT_X;
    }
}

/// Sets numbers to 0, unless an earlier batch or `batch` overflowed.
#[cube(launch_unchecked)]
pub(crate) fn clear_gradient(
    gradient: &mut Array<f32>,
    length: u32,
    batch: u32,
    state: &Array<u32>,
) {
    let at = ABSOLUTE_POS_X;
    if at < length && state[0] > batch {
        gradient[at as usize] = 0.0f32;
    }
}

/// Notes whether the spikes of a sample exceeded the slots. `state[0]` is the first batch in which they did; `state[1 +
/// layer]` is the largest number of spikes of a sample. `totals` has shape `[layers, totals_stride]`.
#[cube(launch_unchecked)]
pub(crate) fn observe(
    totals: &Array<u32>,
    totals_stride: u32,
    capacities: &Array<u32>,
    samples: u32,
    layers: u32,
    batch: u32,
    state: &Array<Atomic<u32>>,
) {
    let unit = ABSOLUTE_POS_X;
    if unit < layers * samples {
        let layer = unit / samples;
        let total = totals[(layer * totals_stride + unit % samples) as usize];
        if total > capacities[layer as usize] {
            state[0].fetch_min(batch);
            state[(1 + layer) as usize].fetch_max(total);
        }
    }
}

/// Notes which neurons spiked in a batch, unless it or an earlier one overflowed. `words_of` has a number for each neuron
/// of all layers: the row of its bit set in `spiked`; rows are `stride` words apart.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments, reason = "the lists of a network")]
pub(crate) fn note_spiked(
    spiked: &Array<u32>,
    words_of: &Array<u32>,
    samples: u32,
    stride: u32,
    neurons: u32,
    batch: u32,
    state: &Array<u32>,
    has_spiked: &mut Array<u32>,
) {
    let unit = ABSOLUTE_POS_X;
    if unit < neurons && state[0] > batch {
        let words = (samples + 31) / 32;
        let start = words_of[unit as usize] * stride;
        let mut any = 0u32;
        for word in 0..words {
            any |= spiked[(start + word) as usize];
        }
        if any != 0 {
            has_spiked[unit as usize] = 1u32;
        }
    }
}

/// The spikes of each neuron in the batch; launched with a unit for each neuron.
#[cube(launch_unchecked)]
pub(crate) fn count_spikes(
    tallies: &Array<u32>,
    samples: u32,
    neurons: u32,
    counts: &mut Array<u32>,
) {
    let neuron = ABSOLUTE_POS_X;
    if neuron < neurons {
        let mut sum = 0u32;
        for sample in 0..samples {
            sum += tallies[(sample * neurons + neuron) as usize];
        }
        counts[neuron as usize] = sum;
    }
}

/// Whether all neurons of a filter were silent in the whole batch; launched with a unit for each filter.
#[cube(launch_unchecked)]
pub(crate) fn silent_filters(
    spiked: &Array<u32>,
    words: u32,
    stride: u32,
    places: u32,
    filters: u32,
    silent: &mut Array<u32>,
) {
    let filter = ABSOLUTE_POS_X;
    if filter < filters {
        let mut any = 0u32;
        for place in 0..places {
            for word in 0..words {
                any |= spiked[((place * filters + filter) * stride + word) as usize];
            }
        }
        let mut is_silent = 0u32;
        if any == 0 {
            is_silent = 1u32;
        }
        silent[filter as usize] = is_silent;
    }
}

/// Adds the parts of a layer's gradient in their order, and takes `boost` from the gradient of each weight of a silent
/// filter. Nothing is added for a batch that overflowed, or a later one.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments, reason = "the lists of a layer")]
pub(crate) fn add_parts(
    parts: &Array<f32>,
    count: u32,
    weights: u32,
    filters: u32,
    silent: &Array<u32>,
    boost: f32,
    batch: u32,
    state: &Array<u32>,
    gradient: &mut Array<f32>,
) {
    let weight = ABSOLUTE_POS_X;
    if weight < weights && state[0] > batch {
        let mut sum = gradient[weight as usize];
        for part in 0..count {
            sum += parts[(part * weights + weight) as usize];
        }
        if boost != 0.0 {
            if silent[(weight % filters) as usize] != 0 {
                sum -= boost;
            }
        }
        gradient[weight as usize] = sum;
    }
}
