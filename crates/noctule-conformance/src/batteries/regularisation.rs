//! Homeostasis, silent boost and the bound on the inverse slope against a plain computation on the host.

use noctule_core::{
    Engine, Homeostasis, Initialiser, LayerRegularisation, Loss, Network, ParameterKind, Pass,
    Real, Regularisation, SpikeBatch, SpikeCount, SpikingLayer, Tensor, TensorGroup, TensorName,
    Tensors, Window,
};

use crate::harness::{
    IMAGE, Runner, WITH_INPUT, assert_close, assert_tensors_close, by_precision, dense_network,
    image_network, must, neuron, random_input, ranked_errors, to_f64,
};

const SAMPLES: usize = 6;

/// A regularisation of one layer.
fn of_layer(layer: usize, regularisation: LayerRegularisation) -> Regularisation {
    let mut layers = vec![LayerRegularisation::default(); layer];
    layers.push(regularisation);
    Regularisation {
        max_inverse_slope: None,
        layers,
    }
}

/// Homeostasis of the last layer and of a hidden one acts through the spikes as `dL/dt` of
/// `strength/2 (mean - target)^2` with `dmean/dt = -1/samples`.
pub fn homeostasis<T: Real>(engine: &dyn Engine<T>) {
    let input = random_input(4, SAMPLES, 10, 191);
    let whole = dense_network::<T>(&[4, 8, 3], &neuron(2.0), 192);
    let hidden = dense_network::<T>(&[4, 8], &neuron(2.0), 192);
    let pull = Homeostasis {
        target: 1.7,
        strength: 0.6,
    };
    let of_homeostasis = |layer| {
        let homeostasis = Some(pull);
        of_layer(
            layer,
            LayerRegularisation {
                homeostasis,
                ..LayerRegularisation::default()
            },
        )
    };
    // Of the last layer the network itself, of the hidden one the network that ends there.
    for (layer, shorter) in [(1, &whole), (0, &hidden)] {
        let what = format!("homeostasis of layer {layer}");
        let mut runner = Runner::new(engine, &whole);
        runner.forward(&input, WITH_INPUT);
        let zeros = vec![T::zero(); runner.output().spikes()];
        runner.backward(&zeros, &of_homeostasis(layer));
        let found = runner.gradient();
        let found_times = must(runner.session.input_time_gradients(), "input times").into_owned();

        let mut plain = Runner::new(engine, shorter);
        plain.forward(&input, WITH_INPUT);
        let d_times = pulled(&plain.output(), pull);
        plain.backward(&d_times, &Regularisation::default());
        let expected = plain.gradient();
        let allowed = by_precision::<T>(1e-9, 1e-3);
        let shared = found.iter().filter(|(name, _)| name.layer <= layer);
        let shared: Tensors<T> = shared
            .map(|(&name, tensor)| (name, tensor.clone()))
            .collect();
        assert_tensors_close(&shared, &expected, allowed, &what);
        let times = must(plain.session.input_time_gradients(), "input times").into_owned();
        assert_close(&found_times, &to_f64(&times), allowed, &what);
        let largest = expected
            .values()
            .flat_map(Tensor::as_slice)
            .any(|value| *value != T::zero());
        assert!(largest, "{what}: all gradients are 0");
    }
}

fn pulled<T: Real>(output: &SpikeBatch<T>, pull: Homeostasis) -> Vec<T> {
    let samples = output.samples() as f64;
    let mean = |neuron: u32| {
        let own = output.neurons().iter().filter(|&&from| from == neuron);
        own.count() as f64 / samples
    };
    let errors = output.neurons().iter();
    errors
        .map(|&neuron| T::of(pull.strength * (pull.target - mean(neuron)) / samples))
        .collect()
}

/// A network in which the first neuron or filter of the given layer never spikes.
fn with_silent_row<T: Real>(mut network: Network<T>, layer: usize) -> Network<T> {
    let length = network.weights(layer).map_or(0, Tensor::row_len);
    let spiking = network.layers_mut()[layer].spiking_mut();
    let weights = spiking.and_then(|layer| layer.parameter_mut(ParameterKind::Weights));
    weights.unwrap_or_default()[..length].fill(T::of(-1.0));
    network
}

/// The gradients with and without a regularisation, for given errors.
fn with_and_without<T: Real>(
    engine: &dyn Engine<T>,
    network: &Network<T>,
    input: &SpikeBatch<T>,
    regularisation: &Regularisation,
) -> [Tensors<T>; 2] {
    let mut runner = Runner::new(engine, network);
    [regularisation, &Regularisation::default()].map(|regularisation| {
        runner.clear();
        runner.forward(input, Pass::default());
        let d_times = ranked_errors(&runner.output());
        runner.backward(&d_times, regularisation);
        runner.gradient()
    })
}

