//! Files of random samples of three classes, which are easy to tell apart.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

pub const CHANNELS: usize = 50;
pub const CLASSES: usize = 3;

/// Each class has a time in microseconds for every channel; a sample has most of its class's events, each up to 2 ms off.
pub fn write_events(path: &Path, samples: usize, seed: u64) {
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let templates: Vec<f32> = (0..CLASSES * CHANNELS)
        .map(|_| random.random_range(5_000.0..95_000.0))
        .collect();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (mut times, mut units) = (Vec::<f32>::new(), Vec::<u16>::new());
    let (mut offsets, mut labels) = (vec![0], Vec::new());
    for sample in 0..samples {
        let class = sample % CLASSES;
        let mut events: Vec<(f32, u16)> = Vec::new();
        for channel in 0..CHANNELS {
            if random.random_bool(0.7) {
                let time = templates[class * CHANNELS + channel];
                events.push((
                    time + random.random_range(-2_000.0..2_000.0),
                    channel as u16,
                ));
            }
        }
        events.sort_by(|a, b| a.0.total_cmp(&b.0));
        times.extend(events.iter().map(|event| event.0));
        units.extend(events.iter().map(|event| event.1));
        offsets.push(times.len() as i64);
        labels.push(class as i64);
    }
    write(
        path,
        &[
            (
                "times",
                "<f4",
                vec![times.len()],
                bytes(&times, |time| time.to_le_bytes()),
            ),
            (
                "units",
                "<u2",
                vec![units.len()],
                bytes(&units, |unit| unit.to_le_bytes()),
            ),
            (
                "offsets",
                "<i8",
                vec![offsets.len()],
                bytes(&offsets, |offset| offset.to_le_bytes()),
            ),
            (
                "labels",
                "<i8",
                vec![labels.len()],
                bytes(&labels, |label| label.to_le_bytes()),
            ),
        ],
    );
}

/// Grey images of 8 x 8 pixels: each class has its own bright pixels.
pub fn write_images(path: &Path, samples: usize, seed: u64) {
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let mut places: Vec<usize> = (0..64).collect();
    places.shuffle(&mut random);
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (mut pixels, mut labels) = (Vec::new(), Vec::<i64>::new());
    for sample in 0..samples {
        let class = sample % CLASSES;
        let mut image = [0u8; 64];
        for &place in &places[class * 20..][..20] {
            image[place] = random.random_range(100..=255);
        }
        pixels.extend(image);
        labels.push(class as i64);
    }
    write(
        path,
        &[
            ("images", "|u1", vec![samples, 8, 8], pixels),
            (
                "labels",
                "<i8",
                vec![samples],
                bytes(&labels, |label| label.to_le_bytes()),
            ),
        ],
    );
}

fn bytes<T: Copy, const N: usize>(values: &[T], bytes: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|&value| bytes(value)).collect()
}

type Array = (&'static str, &'static str, Vec<usize>, Vec<u8>);

/// An NPZ file of arrays: name, type, shape and bytes.
fn write(path: &Path, arrays: &[Array]) {
    let mut archive = ZipWriter::new(File::create(path).unwrap());
    for (name, descriptor, shape, bytes) in arrays {
        let shape: String = shape.iter().map(|length| format!("{length}, ")).collect();
        let header =
            format!("{{'descr': '{descriptor}', 'fortran_order': False, 'shape': ({shape}), }}\n");
        let mut file = b"\x93NUMPY\x01\x00".to_vec();
        file.extend((header.len() as u16).to_le_bytes());
        file.extend(header.as_bytes());
        file.extend(bytes);
        let options = SimpleFileOptions::default();
        archive.start_file(format!("{name}.npy"), options).unwrap();
        archive.write_all(&file).unwrap();
    }
    archive.finish().unwrap();
}

/// Three samples of one event each, in three channels.
pub fn write_few_events(path: &Path) {
    let times = bytes(&[1_000.0f32; 3], |time| time.to_le_bytes());
    let indices = bytes(&[0i64, 1, 2], |index| index.to_le_bytes());
    let offsets = bytes(&[0i64, 1, 2, 3], |offset| offset.to_le_bytes());
    write(
        path,
        &[
            ("times", "<f4", vec![3], times),
            ("units", "<i8", vec![3], indices.clone()),
            ("offsets", "<i8", vec![4], offsets),
            ("labels", "<i8", vec![3], indices),
        ],
    );
}

/// One image of 2 x 3 pixels.
pub fn write_small_image(path: &Path) {
    let labels = bytes(&[0i64], |label| label.to_le_bytes());
    write(
        path,
        &[
            ("images", "|u1", vec![1, 2, 3], vec![100; 6]),
            ("labels", "<i8", vec![1], labels),
        ],
    );
}
