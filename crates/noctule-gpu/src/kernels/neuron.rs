//! The leaky integrate-and-fire neuron in the coordinates of the kernels.
//!
//! Time is divided into *segments* of one length for the whole network, a power of two that is not above any time
//! constant. A time is the number of its segment and the offset `x` from the segment's start: late times are as exact as
//! early ones. With the potential `V` and the current `C` extrapolated to the start of a segment,
//!
//! ```text
//! I(x) = C exp(-x/tau_s)          u(x) = exp(-x/tau_m) (V + C phi(x))
//! phi(x) = (1 - exp(-delta x))/delta,   delta = 1/tau_s - 1/tau_m
//! ```
//!
//! An input of weight `w` at `x` adds `w gain` to `C` and takes `w gain phi` from `V`, where `gain = exp(x/tau_s)`. Here
//! `growth` is `exp(x/tau_m)` and `leak` is `exp(-x/tau_m)`.

use cubecl::prelude::*;

use crate::kernels::lists::{F4, U4};
use crate::kernels::math::{exp, exp_m1};

/// How the next spike is found; it depends on the ratio of the time constants.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Method {
    /// `tau_m = 2 tau_s`: a quadratic equation.
    Quadratic,
    /// `tau_m = tau_s`: Newton's method, where `phi(x) = x`.
    Equal,
    /// Any other ratio: Newton's method.
    Newton,
}

/// The largest number of time constants over which a decay is computed: `exp(-60)` is 9e-27.
pub(crate) const MOST_DECAY: f32 = 60.0;

/// The constants of the neurons of a layer. Times are in seconds.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
pub(crate) struct Lif {
    pub tau_m: f32,
    pub inverse_tau_m: f32,
    pub tau_s: f32,
    pub inverse_tau_s: f32,
    /// `1/tau_s - 1/tau_m`; 0 if the time constants are equal.
    pub delta: f32,
    /// 0 if the time constants are equal.
    pub inverse_delta: f32,
    /// The inverse of the larger time constant.
    pub inverse_tau_slow: f32,
    pub theta: f32,
    /// What a spike takes from the potential, in units of `theta`.
    pub fall: f32,
    /// Length of a segment.
    pub segment: f32,
    /// Segment and offset of `t_max`.
    pub end_segment: u32,
    pub end_x: f32,
    pub max_spikes: u32,
}

/// Numbers of a neuron that has constants of its own.
pub(crate) const INDIVIDUAL: u32 = 9;

/// The constants of a layer's neurons: shared ones, and for layers whose neurons differ, a list of shape
/// `[INDIVIDUAL, neurons]` with the first fields of [`Lif`] up to `fall`.
#[derive(CubeType, CubeLaunch)]
pub(crate) struct Neurons {
    pub shared: Lif,
    pub individual: Array<f32>,
}

/// What is known of a layer's neurons when a kernel is compiled.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Dynamics {
    pub method: Method,
    /// Whether the neurons differ; their method is [`Method::Newton`] then.
    pub is_individual: bool,
    /// Neurons of the layer if they differ; otherwise 0, so that layers share kernels.
    pub neurons: u32,
}

/// The constants of one neuron.
#[cube]
pub(crate) fn lif_of(neurons: &Neurons, neuron: u32, #[comptime] dynamics: Dynamics) -> Lif {
    let shared = neurons.shared;
    let mut tau_m = shared.tau_m;
    let mut inverse_tau_m = shared.inverse_tau_m;
    let mut tau_s = shared.tau_s;
    let mut inverse_tau_s = shared.inverse_tau_s;
    let mut delta = shared.delta;
    let mut inverse_delta = shared.inverse_delta;
    let mut inverse_tau_slow = shared.inverse_tau_slow;
    let mut theta = shared.theta;
    let mut fall = shared.fall;
    if comptime!(dynamics.is_individual) {
        let next = comptime!(dynamics.neurons as usize);
        let at = neuron as usize;
        tau_m = neurons.individual[at];
        inverse_tau_m = neurons.individual[next + at];
        tau_s = neurons.individual[2 * next + at];
        inverse_tau_s = neurons.individual[3 * next + at];
        delta = neurons.individual[4 * next + at];
        inverse_delta = neurons.individual[5 * next + at];
        inverse_tau_slow = neurons.individual[6 * next + at];
        theta = neurons.individual[7 * next + at];
        fall = neurons.individual[8 * next + at];
    }
    Lif {
        tau_m,
        inverse_tau_m,
        tau_s,
        inverse_tau_s,
        delta,
        inverse_delta,
        inverse_tau_slow,
        theta,
        fall,
        segment: shared.segment,
        end_segment: shared.end_segment,
        end_x: shared.end_x,
        max_spikes: shared.max_spikes,
    }
}

/// The coefficients of an event at `x`: `[phi, gain, growth, x]`.
#[cube]
pub(crate) fn coefficients_at(x: f32, lif: &Lif, #[comptime] method: Method) -> F4 {
    let growth = exp(x * lif.inverse_tau_m);
    let mut four = F4::empty();
    four[0] = phi_of(x, 1.0 / growth, lif, method);
    four[1] = gain_of(x, growth, lif, method);
    four[2] = growth;
    four[3] = x;
    four
}

