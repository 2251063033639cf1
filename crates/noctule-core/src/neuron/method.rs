//! [`Method`]: how the next spike of a neuron is found.

/// The method that finds the next threshold crossing; chosen by the ratio of the time constants (see
/// [`Lif::first_crossing`](crate::Lif::first_crossing)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// `tau_m = 2 tau_s`: a quadratic equation.
    Quadratic,
    /// `tau_m = tau_s`: the Lambert W function.
    LambertW,
    /// Any other ratio: Newton's method.
    Newton,
}

impl Method {
    /// The relative difference up to which a ratio counts as 1 or 2; it is below the rounding error of the closed form.
    const TOLERANCE: f64 = 1e-13;

    pub(super) fn choose(tau_m: f64, tau_s: f64) -> Self {
        let is_ratio = |ratio: f64| (tau_m - ratio * tau_s).abs() <= Self::TOLERANCE * tau_m;
        if is_ratio(2.0) {
            Self::Quadratic
        } else if is_ratio(1.0) {
            Self::LambertW
        } else {
            Self::Newton
        }
    }
}
