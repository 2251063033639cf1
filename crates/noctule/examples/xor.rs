//! XOR in the time of spikes: a small network learns it in a second.
//!
//! A bit is an early spike (1) or a late one (0). Which of two output neurons spikes first is the answer.
//!
//! ```sh
//! cargo run --release --example xor
//! ```

use noctule::core::{
    Adam, FirstSpike, Initialiser, LifParameters, Loss, Model, Network, SpikeBatch,
};
use noctule::cpu::CpuEngine;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let neuron = LifParameters {
        tau_m: 0.020, // seconds, as all times
        tau_s: 0.010,
        theta: 1.0,
        reset: 1.0,
        max_spikes: 5,
        t_max: 0.1,
    };
    // Two bits, and a third input that always spikes at the start.
    let network = Network::<f32>::new(3)?
        .dense(20, &neuron, Initialiser::normal(80.0, 80.0)?, 1)?
        .dense(2, &neuron, Initialiser::normal(30.0, 30.0)?, 2)?;

    let mut input = SpikeBatch::new(3);
    let labels: Vec<u32> = (0..4).map(|bits| (bits & 1) ^ (bits >> 1)).collect();
    for bits in 0..4_u32 {
        let time = |bit: u32| if bits >> bit & 1 == 1 { 0.002 } else { 0.020 };
        let mut spikes: Vec<(f32, u32)> = vec![(0.0, 2), (time(0), 0), (time(1), 1)];
        spikes.sort_by(|a, b| a.0.total_cmp(&b.0));
        input.push_sample(spikes)?;
    }

    let engine = CpuEngine::new(0)?;
    let adam = Adam {
        learning_rate: 2.0, // weights are some tens: units of theta/tau_m
        ..Adam::default()
    };
    let mut model = Model::new(&engine, &network, adam)?;
    let loss = Loss::from(FirstSpike {
        temperature: 0.003,
        silent_time: neuron.t_max,
        early_pull: None,
    });
    for epoch in 0..=300 {
        let output = model.forward(&input)?;
        let evaluation = loss.evaluate(&output, &labels)?;
        let answers: Vec<_> = evaluation.predictions.iter().flatten().collect();
        if epoch % 50 == 0 {
            println!(
                "epoch {epoch:3}  loss {:.4}  answers {answers:?}",
                evaluation.loss
            );
        }
        model.backward(&evaluation.d_times)?; // exact gradients, through every spike
        model.step()?;
    }
    let predictions = loss.evaluate(&model.forward(&input)?, &labels)?.predictions;
    assert_eq!(predictions, [Some(0), Some(1), Some(1), Some(0)]);
    println!("solved");
    Ok(())
}
