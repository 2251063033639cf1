//! Feeds arbitrary bytes to the reader of NPZ files, as they are and as the contents of a sound archive: it must return
//! samples or an error, and never panic.
#![no_main]

use std::io::{Cursor, Write};

use libfuzzer_sys::fuzz_target;
use noctule_data::files::{EventOptions, parse_events, parse_images};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const ARRAYS: [&str; 6] = ["times", "units", "offsets", "labels", "population", "images"];

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    // The checksums of an archive keep nearly all changes away from the arrays in it.
    let length = bytes.len() / ARRAYS.len();
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, array) in ARRAYS.iter().zip(bytes.chunks(length.max(1))) {
        let started = archive.start_file(format!("{name}.npy"), SimpleFileOptions::default());
        if started.is_err() || archive.write_all(array).is_err() {
            return;
        }
    }
    if let Ok(archive) = archive.finish() {
        check(&archive.into_inner());
    }
});

fn check(bytes: &[u8]) {
    for samples in [parse_events(bytes, &EventOptions::default()), parse_images(bytes)] {
        if let Ok(samples) = samples {
            assert!(!samples.is_empty());
            assert!(samples.labels.as_ref().is_none_or(|labels| labels.len() == samples.len()));
        }
    }
}
