//! A trainer uses one activity for all of its batches: nothing of one batch may reach the next.

use noctule_core::{
    Activity, Dense, Gradient, Guards, Initialiser, Lif, LifParameters, Network, Shape, SpikeBatch,
    Weights, Window,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const IMAGE: Shape = Shape {
    height: 8,
    width: 8,
    channels: 1,
};

fn neuron() -> Lif<f32> {
    Lif::new(&LifParameters {
        tau_m: 2.0,
        tau_s: 1.0,
        theta: 0.3,
        reset: 0.3,
        max_spikes: 4,
        t_max: 8.0,
    })
    .unwrap()
}

fn network() -> Network<f32> {
    let neuron = neuron();
    let uniform = Initialiser::uniform(-0.4, 1.0).unwrap();
    let window = Window {
        padding: 1,
        ..Window::square(3)
    };
    let network = Network::image(IMAGE)
        .unwrap()
        .conv2d(20, window, neuron, uniform, 1)
        .unwrap()
        .sum_pool2d(2)
        .unwrap();
    let mut weights = Weights::zeros(6, network.outputs());
    let uniform = Initialiser::uniform(-0.05, 0.08).unwrap();
    uniform.fill(&mut weights, &mut ChaCha8Rng::seed_from_u64(2));
    let dense = Dense::new(neuron, weights)
        .unwrap()
        .with_dropout(0.3)
        .unwrap();
    network.layer(dense).unwrap()
}

fn batch(samples: usize, phase: usize) -> SpikeBatch<f32> {
    let mut input = SpikeBatch::new(IMAGE.neurons());
    for sample in 0..samples {
        // Some samples have no events at all.
        let events = if sample % 7 == 3 {
            0
        } else {
            20 + (sample + phase) % 9
        };
        let event = |i: usize| (0.11 * i as f32, ((13 * i + 5 * sample + phase) % 64) as u32);
        input.push_sample((0..events).map(event)).unwrap();
    }
    input
}

type Outcome = (SpikeBatch<f32>, Gradient<f32>, Option<Vec<f32>>);

fn run(network: &Network<f32>, input: &SpikeBatch<f32>, activity: &mut Activity<f32>) -> Outcome {
    let output = network.forward(input, activity).unwrap().clone();
    let d_times = (0..output.spikes()).map(|i| (i as f32).sin()).collect();
    let mut gradient = network.zero_gradient();
    let guards = Guards::default();
    let d_input = network
        .backward(activity, d_times, &guards, &mut gradient, true)
        .unwrap();
    (output, gradient, d_input)
}

#[test]
fn a_used_activity_is_as_good_as_a_new_one() {
    let network = network();
    let mut used = Activity::new();
    let batches = [
        (70, Some(1)),
        (3, Some(2)),
        (0, Some(3)),
        (40, None),
        (5, Some(4)),
    ];
    for (index, (samples, dropout)) in batches.into_iter().enumerate() {
        let input = batch(samples, index);
        let mut fresh = Activity::new();
        fresh.set_dropout(dropout);
        used.set_dropout(dropout);
        let expected = run(&network, &input, &mut fresh);
        assert_eq!(expected.0.spikes() > 0, samples > 0);
        assert!(
            run(&network, &input, &mut used) == expected,
            "batch {index}"
        );
    }
}

/// A network whose layer is wide: its activity keeps a copy of the weights.
fn wide_network() -> Network<f32> {
    let uniform = Initialiser::uniform(-0.2, 0.3).unwrap();
    let network = Network::image(IMAGE).unwrap();
    network.dense(200, neuron(), uniform, 3).unwrap()
}

#[test]
fn a_used_activity_follows_the_weights() {
    let (mut network, input) = (wide_network(), batch(5, 0));
    let other = network.clone();
    let mut used = Activity::new();
    let first = run(&network, &input, &mut used);
    for change in 0..3 {
        for weights in network.weights_mut() {
            match change {
                0 => weights.set(17, 3, 0.9),
                1 => weights.as_flat_mut()[5] += 0.3,
                _ => weights.set_rows(&vec![0.1; 200 * 64]).unwrap(),
            }
        }
        let expected = run(&network, &input, &mut Activity::new());
        assert!(expected != first, "change {change} changes nothing");
        assert!(
            run(&network, &input, &mut used) == expected,
            "change {change}"
        );
    }
    // A copy that was left as it was.
    assert!(run(&other, &input, &mut used) == first);
}

#[test]
fn going_back_twice_gives_the_same() {
    let (network, input) = (wide_network(), batch(5, 0));
    let mut activity = Activity::new();
    let output = network.forward(&input, &mut activity).unwrap();
    let d_times: Vec<f32> = (0..output.spikes()).map(|i| (i as f32).sin()).collect();
    let mut back = || {
        let (mut gradient, guards) = (network.zero_gradient(), Guards::default());
        let d_times = d_times.clone();
        let d_input = network.backward(&mut activity, d_times, &guards, &mut gradient, true);
        (gradient, d_input.unwrap())
    };
    let first = back();
    assert!(first.0 != network.zero_gradient());
    assert!(first == back());
}

#[test]
fn an_activity_may_go_from_pool_to_pool() {
    // So many spikes that they are dealt out by several threads.
    let (network, input) = (wide_network(), batch(140, 0));
    let mut activity = Activity::new();
    let first = run(&network, &input, &mut activity);
    assert!(first.0.spikes() > 20_000, "{}", first.0.spikes());
    for threads in [5, 1, 3, 8] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let there = pool
            .unwrap()
            .install(|| run(&network, &input, &mut activity));
        assert!(there == first, "{threads} threads");
    }
    assert!(run(&network, &input, &mut activity) == first);
}

