//! The spikes of a neuron between two events: [`search`].
//!
//! On the rise the potential is concave, whatever the time constants, so it crosses the threshold from below at most
//! once before its maximum. For `tau_m = 2 tau_s` the crossing is the root of a quadratic equation in `exp(x/tau_m)`.
//! Otherwise Newton's method starts at the root of the parabola that has the slope and the curvature of the start, which
//! takes three steps on average.

use cubecl::prelude::*;

use crate::kernels::lists::{F4, Spikes, U4};
use crate::kernels::math::{exp, exp_m1, ln, ln_1p};
use crate::kernels::membrane::Membrane;
use crate::kernels::neuron::{Lif, MOST_DECAY, Method};

/// The most steps of Newton's method.
const MOST_STEPS: u32 = 16;
/// The relative change of the elapsed time below which a step of Newton's method is rounding.
const ROUNDING: f32 = 2e-7;

/// Where the spikes of a neuron go.
#[derive(CubeType, Clone, Copy)]
pub(crate) struct Search {
    pub sample: u32,
    pub neuron: u32,
    /// Slots of a sample.
    pub capacity: u32,
}

/// Finds all spikes from the last event of the membrane to the event `next`, `hops` segments later.
#[cube]
#[allow(clippy::too_many_arguments, reason = "the lists of a layer")]
pub(crate) fn search(
    membrane: &Membrane,
    next: F4,
    hops: u32,
    lif: &Lif,
    finder: &Search,
    totals: &Array<Atomic<u32>>,
    spikes: &mut Spikes,
    #[comptime] method: Method,
) {
    if comptime!(method == Method::Quadratic) {
        search_quadratic(membrane, next, hops, lif, finder, totals, spikes);
    } else {
        search_newton(membrane, next, hops, lif, finder, totals, spikes, method);
    }
}

/// Writes a spike to the next free slot of the sample, if there is one; the number of spikes grows in any case.
#[cube]
#[allow(clippy::too_many_arguments, reason = "the lists of a layer")]
fn emit(
    membrane: &Membrane,
    x: f32,
    inverse_slope: f32,
    leak: f32,
    finder: &Search,
    totals: &Array<Atomic<u32>>,
    spikes: &mut Spikes,
) {
    let place = totals[finder.sample as usize].fetch_add(1u32);
    let ordinal = membrane.count.read();
    if place < finder.capacity {
        let slot = finder.sample * finder.capacity + place;
        let mut record = F4::empty();
        record[0] = x;
        record[1] = inverse_slope;
        record[2] = leak;
        record[3] = f32::reinterpret(membrane.segment.read());
        spikes.records[slot as usize] = record;
        let mut origin = U4::empty();
        origin[0] = membrane.events.read();
        origin[1] = finder.neuron;
        origin[2] = ordinal;
        origin[3] = 0u32;
        spikes.origins[slot as usize] = origin;
        spikes.links[slot as usize] = membrane.last.read();
        membrane.last.store(slot + 1);
        if membrane.first.read() == 0u32 {
            membrane.first.store(slot + 1);
        }
    }
    membrane.count.store(ordinal + 1);
}

/// Whether another spike is possible before the next event: `V + C phi` at the event must reach the threshold at the
/// start of the interval.
#[cube]
fn may_go_on(membrane: &Membrane, next: F4, hops: u32, lif: &Lif) -> bool {
    let highest = fma(membrane.current.read(), next[0], membrane.potential.read());
    let level = lif.theta * membrane.growth.read();
    membrane.count.read() < lif.max_spikes && (hops > 0 || highest >= level)
}

/// `tau_m = 2 tau_s`. Potential, current and threshold are multiplied by `exp(x/tau_m)`, so only the time of a spike needs
/// a logarithm.
#[cube]
fn search_quadratic(
    membrane: &Membrane,
    next: F4,
    hops: u32,
    lif: &Lif,
    finder: &Search,
    totals: &Array<Atomic<u32>>,
    spikes: &mut Spikes,
) {
    let mut last = lif.theta * next[2];
    if hops > 0 {
        let hop = f32::cast_from(hops) * lif.segment;
        last *= exp(f32::min(hop * lif.inverse_tau_m, f32::new(MOST_DECAY)));
    }
    let current = membrane.current.read();
    let built = current * membrane.phi.read();
    let mut u = membrane.potential.read() + built;
    let mut i = current - built * lif.inverse_tau_m;
    let mut threshold = lif.theta * membrane.growth.read();
    let mut searching = true;
    while searching {
        let slope = i - u * lif.inverse_tau_m;
        let twice_gap = (threshold - u) * (2.0 * lif.inverse_tau_m);
        let square = slope * slope - 2.0 * i * twice_gap;
        let root = f32::sqrt(f32::max(square, 0.0));
        let denominator = slope - twice_gap + root;
        let growth = f32::max(twice_gap / denominator, 0.0);
        let reached = fma(threshold, growth, threshold);
        searching = i * lif.tau_m > threshold
            && slope > 0.0
            && square > 0.0
            && denominator > 0.0
            && reached <= last;
        if searching {
            let leak = lif.theta / reached;
            let x = -lif.tau_m * ln(leak);
            emit(
                membrane,
                x,
                1.0 / (root * leak),
                leak,
                finder,
                totals,
                spikes,
            );
            let fall = reached * lif.fall;
            membrane.potential.store(membrane.potential.read() - fall);
            u = reached - fall;
            i = current * leak;
            threshold = reached;
            searching = may_go_on(membrane, next, hops, lif);
        }
    }
}

