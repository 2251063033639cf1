//! Feeds arbitrary bytes to the reader of HDF5 files: it must return samples or an error, and never panic. Start it with the
//! files in `tests/fixtures`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use noctule_data::files::{EventOptions, parse_events};

fuzz_target!(|bytes: &[u8]| {
    // Without the signature nothing would be read.
    let file = [b"\x89HDF\r\n\x1a\n", bytes].concat();
    for bytes in [bytes, &file] {
        if let Ok(samples) = parse_events(bytes, &EventOptions::default()) {
            assert!(!samples.is_empty());
            assert!(samples.labels.is_none_or(|labels| !labels.is_empty()));
        }
    }
});
