//! All launches: each function sizes and launches one kernel. Another runtime, or graphs of launches, would come here.
#![expect(unsafe_code, reason = "kernels are launched without bounds checks")]

use cubecl::prelude::*;

use crate::gpu::{Buffer, Gpu};
use crate::kernels::adjoint::{AdjointsLaunch, ErrorTermsLaunch, follow_back};
use crate::kernels::batch;
use crate::kernels::dropout::DropoutLaunch;
use crate::kernels::forward::{ForwardOptions, forward};
use crate::kernels::geometry::CUBE;
use crate::kernels::gradient::{PartsLaunch, time_gradient, weight_gradient};
use crate::kernels::lists::{ArrivalsLaunch, EventsLaunch, SpikesLaunch};
use crate::kernels::loss::{LossNumbersLaunch, LossOptions, evaluate};
use crate::kernels::neuron::LifLaunch;
use crate::kernels::optimiser::{
    self, MomentsLaunch, MomentumLaunch, Rule, clip_scale, find_not_finite, squares,
};
use crate::kernels::recorded::{arrive, recorded_slopes};
use crate::kernels::sort::{FAN, SORT_CUBE, TILE, merge_runs, sort_tiles};
use crate::plan::{Plan, Stage};
use crate::stage_lists::{InputLists, StageLists};

/// The most cubes of a launch in one dimension that strides over its work.
const MOST_CUBES: u32 = 4_096;

/// Sums of squares of a gradient.
pub(crate) const SQUARES: usize = 256;

fn cubes_for(work: usize, units: u32) -> u32 {
    (work.div_ceil(units as usize) as u32).max(1)
}

fn lif<R: Runtime>(plan: &Plan, stage: &Stage, drops: bool) -> LifLaunch<R> {
    let neuron = stage.neuron_in(drops);
    let rate = 1.0 / neuron.tau_s - 1.0 / neuron.tau_m;
    let (delta, inverse_delta) = match stage.method {
        crate::kernels::neuron::Method::Equal => (0.0, 0.0),
        _ => (rate, 1.0 / rate),
    };
    let (end_segment, end_x) = plan.split(neuron.t_max);
    LifLaunch::new(
        neuron.tau_m as f32,
        (1.0 / neuron.tau_m) as f32,
        neuron.tau_s as f32,
        (1.0 / neuron.tau_s) as f32,
        delta as f32,
        inverse_delta as f32,
        (1.0 / neuron.tau_m.max(neuron.tau_s)) as f32,
        neuron.theta as f32,
        (neuron.reset / neuron.theta) as f32,
        plan.segment,
        1.0 / plan.segment,
        end_segment,
        end_x,
        neuron.max_spikes,
    )
}

fn events<R: Runtime>(input: &InputLists) -> EventsLaunch<R> {
    EventsLaunch::new(
        input.events.array(),
        input.starts.array(),
        input.counts.array(),
    )
}

fn spikes<R: Runtime>(lists: &StageLists) -> SpikesLaunch<R> {
    SpikesLaunch::new(
        lists.records.array(),
        lists.origins.array(),
        lists.links.array(),
        lists.firsts.array(),
        lists.lasts.array(),
        lists.tallies.array(),
    )
}

fn arrivals<R: Runtime>(input: &InputLists) -> ArrivalsLaunch<R> {
    ArrivalsLaunch::new(
        input.coefficients.array(),
        input.links.array(),
        input.lasts.array(),
    )
}

fn adjoints<R: Runtime>(lists: &StageLists) -> AdjointsLaunch<R> {
    AdjointsLaunch::new(
        lists.heads.array(),
        lists.adjoints.array(),
        lists.nexts.array(),
    )
}

/// The dropout of a stage in a pass.
pub(crate) struct DropoutOf {
    /// The seeds of the samples.
    pub seeds: Buffer,
    /// An input is dropped if its hash is below this number.
    pub below: u64,
}

