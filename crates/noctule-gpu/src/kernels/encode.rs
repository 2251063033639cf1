//! Latency encoding of images of bytes: a cube for each image, a unit for each intensity.

use cubecl::prelude::*;

use crate::kernels::lists::{LAST_OF_INPUT, U4};

/// Units of a cube: one for each intensity.
pub(crate) const INTENSITIES: u32 = 256;
/// Pixels of an image for which there is room in shared memory; more are read from the list.
const NEAR: u32 = 4_096;

/// The spike times of all intensities, and the bias.
#[derive(CubeType, CubeLaunch)]
pub(crate) struct Encoding {
    /// `[segment, offset (bits)]` of each intensity, shape `[256, 2]`.
    pub times: Array<u32>,
    /// Intensities below this one do not spike.
    pub lowest: u32,
    /// 1 if there is a bias, its time, and the least intensity that spikes no later.
    pub has_bias: u32,
    pub bias_segment: u32,
    pub bias_offset: f32,
    pub bias_after: u32,
}

/// Intensity `at` of a list that has four to a number.
#[cube]
fn intensity(pixels: &Array<u32>, at: u32) -> u32 {
    (pixels[(at / 4) as usize] >> (8 * (at % 4))) & 255u32
}

/// Intensity `at` of an image that starts at `first`.
#[cube]
fn intensity_of(near: &SharedMemory<u32>, pixels: &Array<u32>, first: u32, at: u32) -> u32 {
    let mut value = near[u32::min(at, NEAR - 1) as usize];
    if at >= NEAR {
        value = intensity(pixels, first + at);
    }
    value
}

/// Writes the events of each image, sorted by time and then by pixel, from `starts[image]` on.
#[cube(launch_unchecked)]
pub(crate) fn encode(
    pixels: &Array<u32>,
    neurons: u32,
    starts: &Array<u32>,
    encoding: &Encoding,
    events: &mut Array<U4>,
) {
    let mut near = SharedMemory::<u32>::new(NEAR as usize);
    let mut sums = SharedMemory::<u32>::new(INTENSITIES as usize);
    let image = CUBE_POS_X;
    let unit = UNIT_POS_X;
    let first = image * neurons;
    let mut at = unit;
    while at < u32::min(neurons, NEAR.runtime()) {
        near[at as usize] = intensity(pixels, first + at);
        at += INTENSITIES;
    }
    sync_cube();
    // The brightest come first.
    let own = INTENSITIES - 1 - unit;
    let mut count = 0u32;
    if own >= encoding.lowest {
        for at in 0..neurons {
            if intensity_of(&near, pixels, first, at) == own {
                count += 1;
            }
        }
    }
    sums[unit as usize] = count;
    sync_cube();
    let mut reach = 1u32;
    while reach < INTENSITIES {
        let mut add = 0u32;
        if unit >= reach {
            add = sums[(unit - reach) as usize];
        }
        sync_cube();
        sums[unit as usize] += add;
        sync_cube();
        reach *= 2;
    }
    let mut place = starts[image as usize] + sums[unit as usize] - count;
    if encoding.has_bias != 0 && own < encoding.bias_after {
        place += 1;
    }
    let mut event = U4::empty();
    event[0] = encoding.times[(2 * own) as usize];
    event[1] = encoding.times[(2 * own + 1) as usize];
    event[2] = 0u32;
    event[3] = LAST_OF_INPUT.runtime();
    if count > 0 {
        for at in 0..neurons {
            if intensity_of(&near, pixels, first, at) == own {
                event[2] = at;
                events[place as usize] = event;
                place += 1;
            }
        }
    }
    if encoding.has_bias != 0 && unit == 0 {
        let mut before = 0u32;
        if encoding.bias_after < INTENSITIES {
            before = sums[(INTENSITIES - 1 - encoding.bias_after) as usize];
        }
        let at = starts[image as usize] + before;
        event[0] = encoding.bias_segment;
        event[1] = u32::reinterpret(encoding.bias_offset);
        event[2] = neurons;
        events[at as usize] = event;
    }
}
