//! Random networks and inputs, and what a pass on each engine gives.

use noctule_core::{
    Batch, Engine, Initialiser, LifParameters, Loss, Metrics, Network, Pass, Regularisation,
    SessionOptions, SpikeBatch, SpikeCount, TensorGroup, Tensors,
};
use noctule_cpu::CpuEngine;
use noctule_gpu::{Backend, GpuEngine};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub const LOSS: SpikeCount = SpikeCount {
    target_true: 6.0,
    target_false: 1.0,
};

pub fn gpu() -> GpuEngine {
    GpuEngine::new(Backend::Gpu, 0).unwrap()
}

pub fn cpu() -> CpuEngine {
    CpuEngine::new(2).unwrap()
}

/// Neurons with times of a few seconds.
pub fn neuron(ratio: f64, max_spikes: u32) -> LifParameters {
    LifParameters {
        tau_m: ratio,
        tau_s: 1.0,
        theta: 0.3,
        reset: 0.25,
        max_spikes,
        t_max: 8.0,
    }
}

pub fn dense(sizes: &[usize], neuron: &LifParameters, scale: f64) -> Network<f32> {
    let mut network = Network::new(sizes[0]).unwrap();
    for (layer, pair) in sizes.windows(2).enumerate() {
        let bound = scale / (pair[0] as f64).sqrt();
        let weights = Initialiser::uniform(-0.6 * bound, bound).unwrap();
        network = network
            .dense(pair[1], neuron, weights, 40 + layer as u64)
            .unwrap();
    }
    network
}

/// Samples with `events` events each at random times, of which every fourth is a tie with the one before.
pub fn random_input(
    population: usize,
    samples: usize,
    events: usize,
    seed: u64,
) -> SpikeBatch<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut input = SpikeBatch::new(population);
    for _ in 0..samples {
        let mut times: Vec<f32> = (0..events).map(|_| random.random_range(0.0..6.0)).collect();
        times.sort_by(f32::total_cmp);
        for event in (3..events).step_by(4) {
            times[event] = times[event - 1];
        }
        let neurons: Vec<u32> = times
            .iter()
            .map(|_| random.random_range(0..population as u32))
            .collect();
        input.push_sample(times.into_iter().zip(neurons)).unwrap();
    }
    input
}

pub fn labels(samples: usize, classes: usize) -> Vec<u32> {
    (0..samples)
        .map(|sample| (sample % classes) as u32)
        .collect()
}

pub struct Passed {
    pub spikes: Vec<SpikeBatch<f32>>,
    pub gradient: Tensors<f32>,
    pub input_times: Vec<f32>,
    pub metrics: Metrics,
}

/// A forward pass, a loss, and a backward pass.
pub fn pass(engine: &dyn Engine<f32>, network: &Network<f32>, input: &SpikeBatch<f32>) -> Passed {
    let options = SessionOptions::default();
    let mut session = engine.open(network, &options).unwrap();
    let classes = network.layers().last().unwrap().outputs();
    let labels = labels(input.samples(), classes);
    session.load(&Batch::events(input.clone(), labels)).unwrap();
    let wants_input = Pass {
        input_gradients: true,
        ..Pass::default()
    };
    session.forward(wants_input).unwrap();
    session.loss(&Loss::from(LOSS)).unwrap();
    // Without a bound, spikes that barely reach the threshold have arbitrarily large gradients.
    let bound = Regularisation {
        max_inverse_slope: Some(20.0),
        ..Regularisation::default()
    };
    session.backward(&bound, 1.0).unwrap();
    let mut metrics = Metrics::new(network);
    session.take_metrics(&mut metrics).unwrap();
    let layers = 0..network.layers().len();
    Passed {
        spikes: layers
            .map(|layer| session.spikes(layer).unwrap().into_owned())
            .collect(),
        gradient: session.read(TensorGroup::Gradient).unwrap(),
        input_times: session.input_time_gradients().unwrap().into_owned(),
        metrics,
    }
}

pub fn relative_error(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let largest = expected
        .iter()
        .fold(0.0_f32, |largest, value| largest.max(value.abs()));
    let pairs = found.iter().zip(expected);
    let error = pairs.fold(0.0_f32, |error, (a, b)| error.max((a - b).abs()));
    error / largest.max(1e-20)
}

/// Spike counts of all neurons are equal, times agree within `allowed` seconds, and gradients within 1 % of the largest
/// entry: single precision, in another order of sums.
pub fn compare(network: &Network<f32>, input: &SpikeBatch<f32>, what: &str) -> usize {
    let found = pass(&gpu(), network, input);
    let expected = pass(&cpu(), network, input);
    let mut spikes = 0;
    for (layer, (found, expected)) in found.spikes.iter().zip(&expected.spikes).enumerate() {
        for sample in 0..input.samples() {
            let what = format!("{what}, layer {layer}, sample {sample}");
            assert_eq!(found.counts(sample), expected.counts(sample), "{what}");
            let (found, expected) = (found.sample(sample), expected.sample(sample));
            for (found, expected) in found.times.iter().zip(expected.times) {
                assert!(
                    (found - expected).abs() < 2e-4,
                    "{what}: {found} {expected}"
                );
            }
            spikes += found.len();
        }
    }
    for (name, expected) in &expected.gradient {
        let error = relative_error(found.gradient[name].as_slice(), expected.as_slice());
        assert!(error < 1e-2, "{what}: gradient of {name} is off by {error}");
    }
    let error = relative_error(&found.input_times, &expected.input_times);
    assert!(
        error < 1e-2,
        "{what}: gradient of the input times is off by {error}"
    );
    assert_eq!(found.metrics.samples(), expected.metrics.samples());
    assert_eq!(
        found.metrics.accuracy(),
        expected.metrics.accuracy(),
        "{what}"
    );
    assert!(
        (found.metrics.loss() - expected.metrics.loss()).abs() < 1e-4 * expected.metrics.loss()
    );
    assert_eq!(
        found.metrics.spikes_per_neuron(),
        expected.metrics.spikes_per_neuron()
    );
    assert_eq!(
        found.metrics.silent_fraction(),
        expected.metrics.silent_fraction()
    );
    spikes
}
