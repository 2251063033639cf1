//! Compiled kernels are kept on disk, so that only the first run of a build waits for the compiler.
//!
//! Compiled kernels belong to a device and its driver, so the folder has a part for them, and nothing is kept where a back end
//! has devices of several kinds. The folder is `noctule-kernels/` in the user's cache directory. The environment variable `NOCTULE_KERNEL_CACHE` names another
//! folder, or is `off`. A file `cubecl.toml` of the working directory that sets a cache of its own is heeded.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::Once;

use cubecl::config::cache::CacheConfig;
use cubecl::config::{CubeClRuntimeConfig, RuntimeConfig};
use directories::BaseDirs;

use crate::device::quiet::quietly;
use crate::device::{Backend, Device, find};

/// Keeps compiled kernels from now on. Without effect after the first call, or if kernels were compiled already.
pub(crate) fn keep_kernels(backend: Backend) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let Some(folder) = folder(&find(backend).devices) else {
            return;
        };
        // It panics if another part of the program has chosen settings before.
        let _ = quietly(|| {
            let mut config = CubeClRuntimeConfig::from_current_dir().override_from_env();
            let cache = &mut config.compilation.cache;
            if cache.is_none() {
                *cache = Some(CacheConfig::File(folder));
                CubeClRuntimeConfig::set(config);
            }
        });
    });
}

/// The folder of this build's kernels for these devices; `None` if none are kept.
fn folder(devices: &[Device]) -> Option<PathBuf> {
    let (first, others) = devices.split_first()?;
    let of_device = |device: &Device| (device.name.clone(), device.driver.clone());
    if others
        .iter()
        .any(|other| of_device(other) != of_device(first))
    {
        return None;
    }
    let mut hasher = DefaultHasher::new();
    of_device(first).hash(&mut hasher);
    let of_device = format!("{:016x}", hasher.finish());
    let parent = match std::env::var_os("NOCTULE_KERNEL_CACHE") {
        Some(name) if name == "off" || name.is_empty() => return None,
        Some(name) => PathBuf::from(name),
        None => BaseDirs::new()?.cache_dir().join("noctule-kernels"),
    };
    Some(parent.join(env!("NOCTULE_KERNELS")).join(of_device))
}
