//! What a trainer does in addition when it is one of several ranks.
//!
//! A rank computes the mean over its shard of a batch; the mean over the batch is the sum of these, each weighted by the
//! size of its shard.
//!
//! A step costs as much as many samples of a wide layer, so it is divided as well: a rank sums the gradients of its shard
//! of the weights, steps that shard, and sends it to all. The optimiser's state and the running mean, which no batch needs
//! whole, are gathered at the end of an epoch.

use noctule_core::TensorGroup;

use super::error::TrainError;
use super::state::Trainer;
use crate::collective::{Collective, agree};

impl Trainer {
    /// Makes this trainer one of several ranks, which must all be in the same state: begun or resumed alike.
    ///
    /// # Errors
    /// On every rank, if one of them has another experiment, other data or another state; the error names what differs.
    pub fn join(mut self, collective: Box<dyn Collective>) -> Result<Self, TrainError> {
        self.collective = collective;
        if !self.collective.is_single() {
            let description = self.description()?;
            agree(&mut *self.collective, &description)?;
            let (rank, ranks) = (self.collective.rank(), self.collective.size());
            self.session.set_shard(rank, ranks)?;
        }
        Ok(self)
    }

    /// This rank among the others.
    pub fn collective(&mut self) -> &mut dyn Collective {
        &mut *self.collective
    }

    /// How several ranks differ from one process, apart from the rounding of sums: a sentence for each difference. Empty
    /// for a single process.
    pub fn caveats(&self) -> Vec<&'static str> {
        let mut caveats = Vec::new();
        let mut layers = self.plan.regularisation.layers.iter();
        if !self.collective.is_single() && layers.any(|layer| layer.homeostasis.is_some()) {
            caveats.push(
                "homeostasis uses the mean spike counts of each rank's shard of a batch, not of the whole batch",
            );
        }
        caveats
    }

    /// Replaces what was measured of the last batch by its sum over all ranks.
    pub(super) fn exchange_metrics(&mut self) -> Result<(), TrainError> {
        if !self.collective.is_single() {
            let collective = &mut self.collective;
            self.session
                .exchange_metrics(&mut |numbers| collective.sum(numbers))?;
        }
        Ok(())
    }

    /// Sums the gradients of this rank's shard of the weights. The gradients of other weights are undefined afterwards.
    pub(super) fn sum_gradients(&mut self) -> Result<(), TrainError> {
        if !self.collective.is_single() {
            let collective = &mut self.collective;
            self.session
                .exchange(TensorGroup::Gradient, &mut |values| {
                    collective.sum_shard(values);
                })?;
        }
        Ok(())
    }

    /// Sends this rank's shard of a group of tensors to all others, and receives theirs.
    pub(super) fn gather(&mut self, group: TensorGroup) -> Result<(), TrainError> {
        if !self.collective.is_single() {
            let collective = &mut self.collective;
            self.session
                .exchange(group, &mut |values| collective.all_gather(values))?;
        }
        Ok(())
    }

    /// Gathers the tensors of which each rank kept only its shard up to date.
    pub(super) fn gather_state(&mut self) -> Result<(), TrainError> {
        for state in 0..self.plan.optimiser.state_names().len() {
            self.gather(TensorGroup::OptimiserState(state))?;
        }
        if self.has_average() {
            self.gather(TensorGroup::Average)?;
        }
        Ok(())
    }
}
