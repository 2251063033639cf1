//! The arguments that several kernels share, and the sizes of launches.

use cubecl::prelude::Runtime;
use noctule_core::LifParameters;

use crate::gpu::Buffer;
use crate::kernels::adjoint::AdjointsLaunch;
use crate::kernels::lists::{ArrivalsLaunch, EventsLaunch, SpikesLaunch};
use crate::kernels::neuron::{LifLaunch, NeuronsLaunch};
use crate::plan::{Plan, Stage, neuron_numbers};
use crate::stage_lists::{InputLists, StageLists};

/// The most cubes of a launch in one dimension that strides over its work.
pub(super) const MOST_CUBES: u32 = 4_096;

/// Cubes of `units` units for so much work; at least one.
pub(super) fn cubes_for(work: usize, units: u32) -> u32 {
    (work.div_ceil(units as usize) as u32).max(1)
}

/// A stage in its pass.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    pub plan: &'a Plan,
    pub stage: &'a Stage,
    /// The constants of neurons that differ.
    pub constants: &'a Buffer,
    pub samples: usize,
    /// Words of 32 samples from the bit set of one neuron to the next.
    pub stride: usize,
    /// Whether inputs are dropped, or would be if the layer had dropout.
    pub drops: bool,
    /// Whether each event writes its shares of the gradient.
    pub has_shares: bool,
}

impl At<'_> {
    /// Words of 32 samples.
    pub(super) fn words(&self) -> u32 {
        self.samples.div_ceil(32) as u32
    }

    pub(super) fn stride(&self) -> u32 {
        self.stride as u32
    }

    pub(super) fn is_first(&self) -> bool {
        self.stage.weights_start == 0
    }

    /// The constants of the neurons.
    pub(super) fn neurons<R: Runtime>(&self) -> NeuronsLaunch<R> {
        NeuronsLaunch::new(
            lif(self.plan, &self.stage.neuron_in(self.drops)),
            self.constants.array(),
        )
    }
}

fn lif<R: Runtime>(plan: &Plan, neuron: &LifParameters) -> LifLaunch<R> {
    let [
        tau_m,
        inverse_tau_m,
        tau_s,
        inverse_tau_s,
        delta,
        inverse_delta,
        slow,
        theta,
        fall,
    ] = neuron_numbers(neuron);
    let (end_segment, end_x) = plan.split(neuron.t_max);
    LifLaunch::new(
        tau_m,
        inverse_tau_m,
        tau_s,
        inverse_tau_s,
        delta,
        inverse_delta,
        slow,
        theta,
        fall,
        plan.segment,
        end_segment,
        end_x,
        neuron.max_spikes,
    )
}

pub(super) fn events<R: Runtime>(input: &InputLists) -> EventsLaunch<R> {
    EventsLaunch::new(
        input.events.array(),
        input.starts.array(),
        input.counts.array(),
    )
}

pub(super) fn spikes<R: Runtime>(lists: &StageLists) -> SpikesLaunch<R> {
    SpikesLaunch::new(
        lists.records.array(),
        lists.origins.array(),
        lists.links.array(),
        lists.firsts.array(),
        lists.lasts.array(),
        lists.tallies.array(),
    )
}

pub(super) fn arrivals<R: Runtime>(input: &InputLists) -> ArrivalsLaunch<R> {
    ArrivalsLaunch::new(
        input.coefficients.array(),
        input.links.array(),
        input.lasts.array(),
    )
}

pub(super) fn adjoints<R: Runtime>(lists: &StageLists) -> AdjointsLaunch<R> {
    AdjointsLaunch::new(
        lists.heads.array(),
        lists.adjoints.array(),
        lists.nexts.array(),
    )
}
