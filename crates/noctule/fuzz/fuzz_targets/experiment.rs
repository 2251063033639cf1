//! Feeds arbitrary text to the reader of experiment files: what it accepts must survive being written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use noctule::train::config::Config;

fuzz_target!(|text: &str| {
    let Ok(config) = Config::from_toml_str(text, "fuzz") else {
        return;
    };
    let written = config.to_toml().expect("what was accepted can be written");
    let read = Config::from_toml_str(&written, "written").expect("what was written can be read");
    assert_eq!(read, config);
});
