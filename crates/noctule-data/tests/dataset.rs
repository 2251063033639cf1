//! Which samples a data set accepts, and how it is divided.

use std::sync::Arc;

use noctule_core::{LatencyEncoding, Samples, SpikeBatch};
use noctule_data::{Dataset, DatasetError, Pixels, Shape};

const PAIR: Shape = Shape {
    height: 1,
    width: 2,
    channels: 1,
};

fn numbered(samples: usize) -> Dataset {
    let bytes: Vec<u8> = (0..samples)
        .flat_map(|i| [i as u8, 255 - i as u8])
        .collect();
    let labels = (0..samples).map(|i| i as u32).collect();
    Dataset::new(
        "numbered",
        PAIR,
        samples,
        Pixels::Bytes(bytes.into()),
        labels,
    )
    .expect("a data set")
}

fn refused(shape: Shape, classes: usize, inputs: Pixels, labels: Vec<u32>) -> DatasetError {
    Dataset::new("bad", shape, classes, inputs, labels).expect_err("a bad data set")
}

#[test]
fn parts_that_do_not_match_are_refused() {
    let empty = refused(PAIR, 1, Pixels::Bytes(Vec::new().into()), vec![]);
    assert!(matches!(empty, DatasetError::Empty { .. }), "{empty}");
    let lengths = refused(PAIR, 1, Pixels::Bytes(vec![0; 5].into()), vec![0, 0]);
    assert!(
        matches!(
            lengths,
            DatasetError::Lengths {
                expected: 4,
                found: 5,
                ..
            }
        ),
        "{lengths}"
    );
    let label = refused(PAIR, 2, Pixels::Bytes(vec![0; 4].into()), vec![1, 2]);
    assert!(
        matches!(
            label,
            DatasetError::Label {
                sample: 1,
                label: 2,
                classes: 2,
                ..
            }
        ),
        "{label}"
    );
    for value in [-0.01, 1.01, f32::NAN, f32::INFINITY] {
        let error = refused(
            PAIR,
            1,
            Pixels::Floats(vec![0.0, 1.0, 0.5, value].into()),
            vec![0, 0],
        );
        assert!(
            matches!(
                error,
                DatasetError::Intensity {
                    sample: 1,
                    neuron: 1,
                    ..
                }
            ),
            "{error}"
        );
    }
    for size in [0, usize::MAX] {
        let shape = Shape {
            height: size,
            width: 2,
            channels: 2,
        };
        let error = refused(shape, 1, Pixels::Bytes(Vec::new().into()), vec![0]);
        assert!(matches!(error, DatasetError::Shape { .. }), "{error}");
    }
}

#[test]
fn subsets_keep_inputs_and_labels_together() {
    let subset = numbered(5).subset(&[4, 0, 4]).expect("a subset");
    assert_eq!(subset.labels(), [4, 0, 4]);
    assert_eq!(
        subset.pixels().expect("images"),
        &Pixels::Bytes(vec![4, 251, 0, 255, 4, 251].into())
    );
    let error = numbered(5).subset(&[0, 5]).expect_err("no sixth sample");
    assert!(matches!(
        error,
        DatasetError::NoSuchSample {
            index: 5,
            samples: 5,
            ..
        }
    ));
    assert!(numbered(5).subset(&[]).is_err());
}

#[test]
fn a_batch_shares_the_intensities_and_encodes_to_their_spikes() {
    let dataset = numbered(3);
    let encoding = LatencyEncoding::new(0.0, 2.55).expect("a window");
    let batch = dataset.batch(encoding.with_bias(1.0).expect("a time"));
    assert_eq!((batch.len(), batch.population()), (3, 3));
    assert_eq!(batch.labels, [0, 1, 2]);
    let Samples::Images(images) = &batch.samples else {
        panic!("the samples are images");
    };
    let (Pixels::Bytes(shared), Pixels::Bytes(whole)) =
        (&images.pixels, dataset.pixels().expect("images"))
    else {
        panic!("bytes stay bytes");
    };
    assert!(Arc::ptr_eq(shared, whole));
    let spikes = images.encode::<f32>(&[2]).expect("spikes");
    assert_eq!(spikes.neurons(), [1, 2, 0]);
}

