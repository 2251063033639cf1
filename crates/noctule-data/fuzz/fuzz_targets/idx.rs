//! Feeds arbitrary bytes to the IDX reader: it must return values or an error, and never panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use noctule_data::{foreign, idx};

fuzz_target!(|bytes: &[u8]| {
    let foreign = foreign::recognise(bytes);
    if let Ok(images) = idx::parse_images(bytes) {
        // Of contents that are recognised, gzip data alone can be images.
        assert!(foreign.is_none_or(|what| what == foreign::Foreign::Format("gzip data")));
        assert_eq!(images.pixels.len(), images.count * images.height * images.width);
    }
    if let Ok(labels) = idx::parse_labels(bytes) {
        assert!(!labels.is_empty());
    }
});
