//! Wrong calls are errors, not panics, and leave the session as it was.

use noctule_core::{
    Batch, Engine, EngineError, Label, Loss, Network, ParameterKind, Pass, Prediction, Real,
    Regularisation, Session, SessionOptions, SpikeBatch, SpikeCount, StoredSet, Tensor,
    TensorGroup, TensorName, Window,
};

use crate::harness::{
    IMAGE, Runner, WITH_INPUT, dense_network, image_network, must, neuron, random_input,
    ranked_errors, unlabelled,
};
use crate::refused::{self, refused};

const LOSS: Loss = Loss::SpikeCount(SpikeCount {
    target_true: 4.0,
    target_false: 1.0,
});

/// Whether an error is of the expected kind.
type Expected = fn(&EngineError) -> bool;

fn network<T: Real>() -> Network<T> {
    dense_network(&[4, 6, 3], &neuron(2.0), 261)
}

fn open<T: Real>(engine: &dyn Engine<T>) -> Box<dyn Session<T>> {
    must(
        engine.open(&network(), &SessionOptions::default()),
        "opening a session",
    )
}

fn input<T: Real>() -> SpikeBatch<T> {
    random_input(4, 5, 10, 262)
}

/// Other populations, wrong labels, samples and sets that do not exist; a network without layers.
pub fn samples_that_do_not_fit<T: Real>(engine: &dyn Engine<T>) {
    let empty = must(Network::<T>::new(4), "inputs of a network");
    refused(
        engine.open(&empty, &SessionOptions::default()),
        refused::network,
        "a network without layers",
    );
    let mut runner = Runner::new(engine, &network::<T>());
    let expected = runner.run(&input(), WITH_INPUT);
    let session = &mut runner.session;
    let other = unlabelled(&random_input::<T>(5, 2, 10, 263));
    let labels: Vec<Label> = vec![0; 4];
    let four_labels = Batch::events(input::<T>(), labels);
    refused(session.load(&other), refused::inputs, "loading 5 inputs");
    refused(session.store(&other), refused::inputs, "storing 5 inputs");
    let what = "4 labels for 5 samples";
    refused(session.load(&four_labels), refused::length, what);
    refused(session.store(&four_labels), refused::length, what);
    let set = must(session.store(&unlabelled(&input())), "storing a set");
    refused(
        session.select(set, &[0, 5]),
        refused::no_such_sample,
        "sample 5 of 5",
    );
    refused(
        session.select(StoredSet { index: 1 }, &[0]),
        refused::no_such_set,
        "a set that was not stored",
    );
    let labelled = Batch::events(input::<T>(), vec![0, 1, 2, 3, 0]);
    let out_of_range = session.load(&labelled).and_then(|()| {
        session.forward(Pass::default())?;
        session.loss(&LOSS)
    });
    refused(out_of_range, refused::label_range, "label 3 of 3 classes");
    assert!(
        runner.run(&input(), WITH_INPUT) == expected,
        "errors leave a trace"
    );
}

/// Each call before the one that it needs.
pub fn calls_out_of_order<T: Real>(engine: &dyn Engine<T>) {
    let regularisation = Regularisation::default();
    let mut session = open(engine);
    refused(session.input(), refused::order, "`input` before `load`");
    refused(
        session.forward(Pass::default()),
        refused::order,
        "`forward` before `load`",
    );
    refused(
        session.forward_recorded(&[]),
        refused::order,
        "`forward_recorded` before `load`",
    );
    refused(
        session.exchange_metrics(&mut |_| ()),
        refused::order,
        "`exchange_metrics` before `loss`",
    );
    let labelled = Batch::events(input::<T>(), vec![0; 5]);
    // After `load` there is no forward pass, whether or not there was one before.
    for round in ["first", "second"] {
        must(session.load(&labelled), "loading a batch");
        refused(
            session.loss(&LOSS),
            refused::order,
            &format!("`loss` before `forward` in the {round} batch"),
        );
        refused(
            session.predict(Prediction::MostSpikes),
            refused::order,
            "`predict` before `forward`",
        );
        refused(
            session.set_time_gradients(&[], 0.0, &[]),
            refused::order,
            "`set_time_gradients` before `forward`",
        );
        refused(
            session.backward(&regularisation, 1.0),
            refused::order,
            "`backward` before `forward`",
        );
        refused(
            session.spikes(1),
            refused::order,
            "`spikes` before `forward`",
        );
        refused(
            session.predictions(),
            refused::order,
            "`predictions` before `forward`",
        );
        must(session.forward(Pass::default()), "a forward pass");
        refused(
            session.backward(&regularisation, 1.0),
            refused::order,
            "`backward` before `loss`",
        );
        refused(
            session.predictions(),
            refused::order,
            "`predictions` before `loss`",
        );
        refused(session.spikes(2), refused::no_such_layer, "layer 2 of 2");
        must(session.loss(&LOSS), "a loss");
        must(session.backward(&regularisation, 1.0), "a backward pass");
        let unasked = session.input_time_gradients();
        refused(
            unasked,
            refused::order,
            "input gradients that were not asked for",
        );
    }
    must(session.load(&unlabelled(&input())), "loading a batch");
    must(session.forward(Pass::default()), "a forward pass");
    refused(
        session.loss(&LOSS),
        refused::label_count,
        "a loss without labels",
    );
    must(
        session.predict(Prediction::MostSpikes),
        "predicting without labels",
    );
    refused(
        session.backward(&regularisation, 1.0),
        refused::order,
        "`backward` after `predict`",
    );
}