/// Each weight of a neuron, or of a filter, that is silent in the whole batch gets `-strength`.
pub fn silent_boost<T: Real>(engine: &dyn Engine<T>) {
    let window = Window {
        padding: 1,
        ..Window::square(3)
    };
    let dense = dense_network::<T>(&[4, 8, 3], &neuron(2.0), 201);
    let conv = image_network::<T>(window, &neuron(2.0), 202);
    for (network, layer) in [(dense.clone(), 0), (dense, 1), (conv, 0)] {
        let network = with_silent_row(network, layer);
        let input = random_input(network.inputs(), SAMPLES, 30, 203);
        let silent_boost = 0.25;
        let boost = LayerRegularisation {
            silent_boost,
            ..LayerRegularisation::default()
        };
        let [found, plain] = with_and_without(engine, &network, &input, &of_layer(layer, boost));
        let mut runner = Runner::new(engine, &network);
        runner.forward(&input, Pass::default());
        let spikes = runner.spikes();
        for (name, plain) in &plain {
            let (rows, length) = (plain.rows(), plain.row_len());
            let neurons = spikes[name.layer].neurons();
            let spiked = |row| neurons.iter().any(|&neuron| neuron as usize % rows == row);
            assert!(
                name.layer != layer || !spiked(0),
                "the first row of layer {layer} spikes"
            );
            let mut expected = to_f64(plain.as_slice());
            for (index, value) in expected.iter_mut().enumerate() {
                if name.layer == layer && !spiked(index / length) {
                    *value -= silent_boost;
                }
            }
            let what = format!("silent boost of layer {layer}: {name}");
            let allowed = by_precision::<T>(1e-12, 1e-5);
            assert_close(found[name].as_slice(), &expected, allowed, &what);
        }
    }
}

/// In the last layer the neuron of the true class gets `-strength/samples` for each event that reached it in a sample in
/// which it was silent.
pub fn boost_of_silent_labels<T: Real>(engine: &dyn Engine<T>) {
    let network = with_silent_row(dense_network::<T>(&[4, 8, 3], &neuron(2.0), 211), 1);
    let input = random_input(4, SAMPLES, 10, 212);
    let labels: Vec<u32> = (0..SAMPLES as u32).map(|sample| sample % 3).collect();
    let silent_boost = 0.25;
    let boost = LayerRegularisation {
        silent_boost,
        ..LayerRegularisation::default()
    };
    let loss = Loss::from(SpikeCount {
        target_true: 4.0,
        target_false: 1.0,
    });
    let mut runner = Runner::new(engine, &network);
    let mut gradient = |regularisation: &Regularisation| {
        runner.clear();
        runner.load(&input, &labels);
        must(runner.session.forward(Pass::default()), "a forward pass");
        must(runner.session.loss(&loss), "a loss");
        must(
            runner.session.backward(regularisation, 1.0),
            "a backward pass",
        );
        (runner.gradient(), runner.spikes())
    };
    let (found, _) = gradient(&of_layer(1, boost));
    let (plain, spikes) = gradient(&Regularisation::default());
    let name = TensorName::weights(1);
    let mut expected = to_f64(plain[&name].as_slice());
    let columns = plain[&name].row_len();
    let mut boosted = 0;
    for (sample, &label) in labels.iter().enumerate() {
        if spikes[1].counts(sample)[label as usize] == 0 {
            for &from in spikes[0].sample(sample).neurons {
                expected[label as usize * columns + from as usize] -= silent_boost / SAMPLES as f64;
                boosted += 1;
            }
        }
    }
    for neuron in (0..3).filter(|neuron| !spikes[1].neurons().contains(neuron)) {
        let row = neuron as usize * columns;
        expected[row..row + columns]
            .iter_mut()
            .for_each(|value| *value -= silent_boost);
    }
    assert!(boosted > 10, "only {boosted} events reached a silent label");
    let allowed = by_precision::<T>(1e-11, 1e-4);
    assert_close(
        found[&name].as_slice(),
        &expected,
        allowed,
        "boost of silent labels",
    );
    let first = TensorName::weights(0);
    let expected = to_f64(plain[&first].as_slice());
    assert_close(
        found[&first].as_slice(),
        &expected,
        allowed,
        "the layer before the boosted one",
    );
}

