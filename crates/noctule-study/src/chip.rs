//! Analog neuromorphic chips as a model: what they make of a network, and two ways to train for one.
//!
//! A [`ChipModel`] says how imprecise chips are; [`Chip`] number `n` is one of them, drawn with the seed `n`. Three ways
//! lead to a network on a chip:
//!
//! * The weights of the exact network are *transferred* to it.
//! * They are trained *under the model*: [`ModelledEngine`] opens every network as the chip has it, and the gradient
//!   passes straight through the rounding of weights.
//! * They are trained *in the loop*: [`InTheLoopEngine`] runs every forward pass on an [`Emulator`] of the chip, and
//!   computes the gradient from the spikes that the chip had, with the constants of an ideal network.
//!
//! Both engines wrap another [`Engine`](noctule_core::Engine), so the trainer does not know of chips.

mod accuracy;
mod emulator;
mod in_the_loop;
mod instance;
mod model;
mod modelled;
mod trial_noise;

pub(crate) use accuracy::accuracy_on_chip;
pub use emulator::Emulator;
pub use in_the_loop::InTheLoopEngine;
pub use instance::{Chip, full_scales};
pub use model::{ChipModel, Mismatch};
pub use modelled::{ModelledEngine, check_engine};
pub use trial_noise::TrialNoise;
