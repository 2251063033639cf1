//! Feeds arbitrary bytes to the reader of checkpoints: what it accepts must be the same when it is written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use noctule::train::checkpoint::Checkpoint;

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("fuzz.safetensors");
    std::fs::write(&path, bytes).expect("a temporary file");
    let Ok(checkpoint) = Checkpoint::load(&path) else {
        return;
    };
    checkpoint
        .save(&path)
        .expect("what was accepted can be written");
    let read = Checkpoint::load(&path).expect("what was written can be read");
    assert_eq!(read, checkpoint);
});
