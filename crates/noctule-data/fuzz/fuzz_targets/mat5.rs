//! Feeds arbitrary bytes to the MATLAB reader: it must return values or an error, and never panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use noctule_data::mat5::MatFile;

fuzz_target!(|bytes: &[u8]| {
    let Ok(file) = MatFile::parse(bytes) else {
        return;
    };
    let Ok(dataset) = file.variable("dataset") else {
        return;
    };
    for part in ["train", "test"] {
        for name in ["images", "labels"] {
            let Ok(array) = dataset.field(part).and_then(|part| part.field(name)) else {
                continue;
            };
            let count = || array.dimensions().iter().product::<usize>();
            if let Ok(values) = array.bytes() {
                assert_eq!(values.len(), count());
            }
            if let Ok(values) = array.numbers() {
                assert_eq!(values.len(), count());
            }
        }
    }
});
