//! The latency encoder against its definition.

use noctule_core::SpikeBatch;
use noctule_data::{Dataset, EncodeError, Inputs, LatencyEncoder, Shape};
use proptest::prelude::*;

fn dataset(inputs: Inputs, neurons: usize) -> Dataset {
    let shape = Shape {
        height: 1,
        width: neurons,
        channels: 1,
    };
    let labels = vec![0; inputs.len() / neurons];
    Dataset::new("test", shape, 1, inputs, labels).expect("a data set")
}

fn encode(encoder: &LatencyEncoder, dataset: &Dataset, indices: &[usize]) -> SpikeBatch<f32> {
    let mut spikes = SpikeBatch::new(encoder.population(&dataset.shape()));
    encoder
        .encode(dataset, indices, &mut spikes)
        .expect("spikes");
    spikes
}

/// The definition, written down as plainly as possible: every spike, sorted by time and then by neuron.
fn expected(encoder: &LatencyEncoder, intensities: &[f64]) -> Vec<(f32, u32)> {
    let span = encoder.latest() - encoder.earliest();
    let mut spikes: Vec<(f32, u32)> = Vec::new();
    for (neuron, &intensity) in intensities.iter().enumerate() {
        if !(encoder.silent_zero() && intensity == 0.0) {
            let time = encoder.earliest() + span * (1.0 - intensity);
            spikes.push((time as f32, neuron as u32));
        }
    }
    if let Some(time) = encoder.bias() {
        spikes.push((time as f32, intensities.len() as u32));
    }
    spikes.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
    spikes
}

fn sample(spikes: &SpikeBatch<f32>, sample: usize) -> Vec<(f32, u32)> {
    let spikes = spikes.sample(sample);
    spikes
        .times
        .iter()
        .copied()
        .zip(spikes.neurons.iter().copied())
        .collect()
}

#[test]
fn the_published_code_of_mnist() {
    let encoder = LatencyEncoder::new(0.0, 0.1)
        .expect("a window")
        .with_silent_zero(true);
    let data = dataset(Inputs::Bytes(vec![0, 255, 51, 0, 255, 1]), 6);
    let spikes = encode(&encoder, &data, &[0]);
    let late = (0.1 * (1.0 - 1.0 / 255.0)) as f32;
    assert_eq!(
        sample(&spikes, 0),
        [(0.0, 1), (0.0, 4), (0.08, 2), (late, 5)]
    );
}

#[test]
fn zero_spikes_last_unless_it_is_silent() {
    let encoder = LatencyEncoder::new(0.01, 0.04).expect("a window");
    let data = dataset(Inputs::Bytes(vec![0, 255]), 2);
    assert_eq!(
        sample(&encode(&encoder, &data, &[0]), 0),
        [(0.01, 1), (0.04, 0)]
    );
    let silent = encoder.with_silent_zero(true);
    assert_eq!(sample(&encode(&silent, &data, &[0]), 0), [(0.01, 1)]);
}

#[test]
fn the_bias_spikes_in_every_sample_behind_equal_times() {
    let encoder = LatencyEncoder::new(0.0, 1.0)
        .expect("a window")
        .with_bias(0.0)
        .expect("a time");
    let data = dataset(Inputs::Bytes(vec![255, 0, 0, 0]), 2);
    let spikes = encode(&encoder, &data, &[0, 1]);
    assert_eq!(spikes.population(), 3);
    assert_eq!(sample(&spikes, 0), [(0.0, 0), (0.0, 2), (1.0, 1)]);
    assert_eq!(sample(&spikes, 1), [(0.0, 2), (1.0, 0), (1.0, 1)]);
}

#[test]
fn encoding_replaces_the_batch_and_follows_the_indices() {
    let encoder = LatencyEncoder::new(0.0, 1.0)
        .expect("a window")
        .with_silent_zero(true);
    let data = dataset(Inputs::Bytes(vec![255, 0, 0, 255, 0, 0]), 2);
    let mut spikes = SpikeBatch::new(2);
    encoder.encode(&data, &[0], &mut spikes).expect("spikes");
    encoder
        .encode(&data, &[1, 2, 0, 1], &mut spikes)
        .expect("spikes");
    assert_eq!(spikes.offsets(), [0, 1, 1, 2, 3]);
    assert_eq!(spikes.neurons(), [1, 0, 1]);
}

