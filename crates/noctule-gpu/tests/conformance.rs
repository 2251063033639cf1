//! The batteries that every engine must pass, on a device.
#![cfg(feature = "gpu")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use noctule_conformance::batteries;
use noctule_gpu::{Backend, GpuEngine};

/// What the engine refuses by name.
const REFUSED: [&str; 0] = [];

#[test]
fn batteries_in_single_precision() {
    let engine = GpuEngine::new(Backend::Gpu, 0).unwrap();
    let chosen = std::env::var("NOCTULE_BATTERY").unwrap_or_default();
    let failed: Vec<&str> = batteries::all::<f32>()
        .into_iter()
        .filter(|(name, _)| !REFUSED.contains(name) && name.contains(&chosen))
        .filter(|(name, battery)| {
            let start = std::time::Instant::now();
            let failed = catch_unwind(AssertUnwindSafe(|| battery(&engine))).is_err();
            println!(
                "{name}: {} in {:?}",
                if failed { "FAILED" } else { "ok" },
                start.elapsed()
            );
            failed
        })
        .map(|(name, _)| name)
        .collect();
    assert!(failed.is_empty(), "failed: {}", failed.join(", "));
}
