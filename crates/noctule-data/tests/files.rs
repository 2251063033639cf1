//! Files of the user's own samples.

#[path = "support/npz.rs"]
mod npz;

use std::fs;
use std::path::{Path, PathBuf};

use noctule_core::{Pixels, Shape};
use noctule_data::Samples;
use noctule_data::files::{
    ContentsKind, EventOptions, FileSamples, inspect, load_events, load_images, parse_events,
    parse_images,
};
use npz::{f32s, f64s, good_events, good_images, i64s, npy, npz, raw_npy, scalar, with, without};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

fn events(bytes: &[u8]) -> FileSamples {
    parse_events(bytes, &EventOptions::default()).unwrap()
}

fn spikes(samples: &FileSamples) -> &noctule_core::SpikeBatch<f32> {
    match &samples.samples {
        Samples::Events(events) => events,
        other => panic!("{other:?}"),
    }
}

#[test]
fn events_of_an_npz_file_compressed_or_not() {
    for compressed in [false, true] {
        let read = events(&npz(&good_events(), compressed));
        let spikes = spikes(&read);
        assert_eq!((read.len(), spikes.population()), (3, 5));
        assert_eq!(spikes.times(), [0.1, 0.2, 0.3]);
        assert_eq!(spikes.neurons(), [0, 4, 2]);
        assert_eq!(spikes.offsets(), [0, 2, 2, 3]);
        assert_eq!(read.labels.as_deref(), Some(&[0, 1, 0][..]));
        assert_eq!(read.classes(), Some(2));
    }
}

#[test]
fn times_of_every_type_in_any_unit() {
    let half = npy("'<f2'", "(3,)", &[0x66, 0x2e, 0x66, 0x32, 0xcd, 0x34]);
    let big: Vec<u8> = [100i32, 200, 300]
        .iter()
        .flat_map(|t| t.to_be_bytes())
        .collect();
    for (times, unit, tolerance) in [
        (half, 1.0, 1e-3),
        (f64s(&[0.1, 0.2, 0.3]), 1.0, 1e-12),
        (npy("'>i4'", "(3,)", &big), 1e-3, 1e-12),
        (i64s(&[100_000, 200_000, 300_000]), 1e-6, 1e-12),
    ] {
        let options = EventOptions {
            time_unit: unit,
            ..EventOptions::default()
        };
        let read =
            parse_events(&npz(&with(good_events(), "times", times), true), &options).unwrap();
        for (event, expected) in [0.1, 0.2, 0.3].into_iter().enumerate() {
            let time = spikes(&read).precise_time(event);
            assert!((time - expected).abs() < tolerance, "{time}");
        }
    }
}

#[test]
fn the_population_is_what_is_asked_for_or_what_the_file_says() {
    let said = npz(&with(good_events(), "population", scalar(700)), true);
    assert_eq!(spikes(&events(&said)).population(), 700);
    let options = EventOptions {
        population: Some(12),
        ..EventOptions::default()
    };
    let read = parse_events(&said, &options).unwrap();
    assert_eq!(spikes(&read).population(), 12);
}

#[test]
fn an_hdf5_file_gives_what_the_npz_file_gives() {
    let read = load_events(&fixture("good.h5"), &EventOptions::default()).unwrap();
    let half = npy("'<f2'", "(3,)", &[0x66, 0x2e, 0x66, 0x32, 0xcd, 0x34]);
    assert_eq!(
        read,
        events(&npz(&with(good_events(), "times", half), true))
    );
}

