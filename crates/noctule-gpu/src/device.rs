//! [`devices`]: which devices there are, and what is missing to use them.
//!
//! Nothing here panics or prints, whether or not there is a driver. Only the libraries of Vulkan on Linux complain on
//! standard error if `XDG_RUNTIME_DIR` is not set, which a program can do before it has threads; any text will do.

#[cfg(feature = "gpu")]
mod adapters;
mod backend;
#[cfg(feature = "cuda")]
mod cuda;
mod description;
#[cfg(any(feature = "gpu", feature = "cuda", feature = "hip", test))]
pub(crate) mod quiet;
#[cfg(any(feature = "hip", test))]
#[cfg_attr(
    not(feature = "hip"),
    expect(dead_code, reason = "its tests need no ROCm")
)]
mod rocm;

use noctule_core::EngineError;

#[cfg(feature = "gpu")]
pub use adapters::wgpu_device;
pub use backend::{Backend, UnknownBackend};
pub use description::{Device, Found};

/// All devices of the back ends that this build has: back end by back end, in the order of their indices.
pub fn devices() -> Vec<Device> {
    let found = Backend::ALL.into_iter().map(find);
    found.flat_map(|found| found.devices).collect()
}

/// The devices of a back end, or why there are none.
pub fn find(backend: Backend) -> Found {
    match backend {
        #[cfg(feature = "gpu")]
        Backend::Gpu => adapters::find(),
        #[cfg(feature = "cuda")]
        Backend::Cuda => cuda::find(),
        #[cfg(feature = "hip")]
        Backend::Hip => rocm::find(),
        #[allow(unreachable_patterns, reason = "a build may have all back ends")]
        other => Found::none(other, not_built(other)),
    }
}

/// The device of this index, if it can be used.
///
/// # Errors
/// [`EngineError::Device`] if this build lacks the back end, there is no such device (the message names those that there
/// are), or something is missing to use it.
pub fn check(backend: Backend, index: usize) -> Result<Device, EngineError> {
    checked(find(backend), index).map_err(EngineError::Device)
}

/// The device of this index among those that were found.
fn checked(found: Found, index: usize) -> Result<Device, String> {
    let Found {
        backend,
        devices,
        why_none,
    } = found;
    if let Some(why) = why_none {
        return Err(match backend.is_built() {
            true => format!("the back end `{backend}` has no device: {why}"),
            false => why,
        });
    }
    let names = devices
        .iter()
        .map(|device| format!("{} ({})", device.index, device.name));
    let names: Vec<String> = names.collect();
    let Some(device) = devices.into_iter().find(|device| device.index == index) else {
        let names = names.join(", ");
        return Err(format!(
            "the back end `{backend}` has no device {index}; it has {names}"
        ));
    };
    match &device.missing {
        None => Ok(device),
        Some(missing) => Err(format!(
            "device {index} of the back end `{backend}` ({}) cannot be used: {missing}",
            device.name
        )),
    }
}

fn not_built(backend: Backend) -> String {
    format!("this build has no back end `{backend}`; build it with `--features {backend}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(index: usize, missing: Option<&str>) -> Device {
        Device {
            backend: Backend::Cuda,
            index,
            name: format!("card {index}"),
            memory_bytes: Some(1 << 30),
            driver: String::new(),
            missing: missing.map(str::to_owned),
        }
    }

    fn two() -> Found {
        Found {
            backend: Backend::Cuda,
            devices: vec![device(0, None), device(1, Some("libnvrtc not found"))],
            why_none: None,
        }
    }

    #[test]
    fn a_device_is_found_or_the_message_says_why_not() {
        assert_eq!(checked(two(), 0), Ok(device(0, None)));
        assert_eq!(
            checked(two(), 1).unwrap_err(),
            "device 1 of the back end `cuda` (card 1) cannot be used: libnvrtc not found"
        );
        assert_eq!(
            checked(two(), 2).unwrap_err(),
            "the back end `cuda` has no device 2; it has 0 (card 0), 1 (card 1)"
        );
    }

    #[test]
    fn a_back_end_that_was_not_built_is_named() {
        for backend in Backend::ALL
            .into_iter()
            .filter(|backend| !backend.is_built())
        {
            let told = check(backend, 0).unwrap_err().to_string();
            let expected = format!(
                "this build has no back end `{backend}`; build it with `--features {backend}`"
            );
            assert_eq!(told, expected);
            assert!(devices().iter().all(|device| device.backend != backend));
        }
    }

    #[test]
    fn devices_are_listed_by_back_end_and_index() {
        let devices = devices();
        let places = devices.iter().map(|device| (device.backend, device.index));
        assert!(places.is_sorted(), "{devices:?}");
        for device in &devices {
            let checked = check(device.backend, device.index);
            assert_eq!(checked.is_ok(), device.usable(), "{checked:?}");
        }
    }
}
