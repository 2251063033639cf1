//! The time of every kernel in training of a 784-800-10 network: `cargo run --release --features gpu --example
//! kernel_times -- [BATCH]`.

use std::time::Instant;

use noctule_core::{
    Adam, Batch, Engine, Initialiser, LifParameters, Loss, Network, Pass, Regularisation,
    SessionOptions, SpikeBatch, SpikeCount,
};
use noctule_gpu::{Backend, GpuEngine, kernel_times, measure_kernels};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let samples = std::env::args()
        .nth(1)
        .map_or(Ok(50), |text| text.parse())?;
    let neuron = LifParameters {
        tau_m: 0.26,
        tau_s: 0.13,
        theta: 0.2,
        reset: 0.2,
        max_spikes: 30,
        t_max: 0.2,
    };
    let output = LifParameters {
        theta: 1.3,
        reset: 1.3,
        ..neuron
    };
    let weights = Initialiser::uniform(-0.1, 0.1)?;
    let network = Network::<f32>::new(784)?
        .dense(800, &neuron, weights, 1)?
        .dense(10, &output, Initialiser::uniform(-0.1, 0.25)?, 2)?;
    let mut input = SpikeBatch::new(784);
    for sample in 0..samples {
        let events = (0..150).map(|event| {
            let input = (event * 31 + sample * 17) % 784;
            (0.0006 * event as f32, input as u32)
        });
        input.push_sample(events)?;
    }
    let labels = (0..samples).map(|sample| (sample % 10) as u32).collect();
    let batch = Batch::events(input, labels);
    let loss = Loss::from(SpikeCount {
        target_true: 15.0,
        target_false: 3.0,
    });
    let engine = GpuEngine::new(Backend::Gpu, 0)?;
    let options = SessionOptions {
        optimiser: Adam::default().into(),
        ..SessionOptions::default()
    };
    let mut session = engine.open(&network, &options)?;
    for round in 0..4 {
        if round == 2 {
            measure_kernels(true);
        }
        session.load(&batch)?;
        let start = Instant::now();
        session.forward(Pass::default())?;
        session.loss(&loss)?;
        session.backward(&Regularisation::default(), 1.0)?;
        session.step(0.001, None)?;
        session.wait()?;
        println!("batch {round}: {:.4} s", start.elapsed().as_secs_f64());
    }
    for (kernel, time) in kernel_times() {
        println!(
            "{kernel:20} {:3} launches {:9.3} ms, fastest {:9.3} ms",
            time.launches,
            1e3 * time.seconds,
            1e3 * time.fastest
        );
    }
    Ok(())
}
