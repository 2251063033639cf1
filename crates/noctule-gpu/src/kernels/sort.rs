//! Sorting the spikes of each sample: by time, then by neuron, then by their order in the neuron.
//!
//! Tiles of [`TILE`] spikes are sorted in shared memory. Then [`FAN`] runs at a time are merged: each spike finds its
//! place in every other run by bisection. So there is no limit on the number of spikes.

use cubecl::prelude::*;

use crate::kernels::lists::{F4, U4};

/// Spikes that a cube sorts.
pub(crate) const TILE: u32 = 1024;
/// Units of a cube that sorts a tile.
pub(crate) const SORT_CUBE: u32 = 256;
/// Runs that are merged into one.
pub(crate) const FAN: u32 = 16;

/// The pooling that is applied to the neurons of sorted spikes, as index arithmetic.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Pooling {
    /// Columns and channels of the image of the neurons that spike.
    pub width: u32,
    pub channels: u32,
    /// Side of the pooling windows.
    pub size: u32,
}

/// The pooled neuron that receives the spikes of `neuron`.
#[cube]
fn pooled(neuron: u32, #[comptime] pooling: Pooling) -> u32 {
    let mut to = neuron;
    if comptime!(pooling.size > 1) {
        let pixel = neuron / comptime!(pooling.channels);
        let channel = neuron - pixel * comptime!(pooling.channels);
        let y = pixel / comptime!(pooling.width);
        let x = pixel - y * comptime!(pooling.width);
        let row = y / comptime!(pooling.size) * comptime!(pooling.width / pooling.size);
        to = (row + x / comptime!(pooling.size)) * comptime!(pooling.channels) + channel;
    }
    to
}

/// Whether the spike in slot `second` comes before that in slot `first`, where both have the same time.
#[cube]
fn is_later_spike(origins: &Array<U4>, first: u32, second: u32) -> bool {
    let (one, other) = (origins[first as usize], origins[second as usize]);
    one[1] > other[1] || (one[1] == other[1] && one[2] > other[2])
}

/// Sorts each tile of the spikes of each sample. Launched with cubes of [`SORT_CUBE`] units, one for each tile and
/// sample. `sorted` gets `[segment, offset (bits), neuron, slot]` at `sample * capacity`.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments, reason = "the lists of a layer")]
pub(crate) fn sort_tiles(
    records: &Array<F4>,
    origins: &Array<U4>,
    totals: &Array<u32>,
    capacity: u32,
    segment: f32,
    inverse_segment: f32,
    sorted: &mut Array<U4>,
    #[comptime] is_last: bool,
    #[comptime] pooling: Pooling,
) {
    let mut segments = SharedMemory::<u32>::new(TILE as usize);
    let mut offsets = SharedMemory::<u32>::new(TILE as usize);
    let mut slots = SharedMemory::<u32>::new(TILE as usize);
    let unit = UNIT_POS_X;
    let sample = CUBE_POS_Y;
    let spikes = u32::min(totals[sample as usize], capacity);
    let tile = CUBE_POS_X * TILE;
    if tile < spikes {
        let count = u32::min(spikes - tile, TILE.runtime());
        let first = sample * capacity + tile;
        let mut size = 1u32;
        while size < count {
            size *= 2;
        }
        let mut at = unit;
        while at < size {
            let mut of_spike = 0xffff_ffffu32;
            let mut bits = 0xffff_ffffu32;
            if at < count {
                let record = records[(first + at) as usize];
                let hops = f32::max(f32::floor(record[0] * inverse_segment), 0.0);
                of_spike = u32::reinterpret(record[3]) + u32::cast_from(hops);
                // Not -0, whose bits are those of a large number.
                bits = u32::reinterpret(f32::max(record[0] - hops * segment, 0.0) + 0.0);
            }
            segments[at as usize] = of_spike;
            offsets[at as usize] = bits;
            slots[at as usize] = first + at;
            at += SORT_CUBE;
        }
        sync_cube();
        // Bitonic sort.
        let mut run = 2u32;
        while run <= size {
            let mut step = run / 2;
            while step > 0 {
                let mut pair = unit;
                while pair < size / 2 {
                    let low = 2 * pair - (pair & (step - 1));
                    let (low, high) = (low as usize, (low + step) as usize);
                    let (segment_low, segment_high) = (segments[low], segments[high]);
                    let (offset_low, offset_high) = (offsets[low], offsets[high]);
                    let (slot_low, slot_high) = (slots[low], slots[high]);
                    let mut is_above = segment_low > segment_high
                        || (segment_low == segment_high && offset_low > offset_high);
                    if segment_low == segment_high && offset_low == offset_high {
                        // The padding comes last.
                        is_above = slot_low > slot_high;
                        if u32::max(slot_low, slot_high) < first + count {
                            is_above = is_later_spike(origins, slot_low, slot_high);
                        }
                    }
                    let is_ascending = (low as u32 & run) == 0;
                    if is_above == is_ascending {
                        segments[low] = segment_high;
                        segments[high] = segment_low;
                        offsets[low] = offset_high;
                        offsets[high] = offset_low;
                        slots[low] = slot_high;
                        slots[high] = slot_low;
                    }
                    pair += SORT_CUBE;
                }
                sync_cube();
                step /= 2;
            }
            run *= 2;
        }
        let mut at = unit;
        while at < count {
            let slot = slots[at as usize];
            let neuron = origins[slot as usize][1];
            let mut event = U4::empty();
            event[0] = segments[at as usize];
            event[1] = offsets[at as usize];
            event[2] = neuron;
            if comptime!(is_last) {
                event[2] = pooled(neuron, pooling);
            }
            event[3] = slot;
            sorted[(first + at) as usize] = event;
            at += SORT_CUBE;
        }
    }
}

/// Whether `event` comes before `other`.
#[cube]
fn precedes(event: U4, other: U4, origins: &Array<U4>) -> bool {
    let mut before = event[0] < other[0] || (event[0] == other[0] && event[1] < other[1]);
    if event[0] == other[0] && event[1] == other[1] {
        before = is_later_spike(origins, other[3], event[3]);
    }
    before
}

/// Merges groups of [`FAN`] sorted runs of `run` spikes. Launched with a unit for each slot of a sample, or fewer.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments, reason = "the lists of a layer")]
pub(crate) fn merge_runs(
    runs: &Array<U4>,
    origins: &Array<U4>,
    totals: &Array<u32>,
    capacity: u32,
    run: u32,
    merged: &mut Array<U4>,
    #[comptime] is_last: bool,
    #[comptime] pooling: Pooling,
) {
    let sample = CUBE_POS_Y;
    let spikes = u32::min(totals[sample as usize], capacity);
    let first = sample * capacity;
    let mut at = ABSOLUTE_POS_X;
    while at < spikes {
        let event = runs[(first + at) as usize];
        let own = at / run;
        let group = own / FAN * FAN;
        let mut rank = at - own * run;
        for other in group..group + FAN {
            if other != own && other * run < spikes {
                let start = other * run;
                let mut low = start;
                let mut high = u32::min(start + run, spikes);
                while low < high {
                    let middle = (low + high) / 2;
                    if precedes(runs[(first + middle) as usize], event, origins) {
                        low = middle + 1;
                    } else {
                        high = middle;
                    }
                }
                rank += low - start;
            }
        }
        let mut placed = event;
        if comptime!(is_last) {
            placed[2] = pooled(event[2], pooling);
        }
        merged[(first + group * run + rank) as usize] = placed;
        at += CUBE_DIM_X * CUBE_COUNT_X;
    }
}
