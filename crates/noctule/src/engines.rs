//! The engines of this build, by the names that the command line has for them.

mod backend;
mod devices;
mod kernels;

use std::sync::Arc;

use noctule_core::Engine;
use noctule_cpu::CpuEngine;

pub use backend::{Backend, BackendError, Choice};
use devices::open_device;
pub use devices::{BackendDevices, DeviceDescription, devices};
pub use kernels::{KernelTime, kernel_times, measure_kernels};

/// Opens an engine for single precision, in which networks are trained. `threads` is the number of CPU threads, 0 for one
/// on each core. With a device they prepare data, and the first engine on a device decides for the whole process.
///
/// # Errors
/// If this build does not have the engine, or it does not start.
pub fn open(
    choice: impl Into<Choice>,
    threads: usize,
) -> Result<Arc<dyn Engine<f32>>, BackendError> {
    let Choice { backend, device } = choice.into();
    match backend {
        Backend::Cpu => Ok(Arc::new(CpuEngine::new(threads)?)),
        _ => open_device(backend, device, threads),
    }
}

/// As [`open`], for double precision, which only the processor has.
///
/// # Errors
/// As [`open`], and [`BackendError::SinglePrecision`] for a device.
pub fn open_f64(
    choice: impl Into<Choice>,
    threads: usize,
) -> Result<Arc<dyn Engine<f64>>, BackendError> {
    match choice.into().backend {
        Backend::Cpu => Ok(Arc::new(CpuEngine::new(threads)?)),
        other if !other.is_built() => Err(BackendError::NotBuilt(other)),
        other => Err(BackendError::SinglePrecision(other)),
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn the_processor_is_there_in_both_precisions() {
        let (single, double) = (open(Backend::Cpu, 1), open_f64(Backend::Cpu, 1));
        assert_eq!(single.unwrap().info().backend, Backend::Cpu.name());
        assert_eq!(double.unwrap().info().threads, 1);
    }

    #[test]
    fn an_engine_that_was_not_built_is_refused() {
        for &backend in Backend::value_variants() {
            let not_built = BackendError::NotBuilt(backend);
            let refused = Some(not_built.clone());
            if !backend.is_built() {
                assert_eq!(open(backend, 0).err(), refused);
                assert_eq!(open_f64(backend, 0).err(), refused);
                assert_eq!(Choice::new(backend, None).err(), refused);
                assert_eq!(
                    not_built.to_string(),
                    format!(
                        "this build has no back end `{name}`; build it with `--features {name}`",
                        name = backend.name()
                    )
                );
            } else if backend.has_devices() {
                let refused = Some(BackendError::SinglePrecision(backend));
                assert_eq!(open_f64(backend, 0).err(), refused);
                assert_eq!(Choice::new(backend, Some(2)).unwrap().device, 2);
            }
        }
    }
}
