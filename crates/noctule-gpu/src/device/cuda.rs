//! Devices of the back end `cuda`, and what CubeCL needs to compile kernels for them.

mod libraries;
mod toolkit;

use cudarc::driver::result::{self, DriverError};
use cudarc::driver::sys::CUresult;

use super::backend::Backend;
use super::description::{Device, Found};
use super::quiet::quietly;
use libraries::{cuda_version, driver_is_there, total_memory};
use toolkit::missing;

/// The devices. `CUDA_VISIBLE_DEVICES` decides which ones the driver shows, and in which order.
pub(super) fn find() -> Found {
    match quietly(list) {
        Ok(Ok(devices)) if devices.is_empty() => none("the NVIDIA driver finds no device"),
        Ok(Ok(devices)) => Found {
            backend: Backend::Cuda,
            devices,
            why_none: None,
        },
        Ok(Err(why)) => none(why),
        Err(panic) => none(format!("the NVIDIA driver does not work: {panic}")),
    }
}

fn none(why: impl Into<String>) -> Found {
    Found::none(Backend::Cuda, why)
}

fn list() -> Result<Vec<Device>, String> {
    if !driver_is_there() {
        return Err("libcuda.so.1 not found: install the NVIDIA driver".to_owned());
    }
    match result::init() {
        Ok(()) => {}
        Err(DriverError(CUresult::CUDA_ERROR_NO_DEVICE)) => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    }
    let version = cuda_version();
    let driver = describe_driver(version);
    let missing = missing(version);
    let count = result::device::get_count().map_err(failed)?;
    (0..count)
        .map(|index| {
            let device = result::device::get(index).map_err(failed)?;
            Ok(Device {
                backend: Backend::Cuda,
                index: index as usize,
                name: result::device::get_name(device).map_err(failed)?,
                memory_bytes: total_memory(index),
                driver: driver.clone(),
                missing: missing.clone(),
            })
        })
        .collect()
}

fn failed(DriverError(error): DriverError) -> String {
    format!("the NVIDIA driver does not work: {error:?}")
}

/// The version of the driver, where the system tells, and that of the newest CUDA that it knows.
fn describe_driver(cuda: Option<(i32, i32)>) -> String {
    let module = std::fs::read_to_string("/proc/driver/nvidia/version");
    let module = module.ok().and_then(|text| module_version(&text));
    let module = module.map_or("NVIDIA".to_owned(), |version| format!("NVIDIA {version}"));
    match cuda {
        Some((major, minor)) => format!("{module} (CUDA {major}.{minor})"),
        None => module,
    }
}

/// The version in `NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.159.04  Tue ...`.
fn module_version(text: &str) -> Option<String> {
    let line = text.lines().next()?;
    let is_version = |word: &&str| {
        let numbers = word.split('.');
        word.contains('.')
            && numbers
                .into_iter()
                .all(|number| number.parse::<u32>().is_ok())
    };
    line.split_whitespace().find(is_version).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_the_kernel_module_is_read() {
        for line in [
            "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.159.04  Tue May 20 01:02:03 UTC 2026\nGCC version: 12.2.0",
            "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.159.04  Release Build  (builder@host)",
        ] {
            assert_eq!(module_version(line).as_deref(), Some("580.159.04"));
        }
        assert_eq!(module_version("NVRM version: unknown"), None);
    }

    #[test]
    fn devices_or_a_reason_are_found() {
        let found = find();
        assert_eq!(found.devices.is_empty(), found.why_none.is_some());
        let indices: Vec<usize> = found.devices.iter().map(|device| device.index).collect();
        assert!(indices.into_iter().eq(0..found.devices.len()));
    }
}