#[test]
fn an_activity_may_go_from_network_to_network() {
    let neuron = neuron();
    let uniform = Initialiser::uniform(-0.2, 0.3).unwrap();
    let weights = Weights::from_rows(20, 64, &vec![0.1; 20 * 64]).unwrap();
    let dense = Dense::new(neuron, weights).unwrap();
    let thinned = dense.clone().with_dropout(0.4).unwrap();
    let image = || Network::image(IMAGE).unwrap();
    let window = Window::square(3);
    let networks = [
        image().layer(thinned).unwrap(),
        image().conv2d(5, window, neuron, uniform, 4).unwrap(),
        wide_network(),
        image().layer(dense).unwrap(),
        image().sum_pool2d(2).unwrap(),
    ];
    let input = batch(5, 0);
    let mut used = Activity::new();
    used.set_dropout(Some(7));
    for index in [0, 1, 2, 0, 2, 3, 2, 1, 0, 4, 3, 0, 1] {
        let mut fresh = Activity::new();
        fresh.set_dropout(Some(7));
        let expected = run(&networks[index], &input, &mut fresh);
        assert!(
            run(&networks[index], &input, &mut used) == expected,
            "network {index}"
        );
    }
}

#[test]
fn single_precision_convolutions_do_not_depend_on_threads() {
    let (network, input) = (network(), batch(70, 0));
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap()
            .install(|| run(&network, &input, &mut Activity::new()))
    };
    let one = with(1);
    assert!(one == with(2) && one == with(5));
}

#[test]
fn only_inputs_that_were_seen_are_boosted() {
    let network = network();
    let input = batch(1, 0);
    let mut activity = Activity::new();
    let boosted = |seed, activity: &mut Activity<f32>| {
        activity.set_dropout(seed);
        network.forward(&input, activity).unwrap();
        let mut gradient = network.zero_gradient();
        let silent = [(0, 2)];
        network
            .boost_silent(&input, activity, &silent, 1.0, &mut gradient)
            .unwrap();
        let weights = gradient.layer(2).unwrap().to_rows();
        weights.iter().filter(|&&slope| slope < 0.0).count()
    };
    let all = boosted(None, &mut activity);
    let seen = boosted(Some(5), &mut activity);
    assert!(seen > 0 && seen < all, "{seen} of {all}");
}
