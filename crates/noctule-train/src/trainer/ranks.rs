//! What a trainer does otherwise when it is one of several ranks.
//!
//! A rank computes the mean over its share of a batch; the mean over the batch is the sum of these, each weighted by the
//! size of its share. Everything that goes into a gradient is linear in the errors of the output events and in the
//! strengths of the guards, so it is these that are weighted: there are fewer of them than of weights.
//!
//! A step costs as much as many samples of a wide layer, so it is shared out as well: a rank sums the gradients of its share
//! of the weights, steps that share, and hands it to all. The optimiser's state and the running mean, which no batch needs
//! whole, come together at the end of an epoch.

use std::fmt::Write;

use noctule_core::{Guards, Weights, is_fused};
use noctule_data::{Dataset, Inputs};
use sha2::{Digest, Sha256};

use super::{TrainError, Trainer};
use crate::collective::{Collective, agree};
use crate::config::LayerConfig;

impl Trainer {
    /// Makes this trainer one of several ranks, which must all be in the same state: begun or resumed alike.
    ///
    /// # Errors
    /// On every rank, if one of them has another experiment, other data or another state; the error names what differs.
    pub fn join(mut self, collective: Box<dyn Collective>) -> Result<Self, TrainError> {
        self.collective = collective;
        if !self.collective.is_solo() {
            let description = self.description()?;
            agree(&mut *self.collective, &description)?;
        }
        let (rank, ranks) = (self.collective.rank(), self.collective.size());
        self.optimiser.take_share(rank, ranks);
        Ok(self)
    }

    /// This rank among the others.
    pub fn collective(&mut self) -> &mut dyn Collective {
        &mut *self.collective
    }

    /// What several ranks do otherwise than one process would, apart from the rounding of sums: a sentence for each.
    /// Empty for a process by itself.
    pub fn caveats(&self) -> Vec<&'static str> {
        let mut caveats = Vec::new();
        if self.collective.is_solo() {
            return caveats;
        }
        let layers = &self.config.layers;
        let mut populations = layers.iter().filter_map(LayerConfig::population);
        if populations.any(|population| population.homeostasis.is_some()) {
            caveats.push(
                "homeostasis looks at the mean spike counts of each rank's share of a batch, not of the whole batch",
            );
        }
        let thinned =
            |layer: &LayerConfig| matches!(layer, LayerConfig::Dense(dense) if dense.dropout > 0.0);
        if layers.iter().any(thinned) {
            caveats.push("dropout takes away other inputs than it does in one process");
        }
        caveats
    }

    /// Everything that must be the same on all ranks, in lines that people can read.
    fn description(&self) -> Result<String, TrainError> {
        let mut config = self.config.clone();
        config.training.threads = 0;
        let mut text = config.to_toml()?;
        let data = &self.data;
        let parts = [
            ("train", Some(&data.train)),
            ("validation", data.validation.as_ref()),
            ("test", Some(&data.test)),
        ];
        for (name, dataset) in parts {
            if let Some(dataset) = dataset {
                describe(&mut text, name, dataset);
            }
        }
        let optimiser = self.optimiser.state();
        let moments = optimiser.iter().flat_map(|(_, values)| *values);
        let _ = write!(
            text,
            "[build and state]\nversion {}\n{} multiplications and additions\n{} epochs and {} batches done\nweights {}\noptimiser {}\n",
            env!("CARGO_PKG_VERSION"),
            // Which bits come out must not depend on which machine got which rank.
            if is_fused() { "fused" } else { "separate" },
            self.epoch,
            self.batch,
            self.hash_of_weights(),
            hash(moments.map(|value| value.to_le_bytes())),
        );
        Ok(text)
    }

    fn hash_of_weights(&self) -> String {
        let average = self
            .average
            .iter()
            .flat_map(|average| average.network.weights());
        let weights = self
            .network
            .weights()
            .chain(average)
            .flat_map(Weights::as_flat);
        hash(weights.map(|weight| weight.to_le_bytes()))
    }

    /// Sums the gradients of this rank's share of the weights, and raises those weights in it that belong to neurons that were
    /// silent on all ranks. Gradients of other weights are of no use afterwards.
    pub(super) fn sum_gradients(&mut self) {
        if self.collective.is_solo() {
            return;
        }
        let layers = self.network.indexed_weights().map(|(layer, _)| layer);
        for (layer, gradient) in layers.zip(self.gradient.weights_mut()) {
            self.collective.sum_share(gradient.as_flat_mut());
            let guards = self.guards.layers.get(layer);
            let boost = guards.map_or(0.0, |guards| guards.silent_boost);
            if boost != 0.0 {
                raise_silent(gradient, self.scratch.tally.spiked(layer), boost as f32);
            }
        }
    }

    /// Hands the weights that this rank stepped to all others, and takes theirs.
    pub(super) fn share_weights(&mut self) {
        if self.collective.is_solo() {
            return;
        }
        for weights in self.network.weights_mut() {
            self.collective.bring_together(weights.as_flat_mut());
        }
    }

    /// Brings together what each rank kept up for its share of the weights alone.
    pub(super) fn share_state(&mut self) {
        if self.collective.is_solo() {
            return;
        }
        for tensor in self.optimiser.tensors_mut() {
            self.collective.bring_together(tensor);
        }
        let average = self.average.iter_mut();
        for weights in average.flat_map(|average| average.network.weights_mut()) {
            self.collective.bring_together(weights.as_flat_mut());
        }
    }
}

/// The guards of a share that is `weight` of the batch. Whether a neuron is silent in the whole batch no rank knows by
/// itself: [`Trainer::sum_gradients`] sees to it.
pub(super) fn guards_of_share(guards: &Guards, weight: f64) -> Guards {
    let mut guards = guards.clone();
    for layer in &mut guards.layers {
        layer.silent_boost = 0.0;
        if let Some(homeostasis) = &mut layer.homeostasis {
            homeostasis.strength *= weight;
        }
    }
    guards
}

/// The silent boost of the hidden layers, as [`Guards`] have it, from what all ranks saw: `spiked` of each neuron.
fn raise_silent(gradient: &mut Weights<f32>, spiked: &[bool], boost: f32) {
    // Neurons of one filter share their weights: these are raised if all of them were silent.
    let filters = gradient.outputs();
    let mut active = vec![false; filters];
    for (neuron, &spiked) in spiked.iter().enumerate() {
        active[neuron % filters] |= spiked;
    }
    for (filter, _) in active.iter().enumerate().filter(|&(_, active)| !active) {
        for input in 0..gradient.inputs() {
            let raised = gradient.get(filter, input) - boost;
            gradient.set(filter, input, raised);
        }
    }
}

fn describe(text: &mut String, part: &str, dataset: &Dataset) {
    let shape = dataset.shape();
    let inputs = match dataset.inputs() {
        Inputs::Bytes(values) => hash([values]),
        Inputs::Floats(values) => hash(values.iter().map(|value| value.to_le_bytes())),
        _ => String::new(),
    };
    let _ = write!(
        text,
        "[the {part} part of the data]\n{} samples of {} x {} x {} intensities, {} classes\nlabels {}\npixels {inputs}\n",
        dataset.len(),
        shape.height,
        shape.width,
        shape.channels,
        dataset.classes(),
        hash(dataset.labels().iter().map(|label| label.to_le_bytes())),
    );
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
