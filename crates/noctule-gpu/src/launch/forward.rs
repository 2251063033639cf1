//! Launches of the forward pass.
#![expect(unsafe_code, reason = "kernels are launched without bounds checks")]

use cubecl::prelude::*;

use crate::gpu::{Buffer, Gpu};
use crate::kernels::batch;
use crate::kernels::block::ForwardOptions;
use crate::kernels::dropout::DropoutLaunch;
use crate::kernels::forward::forward;
use crate::kernels::geometry::CUBE;
use crate::kernels::recorded::{arrive, recorded_slopes};
use crate::kernels::sort::{FAN, SORT_CUBE, TILE, merge_runs, sort_tiles};
use crate::launch::arguments::{At, MOST_CUBES, arrivals, cubes_for, events, spikes};
use crate::stage_lists::{InputLists, StageLists};

/// The dropout of a stage in a pass.
pub(crate) struct DropoutOf {
    /// The seeds of the samples.
    pub seeds: Buffer,
    /// An input is dropped if its hash is below this number.
    pub below: u64,
}

/// Sets the counters of a batch to 0.
pub(crate) fn clear<R: Runtime>(gpu: &Gpu<R>, values: &Buffer) {
    let cubes = cubes_for(values.len(), batch::UNITS).min(MOST_CUBES);
    // SAFETY: the kernel stays below the length.
    unsafe {
        gpu.launch("clear", |client| {
            batch::clear::launch_unchecked::<R>(
                client,
                CubeCount::Static(cubes, 1, 1),
                CubeDim::new_1d(batch::UNITS),
                values.array(),
                values.len() as u32,
            )
        });
    }
}

/// Simulates a stage.
pub(crate) fn simulate<R: Runtime>(
    gpu: &Gpu<R>,
    at: At<'_>,
    input: &InputLists,
    weights: &Buffer,
    dropout: Option<&DropoutOf>,
    lists: &StageLists,
) {
    let chunk = at.plan.most_events;
    let is_chunked = input.capacity >= chunk;
    let options = ForwardOptions {
        is_chunked,
        geometry: at.stage.geometry,
        dynamics: at.stage.dynamics,
        is_first: at.is_first(),
        drops: dropout.is_some(),
    };
    let (seeds, below) = match dropout {
        Some(dropout) => (&dropout.seeds, dropout.below),
        None => (&gpu.nothing, 0),
    };
    for from in (0..=input.capacity).step_by(chunk) {
        let to = from.saturating_add(chunk).min(u32::MAX as usize);
        // SAFETY: spikes go to slots below the capacity only; all other lists have one entry for each neuron or event.
        unsafe {
            gpu.launch("forward", |client| {
                forward::launch_unchecked::<R>(
                    client,
                    CubeCount::Static(at.stage.geometry.cubes(), at.samples as u32, 1),
                    CubeDim::new_1d(CUBE),
                    events(input),
                    weights.array(),
                    at.neurons(),
                    DropoutLaunch::new(seeds.array(), below as u32, (below >> 32) as u32),
                    at.stride(),
                    input.capacity as u32,
                    lists.capacity as u32,
                    lists.totals.array(),
                    lists.spiked.array(),
                    input.arrived.array(),
                    spikes(lists),
                    arrivals(input),
                    from as u32,
                    to as u32,
                    lists.states.array(),
                    options,
                )
            });
        }
    }
}

/// Sorts the spikes of a stage, into `lists.sorted`.
pub(crate) fn sort<R: Runtime>(gpu: &Gpu<R>, at: At<'_>, lists: &StageLists) {
    let capacity = lists.capacity;
    let samples = at.samples as u32;
    let passes = lists.merge_passes();
    // The runs of the passes alternate between two lists; the last pass must write to the sorted one.
    let target = |pass: usize| match (passes - pass) % 2 {
        0 => &lists.sorted,
        _ => &lists.unsorted,
    };
    let pooling = at.stage.pooling;
    // SAFETY: spikes are moved among the slots of their sample.
    unsafe {
        gpu.launch("sort_tiles", |client| {
            sort_tiles::launch_unchecked::<R>(
                client,
                CubeCount::Static(cubes_for(capacity, TILE), samples, 1),
                CubeDim::new_1d(SORT_CUBE),
                lists.records.array(),
                lists.origins.array(),
                lists.totals.array(),
                capacity as u32,
                at.plan.segment,
                1.0 / at.plan.segment,
                target(0).array(),
                passes == 0,
                pooling,
            )
        });
        let mut run = TILE;
        for pass in 1..=passes {
            gpu.launch("merge_runs", |client| {
                merge_runs::launch_unchecked::<R>(
                    client,
                    CubeCount::Static(cubes_for(capacity, SORT_CUBE).min(MOST_CUBES), samples, 1),
                    CubeDim::new_1d(SORT_CUBE),
                    target(pass - 1).array(),
                    lists.origins.array(),
                    lists.totals.array(),
                    capacity as u32,
                    run,
                    target(pass).array(),
                    pass == passes,
                    pooling,
                )
            });
            run = run.saturating_mul(FAN);
        }
    }
}

/// Computes the slopes at recorded spikes.
pub(crate) fn complete_recorded<R: Runtime>(
    gpu: &Gpu<R>,
    at: At<'_>,
    input: &InputLists,
    weights: &Buffer,
    lists: &StageLists,
    without_rise: &Buffer,
) {
    // SAFETY: links and slots are those that the host wrote.
    unsafe {
        gpu.launch("recorded_slopes", |client| {
            recorded_slopes::launch_unchecked::<R>(
                client,
                CubeCount::Static(cubes_for(at.stage.neurons(), CUBE), at.samples as u32, 1),
                CubeDim::new_1d(CUBE),
                events(input),
                weights.array(),
                at.neurons(),
                lists.nexts.array(),
                spikes(lists),
                without_rise.array(),
                at.stage.geometry,
                at.stage.dynamics,
            )
        });
    }
}

/// Computes `[gain, phi, segment, position]` of the input events of a stage whose spikes are recorded.
pub(crate) fn arrive_recorded<R: Runtime>(gpu: &Gpu<R>, at: At<'_>, input: &InputLists) {
    let cubes = cubes_for(input.capacity, CUBE).min(MOST_CUBES);
    // SAFETY: an entry for each event.
    unsafe {
        gpu.launch("arrive", |client| {
            arrive::launch_unchecked::<R>(
                client,
                CubeCount::Static(cubes, at.samples as u32, 1),
                CubeDim::new_1d(CUBE),
                events(input),
                at.neurons(),
                at.stride(),
                input.capacity as u32,
                at.stage.geometry.senders(),
                input.arrived.array(),
                arrivals(input),
                at.is_first(),
                at.stage.dynamics,
            )
        });
    }
}