/// Where a stage is in its pass.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    pub plan: &'a Plan,
    pub stage: &'a Stage,
    pub samples: usize,
    /// Words of 32 samples from the bit set of one neuron to the next.
    pub stride: usize,
    /// Whether inputs are dropped, or would be if the layer had dropout.
    pub drops: bool,
}

impl At<'_> {
    /// Words of 32 samples.
    fn words(&self) -> u32 {
        self.samples.div_ceil(32) as u32
    }

    fn stride(&self) -> u32 {
        self.stride as u32
    }

    fn is_first(&self) -> bool {
        self.stage.weights_start == 0
    }
}

/// Sets the counters of a batch to 0.
pub(crate) fn clear<R: Runtime>(gpu: &Gpu<R>, values: &Buffer) {
    let cubes = cubes_for(values.len(), batch::UNITS).min(MOST_CUBES);
    // SAFETY: the kernel stays below the length.
    unsafe {
        batch::clear::launch_unchecked::<R>(
            gpu.launch(),
            CubeCount::Static(cubes, 1, 1),
            CubeDim::new_1d(batch::UNITS),
            values.array(),
            values.len() as u32,
        );
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
    let options = ForwardOptions {
        geometry: at.stage.geometry,
        method: at.stage.method,
        is_first: at.is_first(),
        drops: dropout.is_some(),
    };
    let (seeds, below) = match dropout {
        Some(dropout) => (&dropout.seeds, dropout.below),
        None => (&gpu.nothing, 0),
    };
    // SAFETY: spikes go to slots below the capacity only; all other lists have one entry for each neuron or event.
    unsafe {
        forward::launch_unchecked::<R>(
            gpu.launch(),
            CubeCount::Static(at.stage.geometry.cubes(), at.samples as u32, 1),
            CubeDim::new_1d(CUBE),
            events(input),
            weights.array(),
            lif(at.plan, at.stage, at.drops),
            DropoutLaunch::new(seeds.array(), below as u32, (below >> 32) as u32),
            at.stride(),
            input.capacity as u32,
            lists.capacity as u32,
            lists.totals.array(),
            lists.spiked.array(),
            input.arrived.array(),
            spikes(lists),
            arrivals(input),
            options,
        );
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
        sort_tiles::launch_unchecked::<R>(
            gpu.launch(),
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
        );
        let mut run = TILE;
        for pass in 1..=passes {
            merge_runs::launch_unchecked::<R>(
                gpu.launch(),
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
            );
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
        recorded_slopes::launch_unchecked::<R>(
            gpu.launch(),
            CubeCount::Static(cubes_for(at.stage.neurons(), CUBE), at.samples as u32, 1),
            CubeDim::new_1d(CUBE),
            events(input),
            weights.array(),
            lif(at.plan, at.stage, true),
            lists.nexts.array(),
            spikes(lists),
            without_rise.array(),
            at.stage.geometry,
            at.stage.method,
        );
    }
}

/// Computes `[gain, phi, segment, position]` of the input events of a stage whose spikes are recorded.
pub(crate) fn arrive_recorded<R: Runtime>(gpu: &Gpu<R>, at: At<'_>, input: &InputLists) {
    let cubes = cubes_for(input.capacity, CUBE).min(MOST_CUBES);
    // SAFETY: an entry for each event.
    unsafe {
        arrive::launch_unchecked::<R>(
            gpu.launch(),
            CubeCount::Static(cubes, at.samples as u32, 1),
            CubeDim::new_1d(CUBE),
            events(input),
            lif(at.plan, at.stage, true),
            at.stride(),
            input.capacity as u32,
            at.stage.geometry.senders(),
            input.arrived.array(),
            arrivals(input),
            at.is_first(),
            at.stage.method,
        );
    }
}

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
        evaluate::launch_unchecked::<R>(
            gpu.launch(),
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
        );
    }
}

/// The lists that [`observe`] reads and writes.
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
    pub counts_spikes: bool,
    pub state: &'a Buffer,
    pub has_spiked: &'a Buffer,
}

