//! Latency coding against its definition.

use noctule_core::{EncodingError, Images, LatencyEncoding, Pixels, Shape, SpikeBatch};
use proptest::prelude::*;

/// Encodes the images named by `samples`; each image has `neurons` intensities.
fn encode(
    encoding: &LatencyEncoding,
    pixels: Pixels,
    neurons: usize,
    samples: &[u32],
) -> Result<SpikeBatch<f32>, EncodingError> {
    let shape = Shape {
        height: 1,
        width: neurons,
        channels: 1,
    };
    let images = Images {
        shape,
        pixels,
        encoding: *encoding,
    };
    images.encode(samples)
}

/// As [`encode`], for images of bytes.
fn encode_bytes(
    encoding: &LatencyEncoding,
    bytes: &[u8],
    neurons: usize,
    samples: &[u32],
) -> SpikeBatch<f32> {
    let pixels = Pixels::Bytes(bytes.to_vec().into());
    encode(encoding, pixels, neurons, samples).expect("spikes")
}

/// The definition, in its plainest form: every spike, sorted by time and then by neuron.
fn expected(encoding: &LatencyEncoding, intensities: &[f64]) -> Vec<(f32, u32)> {
    let span = encoding.latest() - encoding.earliest();
    let mut spikes: Vec<(f32, u32)> = Vec::new();
    for (neuron, &intensity) in intensities.iter().enumerate() {
        if !(encoding.silent_zero() && intensity == 0.0) {
            let time = encoding.earliest() + span * (1.0 - intensity);
            spikes.push((time as f32, neuron as u32));
        }
    }
    if let Some(time) = encoding.bias() {
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
    let encoding = LatencyEncoding::new(0.0, 0.1)
        .expect("a window")
        .with_silent_zero(true);
    let spikes = encode_bytes(&encoding, &[0, 255, 51, 0, 255, 1], 6, &[0]);
    let late = (0.1 * (1.0 - 1.0 / 255.0)) as f32;
    assert_eq!(
        sample(&spikes, 0),
        [(0.0, 1), (0.0, 4), (0.08, 2), (late, 5)]
    );
}

#[test]
fn zero_spikes_last_unless_it_is_silent() {
    let encoding = LatencyEncoding::new(0.01, 0.04).expect("a window");
    let spikes = encode_bytes(&encoding, &[0, 255], 2, &[0]);
    assert_eq!(sample(&spikes, 0), [(0.01, 1), (0.04, 0)]);
    let silent = encoding.with_silent_zero(true);
    let spikes = encode_bytes(&silent, &[0, 255], 2, &[0]);
    assert_eq!(sample(&spikes, 0), [(0.01, 1)]);
}

#[test]
fn the_bias_spikes_in_every_sample_behind_equal_times() {
    let encoding = LatencyEncoding::new(0.0, 1.0)
        .expect("a window")
        .with_bias(0.0)
        .expect("a time");
    let spikes = encode_bytes(&encoding, &[255, 0, 0, 0], 2, &[0, 1]);
    assert_eq!(spikes.population(), 3);
    assert_eq!(sample(&spikes, 0), [(0.0, 0), (0.0, 2), (1.0, 1)]);
    assert_eq!(sample(&spikes, 1), [(0.0, 2), (1.0, 0), (1.0, 1)]);
}

#[test]
fn samples_follow_the_order_of_their_indices() {
    let encoding = LatencyEncoding::new(0.0, 1.0)
        .expect("a window")
        .with_silent_zero(true);
    let spikes = encode_bytes(&encoding, &[255, 0, 0, 255, 0, 0], 2, &[1, 2, 0, 1]);
    assert_eq!(spikes.offsets(), [0, 1, 1, 2, 3]);
    assert_eq!(spikes.neurons(), [1, 0, 1]);
}

#[test]
fn bytes_that_round_to_one_time_keep_their_neurons_in_order() {
    // One f32 step at 100 s is 7.6 microseconds, so all 256 times of this window fall on one or two.
    let encoding = LatencyEncoding::new(100.0, 100.000_004).expect("a window");
    let bytes: Vec<u8> = (0..=255).collect();
    let spikes = encode_bytes(&encoding, &bytes, 256, &[0]);
    let intensities: Vec<f64> = (0..=255).map(|byte| f64::from(byte) / 255.0).collect();
    assert_eq!(sample(&spikes, 0), expected(&encoding, &intensities));
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
        let refused = LatencyEncoding::new(earliest, latest);
        assert!(
            matches!(refused, Err(EncodingError::Window { .. })),
            "{earliest} {latest}"
        );
    }
    let encoding = LatencyEncoding::new(0.0, 1.0).expect("a window");
    for time in [-1e-9, f64::NAN, f64::INFINITY] {
        assert!(
            matches!(encoding.with_bias(time), Err(EncodingError::Bias { .. })),
            "{time}"
        );
    }
}

