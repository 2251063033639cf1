//! Sessions with a [`Substrate`]: passes use the transformed weights, steps change the untransformed ones.
//!
//! An engine that cannot transform weights passes if it says so by name.

use noctule_core::{
    Engine, EngineError, LayerSubstrate, Network, Pass, PassWeights, Quantisation, Real,
    SessionOptions, Sgd, Substrate, Tensor, TensorGroup, TensorName, Window,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::harness::{
    IMAGE, Runner, WITH_INPUT, assert_close, by_precision, dense_network, image_network, must,
    neuron, random_input, to_f64,
};
use crate::refused::refused;

const RATE: f64 = 0.05;

/// Weights of four bits and factors of about 1, some of them 0, for every layer with weights.
fn substrate<T: Real>(network: &Network<T>) -> Substrate {
    let mut random = ChaCha8Rng::seed_from_u64(511);
    let mut layer = |index: usize| {
        let Some(weights) = network.weights(index) else {
            return LayerSubstrate::default();
        };
        let factor = |_| match random.random_range(0..10) {
            0 => 0.0,
            _ => random.random_range(0.8..1.2),
        };
        let factors = (0..weights.len()).map(factor).collect();
        LayerSubstrate {
            quantisation: Some(must(Quantisation::with_bits(4, 0.5), "four bits")),
            factors: Some(must(Tensor::new(weights.shape(), factors), "factors")),
        }
    };
    Substrate {
        layers: (0..network.layers().len()).map(&mut layer).collect(),
    }
}

/// A session with the substrate; `None` if the engine says that it has none.
fn open<T: Real>(
    engine: &dyn Engine<T>,
    network: &Network<T>,
    substrate: Substrate,
) -> Option<Runner<T>> {
    let options = SessionOptions {
        optimiser: Sgd::default().into(),
        weight_average: 0.5,
        substrate,
    };
    match engine.open(network, &options) {
        Err(EngineError::Unsupported { what, .. }) => {
            assert!(what.contains("substrate"), "refused without a name: {what}");
            None
        }
        _ => Some(Runner::with_options(engine, network, &options)),
    }
}

/// A pass with a substrate is that of the network with transformed weights, and so is its gradient.
pub fn passes_use_transformed_weights<T: Real>(engine: &dyn Engine<T>) {
    let dense = dense_network::<T>(&[4, 20, 3], &neuron(2.0), 501);
    let window = Window::square(3);
    for (network, inputs) in [
        (dense, 4),
        (image_network(window, &neuron(2.0), 502), IMAGE.neurons()),
    ] {
        let substrate = substrate(&network);
        let transformed = must(substrate.apply(&network), "transformed weights");
        let Some(mut runner) = open(engine, &network, substrate) else {
            return;
        };
        let input = random_input(inputs, 4, 12, 503);
        let expected = Runner::new(engine, &transformed).run(&input, WITH_INPUT);
        let found = runner.run(&input, WITH_INPUT);
        assert!(expected == found, "a pass with a substrate");
        assert!(
            found.spikes.iter().all(|spikes| spikes.spikes() > 0),
            "a layer is silent"
        );
        let average = Pass {
            weights: PassWeights::Average,
            ..WITH_INPUT
        };
        let found = runner.run(&input, average);
        assert!(expected == found, "a pass with the mean, and a substrate");
        let recorded = Runner::new(engine, &transformed).run_recorded(&input, &expected.spikes);
        let found = runner.run_recorded(&input, &expected.spikes);
        assert!(recorded == found, "a recorded pass with a substrate");
    }
}

/// A step changes the untransformed weights by the gradient at the transformed ones, and the next pass uses the new
/// weights, transformed.
pub fn steps_change_untransformed_weights<T: Real>(engine: &dyn Engine<T>) {
    let network = dense_network::<T>(&[4, 20, 3], &neuron(2.0), 504);
    let substrate = substrate(&network);
    let Some(mut runner) = open(engine, &network, substrate.clone()) else {
        return;
    };
    let input = random_input(4, 4, 12, 505);
    let gradient = runner.run(&input, WITH_INPUT).gradient;
    must(
        runner.session.write(TensorGroup::Gradient, &gradient),
        "writing the gradient",
    );
    must(runner.session.step(RATE, None), "a step");
    let stepped = runner.read(TensorGroup::Parameters);
    let mut expected = network.clone();
    for layer in 0..2 {
        let name = TensorName::weights(layer);
        let before = to_f64(network.weights(layer).map_or(&[][..], Tensor::as_slice));
        let slopes = to_f64(gradient[&name].as_slice());
        let values = before.iter().zip(&slopes);
        let values: Vec<f64> = values
            .map(|(&weight, slope)| weight - RATE * slope)
            .collect();
        let allowed = by_precision::<T>(1e-14, 1e-6);
        assert_close(stepped[&name].as_slice(), &values, allowed, "a step");
        let layer = expected.layers_mut()[layer].spiking_mut();
        let set = layer.map(|layer| layer.set_parameter(name.kind, stepped[&name].clone()));
        must(set.unwrap_or(Ok(())), "setting weights");
    }
    let expected = must(substrate.apply(&expected), "transformed weights");
    let expected = Runner::new(engine, &expected).run(&input, WITH_INPUT);
    let found = runner.run(&input, WITH_INPUT);
    assert!(expected == found, "a pass after a step");
}

/// A substrate that does not fit the network is refused.
pub fn substrates_that_do_not_fit<T: Real>(engine: &dyn Engine<T>) {
    let network = dense_network::<T>(&[4, 6, 3], &neuron(2.0), 506);
    let shape = [4, 6];
    let options = SessionOptions {
        substrate: Substrate {
            layers: vec![LayerSubstrate {
                factors: Some(Tensor::zeros(&shape)),
                ..LayerSubstrate::default()
            }],
        },
        ..SessionOptions::default()
    };
    let is_expected = |error: &EngineError| {
        matches!(
            error,
            EngineError::Tensors { .. } | EngineError::Unsupported { .. }
        )
    };
    refused(
        engine.open(&network, &options).map(|_| ()),
        is_expected,
        "factors of another shape",
    );
}