/// Labels beyond the outputs give no boost, and change nothing else.
pub fn labels_beyond_the_outputs<T: Real>(engine: &dyn Engine<T>) {
    let dense = with_silent_row(dense_network::<T>(&[4, 8, 3], &neuron(2.0), 213), 1);
    let filters = must(Initialiser::uniform(-0.3, 0.9), "bounds of weights");
    let conv = must(Network::image(IMAGE), "the image of a network");
    let conv = conv.conv2d(3, Window::square(3), &neuron(2.0), filters, 214);
    let conv = with_silent_row(must(conv, "a convolution"), 0);
    for (network, events, layer) in [(dense, 10, 1), (conv, 40, 0)] {
        let input = random_input(network.inputs(), SAMPLES, events, 215);
        let mut runner = Runner::new(engine, &network);
        runner.forward(&input, Pass::default());
        let output = runner.output();
        // A label that spikes gives no boost either.
        let mut labels = vec![0; SAMPLES];
        let mut beyond = labels.clone();
        let outputs = network.outputs() as u32;
        let mut wrong = [outputs, outputs + 4, 1000, u32::MAX].into_iter();
        for sample in (0..SAMPLES).step_by(2) {
            if let Some(&neuron) = output.sample(sample).neurons.first() {
                labels[sample] = neuron;
                beyond[sample] = wrong.next().unwrap_or(outputs);
            }
        }
        assert!(labels != beyond, "no sample has spikes");
        let boost = LayerRegularisation {
            silent_boost: 0.25,
            ..LayerRegularisation::default()
        };
        let boost = of_layer(layer, boost);
        let learned = [labels, beyond].map(|labels| {
            let mut runner = Runner::new(engine, &network);
            runner.load(&input, &labels);
            must(runner.session.forward(WITH_INPUT), "a forward pass");
            runner.backward(&ranked_errors(&output), &boost);
            let gradient = runner.gradient();
            // The norm also sees values that belong to no weight.
            let norm = must(runner.session.gradient_norm(), "the norm of the gradient");
            must(runner.session.step(0.01, None), "a step");
            (gradient, norm, runner.read(TensorGroup::Parameters))
        });
        assert!(
            learned[0] == learned[1],
            "layer {layer}: labels beyond the outputs change the gradient"
        );
    }
}

/// `1/(du/dt)` of a spike is clipped: one neuron, one input, one spike, from the closed form.
pub fn bound_on_the_inverse_slope<T: Real>(engine: &dyn Engine<T>) {
    let parameters = noctule_core::LifParameters {
        max_spikes: 1,
        ..neuron(2.0)
    };
    let weights = must(Tensor::new(&[1, 1], vec![T::one()]), "one weight");
    let layer = must(
        SpikingLayer::dense(parameters, weights),
        "a layer of one neuron",
    );
    let network = must(
        must(Network::new(1), "one input").layer(layer),
        "adding a layer",
    );
    let mut input = SpikeBatch::new(1);
    must(input.push_sample([(T::of(0.5), 0)]), "one event");
    let mut runner = Runner::new(engine, &network);
    let mut gradient = |max_inverse_slope| {
        runner.clear();
        runner.forward(&input, WITH_INPUT);
        let regularisation = Regularisation {
            max_inverse_slope,
            layers: Vec::new(),
        };
        runner.backward(&[T::one()], &regularisation);
        let weight = runner.gradient()[&TensorName::weights(0)].as_slice()[0].to_f64();
        let times = must(runner.session.input_time_gradients(), "input times");
        (
            weight,
            times[0].to_f64(),
            runner.output().times()[0].to_f64() - 0.5,
        )
    };
    let (exact, input_time, elapsed) = gradient(None);
    // tau_m = 2, tau_s = 1: the response is 2 (exp(-s/2) - exp(-s)).
    let response = 2.0 * ((-elapsed / 2.0).exp() - (-elapsed).exp());
    let slope = -(-elapsed / 2.0).exp() + 2.0 * (-elapsed).exp();
    let allowed = by_precision::<T>(1e-9, 1e-3);
    let close = |found: f64, expected: f64, what: &str| {
        let error = (found - expected).abs() / expected.abs();
        assert!(error < allowed, "{what}: {found}, not {expected}");
    };
    close(exact, -response / slope, "without a bound");
    close(input_time, 1.0, "the input time without a bound");
    for bound in [0.1 / slope, 0.5 / slope, 2.0 / slope] {
        let clipped = bound.min(1.0 / slope);
        let (weight, input_time, _) = gradient(Some(bound));
        close(weight, -response * clipped, &format!("a bound of {bound}"));
        close(
            input_time,
            slope * clipped,
            &format!("the input time with a bound of {bound}"),
        );
    }
}
