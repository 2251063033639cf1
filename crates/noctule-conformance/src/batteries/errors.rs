//! Wrong calls are errors, not panics, and leave the session as it was.

use noctule_core::{
    Batch, Engine, EngineError, Label, Loss, Network, ParameterKind, Pass, Prediction, Real,
    Regularisation, Session, SessionOptions, SpikeBatch, SpikeCount, StoredSet, Tensor,
    TensorGroup, TensorName,
};

use crate::harness::{Runner, WITH_INPUT, dense_network, must, neuron, random_input, unlabelled};

const LOSS: Loss = Loss::SpikeCount(SpikeCount {
    target_true: 4.0,
    target_false: 1.0,
});

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

fn refused<V>(result: Result<V, EngineError>, what: &str) {
    let Err(error) = result else {
        panic!("{what} is not refused");
    };
    assert!(
        !error.to_string().is_empty(),
        "{what}: an error without a message"
    );
}

/// Other populations, wrong labels, samples and sets that do not exist; a network without layers.
pub fn samples_that_do_not_fit<T: Real>(engine: &dyn Engine<T>) {
    let empty = must(Network::<T>::new(4), "inputs of a network");
    refused(
        engine.open(&empty, &SessionOptions::default()),
        "a network without layers",
    );
    let mut runner = Runner::new(engine, &network::<T>());
    let expected = runner.run(&input(), WITH_INPUT);
    let session = &mut runner.session;
    let other = unlabelled(&random_input::<T>(5, 2, 10, 263));
    let labels: Vec<Label> = vec![0; 4];
    let four_labels = Batch::events(input::<T>(), labels);
    for (batch, what) in [
        (other, "a batch of 5 inputs"),
        (four_labels, "4 labels for 5 samples"),
    ] {
        refused(session.load(&batch), what);
        refused(session.store(&batch), what);
    }
    let set = must(session.store(&unlabelled(&input())), "storing a set");
    refused(session.select(set, &[0, 5]), "sample 5 of 5");
    refused(
        session.select(StoredSet { index: 1 }, &[0]),
        "a set that was not stored",
    );
    let labelled = Batch::events(input::<T>(), vec![0, 1, 2, 3, 0]);
    let out_of_range = session.load(&labelled).and_then(|()| {
        session.forward(Pass::default())?;
        session.loss(&LOSS)
    });
    refused(out_of_range, "label 3 of 3 classes");
    assert!(
        runner.run(&input(), WITH_INPUT) == expected,
        "errors leave a trace"
    );
}

/// Each call before the one that it needs.
pub fn calls_out_of_order<T: Real>(engine: &dyn Engine<T>) {
    let regularisation = Regularisation::default();
    let mut session = open(engine);
    refused(session.input().map(|_| ()), "`input` before `load`");
    refused(session.forward(Pass::default()), "`forward` before `load`");
    refused(
        session.forward_recorded(&[]),
        "`forward_recorded` before `load`",
    );
    refused(
        session.exchange_metrics(&mut |_| ()),
        "`exchange_metrics` before `loss`",
    );
    let labelled = Batch::events(input::<T>(), vec![0; 5]);
    // After `load` there is no forward pass, whether or not there was one before.
    for round in ["first", "second"] {
        must(session.load(&labelled), "loading a batch");
        refused(
            session.loss(&LOSS),
            &format!("`loss` before `forward` in the {round} batch"),
        );
        refused(
            session.predict(Prediction::MostSpikes),
            "`predict` before `forward`",
        );
        refused(
            session.set_time_gradients(&[], 0.0, &[]),
            "`set_time_gradients` before `forward`",
        );
        refused(
            session.backward(&regularisation, 1.0),
            "`backward` before `forward`",
        );
        refused(session.spikes(1).map(|_| ()), "`spikes` before `forward`");
        refused(
            session.predictions().map(|_| ()),
            "`predictions` before `forward`",
        );
        must(session.forward(Pass::default()), "a forward pass");
        refused(
            session.backward(&regularisation, 1.0),
            "`backward` before `loss`",
        );
        refused(
            session.predictions().map(|_| ()),
            "`predictions` before `loss`",
        );
        refused(session.spikes(2).map(|_| ()), "layer 2 of 2");
        must(session.loss(&LOSS), "a loss");
        must(session.backward(&regularisation, 1.0), "a backward pass");
        let unasked = session.input_time_gradients().map(|_| ());
        refused(unasked, "input gradients that were not asked for");
    }
    must(session.load(&unlabelled(&input())), "loading a batch");
    must(session.forward(Pass::default()), "a forward pass");
    refused(session.loss(&LOSS), "a loss without labels");
    must(
        session.predict(Prediction::MostSpikes),
        "predicting without labels",
    );
    refused(
        session.backward(&regularisation, 1.0),
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
            &format!("{length} gradients for {spikes} output events"),
        );
    }
    let d_times = vec![T::zero(); spikes];
    let set = session.set_time_gradients(&d_times, 0.0, &[None; 4]);
    refused(set, "4 predictions for 5 samples");
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
        "the mean of a session without one",
    );
    refused(
        session.read(TensorGroup::OptimiserState(2)),
        "a third state of Adam",
    );
    let shown = session.exchange(TensorGroup::Average, &mut |_| ());
    refused(shown, "exchanging the mean of a session without one");
    let parameters = must(
        session.read(TensorGroup::Parameters),
        "reading the parameters",
    );
    refused(
        session.write(TensorGroup::Average, &parameters),
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
    for (tensors, what) in [
        (missing, "a missing tensor"),
        (additional, "a tensor too many"),
        (constants, "thresholds of single neurons"),
        (transposed, "a tensor of the transposed shape"),
        (not_finite, "a weight that is NaN"),
    ] {
        refused(session.write(TensorGroup::Parameters, &tensors), what);
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
        refused(runner.session.forward_recorded(&layers), what);
    }
    let recorded = runner.run_recorded(&input(), &expected.spikes);
    assert_eq!(recorded.spikes, expected.spikes);
    assert!(
        runner.run(&input(), WITH_INPUT) == expected,
        "errors leave a trace"
    );
}
