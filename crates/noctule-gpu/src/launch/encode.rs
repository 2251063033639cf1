//! Launches of the latency encoding.
#![expect(unsafe_code, reason = "kernels are launched without bounds checks")]

use cubecl::prelude::*;

use crate::gpu::{Buffer, Gpu};
use crate::kernels::encode::{EncodingLaunch, INTENSITIES, encode};

/// The spike times of all intensities on the device.
#[derive(Debug)]
pub(crate) struct EncodingTable {
    /// `[segment, offset (bits)]` of each intensity.
    pub times: Buffer,
    /// Intensities below this one do not spike.
    pub lowest: u32,
    /// Segment and offset of the bias, and the least intensity that spikes no later.
    pub bias: Option<(u32, f32, u32)>,
}

/// Encodes `images` images of `neurons` pixels; the events of each go to `events` from its start on.
pub(crate) fn encode_images<R: Runtime>(
    gpu: &Gpu<R>,
    table: &EncodingTable,
    pixels: &Buffer,
    (images, neurons): (usize, usize),
    starts: &Buffer,
    events: &Buffer,
) {
    let (segment, offset, after) = table.bias.unwrap_or_default();
    // SAFETY: each image has as many entries as it has events, which the host has counted.
    unsafe {
        gpu.launch("encode", |client| {
            encode::launch_unchecked::<R>(
                client,
                CubeCount::Static(images as u32, 1, 1),
                CubeDim::new_1d(INTENSITIES),
                pixels.array(),
                neurons as u32,
                starts.array(),
                EncodingLaunch::new(
                    table.times.array(),
                    table.lowest,
                    u32::from(table.bias.is_some()),
                    segment,
                    offset,
                    after,
                ),
                events.array(),
            );
        });
    }
}
