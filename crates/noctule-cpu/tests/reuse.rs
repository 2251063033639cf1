//! A trainer uses one session for all of its batches: nothing of one batch may reach the next.

mod support;

use noctule_core::{
    Gradients, Initialiser, LayerRegularisation, LifParameters, Loss, Network, Pass, PassWeights,
    Regularisation, SessionOptions, Sgd, Shape, SpikeBatch, SpikeCount, SpikingLayer, Tensor,
    TensorGroup, TensorName, Tensors, Window,
};
use noctule_cpu::CpuEngine;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use support::{Runner, engine};

const IMAGE: Shape = Shape {
    height: 8,
    width: 8,
    channels: 1,
};

const NEURON: LifParameters = LifParameters {
    tau_m: 2.0,
    tau_s: 1.0,
    theta: 0.3,
    reset: 0.3,
    max_spikes: 4,
    t_max: 8.0,
};

/// A convolution, pooling, and a dense layer that drops inputs and has this threshold.
fn network(theta: f64) -> Network<f32> {
    let uniform = Initialiser::uniform(-0.4, 1.0).unwrap();
    let window = Window {
        padding: 1,
        ..Window::square(3)
    };
    let network = Network::image(IMAGE)
        .unwrap()
        .conv2d(20, window, &NEURON, uniform, 1)
        .unwrap()
        .sum_pool2d(2)
        .unwrap();
    let uniform = Initialiser::uniform(-0.05, 0.08).unwrap();
    let weights = uniform.draw(&[6, network.outputs()], &mut ChaCha8Rng::seed_from_u64(2));
    let dense = SpikingLayer::dense(LifParameters { theta, ..NEURON }, weights).unwrap();
    network.layer(dense.with_dropout(0.3).unwrap()).unwrap()
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

type Outcome = (SpikeBatch<f32>, Gradients<f32>);

/// An error for each output event.
fn errors(output: &SpikeBatch<f32>) -> Vec<f32> {
    (0..output.spikes()).map(|i| (i as f32).sin()).collect()
}

fn run_with(runner: &mut Runner<f32>, input: &SpikeBatch<f32>, pass: Pass) -> Outcome {
    let output = runner.forward_with(input, pass);
    let gradients = runner.exact(&errors(&output));
    (output, gradients)
}

fn run(runner: &mut Runner<f32>, input: &SpikeBatch<f32>) -> Outcome {
    run_with(runner, input, Pass::default())
}

fn fresh(network: &Network<f32>) -> Runner<f32> {
    Runner::new(engine(), network)
}

#[test]
fn a_used_session_is_as_good_as_a_new_one() {
    let network = network(NEURON.theta);
    let mut used = fresh(&network);
    let batches = [
        (70, Some(1)),
        (3, Some(2)),
        (0, Some(3)),
        (40, None),
        (5, Some(4)),
    ];
    for (index, (samples, dropout)) in batches.into_iter().enumerate() {
        let input = batch(samples, index);
        let pass = Pass {
            dropout,
            ..Pass::default()
        };
        let expected = run_with(&mut fresh(&network), &input, pass);
        assert_eq!(expected.0.spikes() > 0, samples > 0);
        assert!(
            run_with(&mut used, &input, pass) == expected,
            "batch {index}"
        );
    }
}

#[test]
fn a_session_may_go_from_recorded_spikes_to_its_own() {
    for network in [network(NEURON.theta), wide_network()] {
        let (input, other) = (batch(5, 0), batch(9, 1));
        let recorded = {
            let mut runner = fresh(&network);
            runner.forward(&other, None);
            runner.spikes()
        };
        let run_recorded = |runner: &mut Runner<f32>| {
            runner.load(&other, &[]);
            runner.session.forward_recorded(&recorded).unwrap();
            runner.exact(&errors(&recorded[recorded.len() - 1]))
        };
        let expected = run(&mut fresh(&network), &input);
        let expected_recorded = run_recorded(&mut fresh(&network));
        let mut used = fresh(&network);
        for _ in 0..2 {
            assert!(run(&mut used, &input) == expected);
            assert!(run_recorded(&mut used) == expected_recorded);
        }
    }
}

/// A network whose layer is wide: its session keeps a copy of the weights.
fn wide_network() -> Network<f32> {
    let uniform = Initialiser::uniform(-0.2, 0.3).unwrap();
    let network = Network::image(IMAGE).unwrap();
    network.dense(200, &NEURON, uniform, 3).unwrap()
}

/// The wide network with other weights.
fn wide_network_of(weights: &Tensors<f32>) -> Network<f32> {
    let weights = weights[&TensorName::weights(0)].clone();
    let network = Network::image(IMAGE).unwrap();
    network
        .layer(SpikingLayer::dense(NEURON, weights).unwrap())
        .unwrap()
}

#[test]
fn a_used_session_follows_the_weights() {
    let (network, input) = (wide_network(), batch(5, 0));
    let mut used = fresh(&network);
    let at_first = used.read(TensorGroup::Parameters);
    let first = run(&mut used, &input);
    for change in 0..4 {
        let mut weights = used.read(TensorGroup::Parameters);
        let name = TensorName::weights(0);
        match change {
            0 => {
                let weights = weights.get_mut(&name).unwrap();
                weights.as_mut_slice()[17 * 64 + 3] = 0.9;
            }
            1 => {
                let mut raise = |stored: &mut [f32]| stored[5] += 0.3;
                used.session
                    .exchange(TensorGroup::Parameters, &mut raise)
                    .unwrap();
            }
            2 => used.session.step(0.1, None).unwrap(),
            _ => {
                let equal = Tensor::new(&[200, 64], vec![0.1; 200 * 64]).unwrap();
                weights.insert(name, equal);
            }
        }
        if [0, 3].contains(&change) {
            used.session
                .write(TensorGroup::Parameters, &weights)
                .unwrap();
        }
        let changed = wide_network_of(&used.read(TensorGroup::Parameters));
        let expected = run(&mut fresh(&changed), &input);
        assert!(expected != first, "change {change} changes nothing");
        assert!(run(&mut used, &input) == expected, "change {change}");
    }
    used.session
        .write(TensorGroup::Parameters, &at_first)
        .unwrap();
    assert!(run(&mut used, &input) == first);
}

#[test]
fn a_session_may_go_from_its_weights_to_their_mean() {
    let (network, input) = (wide_network(), batch(5, 0));
    let options = SessionOptions {
        optimiser: Sgd::default().into(),
        weight_average: 0.5,
        ..SessionOptions::default()
    };
    let mut used = Runner::with_options(engine(), &network, &options);
    for step in 0..3 {
        let average = Pass {
            weights: PassWeights::Average,
            ..Pass::default()
        };
        for (group, pass) in [
            (TensorGroup::Parameters, Pass::default()),
            (TensorGroup::Average, average),
            (TensorGroup::Parameters, Pass::default()),
        ] {
            let expected = run(&mut fresh(&wide_network_of(&used.read(group))), &input);
            assert!(
                run_with(&mut used, &input, pass) == expected,
                "step {step}, {group}"
            );
        }
        used.session.step(0.01, None).unwrap();
        assert!(used.read(TensorGroup::Parameters) != used.read(TensorGroup::Average));
    }
}

#[test]
fn going_back_twice_gives_the_same() {
    let (network, input) = (wide_network(), batch(5, 0));
    let mut runner = fresh(&network);
    let d_times = errors(&runner.forward(&input, None));
    let first = runner.exact(&d_times);
    assert!(first.norm() > 0.0);
    assert!(first == runner.exact(&d_times));
}

#[test]
fn many_spikes_do_not_depend_on_threads() {
    // Enough spikes that several threads write them.
    let (network, input) = (wide_network(), batch(140, 0));
    let first = run(&mut fresh(&network), &input);
    assert!(first.0.spikes() > 20_000, "{}", first.0.spikes());
    for threads in [5, 1, 3, 8] {
        let engine = CpuEngine::new(threads).unwrap();
        let mut runner = Runner::new(&engine, &network);
        for _ in 0..2 {
            assert!(run(&mut runner, &input) == first, "{threads} threads");
        }
    }
}

#[test]
fn single_precision_convolutions_do_not_depend_on_threads() {
    let (network, input) = (network(NEURON.theta), batch(70, 0));
    let with = |threads| {
        let engine = CpuEngine::new(threads).unwrap();
        run(&mut Runner::new(&engine, &network), &input)
    };
    let one = with(1);
    assert!(one == with(2) && one == with(5));
}

#[test]
fn only_inputs_that_were_seen_are_boosted() {
    // With this threshold the last layer is silent.
    let mut runner = fresh(&network(1e3));
    let layer = LayerRegularisation {
        silent_boost: 1.0,
        ..LayerRegularisation::default()
    };
    let regularisation = Regularisation {
        layers: vec![
            LayerRegularisation::default(),
            LayerRegularisation::default(),
            layer,
        ],
        ..Regularisation::default()
    };
    let loss = Loss::from(SpikeCount {
        target_true: 5.0,
        target_false: 1.0,
    });
    let label = 2;
    let mut boosted = |dropout| {
        runner.session.clear_gradient().unwrap();
        runner.load(&batch(1, 0), &[label]);
        runner
            .session
            .forward(Pass {
                dropout,
                ..Pass::default()
            })
            .unwrap();
        assert_eq!(runner.output().spikes(), 0);
        runner.session.loss(&loss).unwrap();
        runner.session.backward(&regularisation, 1.0).unwrap();
        let gradient = &runner.read(TensorGroup::Gradient)[&TensorName::weights(2)];
        // Every weight of a silent neuron is raised by 1, and those of the true class for each event, too.
        for row in 0..6 {
            let slopes = gradient.row(row);
            let others = slopes.iter().all(|&slope| slope == -1.0);
            assert_eq!(others, row != label as usize);
        }
        let slopes = gradient.row(label as usize);
        slopes.iter().filter(|&&slope| slope < -1.0).count()
    };
    let (all, seen) = (boosted(None), boosted(Some(5)));
    assert!(seen > 0 && seen < all, "{seen} of {all}");
}
