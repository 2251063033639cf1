//! A loss of your own, without the trainer: an output neuron learns to spike at given times.
//!
//! Any function of the output spikes will do. All the engine needs is `dL/dt` of each of them.
//!
//! ```sh
//! cargo run --release --example own_loss
//! ```

use noctule::core::{Adam, Initialiser, LifParameters, Model, Network, SpikeBatch, Spikes};
use noctule::cpu::CpuEngine;

/// The times at which the neuron should spike, in seconds.
const TARGETS: [f64; 3] = [0.020, 0.035, 0.060];
/// The unit of the distance, in seconds.
const SCALE: f64 = 0.005;

/// `L = 1/2 sum_k ((t_k - target_k)/scale)^2` over the spikes that have a target, and `dL/dt` of each spike. A spike too
/// many is pushed to later times by a constant slope.
fn distance(output: Spikes<'_, f64>) -> (f64, Vec<f64>) {
    let mut loss = 0.0;
    let mut d_times = Vec::new();
    for (spike, time) in output.times.iter().enumerate() {
        match TARGETS.get(spike) {
            Some(target) => {
                let distance = (time - target) / SCALE;
                loss += 0.5 * distance * distance;
                d_times.push(distance / SCALE);
            }
            None => d_times.push(-1.0 / SCALE),
        }
    }
    (loss, d_times)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let neuron = LifParameters {
        tau_m: 0.010,
        tau_s: 0.005,
        theta: 1.0,
        reset: 1.0,
        max_spikes: 3,
        t_max: 0.1,
    };
    let network =
        Network::<f64>::new(40)?.dense(1, &neuron, Initialiser::normal(60.0, 20.0)?, 3)?;
    let mut input = SpikeBatch::new(40);
    input.push_sample((0..40).map(|neuron| (0.002 * f64::from(neuron), neuron as u32)))?;

    let engine = CpuEngine::new(1)?;
    let adam = Adam {
        learning_rate: 0.3,
        ..Adam::default()
    };
    let mut model = Model::new(&engine, &network, adam)?;
    let mut last = f64::INFINITY;
    for step in 0..=300 {
        let output = model.forward(&input)?;
        let (loss, d_times) = distance(output.sample(0));
        if step % 60 == 0 {
            println!(
                "step {step:3}  loss {loss:.6}  spikes {:.5?} s",
                output.times()
            );
        }
        let gradients = model.backward(&d_times)?;
        assert!(gradients.norm().is_finite());
        model.step_clipped(1e3)?; // a spike that only just reaches the threshold has a huge gradient
        last = loss;
    }
    assert!(last < 0.05, "the loss is still {last}");
    Ok(())
}
