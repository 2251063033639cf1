//! What output spikes and their errors do to the adjoints of a backward walk (see [`super::backward`]).

use super::forward::Spike;
use crate::{Lif, Real};

/// What one output spike does: `V*` of its neuron grows by `own + later V*`, and `C*` by that times `response`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kick<T> {
    /// `dL/dt exp(-x/tau_m)/slope`: the error of the spike itself.
    pub own: T,
    /// `(reset/tau_m)/slope`: for each spike of the neuron after it.
    pub later: T,
    /// `phi(x)` of the spike.
    pub response: T,
    /// The number of the stop, along the path, after which it happened.
    pub stop: u32,
    /// The neuron, among all of the layer.
    pub neuron: u32,
}

impl<T: Real> Kick<T> {
    /// What fills a list until its kicks are known.
    pub fn none() -> Self {
        Self {
            own: T::zero(),
            later: T::zero(),
            response: T::zero(),
            stop: 0,
            neuron: 0,
        }
    }
}

/// Makes kicks of the spikes of a layer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kicker<T> {
    tau_m: T,
    /// `reset/tau_m`.
    reset: T,
    /// The largest `1/slope` that is let through.
    max_inverse_slope: T,
}

impl<T: Real> Kicker<T> {
    pub fn new(neuron: &Lif<T>, max_inverse_slope: T) -> Self {
        Self {
            tau_m: neuron.tau_m,
            reset: neuron.reset / neuron.tau_m,
            max_inverse_slope,
        }
    }

    /// The kick of a spike whose `dL/dt` is `error`.
    #[inline(always)]
    pub fn of_spike(&self, spike: &Spike<T>, error: T) -> Kick<T> {
        let (own, later) = self.growth(spike.slope.recip(), error, spike.leak);
        Kick {
            own,
            later,
            response: spike.response,
            stop: spike.stop,
            neuron: spike.neuron,
        }
    }

    /// The kick of a spike of a wide layer, after stop number `stop`.
    #[inline(always)]
    pub fn of_sorted(
        &self,
        neuron: u32,
        leak: T,
        inverse_slope: T,
        error: T,
        stop: u32,
    ) -> Kick<T> {
        let (own, later) = self.growth(inverse_slope, error, leak);
        Kick {
            own,
            later,
            response: self.tau_m * (T::one() - leak),
            stop,
            neuron,
        }
    }

    /// [`Kick::own`] and [`Kick::later`].
    #[inline(always)]
    fn growth(&self, inverse_slope: T, error: T, leak: T) -> (T, T) {
        // Not `min`, which would look out for what is no number.
        let most = self.max_inverse_slope;
        let inverse_slope = if inverse_slope < most {
            inverse_slope
        } else {
            most
        };
        (error * inverse_slope * leak, self.reset * inverse_slope)
    }
}
