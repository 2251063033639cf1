//! Damaged files of the user's own samples: never a panic, and never more memory than the file can account for.
//!
//! A file of its own, with one test: it counts all memory of the process.

#[path = "support/npz.rs"]
mod npz;

use std::fs;
use std::path::Path;

use noctule_data::files::{EventOptions, parse_events, parse_images};
use npz::{Entry, good_events, good_images, npy, npz, raw_npy, with};
use peak_alloc::PeakAlloc;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The most memory, in MB, that a file of some kilobytes may take.
const MOST: f32 = 40.0;

/// One byte, or a few in a row, and what they become.
#[derive(Clone, Debug)]
struct Damage {
    place: prop::sample::Index,
    bytes: Vec<u8>,
}

fn damage() -> impl Strategy<Value = Vec<Damage>> {
    let large = prop::collection::vec(prop_oneof![Just(0xff), Just(0), any::<u8>()], 1..9);
    let one =
        (any::<prop::sample::Index>(), large).prop_map(|(place, bytes)| Damage { place, bytes });
    prop::collection::vec(one, 1..4)
}

fn apply(file: &[u8], damage: &[Damage]) -> Vec<u8> {
    let mut file = file.to_vec();
    for Damage { place, bytes } in damage {
        let place = place.index(file.len());
        let end = file.len().min(place + bytes.len());
        file[place..end].copy_from_slice(&bytes[..end - place]);
    }
    file
}

/// Reads the file, whatever comes of it.
fn read(bytes: &[u8]) {
    for samples in [
        parse_events(bytes, &EventOptions::default()),
        parse_images(bytes),
    ]
    .into_iter()
    .flatten()
    {
        assert!(!samples.is_empty());
    }
}

/// Damages the arrays within sound archives, past the checksums.
fn damaged_inside(entries: Vec<Entry>, damage: &[Damage], which: prop::sample::Index) -> Vec<u8> {
    let mut entries = entries;
    let which = which.index(entries.len());
    entries[which].1 = apply(&entries[which].1, damage);
    npz(&entries, true)
}

/// Claims of sizes that the file does not have.
fn boasting() -> Vec<Vec<u8>> {
    let huge = [
        "(4000000000,)",
        "(18446744073709551615,)",
        "(4000000000, 4000000000)",
    ];
    let mut files: Vec<Vec<u8>> = huge
        .iter()
        .map(|shape| {
            npz(
                &with(good_events(), "times", npy("'<f4'", shape, &[0; 12])),
                true,
            )
        })
        .collect();
    let nested = format!("{{'descr': {}", "(".repeat(4_000));
    files.push(npz(
        &with(good_events(), "times", raw_npy(&nested, &[])),
        true,
    ));
    let mut long = b"\x93NUMPY\x02\x00".to_vec();
    long.extend(0xffff_fff0u32.to_le_bytes());
    files.push(npz(&with(good_events(), "times", long), true));
    // The directory of the archive says that an array has 4 GB.
    let whole = npz(&good_events(), false);
    let directory = whole
        .windows(4)
        .position(|bytes| bytes == b"PK\x01\x02")
        .unwrap();
    let mut boasting = whole;
    boasting[directory + 24..directory + 28].copy_from_slice(&0xffff_0000u32.to_le_bytes());
    files.push(boasting);
    files
}

#[test]
fn damage_gives_an_error_and_takes_little_memory() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let hdf5 = fs::read(fixtures.join("good.h5")).unwrap();
    let files = [
        npz(&good_events(), false),
        npz(&good_events(), true),
        npz(&good_images(), true),
        hdf5.clone(),
        // Twice, since such a file has more parts.
        hdf5,
    ];
    for file in &files {
        read(file);
        for length in (0..file.len()).step_by(37) {
            read(&file[..length]);
        }
    }
    for file in boasting() {
        assert!(parse_events(&file, &EventOptions::default()).is_err());
    }
    let mut runner = TestRunner::new(Config {
        cases: 3_000,
        failure_persistence: None,
        ..Config::default()
    });
    let any_file = (0..files.len(), damage(), any::<prop::sample::Index>());
    let outcome = runner.run(&any_file, |(file, damage, which)| {
        read(&apply(&files[file], &damage));
        read(&damaged_inside(good_events(), &damage, which));
        read(&damaged_inside(good_images(), &damage, which));
        Ok(())
    });
    outcome.unwrap();
    let peak = MEMORY.peak_usage_as_mb();
    assert!(peak < MOST, "{peak} MB");
}
