//! Feeds arbitrary bytes to the IDX reader: it must return values or an error, and never panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use noctule_data::idx;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(images) = idx::parse_images(bytes) {
        assert_eq!(images.pixels.len(), images.count * images.height * images.width);
    }
    if let Ok(labels) = idx::parse_labels(bytes) {
        assert!(!labels.is_empty());
    }
});
