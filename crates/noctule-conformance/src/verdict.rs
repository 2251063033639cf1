//! How far an outcome is from what is expected, and how far it may be.

use std::fmt;

use noctule_core::Real;

/// The largest errors that are allowed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerances {
    /// Of a spike time, in units of the layer's `tau_s` (the smallest one, if it differs from neuron to neuron).
    pub times: f64,
    /// Of a gradient, relative to the largest entry of its list.
    pub gradients: f64,
}

impl Tolerances {
    /// The tolerances in the precision `T`; `recorded` is for gradients at recorded spikes, which are not solved for.
    pub fn new<T: Real>(recorded: bool) -> Self {
        let is_double = Real::to_f64(T::epsilon()) < 1e-12;
        match (is_double, recorded) {
            (true, false) => Self {
                times: 1e-9,
                gradients: 1e-6,
            },
            (true, true) => Self {
                times: 1e-9,
                gradients: 1e-9,
            },
            (false, _) => Self {
                times: 1e-4,
                gradients: 1e-3,
            },
        }
    }
}

/// Something that is not as expected.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Problem {
    /// A neuron spikes more or less often.
    Count {
        /// Index of the layer.
        layer: usize,
        /// Index of the neuron.
        neuron: usize,
        /// Spikes that were computed.
        found: usize,
        /// Spikes that are expected.
        expected: usize,
    },
    /// A spike comes at another time. Of each case the largest such error is kept.
    Time {
        /// Index of the layer.
        layer: usize,
        /// Index of the neuron.
        neuron: usize,
        /// Index among the spikes of the neuron.
        spike: usize,
        /// The error in units of `tau_s`.
        error: f64,
        /// The error that is allowed.
        allowed: f64,
    },
    /// A gradient differs.
    Gradient {
        /// Of what.
        what: String,
        /// The largest error, relative to the largest expected entry.
        error: f64,
        /// The error that is allowed.
        allowed: f64,
    },
    /// A gradient is NaN or infinite.
    NotFinite {
        /// Of what.
        what: String,
    },
    /// A gradient is expected that the engine does not compute.
    Missing {
        /// Of what.
        what: String,
    },
    /// Another number of recorded spikes has a slope that is not positive.
    WithoutRise {
        /// Spikes that were found.
        found: u64,
        /// Spikes that are expected.
        expected: u64,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count {
                layer,
                neuron,
                found,
                expected,
            } => write!(
                formatter,
                "layer {layer}: neuron {neuron} spikes {found} times, not {expected} times (no difference is allowed)"
            ),
            Self::Time {
                layer,
                neuron,
                spike,
                error,
                allowed,
            } => write!(
                formatter,
                "layer {layer}: spike {spike} of neuron {neuron} is off by {error:.1e} tau_s (allowed: {allowed:e})"
            ),
            Self::Gradient {
                what,
                error,
                allowed,
            } => write!(
                formatter,
                "the gradient of {what} is off by {error:.1e} of its largest entry (allowed: {allowed:e})"
            ),
            Self::NotFinite { what } => {
                write!(formatter, "the gradient of {what} is not finite")
            }
            Self::Missing { what } => write!(formatter, "there is no gradient of {what}"),
            Self::WithoutRise { found, expected } => write!(
                formatter,
                "{found} spikes without rise, not {expected} (no difference is allowed)"
            ),
        }
    }
}

/// The verdict on one case.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// What the case is called.
    pub case: String,
    /// Whether there was anything to judge by.
    pub judged: bool,
    /// What is not as expected.
    pub problems: Vec<Problem>,
    /// The largest error of a spike time, in units of `tau_s`; `None` if no time was compared.
    pub time_error: Option<f64>,
    /// The largest error of a gradient, relative to the largest entry of its list; `None` if none was compared.
    pub gradient_error: Option<f64>,
}

impl Verdict {
    /// Whether the case was judged and something is not as expected.
    pub fn failed(&self) -> bool {
        !self.problems.is_empty()
    }

    /// Compares spike times in seconds of one layer, neuron by neuron. Returns whether all counts agree.
    pub(crate) fn compare_times(
        &mut self,
        layer: usize,
        tau_s: f64,
        found: &[Vec<f64>],
        expected: &[Vec<f64>],
        allowed: f64,
    ) -> bool {
        let mut worst = None;
        for (neuron, (found, expected)) in found.iter().zip(expected).enumerate() {
            if found.len() != expected.len() {
                self.problems.push(Problem::Count {
                    layer,
                    neuron,
                    found: found.len(),
                    expected: expected.len(),
                });
                return false;
            }
            for (spike, (found, expected)) in found.iter().zip(expected).enumerate() {
                let error = size((found - expected) / tau_s);
                if worst.is_none_or(|(_, _, worst)| error > worst) {
                    worst = Some((neuron, spike, error));
                }
            }
        }
        if let Some((neuron, spike, error)) = worst {
            self.time_error = Some(self.time_error.unwrap_or(0.0).max(error));
            if error > allowed {
                self.problems.push(Problem::Time {
                    layer,
                    neuron,
                    spike,
                    error,
                    allowed,
                });
            }
        }
        true
    }

    /// Compares a gradient; both lists have the same length.
    pub(crate) fn compare_gradient(
        &mut self,
        what: String,
        found: &[f64],
        expected: &[f64],
        allowed: f64,
    ) {
        let error = relative_error(found, expected);
        self.gradient_error = Some(self.gradient_error.unwrap_or(0.0).max(error));
        if error > allowed {
            self.problems.push(Problem::Gradient {
                what,
                error,
                allowed,
            });
        }
    }
}

/// The largest difference relative to the largest entry of `expected`; the difference itself if all entries are 0.
pub(crate) fn relative_error(found: &[f64], expected: &[f64]) -> f64 {
    let largest = expected.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    let pairs = found.iter().zip(expected);
    let error = pairs.fold(0.0_f64, |m, (a, b)| m.max(size(a - b)));
    if largest == 0.0 {
        error
    } else {
        error / largest
    }
}

/// The absolute value; infinity for NaN, which a maximum would pass over.
fn size(difference: f64) -> f64 {
    if difference.is_nan() {
        f64::INFINITY
    } else {
        difference.abs()
    }
}
