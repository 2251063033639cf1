//! What augmentation preserves, what it changes, and what its result depends on.

use noctule_data::{AugmentError, Augmentation, Dataset, DatasetError, Elastic, Pixels, Shape};
use proptest::prelude::*;

const SIDE: usize = 28;

fn shape(channels: usize) -> Shape {
    Shape {
        height: SIDE,
        width: SIDE,
        channels,
    }
}

/// Blurred blobs at different places, with a wide black border; all channels are equal.
fn blobs(samples: usize, channels: usize) -> Vec<f32> {
    let mut values = Vec::new();
    for sample in 0..samples {
        let centre = [12.0 + (sample % 4) as f32, 15.0 - (sample % 3) as f32];
        for y in 0..SIDE {
            for x in 0..SIDE {
                let [dx, dy] = [x as f32 - centre[0], y as f32 - centre[1]];
                let value = (-(dx * dx + 2.0 * dy * dy) / 16.0).exp();
                let value = if value < 0.01 { 0.0 } else { value };
                values.extend(std::iter::repeat_n(value, channels));
            }
        }
    }
    values
}

fn dataset(inputs: Pixels, channels: usize) -> Dataset {
    let samples = inputs.len() / shape(channels).neurons();
    let labels = (0..samples).map(|sample| (sample % 10) as u32).collect();
    Dataset::new("blobs", shape(channels), 10, inputs, labels).expect("a data set")
}

fn floats(samples: usize) -> Dataset {
    dataset(Pixels::Floats(blobs(samples, 1).into()), 1)
}

fn bytes(samples: usize) -> Dataset {
    let to_byte = |value: f32| (value * 255.0).round() as u8;
    let values: Vec<u8> = blobs(samples, 1).into_iter().map(to_byte).collect();
    dataset(Pixels::Bytes(values.into()), 1)
}

fn everything() -> Augmentation {
    Augmentation {
        elastic: Some(Elastic {
            points: 4,
            sigma: 1.5,
        }),
        shift: 2.0,
        rotation: 15.0,
        scale: 0.1,
        flip: true,
    }
}

fn float_values(dataset: &Dataset) -> &[f32] {
    match dataset.pixels().expect("images") {
        Pixels::Floats(values) => values,
        other => panic!("{other:?} are not floats"),
    }
}

fn byte_values(dataset: &Dataset) -> &[u8] {
    match dataset.pixels().expect("images") {
        Pixels::Bytes(values) => values,
        other => panic!("{other:?} are not bytes"),
    }
}

fn sample(dataset: &Dataset, index: usize) -> &[f32] {
    let neurons = dataset.shape().neurons();
    &float_values(dataset)[index * neurons..][..neurons]
}

#[test]
fn nothing_changes_by_default() {
    let none = Augmentation::default();
    assert!(none.is_none());
    let still = Augmentation {
        elastic: Some(Elastic {
            points: 3,
            sigma: 0.0,
        }),
        ..none
    };
    assert!(still.is_none());
    assert!(!everything().is_none());
    for set in [floats(5), bytes(5)] {
        let expected = set.subset(&[4, 0, 4]).expect("a subset");
        let found = none.apply(&set, &[4, 0, 4], 1, 2).expect("copies");
        assert_eq!(found, expected);
    }
}

#[test]
fn a_flip_mirrors_exactly_about_every_other_image() {
    let flip = Augmentation {
        flip: true,
        ..Augmentation::default()
    };
    let set = bytes(200);
    let indices: Vec<usize> = (0..200).collect();
    let out = flip.apply(&set, &indices, 3, 0).expect("copies");
    let mut mirrored = 0;
    let rows = byte_values(&set).chunks(SIDE * SIDE);
    for (before, after) in rows.zip(byte_values(&out).chunks(SIDE * SIDE)) {
        let mirror: Vec<u8> = before
            .chunks(SIDE)
            .flat_map(|row| row.iter().rev().copied())
            .collect();
        assert!(after == before || after == mirror);
        mirrored += usize::from(after == mirror);
    }
    assert!((70..130).contains(&mirrored), "{mirrored} of 200");
}

/// Sum of the intensities of one image, and their centre along x and y.
fn moments(image: &[f32]) -> (f32, [f32; 2]) {
    let sum: f32 = image.iter().sum();
    let mean = |place: fn(usize) -> usize| {
        let weighted = image.iter().enumerate();
        weighted
            .map(|(i, value)| place(i) as f32 * value)
            .sum::<f32>()
            / sum
    };
    (sum, [mean(|i| i % SIDE), mean(|i| i / SIDE)])
}

