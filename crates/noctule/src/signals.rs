//! Signals that ask a command to stop.
//!
//! The first one asks, and the command stops in good order; the second ends the process at once. A signal that was
//! ignored when the process started stays ignored: `nohup` ignores SIGHUP, and a shell without job control ignores SIGINT
//! of what runs in the background.

use std::ffi::c_int;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::outcome::INTERRUPTED;

/// A flag that is set when a signal asks this process to stop. Commands that listen must look at it often.
///
/// # Errors
/// If the system does not let this process listen.
pub fn listen() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in heeded() {
        // In this order: the flag that the first signal sets is what makes the second one final.
        flag::register_conditional_shutdown(signal, INTERRUPTED.into(), Arc::clone(&stop))
            .and_then(|_| flag::register(signal, Arc::clone(&stop)))
            .with_context(|| format!("cannot listen for signal {signal}"))?;
    }
    Ok(stop)
}

/// The signals to listen for, on Linux: those that were not ignored when the process started.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn heeded() -> Vec<c_int> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = ignored(&status);
    let is_heeded = |signal: &c_int| ignored >> (signal - 1) & 1 == 0;
    [SIGINT, SIGTERM, signal_hook::consts::SIGHUP]
        .into_iter()
        .filter(is_heeded)
        .collect()
}

/// Elsewhere safe code cannot ask what is ignored, so SIGHUP is left as it is: `nohup` works, and a terminal that is closed
/// ends the process.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn heeded() -> Vec<c_int> {
    vec![SIGINT, SIGTERM]
}

/// The set of ignored signals in `/proc/self/status`: bit `n - 1` for signal `n`.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn ignored(status: &str) -> u64 {
    let mut lines = status.lines();
    let mask = lines.find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}

#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
mod tests {
    use super::*;

    #[test]
    fn the_mask_of_ignored_signals_is_read() {
        let status = "Name:\tnoctule\nSigBlk:\t0000000000000002\nSigIgn:\t0000000000001001\n";
        assert_eq!(ignored(status), 0x1001);
        assert_eq!(ignored("Name:\tnoctule\n"), 0);
    }
}