#[test]
fn wrong_samples_leave_the_batch_as_it_was() {
    let encoding = LatencyEncoding::new(0.0, 1.0).expect("a window");
    let mut spikes = encode_bytes(&encoding, &[1, 2], 2, &[0]);
    let before = spikes.clone();
    let biased = encoding.with_bias(0.5).expect("a time");
    let error = biased.encode_values(&[0.5, 0.5], &mut spikes);
    assert_eq!(
        error,
        Err(EncodingError::Population {
            expected: 3,
            found: 2
        })
    );
    for value in [-0.1, 1.1, f32::NAN] {
        let error = encoding.encode_values(&[0.5, value], &mut spikes);
        assert!(
            matches!(error, Err(EncodingError::Intensity { neuron: 1, .. })),
            "{value}"
        );
    }
    assert_eq!(spikes, before);
}

#[test]
fn images_of_wrong_floats_are_refused() {
    let encoding = LatencyEncoding::new(0.0, 1.0).expect("a window");
    let pixels = Pixels::Floats(vec![0.5, 0.5, 2.0, 0.5].into());
    assert!(encode(&encoding, pixels.clone(), 2, &[0]).is_ok());
    let error = encode(&encoding, pixels, 2, &[0, 1]).expect_err("an intensity of 2");
    assert!(
        matches!(error, EncodingError::Intensity { neuron: 0, .. }),
        "{error}"
    );
}

#[test]
fn many_images_are_encoded_as_one_by_one() {
    // Every fifth image is black.
    const PIXELS: usize = 250;
    let byte = |index: usize| match index / PIXELS % 5 {
        0 => 0,
        _ => (index * index % 509).saturating_sub(200) as u8,
    };
    let bytes: Vec<u8> = (0..400 * PIXELS).map(byte).collect();
    let encoding = LatencyEncoding::new(0.0, 0.1).expect("a window");
    let encoding = encoding.with_silent_zero(true);
    let encoding = encoding.with_bias(0.06).expect("a time");
    let samples: Vec<u32> = (0..400).rev().collect();
    let spikes = encode_bytes(&encoding, &bytes, PIXELS, &samples);
    for (place, &index) in samples.iter().enumerate() {
        let image = &bytes[index as usize * PIXELS..][..PIXELS];
        let intensities: Vec<f64> = image.iter().map(|&byte| f64::from(byte) / 255.0).collect();
        assert_eq!(sample(&spikes, place), expected(&encoding, &intensities));
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
        let mut encoding = LatencyEncoding::new(earliest, earliest + span).expect("a window").with_silent_zero(silent);
        if let Some(time) = bias {
            encoding = encoding.with_bias(time).expect("a time");
        }
        let intensities: Vec<f64> = bytes.iter().map(|&byte| f64::from(byte) / 255.0).collect();
        let spikes = encode_bytes(&encoding, &bytes, bytes.len(), &[0]);
        prop_assert_eq!(sample(&spikes, 0), expected(&encoding, &intensities));

        let floats: Vec<f32> = intensities.iter().map(|&value| value as f32).collect();
        let rounded: Vec<f64> = floats.iter().map(|&value| f64::from(value)).collect();
        let spikes = encode(&encoding, Pixels::Floats(floats.into()), bytes.len(), &[0]);
        prop_assert_eq!(sample(&spikes.expect("spikes"), 0), expected(&encoding, &rounded));
    }
}
