//! What must be the same on all ranks, as text whose lines are compared.

use std::fmt::Write;

use noctule_core::{
    Batch, Images, Layer, LifParameters, Network, ParameterKind, Pixels, Samples, SpikingLayer,
    Tensor, TensorGroup,
};
use sha2::{Digest, Sha256};

use super::error::TrainError;
use super::state::Trainer;

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
        let values = all.iter().flat_map(Tensor::as_slice);
        Ok(hash(values.map(|value| value.to_le_bytes())))
    }
}

fn describe_network(text: &mut String, network: &Network<f32>) {
    let _ = writeln!(text, "[network]\ninput {:?}", network.input_shape());
    for (index, layer) in network.layers().iter().enumerate() {
        let _ = writeln!(text, "[layers.{index}]");
        let _ = match layer {
            Layer::Spiking(layer) => write!(text, "{}", describe_neurons(layer)),
            Layer::SumPool2d(layer) => writeln!(text, "{layer:?}"),
            other => writeln!(text, "layer {}", hash([format!("{other:?}")])),
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
            let values = values.as_slice().iter().map(|value| value.to_le_bytes());
            let _ = writeln!(text, "{kind} of each neuron: {}", hash(values));
        }
    }
    text
}

fn describe(text: &mut String, part: &str, batch: &Batch<f32>) {
    let samples = match &batch.samples {
        Samples::Images(images) => describe_images(images),
        Samples::Events(events) => {
            let offsets = events.offsets().iter().map(|&offset| offset as u64);
            format!(
                "events of {} neurons\ntimes {}\nresiduals {}\nneurons {}\noffsets {}",
                events.population(),
                hash(events.times().iter().map(|time| time.to_le_bytes())),
                hash(events.residuals().iter().map(|time| time.to_le_bytes())),
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
        "{} x {} x {} intensities of each\npixels {pixels}\n{:?}",
        shape.height, shape.width, shape.channels, images.encoding
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