/// Notes who spiked, and overflows.
pub(crate) fn observe<R: Runtime>(gpu: &Gpu<R>, observed: &Observed<'_>) {
    let work = observed.neurons.max(observed.stages * observed.samples);
    // SAFETY: units beyond the neurons and the samples do nothing.
    unsafe {
        batch::observe::launch_unchecked::<R>(
            gpu.launch(),
            CubeCount::Static(cubes_for(work, batch::UNITS), 1, 1),
            CubeDim::new_1d(batch::UNITS),
            observed.totals.array(),
            observed.totals_stride as u32,
            observed.capacities.array(),
            observed.spiked.array(),
            observed.words_of.array(),
            observed.samples as u32,
            observed.stride as u32,
            observed.stages as u32,
            observed.neurons as u32,
            observed.batch,
            u32::from(observed.counts_spikes),
            observed.state.array(),
            observed.has_spiked.array(),
        );
    }
}

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
            batch::count_spikes::launch_unchecked::<R>(
                gpu.launch(),
                CubeCount::Static(cubes_for(neurons, batch::UNITS), 1, 1),
                CubeDim::new_1d(batch::UNITS),
                lists.tallies.array(),
                at.samples as u32,
                neurons as u32,
                lists.counts.array(),
            );
        }
        follow_back::launch_unchecked::<R>(
            gpu.launch(),
            CubeCount::Static(cubes_for(neurons, CUBE), at.samples as u32, 1),
            CubeDim::new_1d(CUBE),
            spikes(lists),
            lists.errors.array(),
            lists.counts.array(),
            labels.array(),
            neurons as u32,
            lif(at.plan, at.stage, at.drops),
            ErrorTermsLaunch::new(
                terms.weight,
                terms.max_inverse_slope,
                strength,
                target,
                label_boost,
                1.0 / at.samples as f32,
            ),
            adjoints(lists),
            at.stage.method,
            terms.homeostasis.is_some(),
            terms.label_boost.is_some(),
        );
    }
}

/// How a batch's gradient of a stage is split into parts: words of 32 samples, and rows of places.
pub(crate) fn split_of(stage: &Stage, samples: usize) -> (u32, u32) {
    /// Units that fill a large device twice.
    const UNITS: u32 = 270_000;
    let words = samples.div_ceil(32) as u32;
    let wanted = UNITS.div_ceil(stage.geometry.weights()).max(1);
    let word_parts = words.min(wanted);
    let row_parts = (wanted / word_parts).clamp(1, stage.geometry.places_high);
    (word_parts, row_parts)
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
    let (word_parts, row_parts) = split_of(at.stage, at.samples);
    // SAFETY: each weight of each part has its own entry.
    unsafe {
        weight_gradient::launch_unchecked::<R>(
            gpu.launch(),
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
            lif(at.plan, at.stage, at.drops),
            PartsLaunch::new(at.words(), at.stride(), word_parts, row_parts),
            lists.parts.array(),
            geometry,
            at.stage.method,
        );
        if boost != 0.0 {
            batch::silent_filters::launch_unchecked::<R>(
                gpu.launch(),
                CubeCount::Static(cubes_for(geometry.filters as usize, batch::UNITS), 1, 1),
                CubeDim::new_1d(batch::UNITS),
                lists.spiked.array(),
                at.words(),
                at.stride(),
                geometry.places(),
                geometry.filters,
                lists.silent.array(),
            );
        }
    }
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
        batch::add_parts::launch_unchecked::<R>(
            gpu.launch(),
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
        );
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
        time_gradient::launch_unchecked::<R>(
            gpu.launch(),
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
            lif(at.plan, at.stage, at.drops),
            errors.array(),
            at.is_first(),
            at.stage.geometry,
            at.stage.method,
        );
    }
}