/// Any other ratio of the time constants, in the coordinates of the start of each search.
#[cube]
#[allow(clippy::too_many_arguments, reason = "the lists of a layer")]
fn search_newton(
    membrane: &Membrane,
    next: F4,
    hops: u32,
    lif: &Lif,
    finder: &Search,
    totals: &Array<Atomic<u32>>,
    spikes: &mut Spikes,
    #[comptime] method: Method,
) {
    let x_end = fma(f32::cast_from(hops), lif.segment, next[3]);
    let mut x = membrane.x.read();
    let mut leak = 1.0 / membrane.growth.read();
    let mut u = leak
        * fma(
            membrane.current.read(),
            membrane.phi.read(),
            membrane.potential.read(),
        );
    let mut i = membrane.current.read() / membrane.gain.read();
    let mut searching = true;
    while searching {
        let (elapsed, decay, current_decay) = first_crossing(u, i, x_end - x, lif, method);
        let slope = i * current_decay - lif.theta * lif.inverse_tau_m;
        searching = elapsed >= 0.0 && slope > 0.0;
        if searching {
            x += elapsed;
            leak *= decay;
            emit(membrane, x, 1.0 / slope, leak, finder, totals, spikes);
            let fall = lif.theta * lif.fall;
            membrane
                .potential
                .store(membrane.potential.read() - fall / leak);
            u = lif.theta - fall;
            i *= current_decay;
            searching = may_go_on(membrane, next, hops, lif);
        }
    }
}

/// The time until a potential `u` under a current `i` reaches the threshold, within `duration`, and the factors by which
/// potential and current decay until then. The time is -1 if it does not.
#[cube]
fn first_crossing(
    u: f32,
    i: f32,
    duration: f32,
    lif: &Lif,
    #[comptime] method: Method,
) -> (f32, f32, f32) {
    let slope = i - u * lif.inverse_tau_m;
    let mut exists = i * lif.tau_m > lif.theta && slope > 0.0;
    // The end of the rise.
    let mut top = lif.tau_s * slope / f32::max(i, f32::new(1e-30));
    if comptime!(method == Method::Newton) {
        let v = -lif.delta * top;
        if v > -1.0 {
            top = -ln_1p(v) * lif.inverse_delta;
        } else {
            exists = false;
        }
    }
    let span = f32::min(duration, top);
    let gap = lif.theta - u;
    let bend = i * lif.inverse_tau_s + slope * lif.inverse_tau_m;
    let square = f32::max(slope * slope - 2.0 * bend * gap, 0.0);
    let guess = 2.0 * f32::max(gap, 0.0) / (slope + f32::sqrt(square));
    let mut elapsed = f32::min(guess, span);
    let mut decay = f32::new(1.0);
    let mut current_decay = f32::new(1.0);
    // First the end of the span is looked at: is it above the threshold?
    let mut at_end = true;
    let mut steps = 0u32;
    let mut improving = exists;
    while improving {
        let mut s = elapsed;
        if at_end {
            s = span;
        }
        let lost = exp_m1(-f32::min(s * lif.inverse_tau_m, f32::new(MOST_DECAY)));
        decay = 1.0 + lost;
        current_decay = decay;
        let mut phi = s;
        if comptime!(method == Method::Newton) {
            let lag = exp_m1(f32::max(-lif.delta * s, f32::new(-MOST_DECAY)));
            phi = -lag * lif.inverse_delta;
            current_decay = decay * (1.0 + lag);
        }
        let excess = fma(i * decay, phi, fma(u, lost, -gap));
        if at_end {
            at_end = false;
            improving = excess >= 0.0;
            exists = improving;
        } else {
            let rise = i * current_decay - (lif.theta + excess) * lif.inverse_tau_m;
            let mut next = span;
            if rise > 0.0 {
                next = f32::clamp(s - excess / rise, 0.0, span);
            }
            steps += 1;
            let step = next - s;
            // From the left, steps only go right; all else is rounding.
            improving = (step > ROUNDING * next || (steps == 1 && step < -ROUNDING * next))
                && steps < MOST_STEPS;
            if improving {
                elapsed = next;
            }
        }
    }
    if !exists {
        elapsed = f32::new(-1.0);
    }
    (elapsed, decay, current_decay)
}