#[test]
fn a_split_has_every_sample_once_and_depends_on_the_seed() {
    let whole = numbered(100);
    let (train, validation) = whole.split(30, 7).expect("a split");
    assert_eq!((train.len(), validation.len()), (70, 30));
    let mut labels = [train.labels(), validation.labels()].concat();
    assert!(!labels.is_sorted(), "drawn at random");
    labels.sort_unstable();
    assert_eq!(labels, whole.labels());
    for part in [&train, &validation] {
        let Pixels::Bytes(bytes) = part.pixels().expect("images") else {
            panic!("bytes stay bytes");
        };
        for (pair, &label) in bytes.chunks(2).zip(part.labels()) {
            assert_eq!(pair, [label as u8, 255 - label as u8]);
        }
    }
    assert_eq!(whole.split(30, 7), Ok((train, validation.clone())));
    let (_, other) = whole.split(30, 8).expect("a split");
    assert_ne!(other, validation);
}

#[test]
fn a_split_must_leave_samples_on_both_sides() {
    for validation in [0, 5, 6] {
        let error = numbered(5).split(validation, 0).expect_err("an empty side");
        assert!(
            matches!(error, DatasetError::Validation { samples: 5, .. }),
            "{error}"
        );
    }
    assert!(numbered(5).split(4, 0).is_ok());
}

/// As many samples as labels; sample `i` has one event, of unit `i`.
fn events(labels: Vec<u32>) -> Dataset {
    let mut events = SpikeBatch::new(labels.len());
    for unit in 0..labels.len() as u32 {
        events.push_sample([(0.5, unit)]).expect("an event");
    }
    Dataset::of_events("own", 3, events, labels).expect("a set")
}

#[test]
fn events_stay_as_they_are_in_batches_and_subsets() {
    let dataset = events(vec![2, 0, 1]);
    assert_eq!(dataset.shape().neurons(), 3);
    assert_eq!(dataset.pixels(), None);
    let encoding = LatencyEncoding::new(0.0, 0.1).expect("a window");
    let batch = dataset.batch(encoding.with_bias(0.02).expect("a time"));
    assert_eq!((batch.len(), batch.population()), (3, 3));
    let subset = dataset.subset(&[2, 0]).expect("a subset");
    assert_eq!(subset.labels(), [1, 2]);
    let Samples::Events(events) = subset.batch(encoding).samples else {
        panic!("events stay events");
    };
    assert_eq!(events.neurons(), [2, 0]);
}

#[test]
fn events_are_refused_without_labels_classes_or_units() {
    let one = |population| {
        let mut events = SpikeBatch::new(population);
        events.push_sample([]).expect("no events");
        events
    };
    let refused = |events: SpikeBatch<f32>, labels: Vec<u32>| {
        Dataset::of_events("own", 3, events, labels).expect_err("a wrong set")
    };
    assert!(matches!(
        refused(one(2), vec![0, 1]),
        DatasetError::EventLists {
            labels: 2,
            samples: 1,
            ..
        }
    ));
    assert!(matches!(
        refused(one(0), vec![0]),
        DatasetError::Shape { .. }
    ));
    assert!(matches!(
        refused(one(2), vec![]),
        DatasetError::Empty { .. }
    ));
    assert!(matches!(
        refused(one(2), vec![3]),
        DatasetError::Label { label: 3, .. }
    ));
    let few = events(vec![2, 0, 1]).with_classes(2);
    assert!(matches!(
        few,
        Err(DatasetError::Label {
            sample: 0,
            label: 2,
            ..
        })
    ));
}

#[test]
fn some_samples_are_drawn_in_the_order_that_they_have() {
    let whole = numbered(100);
    let (ten, twenty) = (
        whole.draw(10, 7).expect("ten"),
        whole.draw(20, 7).expect("twenty"),
    );
    assert!(ten.labels().is_sorted() && ten.len() == 10);
    assert!(
        ten.labels()
            .iter()
            .all(|label| twenty.labels().contains(label))
    );
    assert_ne!(whole.draw(10, 8).expect("ten"), ten);
    assert_eq!(whole.draw(100, 7).expect("all"), whole);
    for samples in [0, 101] {
        let error = whole.draw(samples, 7).expect_err("not there").to_string();
        assert!(
            error.contains(&samples.to_string()) && error.contains("100"),
            "{error}"
        );
    }
}

#[test]
fn events_are_not_augmented() {
    let moving = noctule_data::Augmentation {
        shift: 1.0,
        ..Default::default()
    };
    let error = moving
        .apply(&events(vec![0]), &[0], 1, 0)
        .expect_err("no images");
    assert!(error.to_string().contains("\"own\" has events"), "{error}");
}