/// Lists that are not aligned with the output events or the samples.
pub fn lists_of_wrong_length<T: Real>(engine: &dyn Engine<T>) {
    let mut session = open(engine);
    must(session.load(&unlabelled(&input())), "loading a batch");
    must(session.forward(Pass::default()), "a forward pass");
    let spikes = must(session.spikes(1), "reading the output").spikes();
    for length in [0, spikes - 1, spikes + 1] {
        let d_times = vec![T::zero(); length];
        let set = session.set_time_gradients(&d_times, 0.0, &[]);
        refused(
            set,
            refused::length,
            &format!("{length} gradients for {spikes} output events"),
        );
    }
    let d_times = vec![T::zero(); spikes];
    let set = session.set_time_gradients(&d_times, 0.0, &[None; 4]);
    refused(set, refused::length, "4 predictions for 5 samples");
    must(
        session.set_time_gradients(&d_times, 0.0, &[None; 5]),
        "predictions for all samples",
    );
}

/// Groups that are not there, and tensors that are missing, too many, misshapen or not finite.
pub fn tensors_that_do_not_fit<T: Real>(engine: &dyn Engine<T>) {
    let mut session = open(engine);
    refused(
        session.read(TensorGroup::Average),
        refused::tensors,
        "the mean of a session without one",
    );
    refused(
        session.read(TensorGroup::OptimiserState(2)),
        refused::tensors,
        "a third state of Adam",
    );
    let shown = session.exchange(TensorGroup::Average, &mut |_| ());
    refused(
        shown,
        refused::tensors,
        "exchanging the mean of a session without one",
    );
    let parameters = must(
        session.read(TensorGroup::Parameters),
        "reading the parameters",
    );
    refused(
        session.write(TensorGroup::Average, &parameters),
        refused::tensors,
        "a mean of a session without one",
    );
    let mut missing = parameters.clone();
    missing.remove(&TensorName::weights(1));
    let mut additional = parameters.clone();
    additional.insert(TensorName::weights(2), Tensor::zeros(&[1, 1]));
    let mut constants = parameters.clone();
    let name = TensorName {
        layer: 0,
        kind: ParameterKind::Theta,
    };
    constants.insert(name, Tensor::zeros(&[6]));
    let mut transposed = parameters.clone();
    transposed.insert(TensorName::weights(1), Tensor::zeros(&[6, 3]));
    let mut not_finite = parameters.clone();
    if let Some(tensor) = not_finite.get_mut(&TensorName::weights(1)) {
        tensor.as_mut_slice()[0] = T::nan();
    }
    let (group, tensor): (Expected, Expected) = (refused::tensors, refused::tensor);
    for (tensors, expected, what) in [
        (missing, group, "a missing tensor"),
        (additional, group, "a tensor too many"),
        (constants, group, "thresholds of single neurons"),
        (transposed, tensor, "a tensor of the transposed shape"),
        (not_finite, tensor, "a weight that is NaN"),
    ] {
        let written = session.write(TensorGroup::Parameters, &tensors);
        refused(written, expected, what);
        let after = must(
            session.read(TensorGroup::Parameters),
            "reading the parameters",
        );
        assert!(
            after == parameters,
            "{what} is refused, and changes the parameters"
        );
    }
}