#[test]
fn bytes_that_round_to_one_time_keep_their_neurons_in_order() {
    // One f32 step at 100 s is 7.6 microseconds, so all 256 times of this window fall on one or two.
    let encoder = LatencyEncoder::new(100.0, 100.000_004).expect("a window");
    let data = dataset(Inputs::Bytes((0..=255).collect()), 256);
    let intensities: Vec<f64> = (0..=255).map(|byte| f64::from(byte) / 255.0).collect();
    assert_eq!(
        sample(&encode(&encoder, &data, &[0]), 0),
        expected(&encoder, &intensities)
    );
}

#[test]
fn wrong_settings_are_refused() {
    for (earliest, latest) in [
        (-0.1, 1.0),
        (1.0, 1.0),
        (2.0, 1.0),
        (0.0, f64::INFINITY),
        (f64::NAN, 1.0),
        (0.0, f64::NAN),
        (0.0, 1e300),
    ] {
        let refused = LatencyEncoder::new(earliest, latest);
        assert!(
            matches!(refused, Err(EncodeError::Window { .. })),
            "{earliest} {latest}"
        );
    }
    let encoder = LatencyEncoder::new(0.0, 1.0).expect("a window");
    for time in [-1e-9, f64::NAN, f64::INFINITY] {
        assert!(
            matches!(encoder.with_bias(time), Err(EncodeError::Bias { .. })),
            "{time}"
        );
    }
}

#[test]
fn wrong_requests_leave_the_batch_as_it_was() {
    let encoder = LatencyEncoder::new(0.0, 1.0).expect("a window");
    let data = dataset(Inputs::Bytes(vec![1, 2]), 2);
    let mut spikes = encode(&encoder, &data, &[0]);
    let before = spikes.clone();
    let error = encoder.encode(&data, &[0, 1], &mut spikes);
    assert_eq!(
        error,
        Err(EncodeError::NoSuchSample {
            index: 1,
            samples: 1
        })
    );
    let biased = encoder.with_bias(0.5).expect("a time");
    let error = biased.encode(&data, &[0], &mut spikes);
    assert_eq!(
        error,
        Err(EncodeError::Population {
            expected: 3,
            found: 2
        })
    );
    for value in [-0.1, 1.1, f32::NAN] {
        let error = encoder.encode_values(&[0.5, value], &mut spikes);
        assert!(
            matches!(error, Err(EncodeError::Intensity { neuron: 1, .. })),
            "{value}"
        );
    }
    assert_eq!(spikes, before);
}

#[test]
fn many_images_are_encoded_as_one_by_one() {
    // Enough work for several threads; every fifth image is black.
    const PIXELS: usize = 250;
    let byte = |index: usize| match index / PIXELS % 5 {
        0 => 0,
        _ => (index * index % 509).saturating_sub(200) as u8,
    };
    let bytes: Vec<u8> = (0..400 * PIXELS).map(byte).collect();
    let data = dataset(Inputs::Bytes(bytes.clone()), PIXELS);
    let encoder = LatencyEncoder::new(0.0, 0.1).expect("a window");
    let encoder = encoder.with_silent_zero(true);
    let encoder = encoder.with_bias(0.06).expect("a time");
    let indices: Vec<usize> = (0..400).rev().collect();
    let spikes = encode(&encoder, &data, &indices);
    for (place, &index) in indices.iter().enumerate() {
        let image = &bytes[index * PIXELS..][..PIXELS];
        let intensities: Vec<f64> = image.iter().map(|&byte| f64::from(byte) / 255.0).collect();
        assert_eq!(sample(&spikes, place), expected(&encoder, &intensities));
    }
}

proptest! {
    #[test]
    fn bytes_and_floats_follow_the_definition(
        bytes in prop::collection::vec(prop_oneof![Just(0_u8), Just(255_u8), any::<u8>()], 1..300),
        earliest in 0.0..0.5,
        span in 1e-3..2.0,
        silent in any::<bool>(),
        bias in prop::option::of(0.0..3.0),
    ) {
        let mut encoder = LatencyEncoder::new(earliest, earliest + span).expect("a window").with_silent_zero(silent);
        if let Some(time) = bias {
            encoder = encoder.with_bias(time).expect("a time");
        }
        let intensities: Vec<f64> = bytes.iter().map(|&byte| f64::from(byte) / 255.0).collect();
        let data = dataset(Inputs::Bytes(bytes.clone()), bytes.len());
        prop_assert_eq!(sample(&encode(&encoder, &data, &[0]), 0), expected(&encoder, &intensities));

        let floats: Vec<f32> = intensities.iter().map(|&value| value as f32).collect();
        let rounded: Vec<f64> = floats.iter().map(|&value| f64::from(value)).collect();
        let data = dataset(Inputs::Floats(floats), bytes.len());
        prop_assert_eq!(sample(&encode(&encoder, &data, &[0]), 0), expected(&encoder, &rounded));
    }
}
