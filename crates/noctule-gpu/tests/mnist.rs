//! Real images: training on MNIST follows the CPU's loss. Needs the environment variable `NOCTULE_DATA`.
#![cfg(feature = "gpu")]

use noctule_conformance::networks::{mnist_conv, mnist_count};
use noctule_core::{
    Adam, Engine, LatencyEncoding, LayerRegularisation, Loss, Metrics, Network, Pass,
    Regularisation, SessionOptions, SpikeCount,
};
use noctule_cpu::CpuEngine;
use noctule_data::{Split, load};
use noctule_gpu::{Backend, GpuEngine};

/// How a network is trained.
struct Course {
    batch: usize,
    learning_rate: f64,
    target_true: f64,
    /// Samples, and samples whose mean loss is compared.
    samples: usize,
    part: usize,
}

/// The mean loss of each part of the training.
fn losses(engine: &dyn Engine<f32>, network: &Network<f32>, course: &Course) -> Option<Vec<f64>> {
    let folder = std::env::var_os("NOCTULE_DATA")?;
    let data = load("mnist", Split::Train, Some(folder.as_ref()), 0).unwrap();
    let encoding = LatencyEncoding::new(0.0, 0.1)
        .unwrap()
        .with_silent_zero(true);
    let options = SessionOptions {
        optimiser: Adam::default().into(),
        ..SessionOptions::default()
    };
    let mut boosts = vec![LayerRegularisation::default(); network.layers().len()];
    if let Some(last) = boosts.last_mut() {
        last.silent_boost = 1.0;
    }
    let regularisation = Regularisation {
        max_inverse_slope: Some(0.2),
        layers: boosts,
    };
    let loss = Loss::from(SpikeCount {
        target_true: course.target_true,
        target_false: 3.0,
    });
    let mut session = engine.open(network, &options).unwrap();
    let set = session.store(&data.batch(encoding)).unwrap();
    let mut losses = Vec::new();
    let mut metrics = Metrics::new(network);
    for start in (0..course.samples).step_by(course.batch) {
        let chosen: Vec<u32> = (start..start + course.batch).map(|at| at as u32).collect();
        session.select(set, &chosen).unwrap();
        session.forward(Pass::default()).unwrap();
        session.loss(&loss).unwrap();
        session.backward(&regularisation, 1.0).unwrap();
        session.step(course.learning_rate, None).unwrap();
        if (start + course.batch).is_multiple_of(course.part) {
            session.take_metrics(&mut metrics).unwrap();
            losses.push(metrics.loss());
            metrics.clear();
        }
    }
    Some(losses)
}

fn compare(network: &Network<f32>, course: &Course) {
    let gpu = GpuEngine::new(Backend::Gpu, 0).unwrap();
    let cpu = CpuEngine::new(2).unwrap();
    let Some(found) = losses(&gpu, network, course) else {
        println!("skipped: NOCTULE_DATA does not name a folder with MNIST");
        return;
    };
    let expected = losses(&cpu, network, course).unwrap();
    println!("device {found:.4?}, CPU {expected:.4?}");
    assert_eq!(found.len(), course.samples / course.part);
    for (found, expected) in found.iter().zip(&expected) {
        let error = (found - expected).abs() / expected;
        assert!(error < 0.05, "mean losses {found} and {expected}");
    }
    assert!(
        found.last() < found.first(),
        "nothing was learned: {found:?}"
    );
}

#[test]
fn a_dense_network_follows_the_cpu() {
    let course = Course {
        batch: 50,
        learning_rate: 0.003,
        target_true: 15.0,
        samples: 2_000,
        part: 500,
    };
    compare(&mnist_count(), &course);
}

/// Software needs minutes for 2,000 samples; `--include-ignored` runs it.
#[test]
#[ignore = "takes minutes on software Vulkan"]
fn a_convolution_follows_the_cpu() {
    let course = Course {
        batch: 20,
        learning_rate: 0.003,
        target_true: 30.0,
        samples: 2_000,
        part: 500,
    };
    compare(&mnist_conv(), &course);
}

#[test]
fn a_convolution_follows_the_cpu_for_a_moment() {
    let course = Course {
        batch: 20,
        learning_rate: 0.003,
        target_true: 30.0,
        samples: 160,
        part: 80,
    };
    compare(&mnist_conv(), &course);
}
