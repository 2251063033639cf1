//! [`Regularisation`]: changes of the exact gradient that help training.
//!
//! The exact gradient moves spikes in time; it never creates or deletes one. Three common remedies:
//!
//! * **`max_inverse_slope`** clips `1/(du/dt)` of spikes that barely reached the threshold. Their exact gradient is
//!   huge and predicts little about a finite step.
//! * **[`Homeostasis`]** pulls each neuron's mean spike count towards a target, by `strength/2 (mean - target)^2`. It
//!   acts through existing spikes, like the spike-count loss: if there are too few, it moves them to earlier times.
//! * **`silent_boost`** adds `-strength` to the gradient of every weight of a neuron that was silent in the whole
//!   batch. Without a spike a neuron has no gradient, and would stay silent. In the last layer it also adds
//!   `-strength/samples` to the gradient of the weights of the true class's neuron, for each event that reached it in a
//!   sample in which it was silent.

/// A pull of each neuron's spike count, averaged over the batch, towards a target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Homeostasis {
    /// The desired number of spikes per neuron and sample.
    pub target: f64,
    /// The factor of the penalty.
    pub strength: f64,
}

/// The regularisation of one layer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LayerRegularisation {
    /// The spike-count penalty, if any.
    pub homeostasis: Option<Homeostasis>,
    /// The silent boost; 0 for none.
    pub silent_boost: f64,
}

/// The regularisation of a network. The default is the exact gradient.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Regularisation {
    /// The largest `1/(du/dt)`, in seconds per unit of potential; larger ones are clipped to it. `None`: no limit.
    pub max_inverse_slope: Option<f64>,
    /// One entry per layer; layers beyond the end have no regularisation.
    pub layers: Vec<LayerRegularisation>,
}

impl Regularisation {
    /// The regularisation of one layer.
    pub fn layer(&self, layer: usize) -> LayerRegularisation {
        self.layers.get(layer).copied().unwrap_or_default()
    }
}
