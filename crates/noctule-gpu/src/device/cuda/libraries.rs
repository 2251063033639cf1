//! Calls of NVIDIA's libraries that cudarc has no safe form of.

#![expect(
    unsafe_code,
    reason = "only so can the version and the memory be asked for without a context on the device"
)]

use cudarc::driver::result::device;
use cudarc::driver::sys as driver;
use cudarc::nvrtc::sys as nvrtc;

/// Whether NVIDIA's driver can be loaded. No other call of the driver may come before this one: it would panic.
pub(super) fn driver_is_there() -> bool {
    // SAFETY: this loads the library that every CUDA program loads, and calls nothing in it.
    unsafe { driver::is_culib_present() }
}

/// Whether the compiler for kernels can be loaded.
pub(super) fn compiler_is_there() -> bool {
    // SAFETY: as above.
    unsafe { nvrtc::is_culib_present() }
}

/// The newest version of CUDA that the driver knows.
pub(super) fn cuda_version() -> Option<(i32, i32)> {
    let mut version = 0;
    // SAFETY: the driver writes one number, where the pointer says.
    let outcome = unsafe { driver::cuDriverGetVersion(&mut version) };
    outcome.result().ok()?;
    Some((version / 1000, version % 1000 / 10))
}

/// The version of the compiler for kernels, which must be there.
pub(super) fn compiler_version() -> Option<(i32, i32)> {
    let (mut major, mut minor) = (0, 0);
    // SAFETY: the library writes two numbers, where the pointers say.
    let outcome = unsafe { nvrtc::nvrtcVersion(&mut major, &mut minor) };
    outcome.result().ok()?;
    Some((major, minor))
}

/// The memory of a device, in bytes.
pub(super) fn total_memory(index: i32) -> Option<u64> {
    let device = device::get(index).ok()?;
    // SAFETY: the device comes from `device::get`.
    let bytes = unsafe { device::total_mem(device) };
    Some(bytes.ok()? as u64)
}
