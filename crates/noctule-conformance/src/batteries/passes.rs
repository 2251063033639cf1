//! What is counted of a batch, and when a backward pass is possible.

use noctule_core::{
    Engine, Label, Loss, Metrics, Network, Pass, Prediction, Real, Regularisation, SpikeBatch,
    SpikeCount, TensorGroup, Window,
};

use crate::harness::{
    IMAGE, Passed, Runner, WITH_INPUT, assert_close, assert_tensors_close, by_precision,
    dense_network, image_network, must, neuron, random_input, ranked_errors, to_f64,
};
use crate::refused::{self, refused};

const LOSS: Loss = Loss::SpikeCount(SpikeCount {
    target_true: 4.0,
    target_false: 1.0,
});
const LABELS: [Label; 5] = [0, 1, 2, 1, 0];

fn network<T: Real>() -> Network<T> {
    dense_network(&[4, 6, 3], &neuron(2.0), 271)
}

fn input<T: Real>() -> SpikeBatch<T> {
    random_input(4, 5, 10, 272)
}

/// Loads samples with these labels and runs the network.
fn forward<T: Real>(runner: &mut Runner<T>, labels: &[Label]) {
    runner.load(&input(), labels);
    must(runner.session.forward(WITH_INPUT), "a forward pass");
}

/// The metrics that were not taken yet.
fn metrics<T: Real>(runner: &mut Runner<T>) -> Metrics {
    let mut metrics = Metrics::new(&network::<T>());
    must(runner.session.take_metrics(&mut metrics), "taking metrics");
    metrics
}

/// A loss that is refused adds nothing to the metrics, and leaves those of the batch before.
pub fn a_refused_loss_is_not_counted<T: Real>(engine: &dyn Engine<T>) {
    let none = Metrics::new(&network::<T>());
    let mut runner = Runner::new(engine, &network::<T>());
    let bad_label = |runner: &mut Runner<T>| {
        forward(runner, &[0, 1, 2, 3, 0]);
        let loss = runner.session.loss(&LOSS);
        refused(loss, refused::label_range, "label 3 of 3 classes");
    };
    bad_label(&mut runner);
    assert_eq!(metrics(&mut runner), none, "after a refused loss");

    forward(&mut runner, &LABELS);
    must(runner.session.loss(&LOSS), "a loss");
    let expected = metrics(&mut runner);
    assert_eq!(expected.samples(), 5, "the samples of a loss");
    forward(&mut runner, &LABELS);
    must(runner.session.loss(&LOSS), "a loss");
    bad_label(&mut runner);
    let found = metrics(&mut runner);
    assert_eq!(found, expected, "a loss and a refused one");
}

/// Several evaluations of one forward pass count its batch once, with the last loss.
pub fn a_batch_is_counted_once<T: Real>(engine: &dyn Engine<T>) {
    let mut runner = Runner::new(engine, &network::<T>());
    forward(&mut runner, &LABELS);
    must(runner.session.loss(&LOSS), "a loss");
    let expected = metrics(&mut runner);
    forward(&mut runner, &LABELS);
    must(runner.session.loss(&LOSS), "a loss");
    must(runner.session.loss(&LOSS), "the loss again");
    assert_eq!(metrics(&mut runner), expected, "the same loss twice");

    forward(&mut runner, &LABELS);
    let rule = Prediction::MostSpikes;
    must(runner.session.predict(rule), "predicting");
    let predicted = must(runner.session.predictions(), "predictions").into_owned();
    let d_times = ranked_errors(&runner.output());
    let set = runner.session.set_time_gradients(&d_times, 2.5, &[]);
    must(set, "gradients after predicting");
    let kept = must(runner.session.predictions(), "predictions").into_owned();
    assert_eq!(kept, predicted, "the predictions are not kept");
    must(
        runner.session.backward(&Regularisation::default(), 1.0),
        "a backward pass",
    );
    let found = metrics(&mut runner);
    assert_eq!(found.samples(), 5, "a batch is counted several times");
    let loss = found.loss();
    assert!((loss - 2.5).abs() < 1e-6, "the loss is {loss}, not 2.5");
    assert_eq!(found.accuracy(), expected.accuracy(), "the accuracy");
    let spikes = (found.spikes_per_neuron(), found.silent_fraction());
    let expected = (expected.spikes_per_neuron(), expected.silent_fraction());
    assert_eq!(spikes, expected, "the spikes");
}

/// Something that changes the parameters, or may change them.
type Change<T> = fn(&mut Runner<T>);

