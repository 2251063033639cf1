//! Launches of losses, and of the kernel that notes who spiked.
#![expect(unsafe_code, reason = "kernels are launched without bounds checks")]

use cubecl::prelude::*;

use crate::gpu::{Buffer, Gpu};
use crate::kernels::batch;
use crate::kernels::geometry::CUBE;
use crate::kernels::loss::{LossNumbersLaunch, LossOptions, evaluate};
use crate::launch::arguments::{cubes_for, spikes};
use crate::stage_lists::StageLists;

/// The numbers of a loss.
pub(crate) struct LossCall<'a> {
    pub options: LossOptions,
    pub numbers: [f32; 8],
    pub labels: &'a Buffer,
    pub totals: &'a Buffer,
    pub totals_stride: usize,
    pub verdicts: &'a Buffer,
    pub verdicts_start: usize,
}

/// Evaluates a loss, or predicts.
pub(crate) fn evaluate_loss<R: Runtime>(
    gpu: &Gpu<R>,
    samples: usize,
    lists: &StageLists,
    call: &LossCall<'_>,
) {
    let [a, b, c, d, e, f, g, h] = call.numbers;
    // SAFETY: labels are below the number of classes where they are used as an index.
    unsafe {
        gpu.launch("evaluate", |client| {
            evaluate::launch_unchecked::<R>(
                client,
                CubeCount::Static(samples as u32, 1, 1),
                CubeDim::new_1d(CUBE),
                spikes(lists),
                call.labels.array(),
                call.totals.array(),
                call.totals_stride as u32,
                LossNumbersLaunch::new(a, b, c, d, e, f, g, h),
                lists.errors.array(),
                call.verdicts.array(),
                call.verdicts_start as u32,
                call.options,
            )
        });
    }
}

/// The lists that [`observe`] and [`note_spiked`] read and write.
pub(crate) struct Observed<'a> {
    pub totals: &'a Buffer,
    pub totals_stride: usize,
    pub capacities: &'a Buffer,
    pub spiked: &'a Buffer,
    pub words_of: &'a Buffer,
    pub samples: usize,
    /// Words from the bit set of one neuron to the next.
    pub stride: usize,
    pub stages: usize,
    pub neurons: usize,
    pub batch: u32,
    pub state: &'a Buffer,
    pub has_spiked: &'a Buffer,
}

/// Notes overflows.
pub(crate) fn observe<R: Runtime>(gpu: &Gpu<R>, observed: &Observed<'_>) {
    let work = observed.stages * observed.samples;
    // SAFETY: units beyond the samples do nothing.
    unsafe {
        gpu.launch("observe", |client| {
            batch::observe::launch_unchecked::<R>(
                client,
                CubeCount::Static(cubes_for(work, batch::UNITS), 1, 1),
                CubeDim::new_1d(batch::UNITS),
                observed.totals.array(),
                observed.totals_stride as u32,
                observed.capacities.array(),
                observed.samples as u32,
                observed.stages as u32,
                observed.batch,
                observed.state.array(),
            );
        });
    }
}

/// Notes who spiked, after [`observe`].
pub(crate) fn note_spiked<R: Runtime>(gpu: &Gpu<R>, observed: &Observed<'_>) {
    // SAFETY: units beyond the neurons do nothing.
    unsafe {
        gpu.launch("note_spiked", |client| {
            batch::note_spiked::launch_unchecked::<R>(
                client,
                CubeCount::Static(cubes_for(observed.neurons, batch::UNITS), 1, 1),
                CubeDim::new_1d(batch::UNITS),
                observed.spiked.array(),
                observed.words_of.array(),
                observed.samples as u32,
                observed.stride as u32,
                observed.neurons as u32,
                observed.batch,
                observed.state.array(),
                observed.has_spiked.array(),
            );
        });
    }
}
