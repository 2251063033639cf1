//! [`Spike`]: an output spike with the coefficients that the backward pass needs.

/// An output spike of a neuron; `x` is its time in seconds after the reference of its segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spike<T> {
    /// Time in seconds.
    pub time: T,
    /// Slope of the potential just before the spike, per second.
    pub slope: T,
    /// `exp(-x/tau_m)`.
    pub leak: T,
    /// `phi(x)`.
    pub response: T,
    /// The number of the event on the path that starts the interval of the spike.
    pub event: u32,
    /// The index of the neuron in the layer.
    pub neuron: u32,
}
