//! Event-based spiking neural networks with exact gradients.
//!
//! Noctule simulates leaky integrate-and-fire neurons from event to event, without a time step, and differentiates the
//! loss exactly through the spike times, for neurons that spike many times (Bacho & Chu, "Exploring Trade-Offs in
//! Spiking Neural Networks", Neural Computation 2023).
//!
//! One idea carries the crate: *a layer maps a time-sorted event list to a time-sorted event list*. The events of a
//! batch are a [`SpikeBatch`]; a [`Layer`] has the two verbs `forward` and `backward`; a [`Loss`] turns the last
//! layer's events into a number and an error `dL/dt` for each event; a [`Network`] chains them.
//!
//! ```
//! use noctule_core::{
//!     Activity, Guards, Initialiser, Lif, LifParameters, Loss, Network, SpikeBatch, SpikeCount,
//! };
//!
//! let neuron = Lif::<f64>::new(&LifParameters {
//!     tau_m: 0.020, tau_s: 0.010, theta: 1.0, reset: 1.0, max_spikes: 10, t_max: 0.1,
//! })?;
//! let mut network = Network::new(2)?.dense(3, neuron, Initialiser::uniform(0.0, 400.0)?, 7)?;
//! let mut input = SpikeBatch::new(2);
//! input.push_sample([(0.000, 0), (0.005, 1)])?;
//!
//! let mut activity = Activity::new();
//! let output = network.forward(&input, &mut activity)?;
//! let loss = SpikeCount { target_true: 5.0, target_false: 1.0 };
//! let evaluation = loss.evaluate(output, &[2])?;
//!
//! let mut gradient = network.zero_gradient();
//! network.backward(&mut activity, evaluation.d_times, &Guards::default(), &mut gradient, false)?;
//! for (weights, gradient) in network.weights_mut().zip(gradient.weights_mut()) {
//!     for (weight, slope) in weights.as_flat_mut().iter_mut().zip(gradient.as_flat()) {
//!         *weight -= 10.0 * slope; // Plain gradient descent.
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod engine;
mod guards;
mod layer;
mod loss;
mod network;
mod neuron;
mod real;
mod spikes;

pub use engine::dispatch::is_fused;
pub use guards::{Guards, Homeostasis, LayerGuards};
pub use layer::{
    Conv2d, Dense, DropoutError, Initialiser, InitialiserError, Layer, Shape, ShapeError,
    SumPool2d, Tape, TimeErrors, Weights, WeightsError, Window, WindowError,
};
pub use loss::{
    CountSoftmax, EarlyPull, Evaluation, LabelError, Loss, SpikeCount, SpikeTime, TimeToFirstSpike,
};
pub use network::{Activity, Gradient, Network};
pub use neuron::{Crossing, Lif, LifParameters, NeuronError};
pub use real::Real;
pub use spikes::{SpikeBatch, SpikeError, Spikes};
