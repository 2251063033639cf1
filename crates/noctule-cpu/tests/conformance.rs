//! The batteries that every engine must pass, on the CPU.

use noctule_conformance::batteries::{self, Battery};
use noctule_core::{Engine, Real};
use noctule_cpu::CpuEngine;

/// Calls all batteries and names those that fail; each has printed its message by then.
fn pass<T: Real>(batteries: Vec<Battery<T>>, threads: usize)
where
    CpuEngine: Engine<T>,
{
    let engine = CpuEngine::new(threads).unwrap();
    let failed = batteries::failed(batteries, &engine);
    assert!(failed.is_empty(), "failed: {}", failed.join(", "));
}

#[test]
fn in_double_precision() {
    pass::<f64>(batteries::all(), 2);
}

#[test]
fn in_single_precision() {
    pass::<f32>(batteries::all(), 2);
}

#[test]
fn on_one_thread() {
    pass::<f32>(batteries::all(), 1);
}

#[test]
fn central_differences() {
    pass(batteries::in_double_precision(), 2);
}
