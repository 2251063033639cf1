//! Feeds arbitrary text to the reader of reference cases, and runs those cases that are small: never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use noctule::replay::{self, Cases};

fuzz_target!(|text: &str| {
    // Whole numbers of four digits and more, and powers of ten, could ask for more memory than there is.
    let whole = |word: &str| word.len() > 3 && !word.contains('.');
    let numbers = |letter: char| !letter.is_ascii_digit() && letter != '.';
    let large = text.split(numbers).any(whole);
    if let Ok(cases) = Cases::from_json(text)
        && !large
        && !text.contains(['e', 'E'])
    {
        let _ = replay::run::<f64>(&cases);
    }
});