#[test]
fn shifts_fill_their_range_and_keep_the_mass() {
    let shifts = Augmentation {
        shift: 3.0,
        ..Augmentation::default()
    };
    let set = floats(1);
    let out = shifts.apply(&set, &[0], 0, 0).expect("a copy");
    assert_ne!(out, set);
    let (mass, place) = moments(sample(&set, 0));
    let mut reach = [0.0_f32; 2];
    for epoch in 0..200 {
        let out = shifts.apply(&set, &[0], 0, epoch).expect("a copy");
        let (found, moved) = moments(sample(&out, 0));
        assert!((found / mass - 1.0).abs() < 1e-4, "{found} {mass}");
        for axis in [0, 1] {
            let distance = (moved[axis] - place[axis]).abs();
            assert!(distance < 3.001, "{distance}");
            reach[axis] = reach[axis].max(distance);
        }
    }
    assert!(reach.iter().all(|&farthest| farthest > 2.7), "{reach:?}");
}

#[test]
fn rotation_keeps_the_mass_and_scaling_changes_it_both_ways() {
    let set = floats(1);
    let (mass, _) = moments(sample(&set, 0));
    let masses = |augmentation: Augmentation| -> Vec<f32> {
        let of_epoch = |epoch| {
            let out = augmentation.apply(&set, &[0], 9, epoch).expect("a copy");
            moments(sample(&out, 0)).0 / mass
        };
        (0..100).map(of_epoch).collect()
    };
    let turned = masses(Augmentation {
        rotation: 180.0,
        ..Augmentation::default()
    });
    assert!(turned.iter().all(|mass| (mass - 1.0).abs() < 0.01));
    let scaled = masses(Augmentation {
        scale: 0.2,
        ..Augmentation::default()
    });
    let (least, most) = scaled
        .iter()
        .fold((f32::MAX, 0.0_f32), |(low, high), &mass| {
            (low.min(mass), high.max(mass))
        });
    assert!((0.62..0.72).contains(&least), "{least}");
    assert!((1.36..1.46).contains(&most), "{most}");
}

#[test]
fn elastic_distortion_moves_little_and_roughly_keeps_the_mass() {
    for points in [2, 3, 8] {
        let bent = Augmentation {
            elastic: Some(Elastic { points, sigma: 1.0 }),
            ..Augmentation::default()
        };
        let set = floats(1);
        let (mass, place) = moments(sample(&set, 0));
        let mut total = 0.0;
        for epoch in 0..50 {
            let out = bent.apply(&set, &[0], 5, epoch).expect("a copy");
            assert_ne!(out, set);
            let (found, moved) = moments(sample(&out, 0));
            total += found / mass / 50.0;
            assert!((place[0] - moved[0]).abs() < 4.0, "{place:?} {moved:?}");
        }
        assert!((total - 1.0).abs() < 0.1, "{points} points: {total}");
    }
}

#[test]
fn neither_threads_nor_batches_change_a_bit() {
    let set = bytes(40);
    let all: Vec<usize> = (0..40).collect();
    let with_threads = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().expect("threads");
        pool.install(|| everything().apply(&set, &all, 7, 3).expect("copies"))
    };
    let whole = with_threads(1);
    assert_eq!(whole, with_threads(5));
    let mut order = all.clone();
    order.reverse();
    let mut batch = everything().apply(&set, &[0], 0, 0).expect("a copy");
    for indices in order.chunks(7) {
        everything()
            .apply_into(&set, indices, 7, 3, &mut batch)
            .expect("copies");
        assert_eq!(batch, whole.subset(indices).expect("a subset"));
    }
}

#[test]
fn epochs_seeds_and_samples_differ() {
    let same = &blobs(1, 1)[..];
    let set = dataset(Pixels::Floats([same, same].concat().into()), 1);
    let out = |seed, epoch| everything().apply(&set, &[0, 1], seed, epoch);
    let first = out(1, 0).expect("copies");
    assert_eq!(Ok(&first), out(1, 0).as_ref());
    assert_ne!(Ok(&first), out(1, 1).as_ref());
    assert_ne!(Ok(&first), out(2, 0).as_ref());
    assert_ne!(sample(&first, 0), sample(&first, 1));
}

#[test]
fn all_channels_change_in_the_same_way() {
    let single = floats(6);
    let indices = [5, 0, 3];
    let expected = everything().apply(&single, &indices, 4, 1).expect("copies");
    for channels in [2, 3] {
        let set = dataset(Pixels::Floats(blobs(6, channels).into()), channels);
        let out = everything().apply(&set, &indices, 4, 1).expect("copies");
        let repeated: Vec<f32> = float_values(&expected)
            .iter()
            .flat_map(|&value| std::iter::repeat_n(value, channels))
            .collect();
        assert_eq!(float_values(&out), repeated);
    }
}

