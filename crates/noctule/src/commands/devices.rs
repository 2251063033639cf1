//! `noctule devices`.

use crate::engines::{DeviceDescription, devices};
use anyhow::Result;

use crate::cli::Devices;
use crate::streams::say;

/// What is printed if this build has no back end with devices.
const NOT_BUILT: &str = "\
This build of noctule computes on the processor only. Build it with one or more of these features for devices:
  cargo install --path crates/noctule --features gpu     Vulkan, or Metal on a Mac
  cargo install --path crates/noctule --features cuda    NVIDIA's CUDA
  cargo install --path crates/noctule --features hip     AMD's ROCm";

pub fn run(options: &Devices) -> Result<()> {
    let found = devices();
    if options.json {
        let all: Vec<&DeviceDescription> = found.iter().flat_map(|found| &found.devices).collect();
        say!("{}", serde_json::to_string(&all)?);
        return Ok(());
    }
    if found.is_empty() {
        say!("{NOT_BUILT}");
    }
    for found in &found {
        if let Some(why) = &found.why_none {
            say!("{:<4}    no device: {why}", found.backend);
        }
        for device in &found.devices {
            print(device)?;
        }
    }
    Ok(())
}

fn print(device: &DeviceDescription) -> Result<()> {
    say!("{:<4} {:2} {}", device.backend, device.index, device.name);
    if let Some(bytes) = device.memory_bytes {
        say!("        memory   {:.1} GB", bytes as f64 / 1e9);
    }
    say!("        driver   {}", device.driver);
    if let Some(missing) = &device.missing {
        say!("        cannot be used: {missing}");
    }
    Ok(())
}
