//! Images of bytes, which are encoded on the device.

use cubecl::prelude::Runtime;
use noctule_core::{ByteSorter, EngineError, Images, LatencyEncoding, Pixels};

use crate::gpu::{Buffer, Gpu};
use crate::launch::encode::{EncodingTable, encode_images};
use crate::plan::Plan;
use crate::refused::unsupported;

/// Images that are uploaded and encoded at a time.
const CHUNK: usize = 8_192;

/// Events on the device, and where those of each sample are.
pub(super) struct EncodedImages {
    pub events: Buffer,
    pub ranges: Vec<std::ops::Range<usize>>,
}

/// Encodes images on the device; `None` if only the host can: images of numbers, pooling of the input, or intensities so
/// close in time that their spikes would coincide.
pub(super) fn encode_on_device<R: Runtime>(
    gpu: &Gpu<R>,
    plan: &Plan,
    images: &Images,
) -> Result<Option<EncodedImages>, EngineError> {
    let Pixels::Bytes(bytes) = &images.pixels else {
        return Ok(None);
    };
    if !plan.input_pools.is_empty() || images.is_empty() {
        return Ok(None);
    }
    let Some(table) = table(gpu, plan, &images.encoding) else {
        return Ok(None);
    };
    let neurons = images.shape.neurons();
    let sorter = ByteSorter::<f32>::new(&images.encoding);
    let mut end = 0;
    let counts = bytes.chunks_exact(neurons).map(|image| sorter.count(image));
    let ranges: Vec<_> = counts
        .map(|count| {
            end += count;
            end - count..end
        })
        .collect();
    if end > u32::MAX as usize / 4 {
        return Err(unsupported(format!("a set of {end} events")));
    }
    let events = gpu.empty(4 * (end + 1))?;
    for (chunk, ranges) in bytes.chunks(CHUNK * neurons).zip(ranges.chunks(CHUNK)) {
        let starts: Vec<u32> = ranges.iter().map(|range| range.start as u32).collect();
        let mut padded = chunk.to_vec();
        padded.resize(chunk.len().next_multiple_of(4), 0);
        let (pixels, starts) = (gpu.upload(&padded), gpu.upload(&starts));
        let size = (ranges.len(), neurons);
        encode_images(gpu, &table, &pixels, size, &starts, &events);
    }
    Ok(Some(EncodedImages { events, ranges }))
}

/// The spike times of an encoding; `None` if two intensities spike at the same time.
fn table<R: Runtime>(
    gpu: &Gpu<R>,
    plan: &Plan,
    encoding: &LatencyEncoding,
) -> Option<EncodingTable> {
    // In single precision, as the host encodes.
    let times: Vec<f32> = (0..=255)
        .map(|byte| encoding.time(f64::from(byte) / 255.0) as f32)
        .collect();
    if times.windows(2).any(|pair| pair[1] >= pair[0]) {
        return None;
    }
    let split: Vec<u32> = times
        .iter()
        .flat_map(|&time| {
            let (segment, offset) = plan.split(f64::from(time));
            [segment, offset.to_bits()]
        })
        .collect();
    let bias = encoding.bias().map(|bias| {
        let bias = bias as f32;
        let (segment, offset) = plan.split(f64::from(bias));
        let later = times.iter().take_while(|&&time| time > bias);
        (segment, offset, later.count() as u32)
    });
    Some(EncodingTable {
        times: gpu.upload(&split),
        lowest: u32::from(encoding.silent_zero()),
        bias,
    })
}
