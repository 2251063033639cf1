//! `Model`, the thin layer for short programs.

mod support;

use noctule_core::{
    Adam, EngineError, Initialiser, LifParameters, Model, Network, SpikeBatch, TensorGroup,
    are_weights,
};
use support::engine;

fn model(learning_rate: f64) -> Model<f32> {
    let neuron = LifParameters {
        tau_m: 0.02,
        tau_s: 0.01,
        theta: 1.0,
        reset: 1.0,
        max_spikes: 10,
        t_max: 0.1,
    };
    let weights = Initialiser::uniform(100.0, 400.0).unwrap();
    let network = Network::new(2).unwrap();
    let network = network.dense(3, &neuron, weights, 7).unwrap();
    let optimiser = Adam {
        learning_rate,
        ..Adam::default()
    };
    Model::new(engine(), &network, optimiser).unwrap()
}

/// Adds the gradient of a pass.
fn backward(model: &mut Model<f32>) {
    let mut input = SpikeBatch::new(2);
    input.push_sample([(0.000, 0), (0.005, 1)]).unwrap();
    let output = model.forward(&input).unwrap();
    assert!(output.spikes() > 0);
    model.backward(&vec![1.0; output.spikes()]).unwrap();
}

#[test]
fn a_step_that_diverges_is_an_error() {
    let mut sound = model(0.1);
    backward(&mut sound);
    sound.step().unwrap();
    for (learning_rate, max_norm) in [(1e20, None), (1e300, None), (1e20, Some(1.0))] {
        let mut model = model(learning_rate);
        backward(&mut model);
        let step = match max_norm {
            None => model.step(),
            Some(max_norm) => model.step_clipped(max_norm),
        };
        let error = step.unwrap_err();
        assert!(matches!(error, EngineError::Diverged { .. }), "{error}");
        assert!(error.to_string().contains("lower the learning rate"));
        // The step was taken.
        let weights = model.session().read(TensorGroup::Parameters).unwrap();
        assert!(
            !weights
                .values()
                .all(|weights| are_weights(weights.as_slice()))
        );
    }
}
