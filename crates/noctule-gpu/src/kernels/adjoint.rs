//! The backward pass of single neurons: the derivatives of the loss by a neuron's potential and current change only at
//! its own spikes, so they are stored there.

use cubecl::prelude::*;

use crate::kernels::lists::{Spikes, U4};
use crate::kernels::neuron::{Dynamics, Lif, Method, Neurons, carry_back, lif_of, phi_of};

/// In place of a segment: the neuron did not spike.
pub(crate) const SILENT: u32 = 0xffff_ffff;
/// In place of a segment: the neuron did not spike and is the one of the true class; the record holds its boost.
pub(crate) const BOOSTED: u32 = 0xffff_fffe;

/// The derivatives at each spike.
///
/// A record is `[-dL/dV, -dL/dC (bits), events that act on the spike, segment]`, with `V` and `C` in the coordinates of
/// the segment, just before the spike. It holds for the events after the neuron's previous spike.
#[derive(CubeType, CubeLaunch)]
pub(crate) struct Adjoints {
    /// The record of each neuron's first spike; shape `[samples, neurons]`.
    pub heads: Array<U4>,
    /// The record in each slot; or, of a layer with shares, `most_spikes` records of each neuron, in order.
    pub records: Array<U4>,
    /// The slot of the neuron's next spike, plus 1.
    pub nexts: Array<u32>,
}

/// The errors and the regularisation of a layer in a backward pass.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
pub(crate) struct ErrorTerms {
    /// What errors are multiplied by.
    pub weight: f32,
    pub max_inverse_slope: f32,
    /// Homeostasis: `strength * weight / samples`, and the target.
    pub strength: f32,
    pub target: f32,
    /// What the weights of a silent true class gain from each event.
    pub label_boost: f32,
    /// 1 / samples.
    pub mean: f32,
}

/// Follows each neuron back from its last spike to its first. Launched with a unit for each neuron (x) of each sample (y).
///
/// `counts` has the spikes of each neuron in the batch, for homeostasis.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments, reason = "the lists of a layer")]
pub(crate) fn follow_back(
    spikes: &Spikes,
    errors: &Array<f32>,
    counts: &Array<u32>,
    labels: &Array<u32>,
    neurons: u32,
    constants: &Neurons,
    terms: &ErrorTerms,
    adjoints: &mut Adjoints,
    most_spikes: u32,
    #[comptime] dynamics: Dynamics,
    #[comptime] has_homeostasis: bool,
    #[comptime] boosts_labels: bool,
    #[comptime] has_shares: bool,
) {
    let neuron = ABSOLUTE_POS_X;
    let sample = CUBE_POS_Y;
    if neuron < neurons {
        let method = comptime!(dynamics.method);
        let lif = lif_of(constants, neuron, dynamics);
        let cell = (sample * neurons + neuron) as usize;
        let mut pull = 0.0f32;
        if comptime!(has_homeostasis) {
            let mean = f32::cast_from(counts[neuron as usize]) * terms.mean;
            pull = terms.strength * (terms.target - mean);
        }
        let mut of_potential = 0.0f32;
        let mut of_current = 0.0f32;
        let mut segment = 0u32;
        let mut next = 0u32;
        let mut record = U4::empty();
        record[0] = 0u32;
        record[1] = 0u32;
        record[2] = 0u32;
        record[3] = SILENT.runtime();
        let mut slot = spikes.lasts[cell];
        while slot != 0 {
            let at = (slot - 1) as usize;
            let spike = spikes.records[at];
            let own = u32::reinterpret(spike[3]);
            if next != 0 && own < segment {
                let (v, c) = carry_back(of_potential, of_current, segment - own, &lif, method);
                of_potential = v;
                of_current = c;
            }
            segment = own;
            let leak = spike[2];
            // A later spike has its reset later, too.
            let of_reset = lif.fall * lif.theta * lif.inverse_tau_m * of_potential / leak;
            let error = errors[at] * terms.weight + pull + of_reset;
            let push = error * f32::min(spike[1], terms.max_inverse_slope) * leak;
            of_potential += push;
            of_current += push * phi_of(spike[0], leak, &lif, method);
            record[0] = u32::reinterpret(of_potential);
            record[1] = u32::reinterpret(of_current);
            let origin = spikes.origins[at];
            record[2] = origin[0];
            record[3] = segment;
            if comptime!(has_shares) {
                // Spikes beyond the room, which no simulated neuron has, are not differentiated.
                let place = cell as u32 * most_spikes + u32::min(origin[2], most_spikes - 1);
                adjoints.records[place as usize] = record;
            } else {
                adjoints.records[at] = record;
                adjoints.nexts[at] = next;
            }
            next = slot;
            slot = spikes.links[at];
        }
        if comptime!(boosts_labels) {
            if next == 0 && labels[sample as usize] == neuron {
                record[0] = u32::reinterpret(terms.label_boost);
                record[3] = BOOSTED.runtime();
            }
        }
        adjoints.heads[cell] = record;
    }
}

/// What an event at `position` in its sample sees of a neuron that spiked: the record of the first spike after it. It
/// sees nothing if the record is for no more than `position` events.
#[cube]
pub(crate) fn record_after(head: U4, first: u32, position: u32, adjoints: &Adjoints) -> U4 {
    let mut record = head;
    if head[2] <= position {
        let mut next = adjoints.nexts[(first - 1) as usize];
        while next != 0 && record[2] <= position {
            record = adjoints.records[(next - 1) as usize];
            next = adjoints.nexts[(next - 1) as usize];
        }
    }
    record
}

/// `-dL/dV` and `-dL/dC` of a record in the coordinates of an earlier or the same segment.
#[cube]
pub(crate) fn at_segment(
    record: U4,
    segment: u32,
    lif: &Lif,
    #[comptime] method: Method,
) -> (f32, f32) {
    let mut of_potential = f32::reinterpret(record[0]);
    let mut of_current = f32::reinterpret(record[1]);
    if segment < record[3] {
        let (v, c) = carry_back(of_potential, of_current, record[3] - segment, lif, method);
        of_potential = v;
        of_current = c;
    }
    (of_potential, of_current)
}
