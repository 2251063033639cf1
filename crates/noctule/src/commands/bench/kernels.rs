//! The time of every kernel, for `noctule bench --kernels`.

use std::sync::atomic::AtomicBool;

use crate::engines::{KernelTime, kernel_times, measure_kernels};
use anyhow::{Result, bail};
use noctule_train::{BenchPlan, Trainer};
use serde::Serialize;

use crate::cli::Bench;
use crate::plural::plural;
use crate::streams::{OutputError, say};

/// The kernels of training.
#[derive(Debug, Serialize)]
pub struct Kernels {
    /// How many batches were trained on meanwhile.
    kernel_batches: usize,
    /// The kernels, those that took most of the time first.
    kernels: Vec<KernelTime>,
}

/// Refuses `--kernels` where there are none.
pub fn check(options: &Bench) -> Result<()> {
    if options.kernels && !options.engine.choice()?.backend.has_devices() {
        bail!("--kernels needs a back end with devices; name it with --backend gpu, cuda or hip");
    }
    Ok(())
}

/// Trains for one window and measures every kernel; `None` if `stop` was set meanwhile. The trainer has trained before, so
/// that all kernels are compiled.
pub fn measure(
    trainer: &mut Trainer,
    plan: &BenchPlan,
    stop: &AtomicBool,
) -> Result<Option<Kernels>> {
    measure_kernels(true);
    let batches = trainer.bench_training(plan.window, stop);
    measure_kernels(false);
    Ok(batches?.map(|kernel_batches| Kernels {
        kernel_batches,
        kernels: kernel_times(),
    }))
}

impl Kernels {
    /// Prints a table.
    pub fn print(&self) -> Result<(), OutputError> {
        let batches = self.kernel_batches.max(1) as f64;
        say!(
            "  kernels, each launch waited for, in {}:",
            plural(self.kernel_batches, "batch")
        );
        say!("    us a batch  launches  fastest us  kernel");
        for kernel in &self.kernels {
            say!(
                "    {:10.1} {:9.1} {:11.1}  {}",
                1e6 * kernel.seconds / batches,
                kernel.launches as f64 / batches,
                1e6 * kernel.fastest,
                kernel.name
            );
        }
        Ok(())
    }
}
