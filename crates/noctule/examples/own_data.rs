//! The trainer on your own network and event data: which way does something move?
//!
//! Sixteen sensors in a row report events as something passes, from left to right or from right to left, at any speed, in
//! noise. Any event data will do in their place: a [`SpikeBatch`] and a label for each sample.
//!
//! ```sh
//! cargo run --release --example own_data
//! ```

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use noctule::core::{
    Adam, Batch, Initialiser, Label, LifParameters, Network, SpikeBatch, SpikeCount,
};
use noctule::cpu::CpuEngine;
use noctule::train::{BatchProgress, EpochRecord, Progress, Trainer};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const SENSORS: u32 = 16;

/// `samples` recordings of 50 ms and their directions: 0 to the right, 1 to the left.
fn recordings(samples: usize, seed: u64) -> Result<Batch<f32>, Box<dyn std::error::Error>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut events = SpikeBatch::new(SENSORS as usize);
    let mut labels: Vec<Label> = Vec::new();
    for sample in 0..samples {
        let direction = (sample % 2) as Label;
        let start: f32 = random.random_range(0.0..0.010);
        let step: f32 = random.random_range(0.001..0.002); // seconds from sensor to sensor
        let mut spikes = Vec::new();
        for place in 0..SENSORS {
            let sensor = if direction == 0 {
                place
            } else {
                SENSORS - 1 - place
            };
            let jitter: f32 = random.random_range(0.0..0.001);
            spikes.push((start + step * place as f32 + jitter, sensor));
        }
        let noise = (0..4).map(|_| {
            (
                random.random_range(0.0..0.050),
                random.random_range(0..SENSORS),
            )
        });
        spikes.extend(noise.collect::<Vec<_>>());
        spikes.sort_by(|a, b| a.0.total_cmp(&b.0));
        events.push_sample(spikes)?;
        labels.push(direction);
    }
    Ok(Batch::events(events, labels))
}

/// Prints a line after each epoch.
struct Lines;

impl Progress for Lines {
    fn batch(&mut self, _: BatchProgress<'_>) {}

    fn epoch(&mut self, records: &[EpochRecord]) {
        for record in records.iter().filter(|record| record.split == "test") {
            let accuracy = 100.0 * record.accuracy;
            println!(
                "epoch {:2}  loss {:.3}  {accuracy:.1} % of the test samples",
                record.epoch, record.loss
            );
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let neuron = LifParameters {
        tau_m: 0.010,
        tau_s: 0.005,
        theta: 1.0,
        reset: 1.0,
        max_spikes: 10,
        t_max: 0.060,
    };
    let network = Network::<f32>::new(SENSORS as usize)?
        .dense(40, &neuron, Initialiser::normal(60.0, 100.0)?, 1)?
        .dense(2, &neuron, Initialiser::normal(20.0, 40.0)?, 2)?;
    let mut trainer = Trainer::builder(Arc::new(CpuEngine::new(0)?))
        .network(network)
        .train(recordings(600, 1)?)
        .test(recordings(200, 2)?)
        .loss(SpikeCount {
            target_true: 6.0,
            target_false: 1.0,
        })
        .optimiser(Adam {
            learning_rate: 1.0,
            ..Adam::default()
        })
        .batch_size(20)
        .epochs(10)
        .build()?;
    trainer.run(None, &mut Lines, &AtomicBool::new(false))?;
    let test = trainer
        .history()
        .iter()
        .rfind(|record| record.split == "test");
    assert!(test.is_some_and(|record| record.accuracy > 0.9));
    let path = std::env::temp_dir().join(format!("directions-{}.safetensors", std::process::id()));
    trainer.network()?.save(&path)?;
    println!("{} trained and saved", path.display());
    std::fs::remove_file(path)?; // an example leaves nothing behind
    Ok(())
}
