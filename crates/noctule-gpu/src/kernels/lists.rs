//! The lists of events and spikes on a device, as kernels take them.
//!
//! A layer writes its spikes in the order in which they are found, to `samples * capacity` slots: those of sample `s` to
//! the slots from `s * capacity` on. The number of a slot is arbitrary and differs from run to run; no result depends on
//! it. The spikes of each neuron form a list that is linked from the last to the first. Links, and the entries of
//! `firsts` and `lasts`, are slot numbers plus 1; 0 stands for none.

use cubecl::prelude::*;

/// Four numbers that are loaded and stored together.
pub(crate) type F4 = Vector<f32, Const<4>>;
/// Four integers, or bits of numbers, that are loaded and stored together.
pub(crate) type U4 = Vector<u32, Const<4>>;

/// The input events of a layer, sorted by time within each sample.
#[derive(CubeType, CubeLaunch)]
pub(crate) struct Events {
    /// `[segment, offset (bits), input, mark]` of each event. The mark of a spike is its slot. The mark of an event that
    /// was loaded is the position in its sample, plus 1, of the previous event of the same input (0: none), with
    /// [`LAST_OF_INPUT`] if no other follows.
    pub events: Array<U4>,
    /// Where each sample starts; shape `[samples]`.
    pub starts: Array<u32>,
    /// Events of each sample; shape `[samples]`.
    pub counts: Array<u32>,
}

/// Marks the last event of an input.
pub(crate) const LAST_OF_INPUT: u32 = 0x8000_0000;

/// The spikes of a layer, in the order in which they were found.
#[derive(CubeType, CubeLaunch)]
pub(crate) struct Spikes {
    /// `[offset, 1/slope, exp(-offset/tau_m), segment (bits)]` in each slot. The segment is that of the last event
    /// before the spike, so the offset may exceed its length.
    pub records: Array<F4>,
    /// `[number of input events that act on the spike, neuron, ordinal among the neuron's spikes, 0]`.
    pub origins: Array<U4>,
    /// The previous spike of the neuron.
    pub links: Array<u32>,
    /// Each neuron's first and last spike, and the number of its spikes; shape `[samples, neurons]`.
    pub firsts: Array<u32>,
    pub lasts: Array<u32>,
    pub tallies: Array<u32>,
}

/// What the backward pass needs to know of a layer's input events.
#[derive(CubeType, CubeLaunch)]
pub(crate) struct Arrivals {
    /// `[gain, phi (both bits), segment, position in the sample]` in each slot; the gain of an event that does not act
    /// is 0.
    pub coefficients: Array<U4>,
    /// The previous event of the same input.
    pub links: Array<u32>,
    /// The last event of each input that has one; shape `[samples, inputs]`.
    pub lasts: Array<u32>,
}

/// The link of an event that was loaded, from its mark.
#[cube]
pub(crate) fn link_of(mark: u32, sample: u32, capacity: u32) -> u32 {
    let previous = mark & comptime!(!LAST_OF_INPUT);
    let mut link = 0u32;
    if previous != 0 {
        link = sample * capacity + previous;
    }
    link
}