/// The buffers of a step, each with all parameters.
pub(crate) struct StepLists<'a> {
    pub gradient: &'a Buffer,
    pub weights: &'a Buffer,
    pub first: &'a Buffer,
    pub second: &'a Buffer,
    pub average: Option<&'a Buffer>,
    pub scale: Option<&'a Buffer>,
    pub state: &'a Buffer,
}

/// The numbers of a step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StepNumbers {
    pub rule: Rule,
    /// Keep, decay, first blend, second keep, second blend, root scale, epsilon, gradient step, moment step.
    pub moments: [f32; 9],
    /// Decay, momentum, gradient step, momentum step.
    pub momentum: [f32; 4],
    pub blend: f32,
}

/// Takes a step of the parameters in a range.
pub(crate) fn step<R: Runtime>(
    gpu: &Gpu<R>,
    lists: &StepLists<'_>,
    numbers: &StepNumbers,
    range: std::ops::Range<usize>,
    batch: u32,
) {
    let [a, b, c, d, e, f, g, h, i] = numbers.moments;
    let [k, l, m, n] = numbers.momentum;
    // SAFETY: one unit for each parameter of the range.
    unsafe {
        optimiser::step::launch_unchecked::<R>(
            gpu.launch(),
            CubeCount::Static(cubes_for(range.len(), batch::UNITS), 1, 1),
            CubeDim::new_1d(batch::UNITS),
            lists.gradient.array(),
            lists.weights.array(),
            lists.first.array(),
            lists.second.array(),
            lists.average.unwrap_or(&gpu.nothing).array(),
            lists.scale.unwrap_or(&gpu.nothing).array(),
            lists.state.array(),
            range.start as u32,
            range.end as u32,
            batch,
            MomentsLaunch::new(a, b, c, d, e, f, g, h, i),
            MomentumLaunch::new(k, l, m, n),
            numbers.blend,
            numbers.rule,
            lists.scale.is_some(),
            lists.average.is_some(),
        );
    }
}

/// Sets the gradient to 0.
pub(crate) fn clear_gradient<R: Runtime>(gpu: &Gpu<R>, target: &Target<'_>) {
    // SAFETY: one unit for each number.
    unsafe {
        batch::clear_gradient::launch_unchecked::<R>(
            gpu.launch(),
            CubeCount::Static(cubes_for(target.gradient.len(), batch::UNITS), 1, 1),
            CubeDim::new_1d(batch::UNITS),
            target.gradient.array(),
            target.gradient.len() as u32,
            target.batch,
            target.state.array(),
        );
    }
}

/// Sums the squares of the gradient in [`SQUARES`] parts; with a largest norm, also finds the factor of clipping.
pub(crate) fn sum_squares<R: Runtime>(
    gpu: &Gpu<R>,
    gradient: &Buffer,
    sums: &Buffer,
    clip: Option<(f32, &Buffer)>,
) {
    // SAFETY: one sum for each cube.
    unsafe {
        squares::launch_unchecked::<R>(
            gpu.launch(),
            CubeCount::Static(SQUARES as u32, 1, 1),
            CubeDim::new_1d(batch::UNITS),
            gradient.array(),
            gradient.len() as u32,
            sums.array(),
        );
        if let Some((max_norm, scale)) = clip {
            clip_scale::launch_unchecked::<R>(
                gpu.launch(),
                CubeCount::Static(1, 1, 1),
                CubeDim::new_1d(1),
                sums.array(),
                SQUARES as u32,
                max_norm,
                scale.array(),
            );
        }
    }
}

/// Sets `flags[0]` if a value is not finite.
pub(crate) fn look_for_not_finite<R: Runtime>(gpu: &Gpu<R>, values: &Buffer, flags: &Buffer) {
    // SAFETY: the kernel stays below the length.
    unsafe {
        find_not_finite::launch_unchecked::<R>(
            gpu.launch(),
            CubeCount::Static(cubes_for(values.len(), batch::UNITS).min(MOST_CUBES), 1, 1),
            CubeDim::new_1d(batch::UNITS),
            values.array(),
            values.len() as u32,
            flags.array(),
        );
    }
}
