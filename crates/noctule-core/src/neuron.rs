//! The leaky integrate-and-fire neuron with an exponential synapse.
//!
//! ```text
//! dI/dt = -I/tau_s + sum_i w_i delta(t - t_i)
//! du/dt = -u/tau_m + I                          u(0) = I(0) = 0
//! spike when u reaches theta from below; then u <- u - reset
//! ```
//!
//! [`LifParameters`] are the unchecked constants. [`Lif`] is the checked neuron that engines use: [`Lif::propagate`] is
//! the exact solution between events, and [`Lif::first_crossing`] finds the next spike.
//!
//! ```
//! use noctule_core::{Lif, LifParameters};
//!
//! let neuron = Lif::<f64>::new(&LifParameters {
//!     tau_m: 0.020,
//!     tau_s: 0.005,
//!     theta: 1.0,
//!     reset: 1.0,
//!     max_spikes: 10,
//!     t_max: 0.1,
//! })?;
//! // From rest, a current of 400 drives the neuron over its threshold within a few milliseconds.
//! let crossing = neuron.first_crossing(0.0, 400.0, 0.1).unwrap();
//! assert!(crossing.elapsed > 0.002 && crossing.elapsed < 0.009);
//! # Ok::<(), noctule_core::NeuronError>(())
//! ```

pub(crate) mod crossing;
pub(crate) mod error;
pub(crate) mod lif;
mod method;
pub(crate) mod parameters;
mod propagator;

pub use crossing::Crossing;
pub use error::NeuronError;
pub use lif::Lif;
pub use parameters::LifParameters;
