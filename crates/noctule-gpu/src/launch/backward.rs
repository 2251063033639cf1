//! Launches of the backward pass.
#![expect(unsafe_code, reason = "kernels are launched without bounds checks")]

use cubecl::prelude::*;

use crate::gpu::{Buffer, Gpu};
use crate::kernels::adjoint::{ErrorTermsLaunch, follow_back};
use crate::kernels::batch;
use crate::kernels::geometry::CUBE;
use crate::kernels::gradient::{PartsLaunch, time_gradient, weight_gradient};
use crate::kernels::thin::{find_shares, sum_shares};
use crate::launch::arguments::{At, MOST_CUBES, adjoints, arrivals, cubes_for, events, spikes};
use crate::plan::Stage;
use crate::stage_lists::{InputLists, StageLists};

/// The errors and the regularisation of a stage.
pub(crate) struct Terms<'a> {
    pub weight: f32,
    pub max_inverse_slope: f32,
    /// Strength and target of homeostasis, if there is any.
    pub homeostasis: Option<(f32, f32)>,
    /// The labels, and what a silent true class gains, if it gains something.
    pub label_boost: Option<(&'a Buffer, f32)>,
}

/// Follows the neurons of a stage back.
pub(crate) fn follow<R: Runtime>(gpu: &Gpu<R>, at: At<'_>, lists: &StageLists, terms: &Terms<'_>) {
    let neurons = at.stage.neurons();
    let (strength, target) = terms.homeostasis.unwrap_or_default();
    let (labels, label_boost) = terms.label_boost.unwrap_or((&gpu.nothing, 0.0));
    // SAFETY: each neuron writes to its own entry, and to the slots of its own spikes.
    unsafe {
        if terms.homeostasis.is_some() {
            gpu.launch("count_spikes", |client| {
                batch::count_spikes::launch_unchecked::<R>(
                    client,
                    CubeCount::Static(cubes_for(neurons, batch::UNITS), 1, 1),
                    CubeDim::new_1d(batch::UNITS),
                    lists.tallies.array(),
                    at.samples as u32,
                    neurons as u32,
                    lists.counts.array(),
                )
            });
        }
        gpu.launch("follow_back", |client| {
            follow_back::launch_unchecked::<R>(
                client,
                CubeCount::Static(cubes_for(neurons, CUBE), at.samples as u32, 1),
                CubeDim::new_1d(CUBE),
                spikes(lists),
                lists.errors.array(),
                lists.counts.array(),
                labels.array(),
                neurons as u32,
                at.neurons(),
                ErrorTermsLaunch::new(
                    terms.weight,
                    terms.max_inverse_slope,
                    strength,
                    target,
                    label_boost,
                    1.0 / at.samples as f32,
                ),
                adjoints(lists),
                at.stage.neuron.max_spikes,
                at.stage.dynamics,
                terms.homeostasis.is_some(),
                terms.label_boost.is_some(),
                at.has_shares,
            )
        });
    }
}

/// Where a gradient is added, and in which batch.
pub(crate) struct Target<'a> {
    pub gradient: &'a Buffer,
    pub state: &'a Buffer,
    pub batch: u32,
}

/// Adds the gradient of a stage's weights.
pub(crate) fn add_weight_gradient<R: Runtime>(
    gpu: &Gpu<R>,
    at: At<'_>,
    input: &InputLists,
    lists: &StageLists,
    boost: f32,
    target: &Target<'_>,
) {
    let geometry = at.stage.geometry;
    let (word_parts, row_parts) = at.stage.split(at.samples);
    // SAFETY: each weight of each part has its own entry.
    unsafe {
        gpu.launch("weight_gradient", |client| {
            weight_gradient::launch_unchecked::<R>(
                client,
                CubeCount::Static(
                    cubes_for(geometry.weights() as usize, CUBE),
                    1,
                    word_parts * row_parts,
                ),
                CubeDim::new_1d(CUBE),
                input.arrived.array(),
                arrivals(input),
                lists.firsts.array(),
                adjoints(lists),
                at.neurons(),
                PartsLaunch::new(at.words(), at.stride(), word_parts, row_parts),
                lists.parts.array(),
                geometry,
                at.stage.dynamics,
            )
        });
    }
    find_silent(gpu, at, lists, boost);
    add_parts(gpu, at.stage, word_parts * row_parts, lists, boost, target);
}