#[test]
fn images_of_bytes_and_of_floats() {
    let read = parse_images(&npz(&good_images(), true)).unwrap();
    let shape = Shape {
        height: 2,
        width: 3,
        channels: 1,
    };
    let pixels = Pixels::Bytes((0..12).collect::<Vec<u8>>().into());
    assert_eq!(read.samples, Samples::Images { shape, pixels });
    assert_eq!(read.labels, Some(vec![1, 0]));
    let halves: Vec<u8> = [0.0f64, 0.5, 1.0, 0.25]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    let colours = npy("'<f8'", "(2, 1, 1, 2)", &halves);
    let read = parse_images(&npz(&with(good_images(), "images", colours), true)).unwrap();
    let Samples::Images { shape, pixels } = read.samples else {
        panic!("images");
    };
    assert_eq!((shape.height, shape.width, shape.channels), (1, 1, 2));
    assert_eq!(pixels, Pixels::Floats(vec![0.0, 0.5, 1.0, 0.25].into()));
}

#[test]
fn labels_may_be_left_out_to_predict() {
    let read = events(&npz(&without(good_events(), "labels"), true));
    assert_eq!((read.len(), read.labels,), (3, None));
    let read = parse_images(&npz(&without(good_images(), "labels"), true)).unwrap();
    assert_eq!((read.len(), read.classes()), (2, None));
}

#[test]
fn the_format_is_told_from_the_contents() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gestures.dat");
    fs::write(&path, npz(&good_events(), true)).unwrap();
    let contents = inspect(&path).unwrap();
    assert_eq!((contents.samples, contents.classes), (3, Some(2)));
    let ContentsKind::Events {
        population,
        events,
        last_time,
    } = contents.kind
    else {
        panic!("{contents:?}");
    };
    assert_eq!((population, events), (5, 3));
    assert!((last_time - 0.3).abs() < 1e-6);
    fs::copy(fixture("good.h5"), &path).unwrap();
    assert_eq!(inspect(&path).unwrap().samples, 3);
    // HDF5 allows for a block of the user's in front.
    let shifted = [vec![0; 512], fs::read(fixture("good.h5")).unwrap()].concat();
    fs::write(&path, shifted).unwrap();
    assert_eq!(inspect(&path).unwrap().samples, 3);
    fs::write(&path, npz(&good_images(), true)).unwrap();
    let contents = inspect(&path).unwrap();
    assert!(matches!(contents.kind, ContentsKind::Images { shape } if shape.neurons() == 6));
}

