//! Feeds arbitrary text to the reader of reference cases, and runs those cases that are small: never a panic.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use noctule::conformance::{Cases, replay};
use noctule::cpu::CpuEngine;

static ENGINE: LazyLock<CpuEngine> =
    LazyLock::new(|| CpuEngine::new(1).expect("one thread can be started"));

fuzz_target!(|text: &str| {
    // Whole numbers of four digits and more, and powers of ten, could ask for more memory than there is.
    let whole = |word: &str| word.len() > 3 && !word.contains('.');
    let numbers = |letter: char| !letter.is_ascii_digit() && letter != '.';
    let large = text.split(numbers).any(whole);
    if let Ok(cases) = Cases::from_json(text)
        && !large
        && !text.contains(['e', 'E'])
    {
        let _ = replay::run::<f64>(&*ENGINE, &cases);
    }
});
