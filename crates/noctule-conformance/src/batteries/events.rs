//! When neurons spike.

use noctule_core::{
    Engine, LifParameters, Network, Pass, Real, Regularisation, SpikeBatch, SpikingLayer, Tensor,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::harness::{
    Runner, WITH_INPUT, by_precision, dense_network, must, neuron, random_input, times_of,
};
use crate::plain_scan::plain_scan;

/// Spike times in seconds of one neuron that receives an event of another input for each `(time, weight)`.
fn spikes_of<T: Real>(
    engine: &dyn Engine<T>,
    parameters: &LifParameters,
    events: &[(f64, f64)],
) -> Vec<f64> {
    let weights = events.iter().map(|&(_, weight)| T::of(weight)).collect();
    let weights = must(
        Tensor::new(&[1, events.len()], weights),
        "weights of one neuron",
    );
    let layer = must(
        SpikingLayer::dense(*parameters, weights),
        "a layer of one neuron",
    );
    let network = must(Network::new(events.len()), "inputs of a network");
    let network = must(network.layer(layer), "adding a layer");
    let mut input = SpikeBatch::new(events.len());
    let sample = events.iter().enumerate();
    let pushed = input.push_sample(sample.map(|(index, &(time, _))| (T::of(time), index as u32)));
    must(pushed, "the events of one neuron");
    let mut runner = Runner::new(engine, &network);
    runner.forward(&input, Pass::default());
    times_of(&runner.output(), 0, 0)
}

/// Two inputs at one instant cancel each other, in whichever order they are given.
pub fn inputs_at_one_instant_act_together<T: Real>(engine: &dyn Engine<T>) {
    for ratio in [1.0, 2.0, 3.0, 0.5] {
        let parameters = neuron(ratio);
        let alone = spikes_of(engine, &parameters, &[(1.0, 2.0)]);
        assert!(
            !alone.is_empty(),
            "tau_m/tau_s = {ratio}: one input alone gives no spike"
        );
        for weights in [[2.0, -2.0], [-2.0, 2.0]] {
            let events = weights.map(|weight| (1.0, weight));
            let spikes = spikes_of(engine, &parameters, &events);
            assert!(
                spikes.is_empty(),
                "tau_m/tau_s = {ratio}: cancelled inputs give {spikes:?}"
            );
        }
        let halves = spikes_of(engine, &parameters, &[(1.0, 1.0), (1.0, 1.0)]);
        assert_eq!(
            halves, alone,
            "tau_m/tau_s = {ratio}: two halves are not one whole"
        );
    }
}

/// The grid of the slow simulation, in seconds.
const STEP: f64 = 1e-3;

/// Random neurons and events against a slow simulation.
pub fn spikes_are_those_of_a_plain_scan<T: Real>(engine: &dyn Engine<T>) {
    let mut random = ChaCha8Rng::seed_from_u64(61);
    let (mut compared, allowed) = (0, by_precision::<T>(1e-8, 1e-3));
    for trial in 0..40 {
        let ratio = [1.0, 2.0, 3.0, 0.5, random.random_range(0.2..5.0)][trial % 5];
        let neuron = neuron(ratio);
        let neuron = LifParameters {
            reset: neuron.theta * random.random_range(0.4..1.6),
            ..neuron
        };
        let mut times: Vec<f64> = (0..5).map(|_| random.random_range(0.0..6.0)).collect();
        times.sort_by(f64::total_cmp);
        // Times and weights that both precisions hold exactly.
        let exact = |value: f64| f64::from(value as f32);
        let events: Vec<(f64, f64)> = times
            .into_iter()
            .map(|time| (exact(time), exact(random.random_range(-0.5..1.5))))
            .collect();
        let (found, expected) = (
            spikes_of(engine, &neuron, &events),
            plain_scan(&neuron, &events, STEP),
        );
        for (found, expected) in found.iter().zip(&expected) {
            // A scan steps over a spike that only just touches the threshold, and what follows then differs.
            if (found - expected).abs() > 0.01 {
                break;
            }
            let error = (found - expected).abs();
            assert!(
                error < allowed,
                "trial {trial}: a spike at {found} s, not {expected} s"
            );
            compared += 1;
        }
        assert!(
            found.len() >= expected.len(),
            "trial {trial}: {found:?} s, not {expected:?} s"
        );
    }
    assert!(compared > 60, "only {compared} spikes were compared");
}

/// A neuron spikes after a silence of 500,000 time constants as it did before.
pub fn long_silences_are_crossed<T: Real>(engine: &dyn Engine<T>) {
    for ratio in [1.0, 2.0, 3.0, 0.5] {
        let parameters = LifParameters {
            t_max: 1e6,
            ..neuron(ratio)
        };
        let parameters = LifParameters {
            max_spikes: 100,
            ..parameters
        };
        let spikes = spikes_of(engine, &parameters, &[(0.0, 1.5), (5e5, 1.5)]);
        let late = spikes.iter().filter(|&&time| time >= 5e5).count();
        assert!(
            late > 0,
            "tau_m/tau_s = {ratio}: no spike after the silence"
        );
        assert_eq!(spikes.len(), 2 * late, "tau_m/tau_s = {ratio}: {spikes:?}");
    }
}

/// The limits in number and time.
pub fn no_spike_comes_after_t_max_or_beyond_max_spikes<T: Real>(engine: &dyn Engine<T>) {
    for ratio in [1.0, 2.0, 3.0, 0.5] {
        let parameters = neuron(ratio);
        let events = [(0.0, 5.0), (2.0, 5.0)];
        let all = spikes_of(engine, &parameters, &events);
        assert!(all.len() >= 4, "tau_m/tau_s = {ratio}: {all:?}");
        let few = LifParameters {
            max_spikes: 2,
            ..parameters
        };
        let few = spikes_of(engine, &few, &events);
        assert_eq!(
            few.len(),
            2,
            "tau_m/tau_s = {ratio}: max_spikes = 2, but {few:?}"
        );
        let short = LifParameters {
            t_max: 0.5 * (all[1] + all[2]),
            ..parameters
        };
        let short = spikes_of(engine, &short, &events);
        assert_eq!(
            short.len(),
            2,
            "tau_m/tau_s = {ratio}: spikes after t_max: {short:?}"
        );
        for (found, expected) in few.iter().chain(&short).zip(all[..2].iter().cycle()) {
            let allowed = by_precision::<T>(1e-11, 1e-5);
            assert!(
                (found - expected).abs() < allowed,
                "tau_m/tau_s = {ratio}: {found} {expected}"
            );
        }
    }
}

/// A network in which nothing spikes, and one whose last layer is silent.
pub fn silence_gives_no_gradient<T: Real>(engine: &dyn Engine<T>) {
    let quiet = LifParameters {
        theta: 1e3,
        ..neuron(2.0)
    };
    let input = random_input(4, 3, 10, 71);
    let silent = dense_network::<T>(&[4, 5, 2], &quiet, 72);
    let half = dense_network::<T>(&[4, 5], &neuron(2.0), 72);
    let weights = must(
        noctule_core::Initialiser::uniform(-0.1, 0.1),
        "bounds of weights",
    );
    let half = must(half.dense(2, &quiet, weights, 73), "a silent layer");
    for network in [silent, half] {
        let mut runner = Runner::new(engine, &network);
        runner.forward(&input, WITH_INPUT);
        assert_eq!(runner.output().spikes(), 0, "a silent layer spikes");
        runner.backward(&[], &Regularisation::default());
        let zero = |values: &[T]| values.iter().all(|value| *value == T::zero());
        let gradient = runner.gradient();
        assert!(
            gradient.values().all(|tensor| zero(tensor.as_slice())),
            "{gradient:?}"
        );
        let input_times = runner.session.input_time_gradients();
        let input_times = must(input_times, "reading the gradients of the input times");
        assert_eq!(input_times.len(), input.spikes());
        assert!(zero(&input_times), "{input_times:?}");
    }
}
