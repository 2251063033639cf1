//! The batteries that every engine must pass, on a device.
#![cfg(feature = "gpu")]

use noctule_conformance::batteries;
use noctule_gpu::{Backend, GpuEngine};

#[test]
fn in_single_precision() {
    let engine = GpuEngine::new(Backend::Gpu, 0).unwrap();
    let failed = batteries::failed::<f32>(batteries::all(), &engine);
    assert!(failed.is_empty(), "failed: {}", failed.join(", "));
}
