//! The time of every kernel: [`measure_kernels`] and [`kernel_times`].
//!
//! Each launch is waited for while it is measured, so a measured time contains the launch and the wait, and training is
//! slower than without.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How often a kernel ran, and how long it took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct KernelTime {
    /// Launches.
    pub launches: u64,
    /// Seconds of all launches together.
    pub seconds: f64,
    /// Seconds of the fastest launch.
    pub fastest: f64,
}

static IS_ON: AtomicBool = AtomicBool::new(false);
static TIMES: Mutex<BTreeMap<&str, KernelTime>> = Mutex::new(BTreeMap::new());

/// Begins to measure the time of every kernel of this process, from zero, or ends it.
pub fn measure_kernels(on: bool) {
    IS_ON.store(on, Ordering::Relaxed);
    if on {
        times().clear();
    }
}

/// The times of the kernels that ran since [`measure_kernels`], by name.
pub fn kernel_times() -> BTreeMap<&'static str, KernelTime> {
    times().clone()
}

pub(crate) fn is_on() -> bool {
    IS_ON.load(Ordering::Relaxed)
}

pub(crate) fn add(kernel: &'static str, time: Duration) {
    let seconds = time.as_secs_f64();
    let mut times = times();
    let time = times.entry(kernel).or_insert(KernelTime {
        fastest: f64::INFINITY,
        ..KernelTime::default()
    });
    time.launches += 1;
    time.seconds += seconds;
    time.fastest = time.fastest.min(seconds);
}

fn times() -> std::sync::MutexGuard<'static, BTreeMap<&'static str, KernelTime>> {
    TIMES.lock().unwrap_or_else(PoisonError::into_inner)
}