#[test]
fn bytes_are_floats_rounded() {
    let set = bytes(8);
    let by_bytes = everything().apply(&set, &[1, 7], 2, 2).expect("bytes");
    let scaled = byte_values(&set).iter().map(|&b| f32::from(b) / 255.0);
    let set = dataset(Pixels::Floats(scaled.collect::<Vec<f32>>().into()), 1);
    let by_floats = everything().apply(&set, &[1, 7], 2, 2).expect("floats");
    for (&byte, &float) in byte_values(&by_bytes).iter().zip(float_values(&by_floats)) {
        assert!((f32::from(byte) - 255.0 * float).abs() < 0.501);
    }
}

#[test]
fn memory_is_reused_and_any_result_can_be_replaced() {
    let set = bytes(20);
    let augmentation = everything();
    let indices: Vec<usize> = (0..20).collect();
    let mut out = augmentation.apply(&set, &indices, 0, 0).expect("copies");
    let address = byte_values(&out).as_ptr();
    for (epoch, count) in [(1, 5), (2, 20), (3, 1)] {
        augmentation
            .apply_into(&set, &indices[..count], 0, epoch, &mut out)
            .expect("copies");
        assert_eq!((out.len(), byte_values(&out).as_ptr()), (count, address));
    }
    let other = dataset(Pixels::Floats(blobs(2, 3).into()), 3);
    augmentation
        .apply_into(&other, &[1], 0, 0, &mut out)
        .expect("a copy");
    assert_eq!(Ok(out), augmentation.apply(&other, &[1], 0, 0));
}

#[test]
fn a_result_that_is_shared_is_not_overwritten() {
    let set = bytes(3);
    let augmentation = everything();
    let mut out = augmentation.apply(&set, &[0, 1], 0, 0).expect("copies");
    let shared = out.clone();
    let expected = augmentation.apply(&set, &[0, 1], 0, 0).expect("copies");
    augmentation
        .apply_into(&set, &[2], 0, 1, &mut out)
        .expect("copies");
    assert_eq!(shared, expected);
    assert_eq!(Ok(out), augmentation.apply(&set, &[2], 0, 1));
    let mut out = set.clone();
    augmentation
        .apply_into(&set, &[2], 0, 1, &mut out)
        .expect("copies");
    assert_eq!(set, bytes(3), "the source is shared with its clone");
}

#[test]
fn bad_settings_are_refused() {
    let none = Augmentation::default();
    let bad = |value| {
        [
            Augmentation {
                shift: value,
                ..none
            },
            Augmentation {
                rotation: value,
                ..none
            },
            Augmentation {
                scale: value,
                ..none
            },
            Augmentation {
                elastic: Some(Elastic {
                    points: 2,
                    sigma: value,
                }),
                ..none
            },
        ]
    };
    let set = bytes(1);
    for value in [-0.1, f64::NAN, f64::INFINITY, 1e9] {
        for augmentation in bad(value) {
            let error = augmentation.check().expect_err("a bad setting");
            assert!(error.to_string().contains("must be"), "{error}");
            assert!(augmentation.apply(&set, &[0], 0, 0).is_err());
        }
    }
    let scale = Augmentation { scale: 1.0, ..none };
    assert_eq!(scale.check(), Err(AugmentError::Scale { scale: 1.0 }));
    for points in [0, 1, 65] {
        let elastic = Some(Elastic { points, sigma: 1.0 });
        let grid = Augmentation { elastic, ..none };
        assert_eq!(grid.check(), Err(AugmentError::Points { points }));
    }
    assert_eq!(everything().check(), Ok(()));
}

#[test]
fn indices_must_name_samples_and_a_refusal_changes_nothing() {
    let set = bytes(2);
    let mut out = floats(3);
    for indices in [&[][..], &[0, 2]] {
        let error = everything()
            .apply_into(&set, indices, 0, 0, &mut out)
            .expect_err("bad indices");
        assert!(
            matches!(
                error,
                AugmentError::Dataset(
                    DatasetError::Empty { .. } | DatasetError::NoSuchSample { index: 2, .. }
                )
            ),
            "{error}"
        );
    }
    assert_eq!(out, floats(3));
}

proptest! {
    #[test]
    fn intensities_stay_intensities(
        (height, width, channels) in (1_usize..6, 1_usize..6, 1_usize..4),
        values in prop::collection::vec(0.0_f32..=1.0, 75),
        points in 2_usize..9,
        (sigma, shift, rotation) in (0.0..100.0, 0.0..65_536.0, 0.0..180.0),
        (scale, flip, seed) in (0.0..1.0, any::<bool>(), any::<u64>()),
    ) {
        let shape = Shape { height, width, channels };
        let values = values[..shape.neurons()].to_vec();
        let set = Dataset::new("any", shape, 1, Pixels::Floats(values.into()), vec![0]).expect("a set");
        let elastic = Some(Elastic { points, sigma });
        let augmentation = Augmentation { elastic, shift, rotation, scale, flip };
        let out = augmentation.apply(&set, &[0], seed, 0).expect("a copy");
        prop_assert!(float_values(&out).iter().all(|value| (0.0..=1.0).contains(value)));
    }
}