/// A backward pass belongs to the parameters of its forward pass: once they may have changed, it needs a new one.
pub fn backward_needs_the_parameters_of_its_forward_pass<T: Real>(engine: &dyn Engine<T>) {
    let changes: [(Change<T>, &str); 3] = [
        (
            |runner| must(runner.session.step(0.01, None), "a step"),
            "a step",
        ),
        (
            |runner| {
                let parameters = runner.read(TensorGroup::Parameters);
                let written = runner.session.write(TensorGroup::Parameters, &parameters);
                must(written, "writing the parameters");
            },
            "writing the parameters",
        ),
        (
            |runner| {
                let exchanged = runner
                    .session
                    .exchange(TensorGroup::Parameters, &mut |_| ());
                must(exchanged, "exchanging the parameters");
            },
            "exchanging the parameters",
        ),
    ];
    let regularisation = Regularisation::default();
    for (change, name) in changes {
        let mut runner = Runner::new(engine, &network::<T>());
        forward(&mut runner, &[]);
        let d_times = ranked_errors(&runner.output());
        let set = runner.session.set_time_gradients(&d_times, 0.0, &[]);
        must(set, "setting the gradients of the output times");
        change(&mut runner);
        let back = runner.session.backward(&regularisation, 1.0);
        refused(back, refused::order, &format!("`backward` after {name}"));

        // Nor do new errors of the old spikes help.
        forward(&mut runner, &[]);
        let d_times = ranked_errors(&runner.output());
        runner.backward(&d_times, &regularisation);
        change(&mut runner);
        let set = runner.session.set_time_gradients(&d_times, 0.0, &[]);
        let back = set.and_then(|()| runner.session.backward(&regularisation, 1.0));
        let what = format!("`set_time_gradients` and `backward` after {name}");
        refused(back, refused::order, &what);

        let mut fresh = Runner::new(engine, &network::<T>());
        let parameters = runner.read(TensorGroup::Parameters);
        let written = fresh.session.write(TensorGroup::Parameters, &parameters);
        must(written, "writing the parameters");
        let expected = fresh.run(&input(), WITH_INPUT);
        assert!(
            runner.run(&input(), WITH_INPUT) == expected,
            "a new forward pass after {name}"
        );
    }
}

/// Two backward passes on one forward pass, simulated or recorded, add up. The gradient of the input times is that of
/// the last one.
pub fn backward_twice_adds_up<T: Real>(engine: &dyn Engine<T>) {
    let dense = (network::<T>(), input());
    let conv = image_network(Window::square(3), &neuron(2.0), 273);
    let conv = (conv, random_input(IMAGE.neurons(), 3, 40, 274));
    for (network, input) in [dense, conv] {
        let mut runner = Runner::new(engine, &network);
        let simulated = runner.run(&input, WITH_INPUT);
        let recorded = runner.run_recorded(&input, &simulated.spikes);

        runner.forward(&input, WITH_INPUT);
        twice(&mut runner, &simulated, "two backward passes");
        runner.load(&input, &[]);
        let passed = runner.session.forward_recorded(&simulated.spikes);
        must(passed, "a recorded pass");
        twice(&mut runner, &recorded, "two recorded backward passes");
    }
}

/// Goes back twice, and compares with twice the gradient of one backward pass.
fn twice<T: Real>(runner: &mut Runner<T>, once: &Passed<T>, what: &str) {
    let d_times = ranked_errors(&runner.output());
    for _ in 0..2 {
        runner.backward(&d_times, &Regularisation::default());
    }
    let mut doubled = once.gradient.clone();
    let tensors = doubled.values_mut();
    for value in tensors.flat_map(|tensor| tensor.as_mut_slice()) {
        *value *= T::of(2.0);
    }
    let allowed = by_precision::<T>(1e-11, 1e-4);
    assert_tensors_close(&runner.gradient(), &doubled, allowed, what);
    let input_times = must(runner.session.input_time_gradients(), "input times");
    assert_close(&input_times, &to_f64(&once.input_times), allowed, what);
    runner.clear();
}

/// Without a loss that reads them, labels beyond the outputs only give no class: the pass goes on.
pub fn labels_beyond_the_outputs_predict<T: Real>(engine: &dyn Engine<T>) {
    let mut runner = Runner::new(engine, &network::<T>());
    forward(&mut runner, &[3, 7, Label::MAX, 3, 3]);
    let predicted = runner.session.predict(Prediction::MostSpikes);
    must(predicted, "predicting with labels beyond the outputs");
    let found = metrics(&mut runner);
    assert_eq!((found.samples(), found.accuracy()), (5, 0.0));
    must(runner.session.forward(Pass::default()), "a forward pass");
}