/// Breakages of a file of events: what it holds, and what the message must say.
fn broken_events() -> Vec<(Vec<u8>, &'static [&'static str])> {
    let good = good_events;
    let replaced = |name, bytes| npz(&with(good(), name, bytes), true);
    let whole = npz(&good(), false);
    let mut flipped = whole.clone();
    let inside = flipped
        .windows(4)
        .position(|bytes| bytes == 0.2f32.to_le_bytes())
        .unwrap();
    flipped[inside] ^= 1;
    let fixture = |name: &str| fs::read(fixture(name)).unwrap();
    vec![
        (
            replaced("times", f32s(&[0.2, 0.1, 0.3])),
            &["sample 0", "event 1", "0.1", "0.2", "sort"],
        ),
        (
            replaced("times", f32s(&[0.1, 0.2, f32::NAN])),
            &["sample 2", "event 0", "NaN", "finite"],
        ),
        (
            replaced("times", f32s(&[0.1, f32::INFINITY, 0.3])),
            &["sample 0", "event 1", "inf"],
        ),
        (
            replaced("times", f32s(&[-0.5, 0.2, 0.3])),
            &["sample 0", "event 0", "-0.5", "negative"],
        ),
        (
            replaced("times", f64s(&[0.1, 1e60, 0.3])),
            &["sample 0", "event 1", "too large", "time_unit"],
        ),
        (
            replaced("times", npy("'<c8'", "(3,)", &[0; 24])),
            &["`times`", "<c8", "numbers"],
        ),
        (
            replaced("times", npy("'<f4'", "(3, 1)", &[0; 12])),
            &["`times`", "[3, 1]", "one dimension"],
        ),
        (
            replaced("times", npy("'<f4'", "(4,)", &[0; 12])),
            &["`times`", "needs 16 bytes", "has 12"],
        ),
        (
            replaced("times", npy("'<f4'", "(4611686018427387904, 4)", &[0; 12])),
            &["`times`", "damaged"],
        ),
        (
            replaced("units", i64s(&[0, -4, 2])),
            &["sample 0", "event 1", "unit -4", "population of 3"],
        ),
        (
            replaced("units", i64s(&[0, 4])),
            &["`units` has 2 entries for 3 events"],
        ),
        (
            replaced("units", f32s(&[0.0, 4.0, 2.0])),
            &["`units`", "float32", "integers"],
        ),
        (
            replaced("units", i64s(&[0, 1 << 40, 2])),
            &["population is 1099511627777", "10000000"],
        ),
        (
            replaced("population", scalar(4)),
            &["sample 0", "event 1", "unit 4", "population of 4"],
        ),
        (replaced("population", scalar(0)), &["population is 0"]),
        (
            replaced("population", i64s(&[5, 5])),
            &["`population`", "[2]", "single number"],
        ),
        (
            replaced("offsets", i64s(&[1, 2, 2, 3])),
            &["starts with 1", "start with 0"],
        ),
        (
            replaced("offsets", i64s(&[0, 2, 1, 3])),
            &["sample 1", "from 2 to 1"],
        ),
        (
            replaced("offsets", i64s(&[0, 2, 2, 4])),
            &["ends with 4", "sample 2", "3 events"],
        ),
        (replaced("offsets", i64s(&[0])), &["no samples"]),
        (
            replaced("labels", i64s(&[0, 1])),
            &["`labels` has 2 entries for 3 samples"],
        ),
        (
            replaced("labels", i64s(&[0, -1, 0])),
            &["sample 1", "label -1", "no class"],
        ),
        (
            replaced("labels", i64s(&[0, 1, 1 << 40])),
            &["sample 2", "label 1099511627776"],
        ),
        (
            replaced("labels", npy("'|i1'", "(3, 2)", &[0; 6])),
            &["`labels`", "[3, 2]", "one dimension"],
        ),
        (
            replaced("times", npy("'|O'", "(3,)", b"\x80\x04.")),
            &["`times`", "pickle", "never loaded"],
        ),
        (
            replaced("labels", npy("[('a', '<i4')]", "(3,)", &[0; 12])),
            &["`labels`", "record"],
        ),
        (
            replaced("times", raw_npy("{'descr': '<f4'}", &[0; 12])),
            &["NPZ", "`times`", "damaged"],
        ),
        (
            replaced("times", b"no array".to_vec()),
            &["NPZ", "`times`", "damaged"],
        ),
        (
            npz(&without(good(), "offsets"), true),
            &["no array `offsets`", "`labels`, `times`, `units`"],
        ),
        (npz(&[], true), &["no array `times`", "no array at all"]),
        (npz(&good_images(), true), &["images", "events", "data.set"]),
        (
            whole[..whole.len() - 30].to_vec(),
            &["NPZ", "truncated or damaged"],
        ),
        (flipped, &["NPZ", "`times`", "damaged"]),
        (f32s(&[0.1, 0.2]), &["a NumPy array (.npy)", "numpy.savez"]),
        (b"\x80\x04\x95".to_vec(), &["pickle", "never loaded"]),
        (Vec::new(), &["empty"]),
        (b"<!DOCTYPE html>".to_vec(), &["web page"]),
        (
            b"version https://git-lfs.github.com/spec/v1".to_vec(),
            &["Git LFS", "git lfs pull"],
        ),
        (
            b"time,unit\n0.1,3\n".to_vec(),
            &["text", "time,unit", "NPZ", "HDF5"],
        ),
        (
            fixture("no-spikes.h5"),
            &["no array `spikes/times`", "`events/times`", "`labels`"],
        ),
        (
            fixture("float-units.h5"),
            &["`spikes/units`", "float32", "integers"],
        ),
        (fixture("unequal.h5"), &["sample 2", "1 times", "2 units"]),
        (
            fixture("few-labels.h5"),
            &["`labels` has 2 entries for 3 samples"],
        ),
        (
            fixture("unsorted.h5"),
            &["sample 0", "event 1", "0.125", "0.25", "sort"],
        ),
        (fixture("empty.h5"), &["no samples"]),
        (
            fixture("rectangular.h5"),
            &["`spikes/times`", "[3, 4]", "one dimension"],
        ),
        (
            fixture("good.h5")[..3000].to_vec(),
            &["HDF5", "truncated or damaged"],
        ),
    ]
}

