//! Taking an optimiser's state out for a checkpoint, and putting it back.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Optimiser, Slot};

/// What an optimiser remembers besides its tensors; it belongs in a checkpoint with them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimiserProgress {
    /// The optimiser's `kind`, such as `adam`.
    pub kind: String,
    /// Steps taken so far.
    pub steps: u64,
    /// NAdam's running product of momenta; 1 for all others.
    pub momentum_product: f64,
}

/// A saved state does not belong to this optimiser.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RestoreError {
    /// The state was saved by another kind of optimiser.
    #[error(
        "the saved optimiser state is of kind `{found}`, but the configuration asks for `{expected}`; \
         resume with the run's own configuration"
    )]
    Kind {
        /// Kind in the configuration.
        expected: String,
        /// Kind in the saved state.
        found: String,
    },
    /// A tensor is missing.
    #[error(
        "the saved optimiser state lacks the tensor `{name}`; was it saved by a network with fewer layers?"
    )]
    Missing {
        /// Name of the slot and index of the parameter tensor.
        name: String,
    },
    /// A tensor has another length than its parameters.
    #[error(
        "the saved optimiser tensor `{name}` has {found} numbers, but this network needs {expected}"
    )]
    Length {
        /// Name of the slot and index of the parameter tensor.
        name: String,
        /// Length of the parameter tensor.
        expected: usize,
        /// Length of the saved tensor.
        found: usize,
    },
    /// A saved number cannot be right.
    #[error("the saved optimiser state is damaged: `{name}` holds {value} at position {position}")]
    Damaged {
        /// Name of the slot and index of the parameter tensor, or of the scalar.
        name: String,
        /// The number that was found.
        value: String,
        /// Where in the tensor.
        position: usize,
    },
}

impl Optimiser {
    /// The state tensors for a checkpoint, named by slot and parameter tensor: `first_moment.0`, `second_moment.0`,
    /// `momentum.0`.
    pub fn state(&self) -> Vec<(String, &[f32])> {
        let named = |slot: &'_ Slot, index: usize| format!("{}.{index}", slot.name);
        let tensors = self.slots.iter().flat_map(|slot| {
            let tensors = slot.tensors.iter().enumerate();
            tensors.map(move |(index, values)| (named(slot, index), values.as_slice()))
        });
        tensors.collect()
    }

    /// The state tensors, in the order of [`Optimiser::state`]: of several ranks, each keeps up its share alone, and these
    /// must be brought together before the state is saved.
    pub fn tensors_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        let tensors = self.slots.iter_mut().flat_map(|slot| &mut slot.tensors);
        tensors.map(|tensor| tensor.as_mut_slice())
    }

    /// The rest of the state for a checkpoint.
    pub fn progress(&self) -> &OptimiserProgress {
        &self.progress
    }

    /// Goes back to a saved state; `find` gives the saved tensor of a name from [`Optimiser::state`].
    ///
    /// # Errors
    /// [`RestoreError`] if the state is of another kind of optimiser or another network, or damaged; this optimiser
    /// then stays as it was.
    pub fn restore<'a>(
        &mut self,
        progress: &OptimiserProgress,
        find: impl Fn(&str) -> Option<&'a [f32]>,
    ) -> Result<(), RestoreError> {
        if progress.kind != self.config.kind() {
            return Err(RestoreError::Kind {
                expected: self.config.kind().to_owned(),
                found: progress.kind.clone(),
            });
        }
        if !(0.0..=1.0).contains(&progress.momentum_product) {
            return Err(RestoreError::Damaged {
                name: "momentum_product".to_owned(),
                value: progress.momentum_product.to_string(),
                position: 0,
            });
        }
        let mut restored = self.slots.clone();
        for slot in &mut restored {
            for (index, tensor) in slot.tensors.iter_mut().enumerate() {
                let name = format!("{}.{index}", slot.name);
                let saved =
                    find(&name).ok_or_else(|| RestoreError::Missing { name: name.clone() })?;
                check_saved(&name, saved, tensor.len(), slot.name == "second_moment")?;
                tensor.copy_from_slice(saved);
            }
        }
        self.slots = restored;
        self.progress = progress.clone();
        Ok(())
    }
}

fn check_saved(
    name: &str,
    saved: &[f32],
    expected: usize,
    is_square: bool,
) -> Result<(), RestoreError> {
    if saved.len() != expected {
        return Err(RestoreError::Length {
            name: name.to_owned(),
            expected,
            found: saved.len(),
        });
    }
    let damaged = |value: &f32| !value.is_finite() || (is_square && *value < 0.0);
    match saved.iter().position(damaged) {
        None => Ok(()),
        Some(position) => Err(RestoreError::Damaged {
            name: name.to_owned(),
            value: saved[position].to_string(),
            position,
        }),
    }
}
