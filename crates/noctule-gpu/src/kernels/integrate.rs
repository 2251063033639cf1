//! The passage of time for one neuron: from event to event, and through long silences.

use cubecl::prelude::*;

use crate::kernels::crossing::{Search, search};
use crate::kernels::lists::{F4, Spikes};
use crate::kernels::membrane::Membrane;
use crate::kernels::neuron::{Lif, Method, carry};

/// Segments that a search may cross, so that no exponential in the coordinates of a segment becomes too large.
const MOST_HOPS: u32 = 8;

/// Lets time pass to an event, with the spikes until then, and takes the event in. `event` is `[phi, gain, growth, x]`
/// in its segment; `number` is its position in the sample.
#[cube]
#[allow(clippy::too_many_arguments, reason = "the lists of a layer")]
pub(crate) fn arrive(
    membrane: &Membrane,
    event: F4,
    segment: u32,
    weight: f32,
    number: u32,
    lif: &Lif,
    finder: &Search,
    totals: &Array<Atomic<u32>>,
    spikes: &mut Spikes,
    #[comptime] method: Method,
) {
    let mut hops = segment - membrane.segment.read();
    let is_later = hops > 0 || event[3] != membrane.x.read();
    if is_later {
        if hops > MOST_HOPS {
            pass_silence(membrane, hops, lif, finder, totals, spikes, method);
            hops = segment - membrane.segment.read();
        }
        // V + C phi grows with time, so below this level no time of the interval reaches the threshold.
        let level = lif.theta * membrane.growth.read();
        let highest = fma(membrane.current.read(), event[0], membrane.potential.read());
        if (hops > 0 || highest >= level) && membrane.count.read() < lif.max_spikes {
            search(membrane, event, hops, lif, finder, totals, spikes, method);
        }
        leave_segment(membrane, hops, lif, method);
    }
    let kick = weight * event[1];
    membrane.current.store(membrane.current.read() + kick);
    membrane
        .potential
        .store(membrane.potential.read() - kick * event[0]);
    membrane.segment.store(segment);
    membrane.x.store(event[3]);
    membrane.phi.store(event[0]);
    membrane.gain.store(event[1]);
    membrane.growth.store(event[2]);
    membrane.events.store(number + 1);
}

/// Takes potential and current to the start of the segment `hops` later.
#[cube]
fn leave_segment(membrane: &Membrane, hops: u32, lif: &Lif, #[comptime] method: Method) {
    if hops > 0 {
        let (potential, current) = carry(
            membrane.potential.read(),
            membrane.current.read(),
            hops,
            lif,
            method,
        );
        membrane.potential.store(potential);
        membrane.current.store(current);
    }
}

/// Lets a long silence pass, [`MOST_HOPS`] segments at a time, while the current can still cause a spike.
#[cube]
#[allow(clippy::too_many_arguments, reason = "the lists of a layer")]
fn pass_silence(
    membrane: &Membrane,
    hops: u32,
    lif: &Lif,
    finder: &Search,
    totals: &Array<Atomic<u32>>,
    spikes: &mut Spikes,
    #[comptime] method: Method,
) {
    let mut start = F4::empty();
    start[0] = 0.0f32;
    start[1] = 1.0f32;
    start[2] = 1.0f32;
    start[3] = 0.0f32;
    let end = membrane.segment.read() + hops;
    let mut left = end - membrane.segment.read();
    // At a spike the current exceeds theta/tau_m, and it only decays.
    let now = membrane.current.read() / membrane.gain.read();
    let mut can_spike = now * lif.tau_m > lif.theta;
    while can_spike && left > MOST_HOPS {
        if membrane.count.read() < lif.max_spikes {
            let hops = MOST_HOPS.runtime();
            search(membrane, start, hops, lif, finder, totals, spikes, method);
        }
        leave_segment(membrane, MOST_HOPS.runtime(), lif, method);
        membrane.segment.store(membrane.segment.read() + MOST_HOPS);
        membrane.x.store(0.0f32);
        membrane.phi.store(0.0f32);
        membrane.gain.store(1.0f32);
        membrane.growth.store(1.0f32);
        left = end - membrane.segment.read();
        can_spike = membrane.current.read() * lif.tau_m > lif.theta
            && membrane.count.read() < lif.max_spikes;
    }
}
