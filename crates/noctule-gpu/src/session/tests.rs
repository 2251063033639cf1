//! What a batch costs: launches, reads and memory.

use cubecl::prelude::Runtime;
use cubecl::wgpu::WgpuRuntime;
use noctule_conformance::networks::{mnist_conv, mnist_count};
use noctule_core::{
    Adam, Batch, LayerRegularisation, Loss, Network, Pass, Regularisation, Session, SessionOptions,
    SpikeBatch, SpikeCount,
};

use crate::device::wgpu_device;
use crate::session::state::GpuSession;

fn batch(samples: usize) -> Batch<f32> {
    let mut input = SpikeBatch::new(784);
    for sample in 0..samples {
        let events = (0..150).map(|event| {
            let from = (event * 31 + sample * 17) % 784;
            (0.0006 * event as f32, from as u32)
        });
        input.push_sample(events).unwrap();
    }
    Batch::events(
        input,
        (0..samples).map(|sample| (sample % 10) as u32).collect(),
    )
}

fn open(network: &Network<f32>) -> GpuSession<WgpuRuntime> {
    let options = SessionOptions {
        optimiser: Adam::default().into(),
        ..SessionOptions::default()
    };
    let client = WgpuRuntime::client(&wgpu_device(0).unwrap());
    GpuSession::new(client, network, &options, 4_096).unwrap()
}

/// Launches and reads of one batch of training, after one that made room.
fn costs_of_a_batch(network: &Network<f32>, samples: usize) -> (u64, u64) {
    let mut session = open(network);
    let loss = Loss::from(SpikeCount {
        target_true: 15.0,
        target_false: 3.0,
    });
    let boosted = Regularisation {
        max_inverse_slope: Some(1.0),
        layers: vec![
            LayerRegularisation {
                homeostasis: None,
                silent_boost: 0.1,
            };
            network.layers().len()
        ],
    };
    let mut before = (0, 0);
    for _ in 0..2 {
        session.wait().unwrap();
        before = (session.gpu.launches(), session.gpu.reads());
        session.load(&batch(samples)).unwrap();
        session.forward(Pass::default()).unwrap();
        session.loss(&loss).unwrap();
        session.backward(&boosted, 1.0).unwrap();
        session.step(0.001, None).unwrap();
    }
    let after = (session.gpu.launches(), session.gpu.reads());
    (after.0 - before.0, after.1 - before.1)
}

#[test]
fn launches_of_a_training_batch() {
    let (launches, reads) = costs_of_a_batch(&mnist_count(), 4);
    println!("784-800-10: {launches} launches");
    assert_eq!(launches, 17, "20 are allowed");
    assert_eq!(reads, 0, "reads inside a batch");
    let (launches, reads) = costs_of_a_batch(&mnist_conv(), 2);
    println!("15C5-P2-40C5-P2-300-10: {launches} launches");
    assert_eq!(launches, 35, "50 are allowed");
    assert_eq!(reads, 0, "reads inside a batch");
}

#[test]
fn memory_of_a_large_batch() {
    let samples = 512;
    let network = mnist_conv();
    let mut session = open(&network);
    session.load(&batch(samples)).unwrap();
    let (at_start, _) = session.gpu.allocated();
    let input = session.samples("the test").unwrap().clone();
    session.make_room(&input).unwrap();
    let (allocated, largest) = session.gpu.allocated();
    let neurons: usize = network.layers().iter().map(|layer| layer.outputs()).sum();
    let weights: usize = session.plan.parameters;
    // Events of the input, slots for spikes, weights, neurons of all samples.
    let events = samples * 150;
    let slots: usize = session
        .capacities
        .iter()
        .map(|capacity| samples * capacity)
        .sum();
    let bound = 64 * (events + slots + weights + samples * neurons) as u64;
    assert!(
        largest <= bound,
        "a list of {largest} bytes; {bound} are allowed"
    );
    let all = allocated - at_start;
    // Weights and errors of every pair of an event and a neuron it reaches, as the published layout materialises them.
    let pairs = 150 * 25 * 15 + 2_000 * 11 * 40 + 1_540 * 300 + 705 * 10;
    let materialised = (samples * pairs * 8) as u64;
    println!(
        "mnist-conv, {samples} samples: {all} bytes, the largest list {largest}; materialised {materialised}"
    );
    assert!(all < 900_000_000, "{all} bytes");
    assert!(materialised > 5_700_000_000);
}