/// What the backward pass keeps of an event: `[gain, phi (both bits), segment, position]`, or `[1 (bits), x (bits), ..]`
/// where neurons differ. The first number of an event that does not act is 0.
#[cube]
pub(crate) fn arrival(
    event: F4,
    segment: u32,
    position: u32,
    acts: bool,
    #[comptime] dynamics: Dynamics,
) -> U4 {
    let mut kept = U4::empty();
    kept[0] = 0u32;
    kept[1] = u32::reinterpret(event[0]);
    if acts {
        kept[0] = u32::reinterpret(event[1]);
    }
    if comptime!(dynamics.is_individual) {
        kept[1] = u32::reinterpret(event[3]);
    }
    kept[2] = segment;
    kept[3] = position;
    kept
}

/// Gain and `phi` of an event for a neuron, from what [`arrival`] kept.
#[cube]
pub(crate) fn gain_and_phi(kept: U4, lif: &Lif, #[comptime] dynamics: Dynamics) -> (f32, f32) {
    let mut gain = f32::reinterpret(kept[0]);
    let mut phi = f32::reinterpret(kept[1]);
    if comptime!(dynamics.is_individual) {
        let event = coefficients_at(phi, lif, comptime!(dynamics.method));
        phi = event[0];
        if kept[0] != 0 {
            gain = event[1];
        }
    }
    (gain, phi)
}

/// `exp(x/tau_s)` at `x`, where `exp(x/tau_m)` is `growth`.
#[cube]
pub(crate) fn gain_of(x: f32, growth: f32, lif: &Lif, #[comptime] method: Method) -> f32 {
    let mut gain = growth;
    if comptime!(method == Method::Quadratic) {
        gain = growth * growth;
    }
    if comptime!(method == Method::Newton) {
        gain = exp(x * lif.inverse_tau_s);
    }
    gain
}

/// `phi(x)`, where `exp(-x/tau_m)` is `leak`.
#[cube]
pub(crate) fn phi_of(x: f32, leak: f32, lif: &Lif, #[comptime] method: Method) -> f32 {
    let mut phi = x;
    if comptime!(method == Method::Quadratic) {
        phi = lif.tau_m * (1.0 - leak);
    }
    if comptime!(method == Method::Newton) {
        phi = -exp_m1(f32::max(-lif.delta * x, f32::new(-MOST_DECAY))) * lif.inverse_delta;
    }
    phi
}

/// `exp(-x/tau_s)`, where `exp(-x/tau_m)` is `leak`.
#[cube]
pub(crate) fn current_left(x: f32, leak: f32, lif: &Lif, #[comptime] method: Method) -> f32 {
    let mut left = leak;
    if comptime!(method == Method::Quadratic) {
        left = leak * leak;
    }
    if comptime!(method == Method::Newton) {
        left = exp(-f32::min(x * lif.inverse_tau_s, f32::new(MOST_DECAY)));
    }
    left
}

/// `exp(-x/tau_m)` for `x >= 0`.
#[cube]
pub(crate) fn leak_of(x: f32, lif: &Lif) -> f32 {
    exp(-f32::min(x * lif.inverse_tau_m, f32::new(MOST_DECAY)))
}

/// The potential at `x` that a current of 1 at 0 builds up, `exp(-x/tau_m) phi(x)`, for any `x >= 0`.
#[cube]
pub(crate) fn postsynaptic_potential(
    x: f32,
    leak: f32,
    lif: &Lif,
    #[comptime] method: Method,
) -> f32 {
    let mut built = leak * x;
    if comptime!(method == Method::Quadratic) {
        built = leak * lif.tau_m * (1.0 - leak);
    }
    if comptime!(method == Method::Newton) {
        // The slower decay is factored out, so that no factor grows with x.
        let lag = -f32::min(f32::abs(lif.delta) * x, f32::new(MOST_DECAY));
        let slow = exp(-f32::min(x * lif.inverse_tau_slow, f32::new(MOST_DECAY)));
        built = slow * -exp_m1(lag) * f32::abs(lif.inverse_delta);
    }
    built
}

/// Potential and current after `hops` segments.
#[cube]
pub(crate) fn carry(
    potential: f32,
    current: f32,
    hops: u32,
    lif: &Lif,
    #[comptime] method: Method,
) -> (f32, f32) {
    let x = f32::cast_from(hops) * lif.segment;
    let leak = leak_of(x, lif);
    (
        fma(
            current,
            postsynaptic_potential(x, leak, lif, method),
            leak * potential,
        ),
        current * current_left(x, leak, lif, method),
    )
}

/// The derivatives of the loss by potential and current `hops` segments earlier: the transpose of [`carry`].
#[cube]
pub(crate) fn carry_back(
    of_potential: f32,
    of_current: f32,
    hops: u32,
    lif: &Lif,
    #[comptime] method: Method,
) -> (f32, f32) {
    let x = f32::cast_from(hops) * lif.segment;
    let leak = leak_of(x, lif);
    (
        leak * of_potential,
        fma(
            postsynaptic_potential(x, leak, lif, method),
            of_potential,
            current_left(x, leak, lif, method) * of_current,
        ),
    )
}
