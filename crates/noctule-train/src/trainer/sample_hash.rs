//! Samples as a few lines of text with their SHA-256, to be compared with other samples.

use noctule_core::{Batch, Images, Pixels, Samples, SpikeBatch};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::checksum::first_digits;

/// Numbers that are hashed together; what is hashed apart can be hashed at the same time.
const CHUNK: usize = 1 << 20;

/// Everything about the samples but how they are encoded.
pub(super) fn describe_samples(batch: &Batch<f32>) -> String {
    let samples = match &batch.samples {
        Samples::Images(images) => describe_images(images),
        Samples::Events(events) => describe_events(events),
        _ => "other samples".to_owned(),
    };
    format!(
        "{} samples\nlabels {}\n{samples}",
        batch.len(),
        hash_numbers(&batch.labels, |label| label.to_le_bytes()),
    )
}

fn describe_images(images: &Images) -> String {
    let shape = images.shape;
    let pixels = match &images.pixels {
        Pixels::Bytes(values) => hash_chunks(values, |chunk| Sha256::digest(chunk)),
        Pixels::Floats(values) => hash_numbers(values, |value| value.to_le_bytes()),
    };
    format!(
        "{} x {} x {} intensities of each\npixels {pixels}",
        shape.height, shape.width, shape.channels
    )
}

fn describe_events(events: &SpikeBatch<f32>) -> String {
    let time = |time: &f32| time.to_le_bytes();
    format!(
        "events of {} neurons\ntimes {}\nresiduals {}\nneurons {}\noffsets {}",
        events.population(),
        hash_numbers(events.times(), time),
        hash_numbers(events.residuals(), time),
        hash_numbers(events.neurons(), |neuron| neuron.to_le_bytes()),
        hash_numbers(events.offsets(), |&offset| (offset as u64).to_le_bytes()),
    )
}

/// A hash of numbers, each as its bytes.
pub(super) fn hash_numbers<T: Sync, const BYTES: usize>(
    numbers: &[T],
    bytes: impl Fn(&T) -> [u8; BYTES] + Send + Sync,
) -> String {
    hash_chunks(numbers, |chunk| {
        let mut buffer = vec![0; chunk.len() * BYTES];
        let (places, _) = buffer.as_chunks_mut();
        for (place, number) in places.iter_mut().zip(chunk) {
            *place = bytes(number);
        }
        Sha256::digest(buffer)
    })
}

/// The hash of the hashes of chunks.
fn hash_chunks<T: Sync, D: AsRef<[u8]> + Send>(
    list: &[T],
    hash: impl Fn(&[T]) -> D + Send + Sync,
) -> String {
    let chunks: Vec<D> = list.par_chunks(CHUNK).map(hash).collect();
    let mut all = Sha256::new();
    for chunk in &chunks {
        all.update(chunk);
    }
    first_digits(&all.finalize())
}