/// Recorded spikes of other layers, populations or samples.
pub fn recorded_spikes_that_do_not_fit<T: Real>(engine: &dyn Engine<T>) {
    let mut runner = Runner::new(engine, &network::<T>());
    let expected = runner.run(&input(), WITH_INPUT);
    let [hidden, output] = expected.spikes.as_slice() else {
        panic!("{} layers have spikes, not 2", expected.spikes.len());
    };
    let fewer = output.subset(&[0, 1, 2, 3]);
    runner.load(&input(), &[]);
    for (layers, what) in [
        (vec![hidden.clone()], "one layer of 2"),
        (
            vec![hidden.clone(), output.clone(), output.clone()],
            "three layers of 2",
        ),
        (
            vec![output.clone(), hidden.clone()],
            "layers in the wrong order",
        ),
        (vec![hidden.clone(), fewer], "4 samples of 5"),
    ] {
        let passed = runner.session.forward_recorded(&layers);
        refused(passed, refused::recorded, what);
    }
    let recorded = runner.run_recorded(&input(), &expected.spikes);
    assert_eq!(recorded.spikes, expected.spikes);
    assert!(
        runner.run(&input(), WITH_INPUT) == expected,
        "errors leave a trace"
    );
}

/// A recorded spike of a pooling layer must be on the neuron that pools the spike before it.
pub fn recorded_pooling_on_another_neuron<T: Real>(engine: &dyn Engine<T>) {
    const POOLING: usize = 1;
    let network = image_network::<T>(Window::square(3), &neuron(2.0), 264);
    let input = random_input(IMAGE.neurons(), 3, 40, 265);
    let mut runner = Runner::new(engine, &network);
    let expected = runner.run(&input, WITH_INPUT);
    let pooled = &expected.spikes[POOLING];
    assert!(pooled.spikes() > 0, "the pooling layer has no spikes");
    for moved in [0, pooled.spikes() - 1] {
        let mut layers = expected.spikes.clone();
        layers[POOLING] = with_moved_spike(pooled, moved);
        runner.load(&input, &[]);
        let passed = runner.session.forward_recorded(&layers);
        let what = format!("pooled spike {moved} on another neuron");
        refused(passed, refused::recorded, &what);
    }
    assert!(
        runner.run(&input, WITH_INPUT) == expected,
        "errors leave a trace"
    );
}

/// The same spikes, but one of them on the next neuron.
fn with_moved_spike<T: Real>(spikes: &SpikeBatch<T>, moved: usize) -> SpikeBatch<T> {
    let mut neurons = spikes.neurons().to_vec();
    neurons[moved] = (neurons[moved] + 1) % spikes.population() as u32;
    let mut changed = SpikeBatch::new(spikes.population());
    for sample in 0..spikes.samples() {
        let events = spikes.range(sample);
        let events = events.map(|spike| (spikes.times()[spike], neurons[spike]));
        must(changed.push_sample(events), "spikes of a pooling layer");
    }
    changed
}

/// A largest norm that is not above 0 is refused before the step changes anything.
pub fn largest_norms_that_are_not_positive<T: Real>(engine: &dyn Engine<T>) {
    let mut runner = Runner::new(engine, &network::<T>());
    let mut plain = Runner::new(engine, &network::<T>());
    for runner in [&mut runner, &mut plain] {
        runner.forward(&input(), Pass::default());
        let d_times = ranked_errors(&runner.output());
        runner.backward(&d_times, &Regularisation::default());
    }
    let groups = [TensorGroup::Parameters, TensorGroup::Gradient];
    let before = groups.map(|group| runner.read(group));
    let progress = runner.session.optimiser_progress();
    for max_norm in [0.0, -1.0, f64::NAN] {
        let what = format!("a largest norm of {max_norm}");
        let stepped = runner.session.step(0.1, Some(max_norm));
        refused(stepped, refused::max_norm, &what);
        let after = groups.map(|group| runner.read(group));
        assert!(after == before, "{what} is refused, and changes tensors");
        let after = runner.session.optimiser_progress();
        assert_eq!(after, progress, "{what} is refused, and counts as a step");
    }
    for runner in [&mut runner, &mut plain] {
        must(runner.session.step(0.1, None), "a step");
    }
    let parameters = plain.read(TensorGroup::Parameters);
    assert!(
        runner.read(TensorGroup::Parameters) == parameters,
        "errors leave a trace"
    );
}
