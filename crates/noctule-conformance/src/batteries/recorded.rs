//! Gradients at recorded spikes.

use noctule_core::{
    Engine, LifParameters, Metrics, Network, Real, Regularisation, SpikeBatch, SpikingLayer,
    Tensor, TensorName, Window,
};

use crate::harness::{
    IMAGE, Runner, WITH_INPUT, assert_close, assert_tensors_close, by_precision, dense_network,
    image_network, must, neuron, random_input, to_f64,
};

/// The spikes of a simulated pass, taken as recorded ones, give its gradient.
pub fn simulated_spikes_give_the_simulated_gradient<T: Real>(engine: &dyn Engine<T>) {
    for ratio in [1.0, 2.0, 3.0, 0.5] {
        let neuron = neuron(ratio);
        let dense = (
            dense_network(&[4, 12, 3], &neuron, 141),
            random_input(4, 7, 12, 142),
        );
        let window = Window {
            padding: 1,
            ..Window::square(3)
        };
        let conv = image_network(window, &neuron, 143);
        let conv = (conv, random_input(IMAGE.neurons(), 3, 40, 144));
        for (network, input) in [dense, conv] {
            let mut runner = Runner::<T>::new(engine, &network);
            let simulated = runner.run(&input, WITH_INPUT);
            let recorded = runner.run_recorded(&input, &simulated.spikes);
            let what = format!("recorded spikes, tau_m/tau_s = {ratio}");
            let allowed = by_precision::<T>(1e-7, 1e-2);
            assert_tensors_close(&recorded.gradient, &simulated.gradient, allowed, &what);
            let expected = to_f64(&simulated.input_times);
            assert_close(&recorded.input_times, &expected, allowed, &what);
            let again = runner.run(&input, WITH_INPUT);
            assert!(
                again == simulated,
                "{what}: the simulated pass after it differs"
            );
        }
    }
}

/// A network of one neuron with one input of weight 1.
fn network_of_one<T: Real>(parameters: &LifParameters) -> Network<T> {
    let weights = must(Tensor::new(&[1, 1], vec![T::one()]), "one weight");
    let layer = must(
        SpikingLayer::dense(*parameters, weights),
        "a layer of one neuron",
    );
    let network = must(Network::new(1), "inputs of a network");
    must(network.layer(layer), "adding a layer")
}

/// One sample of one neuron that spikes at these times.
fn at<T: Real>(times: &[f64]) -> SpikeBatch<T> {
    let mut batch = SpikeBatch::new(1);
    let events = times.iter().map(|&time| (T::of(time), 0));
    must(batch.push_sample(events), "spikes of one neuron");
    batch
}

/// One neuron with one input at 0.5 s, and spikes recorded at these times: the gradient of the weight, of the input time
/// and the spikes without rise.
fn one_neuron<T: Real>(
    engine: &dyn Engine<T>,
    parameters: &LifParameters,
    spikes: &[f64],
) -> (f64, f64, u64) {
    let network = network_of_one(parameters);
    let mut runner = Runner::new(engine, &network);
    let passed = runner.run_recorded(&at(&[0.5]), &[at(spikes)]);
    let mut metrics = Metrics::new(&network);
    must(runner.session.take_metrics(&mut metrics), "taking metrics");
    let weight = passed.gradient[&TensorName::weights(0)].as_slice()[0];
    (
        weight.to_f64(),
        passed.input_times[0].to_f64(),
        metrics.spikes_without_rise(),
    )
}

/// Spikes before an input, at its very time, or while the potential falls are counted and pass nothing on.
pub fn spikes_without_rise_pass_nothing_on<T: Real>(engine: &dyn Engine<T>) {
    for ratio in [1.0, 2.0, 3.0, 0.5] {
        let parameters = neuron(ratio);
        // Long after its input the potential falls.
        for spike in [0.25, 0.5, 7.5] {
            let found = one_neuron(engine, &parameters, &[spike]);
            assert_eq!(
                found,
                (0.0, 0.0, 1),
                "tau_m/tau_s = {ratio}: a spike at {spike} s"
            );
        }
        let (weight, input, without_rise) = one_neuron(engine, &parameters, &[0.75]);
        assert!(
            weight < 0.0,
            "tau_m/tau_s = {ratio}: a larger weight is not earlier: {weight}"
        );
        let one = (input - 1.0).abs() < by_precision::<T>(1e-12, 1e-5);
        assert!(
            one,
            "tau_m/tau_s = {ratio}: a later input moves its spike by {input}, not 1"
        );
        assert_eq!(without_rise, 0, "tau_m/tau_s = {ratio}");
    }
}

/// Recorded spikes count beyond `max_spikes` as before it.
pub fn all_recorded_spikes_count<T: Real>(engine: &dyn Engine<T>) {
    let spikes = [0.75, 0.8125, 0.875, 0.9375];
    let many = one_neuron(engine, &neuron(2.0), &spikes);
    let one = LifParameters {
        max_spikes: 1,
        ..neuron(2.0)
    };
    assert_eq!(
        one_neuron(engine, &one, &spikes),
        many,
        "with max_spikes = 1"
    );
    let first = one_neuron(engine, &neuron(2.0), &spikes[..1]);
    assert!(many.0 != first.0, "only the first recorded spike counts");
}

/// Ranks add up their spikes without rise, in the session and in metrics that were taken.
pub fn spikes_without_rise_are_exchanged<T: Real>(engine: &dyn Engine<T>) {
    let network = network_of_one(&neuron(2.0));
    let mut runner = Runner::<T>::new(engine, &network);
    let mut double = |values: &mut [f64]| values.iter_mut().for_each(|value| *value *= 2.0);
    runner.load(&at(&[0.5]), &[]);
    let passed = runner.session.forward_recorded(&[at(&[0.25, 7.5])]);
    must(passed, "a recorded pass");
    let d_times = [T::one(); 2];
    let set = runner.session.set_time_gradients(&d_times, 0.0, &[]);
    must(set, "setting the gradients of the output times");
    let exchanged = runner.session.exchange_metrics(&mut double);
    must(exchanged, "exchanging metrics");
    let back = runner.session.backward(&Regularisation::default(), 1.0);
    must(back, "a backward pass");
    let mut metrics = Metrics::new(&network);
    must(runner.session.take_metrics(&mut metrics), "taking metrics");
    let found = metrics.spikes_without_rise();
    assert_eq!(found, 4, "2 spikes without rise on each of two ranks");
    metrics.exchange(&mut double);
    assert_eq!(metrics.spikes_without_rise(), 8, "exchanged metrics");
    assert_eq!(metrics.samples(), 4, "the samples of exchanged metrics");
}