/// Finds the silent filters of a stage, if they are boosted.
fn find_silent<R: Runtime>(gpu: &Gpu<R>, at: At<'_>, lists: &StageLists, boost: f32) {
    let geometry = at.stage.geometry;
    // SAFETY: one unit for each filter.
    unsafe {
        if boost != 0.0 {
            gpu.launch("silent_filters", |client| {
                batch::silent_filters::launch_unchecked::<R>(
                    client,
                    CubeCount::Static(cubes_for(geometry.filters as usize, batch::UNITS), 1, 1),
                    CubeDim::new_1d(batch::UNITS),
                    lists.spiked.array(),
                    at.words(),
                    at.stride(),
                    geometry.places(),
                    geometry.filters,
                    lists.silent.array(),
                )
            });
        }
    }
}

/// Adds the gradient of a stage with shares, and computes `dL/dt` of its input events if `errors` is given.
#[expect(clippy::too_many_arguments, reason = "the lists of a stage")]
pub(crate) fn add_shares<R: Runtime>(
    gpu: &Gpu<R>,
    at: At<'_>,
    input: &InputLists,
    weights: &Buffer,
    lists: &StageLists,
    errors: Option<&Buffer>,
    boost: f32,
    target: &Target<'_>,
) {
    let geometry = at.stage.geometry;
    let (word_parts, row_parts) = at.stage.split(at.samples);
    // SAFETY: each event has its own shares, and each weight of each part its own sum.
    unsafe {
        gpu.launch("find_shares", |client| {
            find_shares::launch_unchecked::<R>(
                client,
                CubeCount::Static(
                    cubes_for(input.capacity, CUBE).min(MOST_CUBES),
                    at.samples as u32,
                    1,
                ),
                CubeDim::new_1d(CUBE),
                events(input),
                input.capacity as u32,
                weights.array(),
                arrivals(input),
                lists.tallies.array(),
                adjoints(lists),
                at.stage.neuron.max_spikes,
                at.neurons(),
                lists.shares.array(),
                errors.unwrap_or(&gpu.nothing).array(),
                at.is_first(),
                errors.is_some(),
                geometry,
                at.stage.dynamics,
            );
        });
        gpu.launch("sum_shares", |client| {
            sum_shares::launch_unchecked::<R>(
                client,
                CubeCount::Static(
                    cubes_for(geometry.weights() as usize, CUBE),
                    1,
                    word_parts * row_parts,
                ),
                CubeDim::new_1d(CUBE),
                input.arrived.array(),
                input.lasts.array(),
                input.links.array(),
                lists.shares.array(),
                PartsLaunch::new(at.words(), at.stride(), word_parts, row_parts),
                lists.parts.array(),
                geometry,
            );
        });
    }
    find_silent(gpu, at, lists, boost);
    add_parts(gpu, at.stage, word_parts * row_parts, lists, boost, target);
}

/// Adds the parts of a gradient, and takes the boost of silent filters from it.
pub(crate) fn add_parts<R: Runtime>(
    gpu: &Gpu<R>,
    stage: &Stage,
    parts: u32,
    lists: &StageLists,
    boost: f32,
    target: &Target<'_>,
) {
    let geometry = stage.geometry;
    // SAFETY: one unit for each weight.
    unsafe {
        gpu.launch("add_parts", |client| {
            batch::add_parts::launch_unchecked::<R>(
                client,
                CubeCount::Static(cubes_for(geometry.weights() as usize, batch::UNITS), 1, 1),
                CubeDim::new_1d(batch::UNITS),
                lists.parts.array(),
                parts,
                geometry.weights(),
                geometry.filters,
                lists.silent.array(),
                boost,
                target.batch,
                target.state.array(),
                target.gradient.array(),
            )
        });
    }
}

/// Computes `dL/dt` of the input events of a stage.
pub(crate) fn find_time_gradient<R: Runtime>(
    gpu: &Gpu<R>,
    at: At<'_>,
    input: &InputLists,
    weights: &Buffer,
    lists: &StageLists,
    errors: &Buffer,
) {
    /// Events of a cube at a time.
    const TOGETHER: u32 = 4;
    // SAFETY: each event has its own entry.
    unsafe {
        gpu.launch("time_gradient", |client| {
            time_gradient::launch_unchecked::<R>(
                client,
                CubeCount::Static(
                    cubes_for(input.capacity, TOGETHER).min(MOST_CUBES),
                    at.samples as u32,
                    1,
                ),
                CubeDim::new_1d(CUBE),
                events(input),
                input.capacity as u32,
                weights.array(),
                arrivals(input),
                lists.firsts.array(),
                adjoints(lists),
                at.neurons(),
                errors.array(),
                at.is_first(),
                at.stage.geometry,
                at.stage.dynamics,
            )
        });
    }
}