fn broken_images() -> Vec<(Vec<u8>, &'static [&'static str])> {
    let replaced = |name, bytes| npz(&with(good_images(), name, bytes), true);
    let tooth = [0.0f32, 0.5, 1.5, 0.0].map(f32::to_le_bytes).concat();
    let hole = [0.0f32, 0.5, 1.0, f32::NAN].map(f32::to_le_bytes).concat();
    let fortran = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 2, 3), }";
    vec![
        (
            replaced("images", npy("'<f4'", "(2, 2, 1)", &tooth)),
            &["sample 1", "pixel 0", "1.5", "0 to 1"],
        ),
        (
            replaced("images", npy("'<f4'", "(2, 2, 1)", &hole)),
            &["sample 1", "pixel 1", "NaN"],
        ),
        (
            replaced("images", npy("'|u1'", "(2, 6)", &[0; 12])),
            &["`images`", "[2, 6]", "three dimensions"],
        ),
        (
            replaced("images", npy("'<i2'", "(2, 2, 3)", &[0; 24])),
            &["`images`", "int16", "uint8"],
        ),
        (
            replaced("images", npy("'|u1'", "(0, 2, 3)", &[])),
            &["no samples"],
        ),
        (
            replaced("images", npy("'|u1'", "(2, 0, 3)", &[])),
            &["`images`", "[2, 0, 3]", "pixel"],
        ),
        (
            replaced("images", raw_npy(fortran, &[0; 12])),
            &["`images`", "Fortran", "ascontiguousarray"],
        ),
        (
            replaced("labels", i64s(&[1])),
            &["`labels` has 1 entries for 2 samples"],
        ),
        (npz(&good_events(), true), &["events", "images", "data.set"]),
        (
            npz(&without(good_images(), "images"), true),
            &["no array `images`", "`labels`"],
        ),
        (fs::read(fixture("good.h5")).unwrap(), &["HDF5", "NPZ"]),
    ]
}

#[test]
fn everything_that_can_be_wrong_is_named_with_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broken-file.npz");
    let images = broken_images().into_iter().map(|case| (true, case));
    let cases = broken_events()
        .into_iter()
        .map(|case| (false, case))
        .chain(images);
    for (index, (is_images, (bytes, parts))) in cases.enumerate() {
        fs::write(&path, bytes).unwrap();
        let refused = match is_images {
            true => load_images(&path),
            false => load_events(&path, &EventOptions::default()),
        };
        let message = refused
            .expect_err(&format!("case {index}: {parts:?}"))
            .to_string();
        for part in parts.iter().chain(&["broken-file.npz"]) {
            assert!(
                message.contains(part),
                "case {index} should say `{part}`: {message}"
            );
        }
    }
    let missing = folder.path().join("nothing.npz");
    let message = load_images(&missing).unwrap_err().to_string();
    assert!(
        message.contains("nothing.npz") && message.contains("cannot read"),
        "{message}"
    );
    let refused = load_images(folder.path()).unwrap_err().to_string();
    assert!(refused.contains("cannot read"), "{refused}");
}

#[test]
fn a_unit_of_time_must_be_positive() {
    let bytes = npz(&good_events(), true);
    for time_unit in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let options = EventOptions {
            time_unit,
            ..EventOptions::default()
        };
        assert!(parse_events(&bytes, &options).is_err());
    }
}
