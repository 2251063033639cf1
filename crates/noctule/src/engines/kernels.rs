//! The time of every kernel of a device.

use serde::Serialize;

/// How long a kernel took, as `noctule bench --kernels --json` prints it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KernelTime {
    /// Its name.
    pub name: String,
    /// How often it was launched.
    pub launches: u64,
    /// Seconds of all launches together, with the wait for each.
    pub seconds: f64,
    /// Seconds of the fastest launch.
    pub fastest: f64,
}

/// Begins to measure the time of every kernel of this process, from zero, or ends it. Each launch is then waited for, which
/// is slower. A build without devices has no kernels.
pub fn measure_kernels(on: bool) {
    #[cfg(any(feature = "gpu", feature = "cuda", feature = "hip"))]
    noctule_gpu::measure_kernels(on);
    #[cfg(not(any(feature = "gpu", feature = "cuda", feature = "hip")))]
    let _ = on;
}

/// The kernels that ran since [`measure_kernels`], those that took most of the time first.
pub fn kernel_times() -> Vec<KernelTime> {
    let mut times = all();
    times.sort_by(|one, other| other.seconds.total_cmp(&one.seconds));
    times
}

#[cfg(any(feature = "gpu", feature = "cuda", feature = "hip"))]
fn all() -> Vec<KernelTime> {
    let times = noctule_gpu::kernel_times().into_iter();
    let times = times.map(|(name, time)| KernelTime {
        name: name.to_owned(),
        launches: time.launches,
        seconds: time.seconds,
        fastest: time.fastest,
    });
    times.collect()
}

#[cfg(not(any(feature = "gpu", feature = "cuda", feature = "hip")))]
fn all() -> Vec<KernelTime> {
    Vec::new()
}
