//! Guards and regularisers: what the exact gradient cannot do by itself.
//!
//! The gradient moves spikes in time; it never creates or deletes one. Three things the field uses against that:
//!
//! * **`max_inverse_slope`** clips `1/(du/dt)` of spikes that only just reached the threshold, whose exact gradient is
//!   huge and says little about what a finite step will do.
//! * **[`Homeostasis`]** pulls each neuron's mean spike count towards a target, by `strength/2 (mean - target)^2`. It
//!   acts through the spikes there are, like the spike-count loss: too few asks for earlier ones.
//! * **silent boost** adds `-strength` to the gradient of every weight of a neuron that was silent in the whole batch:
//!   a neuron without a spike gets no gradient at all, and would stay dead. For output neurons that are silent in a
//!   sample of their class there is [`Network::boost_silent`](crate::Network::boost_silent).

use crate::layer::Weights;
use crate::{Real, SpikeBatch};

/// A pull of each neuron's spike count, averaged over the batch, towards a target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Homeostasis {
    /// The spikes per neuron and sample to aim at.
    pub target: f64,
    /// How hard to pull.
    pub strength: f64,
}

/// The guards of one layer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LayerGuards {
    /// Spike-count regularisation, if any.
    pub homeostasis: Option<Homeostasis>,
    /// The silent boost; 0 for none.
    pub silent_boost: f64,
}

/// The guards of a network. The default is none: the exact gradient.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Guards {
    /// The largest `1/(du/dt)` that is let through, in seconds per unit of potential; `None` for no limit.
    pub max_inverse_slope: Option<f64>,
    /// One for each layer; layers beyond the end have none.
    pub layers: Vec<LayerGuards>,
}

impl Guards {
    pub(crate) fn max_inverse_slope<T: Real>(&self) -> T {
        self.max_inverse_slope.map_or(T::infinity(), T::of)
    }

    fn layer(&self, layer: usize) -> LayerGuards {
        self.layers.get(layer).copied().unwrap_or_default()
    }

    pub(crate) fn add_homeostasis<T: Real>(
        &self,
        layer: usize,
        output: &SpikeBatch<T>,
        d_times: &mut [T],
    ) {
        let Some(Homeostasis { target, strength }) = self.layer(layer).homeostasis else {
            return;
        };
        let samples = output.samples().max(1) as f64;
        let counts = total_counts(output);
        for (d_time, &neuron) in d_times.iter_mut().zip(output.neurons()) {
            let mean = counts[neuron as usize] as f64 / samples;
            *d_time += T::of(strength * (target - mean) / samples);
        }
    }

    pub(crate) fn add_silent_boost<T: Real>(
        &self,
        layer: usize,
        output: &SpikeBatch<T>,
        gradient: &mut Weights<T>,
    ) {
        let boost = T::of(self.layer(layer).silent_boost);
        if boost == T::zero() {
            return;
        }
        let spiked = spiking_filters(output, gradient.outputs());
        for (filter, _) in spiked.iter().enumerate().filter(|&(_, spiked)| !spiked) {
            for input in 0..gradient.inputs() {
                let raised = gradient.get(filter, input) - boost;
                gradient.set(filter, input, raised);
            }
        }
    }
}

/// Whether any neuron of each filter spiked: neurons of one filter share their weights.
fn spiking_filters<T: Real>(output: &SpikeBatch<T>, filters: usize) -> Vec<bool> {
    let mut spiked = vec![false; filters];
    let mut silent = filters;
    let is_dense = output.population() == filters;
    for &neuron in output.neurons() {
        // Without a convolution the division is saved.
        let filter = neuron as usize;
        let filter = if is_dense { filter } else { filter % filters };
        if !spiked[filter] {
            spiked[filter] = true;
            silent -= 1;
            if silent == 0 {
                break;
            }
        }
    }
    spiked
}

/// Spikes of every neuron in all samples together.
fn total_counts<T: Real>(events: &SpikeBatch<T>) -> Vec<u64> {
    let mut counts = vec![0; events.population()];
    for &neuron in events.neurons() {
        counts[neuron as usize] += 1;
    }
    counts
}
