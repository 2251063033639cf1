//! Devices of the back end `gpu`, as wgpu and CubeCL number them.
//!
//! CubeCL selects an adapter by its kind (discrete, integrated, virtual) and its index among those of that kind, and of
//! software adapters the first. Noctule numbers all adapters in one list: discrete GPUs first, then integrated, virtual
//! and other ones, and software last, so that device 0 is the one that most want.

use cubecl::wgpu::{AutoGraphicsApi, GraphicsApi, WgpuDevice};
use wgpu::{AdapterInfo, DeviceType, Instance, InstanceDescriptor, InstanceFlags};

use super::backend::Backend;
use super::description::{Device, Found};
use super::quiet::quietly;

/// The devices.
pub(super) fn find() -> Found {
    let adapters = match quietly(adapters) {
        Ok(adapters) => adapters,
        Err(reason) => {
            let why = format!("{} does not start: {reason}", graphics_name());
            return Found::none(Backend::Gpu, why);
        }
    };
    if adapters.is_empty() {
        let why = format!(
            "no {} device found: install the driver of the graphics card, or software Vulkan for tests (Debian: apt install \
             mesa-vulkan-drivers)",
            graphics_name()
        );
        return Found::none(Backend::Gpu, why);
    }
    let devices = adapters.iter().enumerate();
    Found {
        backend: Backend::Gpu,
        devices: devices
            .map(|(index, (info, _))| describe(index, info))
            .collect(),
        why_none: None,
    }
}

/// CubeCL's name of a device, by its index in [`find`]; `None` if there is no such device.
pub fn wgpu_device(index: usize) -> Option<WgpuDevice> {
    let adapters = quietly(adapters).ok()?;
    let (_, device) = adapters.into_iter().nth(index)?;
    Some(device)
}

/// The graphics interface that CubeCL uses on this system.
fn graphics() -> wgpu::Backend {
    AutoGraphicsApi::backend()
}

/// Its name, for people.
fn graphics_name() -> &'static str {
    match graphics() {
        wgpu::Backend::Vulkan => "Vulkan",
        wgpu::Backend::Metal => "Metal",
        other => other.to_str(),
    }
}

/// The adapters that CubeCL can select.
fn adapters() -> Vec<(AdapterInfo, WgpuDevice)> {
    // As CubeCL does it, so that the order is the same.
    let instance = Instance::new(InstanceDescriptor {
        backends: graphics().into(),
        flags: InstanceFlags::empty(),
        ..InstanceDescriptor::new_without_display_handle()
    });
    let adapters = cubecl::future::block_on(instance.enumerate_adapters(graphics().into()));
    let infos: Vec<AdapterInfo> = adapters.iter().map(wgpu::Adapter::get_info).collect();
    let kinds: Vec<DeviceType> = infos.iter().map(|info| info.device_type).collect();
    let selected = select(&kinds).into_iter();
    selected
        .map(|(adapter, device)| (infos[adapter].clone(), device))
        .collect()
}

/// The adapters in Noctule's order, each with CubeCL's name, from their kinds in wgpu's order. What CubeCL cannot select
/// is left out.
fn select(kinds: &[DeviceType]) -> Vec<(usize, WgpuDevice)> {
    let of_kind = |kind: DeviceType| {
        let adapters = kinds.iter().enumerate();
        adapters.filter(move |(_, other)| **other == kind)
    };
    let selectors = [
        (
            DeviceType::DiscreteGpu,
            WgpuDevice::DiscreteGpu as fn(_) -> _,
        ),
        (DeviceType::IntegratedGpu, WgpuDevice::IntegratedGpu),
        (DeviceType::VirtualGpu, WgpuDevice::VirtualGpu),
    ];
    let mut selected = Vec::new();
    for (kind, selector) in selectors {
        let adapters = of_kind(kind).enumerate();
        selected.extend(adapters.map(|(index, (adapter, _))| (adapter, selector(index))));
    }
    // CubeCL takes the n-th adapter of no known kind if there are at most n of the kind that is asked for.
    for (index, (adapter, _)) in of_kind(DeviceType::Other).enumerate() {
        let free = selectors
            .iter()
            .find(|(kind, _)| of_kind(*kind).count() <= index);
        selected.extend(free.map(|(_, selector)| (adapter, selector(index))));
    }
    let software = of_kind(DeviceType::Cpu).next();
    selected.extend(software.map(|(adapter, _)| (adapter, WgpuDevice::Cpu)));
    selected
}

fn describe(index: usize, info: &AdapterInfo) -> Device {
    let name = match info.device_type {
        DeviceType::Cpu => format!("{}, software on the CPU", info.name),
        _ => info.name.clone(),
    };
    let driver = [&*info.driver, &*info.driver_info, graphics_name()];
    let driver: Vec<&str> = driver.into_iter().filter(|part| !part.is_empty()).collect();
    Device {
        backend: Backend::Gpu,
        index,
        name,
        // wgpu does not tell.
        memory_bytes: None,
        driver: driver.join(", "),
        missing: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adapters_are_named_as_cubecl_selects_them() {
        use DeviceType::{Cpu, DiscreteGpu, IntegratedGpu, Other, VirtualGpu};
        assert_eq!(select(&[]), []);
        let kinds = [Cpu, IntegratedGpu, DiscreteGpu, Cpu, DiscreteGpu, Other];
        assert_eq!(
            select(&kinds),
            [
                (2, WgpuDevice::DiscreteGpu(0)),
                (4, WgpuDevice::DiscreteGpu(1)),
                (1, WgpuDevice::IntegratedGpu(0)),
                (5, WgpuDevice::VirtualGpu(0)),
                (0, WgpuDevice::Cpu),
            ]
        );
        // The second adapter of no known kind is reached where fewer than two of a kind are there.
        let kinds = [VirtualGpu, Other, Other];
        assert_eq!(
            select(&kinds),
            [
                (0, WgpuDevice::VirtualGpu(0)),
                (1, WgpuDevice::DiscreteGpu(0)),
                (2, WgpuDevice::DiscreteGpu(1)),
            ]
        );
    }

    #[test]
    fn every_device_has_a_name_in_cubecl_and_no_other_has() {
        let found = find();
        for device in &found.devices {
            assert!(wgpu_device(device.index).is_some(), "{device:?}");
        }
        assert_eq!(wgpu_device(found.devices.len()), None);
        assert_eq!(found.devices.is_empty(), found.why_none.is_some());
    }
}
