//! The machine in words.

use std::num::NonZero;

/// Processor, cores and system of this machine; no name of it.
pub(super) fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let processor = processor().unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let noun = if cores == 1 { "core" } else { "cores" };
    format!("{processor}, {cores} {noun}, {}", std::env::consts::OS)
}

/// The name of the processor, where the system says it.
fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("model name"))?;
    let name = line.trim_start_matches(['\t', ' ', ':']).trim();
    (!name.is_empty()).then(|| name.to_owned())
}
