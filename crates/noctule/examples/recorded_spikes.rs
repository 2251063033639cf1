//! Training in the loop with a chip: the forward pass is measured, the gradient is computed from the recorded spikes.
//!
//! Here the "chip" is the same network with neurons that differ from one another by 10 % (mismatch), whose spikes arrive
//! with jitter. The host knows only the ideal network and what the chip recorded.
//!
//! ```sh
//! cargo run --release --example recorded_spikes
//! ```

use noctule::core::{
    Adam, Initialiser, LifParameters, Loss, Model, Network, ParameterKind, SpikeBatch, SpikeCount,
};
use noctule::cpu::CpuEngine;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const NEURON: LifParameters = LifParameters {
    tau_m: 0.010,
    tau_s: 0.005,
    theta: 1.0,
    reset: 1.0,
    max_spikes: 20,
    t_max: 0.05,
};

/// A chip: runs the network with its own neurons, and records the spikes of every layer with jitter.
struct Chip {
    model: Model<f32>,
    random: ChaCha8Rng,
}

impl Chip {
    fn new(engine: &CpuEngine, network: &Network<f32>) -> Result<Self, Box<dyn std::error::Error>> {
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let mut network = network.clone();
        for layer in network.layers_mut() {
            if let Some(layer) = layer.spiking_mut() {
                for kind in [ParameterKind::Theta, ParameterKind::TauM] {
                    let ideal = match kind {
                        ParameterKind::Theta => NEURON.theta,
                        _ => NEURON.tau_m,
                    };
                    let own = (0..layer.outputs()).map(|_| ideal * random.random_range(0.9..1.1));
                    let own: Vec<f32> = own.map(|value| value as f32).collect();
                    *layer = layer.clone().with_constants(kind, own)?;
                }
            }
        }
        let model = Model::new(engine, &network, Adam::default())?;
        Ok(Self { model, random })
    }

    /// Takes the host's weights and measures one batch: the spikes of each layer.
    fn measure(
        &mut self,
        host: &Network<f32>,
        input: &SpikeBatch<f32>,
    ) -> Result<Vec<SpikeBatch<f32>>, Box<dyn std::error::Error>> {
        for (layer, weights) in host.indexed_weights() {
            self.model.set_weights(layer, weights.clone())?;
        }
        self.model.forward(input)?;
        let layers = 0..host.layers().len();
        layers
            .map(|layer| {
                let exact = self.model.spikes(layer)?;
                let mut recorded = SpikeBatch::new(exact.population());
                for sample in 0..exact.samples() {
                    let spikes = exact.sample(sample);
                    let mut jitter = |time: f32| time + self.random.random_range(0.0..2e-5);
                    let times: Vec<f32> = spikes.times.iter().map(|&time| jitter(time)).collect();
                    let mut spikes: Vec<_> = times
                        .into_iter()
                        .zip(spikes.neurons.iter().copied())
                        .collect();
                    spikes.sort_by(|a, b| a.0.total_cmp(&b.0));
                    recorded.push_sample(spikes)?;
                }
                Ok(recorded)
            })
            .collect()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Something passes sixteen sensors, from left to right or from right to left, at different speeds.
    let mut input = SpikeBatch::new(16);
    let mut labels = Vec::new();
    for sample in 0..40_u32 {
        let class = sample % 2;
        let step = 0.001 + 0.00005 * (sample / 2) as f32; // seconds from sensor to sensor
        let sensor = |place: u32| if class == 0 { place } else { 15 - place };
        input.push_sample((0..16).map(|place| (step * place as f32, sensor(place))))?;
        labels.push(class);
    }

    let network = Network::<f32>::new(16)?
        .dense(40, &NEURON, Initialiser::normal(60.0, 100.0)?, 1)?
        .dense(2, &NEURON, Initialiser::normal(20.0, 40.0)?, 2)?;
    let engine = CpuEngine::new(0)?;
    let mut chip = Chip::new(&engine, &network)?;
    let adam = Adam {
        learning_rate: 1.0,
        ..Adam::default()
    };
    let mut host = Model::new(&engine, &network, adam)?;
    let loss = Loss::from(SpikeCount {
        target_true: 6.0,
        target_false: 1.0,
    });
    let mut correct = 0;
    for step in 0..=100 {
        let recorded = chip.measure(host.network()?, &input)?;
        let evaluation = loss.evaluate(&recorded[1], &labels)?;
        let pairs = evaluation.predictions.iter().zip(&labels);
        correct = pairs
            .filter(|&(prediction, label)| *prediction == Some(*label))
            .count();
        if step % 20 == 0 {
            println!(
                "step {step:2}  loss {:.3}  {correct} of 40 correct on the chip",
                evaluation.loss
            );
        }
        host.forward_recorded(&input, &recorded)?;
        host.backward(&evaluation.d_times)?;
        host.step()?;
    }
    assert!(correct >= 38);
    Ok(())
}
