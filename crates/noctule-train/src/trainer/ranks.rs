//! What a trainer does in addition when it is one of several ranks.
//!
//! A rank computes the mean over its shard of a batch; the mean over the batch is the sum of these, each weighted by the
//! size of its shard.
//!
//! A step costs as much as many samples of a wide layer, so it is divided as well: a rank sums the gradients of its shard
//! of the weights, steps that shard, and sends it to all. The optimiser's state and the running mean, which no batch needs
//! whole, are gathered at the end of an epoch.

use std::fmt::Write;

use noctule_core::{Batch, Images, Pixels, Samples, Tensor, TensorGroup};
use sha2::{Digest, Sha256};

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
            self.session.set_shard(rank, ranks);
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

    /// Everything that must be the same on all ranks, in lines that people can read.
    fn description(&mut self) -> Result<String, TrainError> {
        let mut text = match &self.experiment {
            Some((config, _)) => {
                let mut config = config.clone();
                config.training.threads = 0;
                config.to_toml()?
            }
            None => format!("{:#?}\n{:?}\n", self.plan, self.loss),
        };
        let samples = &self.samples;
        let parts = [
            ("train", Some(&samples.train)),
            ("validation", samples.validation.as_ref()),
            ("test", Some(&samples.test)),
        ];
        for (name, set) in parts {
            if let Some(set) = set {
                describe(&mut text, name, &set.batch);
            }
        }
        let mut weights = vec![TensorGroup::Parameters];
        if self.has_average() {
            weights.push(TensorGroup::Average);
        }
        let states = self.plan.optimiser.state_names().len();
        let optimiser: Vec<_> = (0..states).map(TensorGroup::OptimiserState).collect();
        let (weights, optimiser) = (self.hash_of(&weights)?, self.hash_of(&optimiser)?);
        let _ = write!(
            text,
            "[build and state]\nversion {}\n{}\n{} epochs and {} batches done\nweights {weights}\noptimiser {optimiser}\n",
            env!("CARGO_PKG_VERSION"),
            // The bits of a result must not depend on which machine got which rank.
            self.info.arithmetic,
            self.position.epoch,
            self.position.batch,
        );
        Ok(text)
    }

    fn hash_of(&mut self, groups: &[TensorGroup]) -> Result<String, TrainError> {
        let mut all = Vec::new();
        for &group in groups {
            all.extend(self.session.read(group)?.into_values());
        }
        let values = all.iter().flat_map(Tensor::as_slice);
        Ok(hash(values.map(|value| value.to_le_bytes())))
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

fn describe(text: &mut String, part: &str, batch: &Batch<f32>) {
    let samples = match &batch.samples {
        Samples::Images(images) => describe_images(images),
        Samples::Events(events) => {
            let offsets = events.offsets().iter().map(|&offset| offset as u64);
            format!(
                "events of {} neurons\ntimes {}\nneurons {}\noffsets {}",
                events.population(),
                hash(events.times().iter().map(|time| time.to_le_bytes())),
                hash(events.neurons().iter().map(|neuron| neuron.to_le_bytes())),
                hash(offsets.map(u64::to_le_bytes)),
            )
        }
        _ => "other samples".to_owned(),
    };
    let _ = write!(
        text,
        "[the {part} part of the data]\n{} samples\nlabels {}\n{samples}\n",
        batch.len(),
        hash(batch.labels.iter().map(|label| label.to_le_bytes())),
    );
}

fn describe_images(images: &Images) -> String {
    let shape = images.shape;
    let pixels = match &images.pixels {
        Pixels::Bytes(values) => hash([values.as_slice()]),
        Pixels::Floats(values) => hash(values.iter().map(|value| value.to_le_bytes())),
    };
    format!(
        "{} x {} x {} intensities of each\npixels {pixels}",
        shape.height, shape.width, shape.channels
    )
}

/// The first digits of the SHA-256 of all `parts` together.
fn hash(parts: impl IntoIterator<Item = impl AsRef<[u8]>>) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    let digest = hasher.finalize();
    digest.iter().take(8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
