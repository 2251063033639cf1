//! The jumps of the adjoints at output spikes (see [`adjoint`](crate::backward::adjoint)).

use noctule_core::{Lif, Real};

use crate::tape::spike::Spike;

/// The jump of a neuron's adjoints at one of its output spikes: `V*` grows by `own + later V*`, and `C*` by that times
/// `response`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AdjointJump<T> {
    /// `dL/dt exp(-x/tau_m)/slope`: the error of the spike itself.
    pub own: T,
    /// `(reset/tau_m)/slope`: the factor of the errors of the neuron's later spikes.
    pub later: T,
    /// `phi(x)` of the spike.
    pub response: T,
    /// The number of the event on the path that starts the interval of the spike.
    pub event: u32,
    /// The index of the neuron in the layer.
    pub neuron: u32,
}

impl<T: Real> AdjointJump<T> {
    /// A jump by 0, a placeholder in a list that is to be written.
    pub fn none() -> Self {
        Self {
            own: T::zero(),
            later: T::zero(),
            response: T::zero(),
            event: 0,
            neuron: 0,
        }
    }
}

/// Computes the jumps at the spikes of a layer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JumpRule<T> {
    tau_m: T,
    /// `reset/tau_m`.
    reset: T,
    /// The largest `1/slope`; larger ones are clipped to it.
    max_inverse_slope: T,
}

impl<T: Real> JumpRule<T> {
    pub fn new(neuron: &Lif<T>, max_inverse_slope: T) -> Self {
        Self {
            tau_m: neuron.tau_m(),
            reset: neuron.reset() / neuron.tau_m(),
            max_inverse_slope,
        }
    }

    /// The jump at a spike whose `dL/dt` is `error`.
    #[inline(always)]
    pub fn of_spike(&self, spike: &Spike<T>, error: T) -> AdjointJump<T> {
        let (own, later) = self.growth(spike.slope.recip(), error, spike.leak);
        AdjointJump {
            own,
            later,
            response: spike.response,
            event: spike.event,
            neuron: spike.neuron,
        }
    }

    /// The jump at a spike of a wide layer; `event` is the number of the event that starts its interval.
    #[inline(always)]
    pub fn of_sorted(
        &self,
        neuron: u32,
        leak: T,
        inverse_slope: T,
        error: T,
        event: u32,
    ) -> AdjointJump<T> {
        let (own, later) = self.growth(inverse_slope, error, leak);
        AdjointJump {
            own,
            later,
            response: self.tau_m * (T::one() - leak),
            event,
            neuron,
        }
    }

    /// [`AdjointJump::own`] and [`AdjointJump::later`].
    #[inline(always)]
    fn growth(&self, inverse_slope: T, error: T, leak: T) -> (T, T) {
        // Not `min`, which would also test for NaN.
        let max = self.max_inverse_slope;
        let inverse_slope = if inverse_slope < max {
            inverse_slope
        } else {
            max
        };
        (error * inverse_slope * leak, self.reset * inverse_slope)
    }
}
