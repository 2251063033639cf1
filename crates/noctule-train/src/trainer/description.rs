//! What must be the same on all ranks, as text whose lines are compared.

use std::fmt::Write;

use noctule_core::{
    Batch, Layer, LifParameters, Network, ParameterKind, Samples, SpikingLayer, Tensor, TensorGroup,
};

use super::error::TrainError;
use super::sample_hash::{describe_samples, hash_numbers};
use super::state::Trainer;
use crate::checksum::short_sha256;

impl Trainer {
    /// Everything that must be the same on all ranks, in lines that people can read.
    pub(super) fn description(&mut self) -> Result<String, TrainError> {
        let mut text = match &self.experiment {
            Some((config, _)) => {
                let mut config = config.clone();
                config.training.threads = 0;
                config.to_toml()?
            }
            None => {
                let mut text = format!("{:#?}\n{:?}\n", self.plan, self.loss);
                describe_network(&mut text, &self.network);
                text
            }
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
        let values: Vec<f32> = all.iter().flat_map(Tensor::as_slice).copied().collect();
        Ok(hash_numbers(&values, |value| value.to_le_bytes()))
    }
}

fn describe_network(text: &mut String, network: &Network<f32>) {
    let _ = writeln!(text, "[network]\ninput {:?}", network.input_shape());
    for (index, layer) in network.layers().iter().enumerate() {
        let _ = writeln!(text, "[layers.{index}]");
        let _ = match layer {
            Layer::Spiking(layer) => write!(text, "{}", describe_neurons(layer)),
            Layer::SumPool2d(layer) => writeln!(text, "{layer:?}"),
            other => writeln!(text, "layer {}", short_sha256(&format!("{other:?}"))),
        };
    }
}

/// All of a layer but its weights, which are a part of the state.
fn describe_neurons(layer: &SpikingLayer<f32>) -> String {
    let LifParameters {
        tau_m,
        tau_s,
        theta,
        reset,
        max_spikes,
        t_max,
    } = *layer.neuron();
    let mut text = format!(
        "{:?}\ntau_m = {tau_m}\ntau_s = {tau_s}\ntheta = {theta}\nreset = {reset}\nmax_spikes = {max_spikes}\n\
         t_max = {t_max}\ndropout = {}\n",
        layer.connection(),
        layer.dropout(),
    );
    for (kind, values) in layer.parameters() {
        if *kind != ParameterKind::Weights {
            let values = hash_numbers(values.as_slice(), |value| value.to_le_bytes());
            let _ = writeln!(text, "{kind} of each neuron: {values}");
        }
    }
    text
}

fn describe(text: &mut String, part: &str, batch: &Batch<f32>) {
    let _ = writeln!(text, "[the {part} part of the data]");
    let _ = writeln!(text, "{}", describe_samples(batch));
    if let Samples::Images(images) = &batch.samples {
        let _ = writeln!(text, "{:?}", images.encoding);
    }
}
