//! Tensors in and out of a session, and gradients that add up.

use noctule_core::{
    Engine, Network, ParameterKind, Pass, Real, Regularisation, TensorGroup, TensorName, Window,
};

use crate::harness::{
    IMAGE, Runner, WITH_INPUT, assert_tensors_close, by_precision, dense_network, image_network,
    must, neuron, random_input, ranked_errors,
};

fn networks<T: Real>() -> [Network<T>; 2] {
    let window = Window {
        stride: 1,
        ..Window::square(3)
    };
    [
        dense_network(&[5, 33, 3], &neuron(2.0), 241),
        image_network(window, &neuron(2.0), 242),
    ]
}

/// Parameters are read and written in row-major order and in their shapes, and the coming passes use them.
pub fn tensors_are_read_and_written<T: Real>(engine: &dyn Engine<T>) {
    for network in networks::<T>() {
        let mut runner = Runner::new(engine, &network);
        let mut parameters = runner.read(TensorGroup::Parameters);
        let weights: Vec<_> = network.indexed_weights().collect();
        assert_eq!(parameters.len(), weights.len(), "the number of tensors");
        for (layer, weights) in weights {
            let read = &parameters[&TensorName::weights(layer)];
            assert_eq!(read, weights, "the weights of layer {layer}");
        }
        let gradient = runner.gradient();
        for (name, tensor) in &gradient {
            assert_eq!(
                tensor.shape(),
                parameters[name].shape(),
                "the gradient of {name}"
            );
            let zero = tensor.as_slice().iter().all(|value| *value == T::zero());
            assert!(zero, "the gradient of {name} does not begin at 0");
        }
        // Other weights, all of them different.
        let mut other = network.clone();
        for (name, tensor) in &mut parameters {
            for (index, value) in tensor.as_mut_slice().iter_mut().enumerate() {
                *value += T::of(0.001 * (index % 97) as f64);
            }
            let layer = other.layers_mut()[name.layer].spiking_mut();
            let values = layer.and_then(|layer| layer.parameter_mut(ParameterKind::Weights));
            values
                .unwrap_or_default()
                .copy_from_slice(tensor.as_slice());
        }
        let input = random_input(network.inputs(), 4, 30, 243);
        runner.forward(&input, Pass::default());
        must(
            runner.session.write(TensorGroup::Parameters, &parameters),
            "writing parameters",
        );
        assert!(
            runner.read(TensorGroup::Parameters) == parameters,
            "not as written"
        );
        let found = runner.run(&input, WITH_INPUT);
        let expected = Runner::new(engine, &other).run(&input, WITH_INPUT);
        assert!(
            found == expected,
            "a pass after writing does not use the new weights"
        );
        let finite = must(runner.session.parameters_are_in_range(), "looking for NaN");
        assert!(finite, "finite parameters are said not to be finite");
    }
}

/// Gradients of several backward passes add up until they are cleared, and scale with the weight of the batch.
pub fn gradients_add_up<T: Real>(engine: &dyn Engine<T>) {
    for network in networks::<T>() {
        let mut runner = Runner::new(engine, &network);
        let inputs = [244, 245].map(|seed| random_input(network.inputs(), 3, 30, seed));
        let alone = inputs
            .each_ref()
            .map(|input| runner.run(input, WITH_INPUT).gradient);
        let mut sum = alone[0].clone();
        for (sum, other) in sum.values_mut().zip(alone[1].values()) {
            let pairs = sum.as_mut_slice().iter_mut().zip(other.as_slice());
            pairs.for_each(|(sum, &other)| *sum += other);
        }
        for input in &inputs {
            runner.forward(input, WITH_INPUT);
            let d_times = ranked_errors(&runner.output());
            runner.backward(&d_times, &Regularisation::default());
        }
        let allowed = by_precision::<T>(1e-11, 1e-4);
        assert_tensors_close(&runner.gradient(), &sum, allowed, "two backward passes");
        runner.clear();
        let cleared = runner.gradient();
        let mut values = cleared.values().flat_map(|tensor| tensor.as_slice());
        assert!(
            values.all(|value| *value == T::zero()),
            "a cleared gradient is not 0"
        );

        runner.forward(&inputs[0], Pass::default());
        let d_times = ranked_errors(&runner.output());
        let set = runner.session.set_time_gradients(&d_times, 0.0, &[]);
        must(set, "setting the gradients of the output times");
        must(
            runner.session.backward(&Regularisation::default(), 0.25),
            "a backward pass",
        );
        let mut quarter = alone[0].clone();
        for value in quarter
            .values_mut()
            .flat_map(|tensor| tensor.as_mut_slice())
        {
            *value *= T::of(0.25);
        }
        assert_tensors_close(
            &runner.gradient(),
            &quarter,
            allowed,
            "a quarter of a batch",
        );
        must(runner.session.wait(), "waiting");
    }
}

/// Weights that a step makes NaN or too large are noticed, and weights up to the largest one are not.
pub fn weights_out_of_range_are_noticed<T: Real>(engine: &dyn Engine<T>) {
    let network = dense_network(&[5, 9, 3], &neuron(2.0), 247);
    let most = T::largest_weight();
    let in_range = |runner: &mut Runner<T>| {
        must(
            runner.session.parameters_are_in_range(),
            "looking at the weights",
        )
    };
    for (value, accepted) in [(most, true), (-most, true), (most * T::of(1.001), false)] {
        let mut runner = Runner::new(engine, &network);
        let mut parameters = runner.read(TensorGroup::Parameters);
        let weights = parameters.get_mut(&TensorName::weights(1));
        weights.into_iter().for_each(|weights| {
            weights.as_mut_slice()[20] = value;
        });
        let written = runner.session.write(TensorGroup::Parameters, &parameters);
        assert_eq!(written.is_ok(), accepted, "writing the weight {value}");
        assert!(in_range(&mut runner), "the weight {value} is out of range");
    }
    for rate in [1e30, f64::INFINITY] {
        let mut runner = Runner::new(engine, &network);
        runner.forward(&random_input(5, 3, 30, 248), Pass::default());
        let d_times = ranked_errors(&runner.output());
        runner.backward(&d_times, &Regularisation::default());
        must(
            runner.session.step(rate * most.to_f64(), None),
            "a step that is too large",
        );
        assert!(!in_range(&mut runner), "a rate of {rate} times the largest");
    }
}

/// What an engine says of itself, and that it does work on its threads.
pub fn an_engine_describes_itself<T: Real>(engine: &dyn Engine<T>) {
    let info = engine.info();
    assert!(!info.backend.is_empty(), "the back end has no name");
    assert!(!info.device.is_empty(), "the device has no name");
    assert!(info.threads > 0 && info.parallel_sessions > 0, "{info:?}");
    let mut calls = 0;
    engine.run(&mut || calls += 1);
    assert_eq!(calls, 1, "work is done {calls} times");
    // Sessions do not touch each other.
    let network = image_network::<T>(Window::square(3), &neuron(2.0), 246);
    let input = random_input(IMAGE.neurons(), 3, 30, 247);
    let (mut first, mut second) = (Runner::new(engine, &network), Runner::new(engine, &network));
    let expected = first.run(&input, WITH_INPUT);
    second.forward(&random_input(IMAGE.neurons(), 7, 30, 248), WITH_INPUT);
    must(second.session.step(0.1, None), "a step");
    assert!(
        first.run(&input, WITH_INPUT) == expected,
        "one session changes another"
    );
}
