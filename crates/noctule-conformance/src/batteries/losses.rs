//! Losses and predictions against a plain computation on the host.

use noctule_core::{
    CountSoftmax, EarlyPull, Engine, FirstSpike, Label, Loss, Metrics, Network, Pass, Prediction,
    Real, Regularisation, SpikeBatch, SpikeCount, SpikeTime,
};

use crate::harness::{
    Runner, WITH_INPUT, assert_close, assert_tensors_close, by_precision, dense_network, must,
    neuron, random_input, times_of, to_f64,
};

const CLASSES: usize = 4;
const SAMPLES: usize = 13;

fn network<T: Real>() -> Network<T> {
    dense_network(&[5, 12, CLASSES], &neuron(2.0), 181)
}

/// The last sample has no events.
fn input<T: Real>() -> SpikeBatch<T> {
    let mut input = random_input(5, SAMPLES - 1, 9, 182);
    must(input.push_sample([]), "an empty sample");
    input
}

fn labels() -> Vec<Label> {
    (0..SAMPLES)
        .map(|sample| (sample % CLASSES) as Label)
        .collect()
}

/// Spike times in seconds of each output neuron of a sample.
type Times = Vec<Vec<f64>>;

fn output_times<T: Real>(output: &SpikeBatch<T>, sample: usize) -> Times {
    (0..CLASSES as u32)
        .map(|class| times_of(output, sample, class))
        .collect()
}

/// The loss of a sample with this label, and `dL/dt` of each spike of each neuron.
type Plain<'a> = dyn Fn(&Times, usize) -> (f64, Vec<Vec<f64>>) + 'a;

fn softmax(scores: &[f64]) -> Vec<f64> {
    let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = scores.iter().map(|score| (score - highest).exp()).collect();
    let total: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / total).collect()
}

/// The same `dL/dt` for all spikes of a neuron.
fn for_all(times: &Times, errors: &[f64]) -> Vec<Vec<f64>> {
    times
        .iter()
        .zip(errors)
        .map(|(times, &error)| vec![error; times.len()])
        .collect()
}

/// `dL/dt` for the first spike of each neuron, and 0 for all others.
fn for_first(times: &Times, errors: &[f64]) -> Vec<Vec<f64>> {
    let mut all = for_all(times, &[0.0; CLASSES]);
    for (spikes, &error) in all.iter_mut().zip(errors) {
        if let Some(first) = spikes.first_mut() {
            *first = error;
        }
    }
    all
}

fn first_or(times: &Times, silent_time: f64) -> Vec<f64> {
    times
        .iter()
        .map(|times| times.first().copied().unwrap_or(silent_time))
        .collect()
}

/// The most spikes, then the earliest first spike, then the lowest index; or the earliest first spike and the lowest
/// index.
fn predict(times: &Times, rule: Prediction) -> Option<Label> {
    let spiking = (0..CLASSES).filter(|&class| !times[class].is_empty());
    let key = |&class: &usize| {
        let count = match rule {
            Prediction::MostSpikes => times[class].len(),
            Prediction::FirstSpike => 0,
        };
        (std::cmp::Reverse(count), times[class][0])
    };
    let best = spiking.min_by(|a, b| {
        let (a, b) = (key(a), key(b));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    best.map(|class| class as Label)
}

/// What the host computes of a batch.
struct Reference<T> {
    loss: f64,
    d_times: Vec<T>,
    predictions: Vec<Option<Label>>,
    correct: usize,
}

impl<T: Real> Reference<T> {
    fn new(output: &SpikeBatch<T>, plain: &Plain<'_>, rule: Prediction) -> Self {
        let mut reference = Self {
            loss: 0.0,
            d_times: Vec::new(),
            predictions: Vec::new(),
            correct: 0,
        };
        for (sample, &label) in labels().iter().enumerate() {
            let times = output_times(output, sample);
            let (loss, errors) = plain(&times, label as usize);
            reference.loss += loss / SAMPLES as f64;
            let mut next = [0; CLASSES];
            for &neuron in output.sample(sample).neurons {
                let rank = &mut next[neuron as usize];
                let error = errors[neuron as usize][*rank] / SAMPLES as f64;
                reference.d_times.push(T::of(error));
                *rank += 1;
            }
            let prediction = predict(&times, rule);
            reference.correct += usize::from(prediction == Some(label));
            reference.predictions.push(prediction);
        }
        reference
    }
}

/// Evaluates a loss in a session and checks metrics, predictions and gradients.
fn check<T: Real>(engine: &dyn Engine<T>, loss: impl Into<Loss>, plain: &Plain<'_>) {
    let (network, input, loss) = (network::<T>(), input::<T>(), loss.into());
    let what = format!("{loss:?}");
    let mut runner = Runner::new(engine, &network);
    runner.load(&input, &labels());
    must(runner.session.forward(WITH_INPUT), "a forward pass");
    must(runner.session.loss(&loss), "a loss");
    let predictions = must(runner.session.predictions(), "reading predictions").into_owned();
    must(
        runner.session.backward(&Regularisation::default(), 1.0),
        "a backward pass",
    );
    let mut metrics = Metrics::new(&network);
    must(runner.session.take_metrics(&mut metrics), "taking metrics");
    let gradient = runner.gradient();
    let input_times = must(runner.session.input_time_gradients(), "input times").into_owned();
    let spikes = runner.spikes();

    let reference = Reference::new(&spikes[1], plain, loss.prediction());
    assert_eq!(
        predictions, reference.predictions,
        "{what}: the predictions"
    );
    check_metrics(&metrics, &reference, &spikes, &what);
    runner.clear();
    runner.forward(&input, WITH_INPUT);
    runner.backward(&reference.d_times, &Regularisation::default());
    let allowed = by_precision::<T>(1e-9, 1e-3);
    assert_tensors_close(&gradient, &runner.gradient(), allowed, &what);
    let expected = must(runner.session.input_time_gradients(), "input times").into_owned();
    assert_close(&input_times, &to_f64(&expected), allowed, &what);
}

fn check_metrics<T: Real>(
    metrics: &Metrics,
    reference: &Reference<T>,
    spikes: &[SpikeBatch<T>],
    what: &str,
) {
    assert_eq!(metrics.samples(), SAMPLES as u64, "{what}: the samples");
    let close = |found: f64, expected: f64, quantity: &str| {
        let error = (found - expected).abs();
        let allowed = by_precision::<T>(1e-9, 1e-4) * expected.abs().max(1.0);
        assert!(
            error <= allowed,
            "{what}: {quantity} is {found}, not {expected}"
        );
    };
    close(metrics.loss(), reference.loss, "the loss");
    close(
        metrics.accuracy(),
        reference.correct as f64 / SAMPLES as f64,
        "the accuracy",
    );
    assert_eq!(metrics.diverged(), None, "{what}");
    for (layer, spikes) in spikes.iter().enumerate() {
        let neurons = spikes.population();
        let spiked: Vec<bool> = (0..neurons as u32)
            .map(|neuron| spikes.neurons().contains(&neuron))
            .collect();
        assert_eq!(
            metrics.spiked(layer),
            spiked,
            "{what}: which neurons of layer {layer} spiked"
        );
        let mean = spikes.spikes() as f64 / (neurons * SAMPLES) as f64;
        close(
            metrics.spikes_per_neuron()[layer],
            mean,
            "the spikes per neuron",
        );
        let silent = spiked.iter().filter(|&&spiked| !spiked).count();
        let fraction = silent as f64 / neurons as f64;
        close(
            metrics.silent_fraction()[layer],
            fraction,
            "the fraction of silent neurons",
        );
    }
}

/// Squared distance of spike counts from targets.
pub fn spike_count<T: Real>(engine: &dyn Engine<T>) {
    let loss = SpikeCount {
        target_true: 5.0,
        target_false: 1.0,
    };
    check(engine, loss, &|times, label| {
        let missing: Vec<f64> = (0..CLASSES)
            .map(|class| if class == label { 5.0 } else { 1.0 } - times[class].len() as f64)
            .collect();
        let loss = missing.iter().map(|missing| 0.5 * missing * missing).sum();
        (loss, for_all(times, &missing))
    });
}

/// Cross-entropy of spike counts.
pub fn count_softmax<T: Real>(engine: &dyn Engine<T>) {
    let temperature = 1.5;
    check(engine, CountSoftmax { temperature }, &|times, label| {
        let scores: Vec<f64> = times
            .iter()
            .map(|times| times.len() as f64 / temperature)
            .collect();
        let probabilities = softmax(&scores);
        let errors = errors_of(&probabilities, label, temperature);
        (-probabilities[label].ln(), for_all(times, &errors))
    });
}

/// `(1[class = label] - p)/temperature` of each class.
fn errors_of(probabilities: &[f64], label: usize, temperature: f64) -> Vec<f64> {
    let classes = probabilities.iter().enumerate();
    let wanted = |class| if class == label { 1.0 } else { 0.0 };
    classes
        .map(|(class, probability)| (wanted(class) - probability) / temperature)
        .collect()
}

/// Cross-entropy of first spikes, with and without a pull towards early ones.
pub fn first_spike<T: Real>(engine: &dyn Engine<T>) {
    let (temperature, silent_time) = (0.8, 8.0);
    let pull = EarlyPull {
        strength: 0.3,
        time: 4.0,
    };
    for early_pull in [None, Some(pull)] {
        let loss = FirstSpike {
            temperature,
            silent_time,
            early_pull,
        };
        check(engine, loss, &|times, label| {
            let first = first_or(times, silent_time);
            let scores: Vec<f64> = first.iter().map(|time| -time / temperature).collect();
            let probabilities = softmax(&scores);
            let mut errors = errors_of(&probabilities, label, temperature);
            let mut loss = -probabilities[label].ln();
            if let Some(EarlyPull { strength, time }) = early_pull {
                let growth = (first[label] / time).exp();
                loss += strength * (growth - 1.0);
                errors[label] += strength / time * growth;
            }
            (loss, for_first(times, &errors))
        });
    }
}

/// Squared distance of first spikes from target times.
pub fn spike_time<T: Real>(engine: &dyn Engine<T>) {
    let (scale, silent_time) = (2.0, 8.0);
    let loss = SpikeTime {
        target_true: 1.0,
        target_false: 3.0,
        scale,
        silent_time,
    };
    check(engine, loss, &|times, label| {
        let first = first_or(times, silent_time);
        let target = |class| if class == label { 1.0 } else { 3.0 };
        let distances: Vec<f64> = (0..CLASSES)
            .map(|class| (first[class] - target(class)) / scale)
            .collect();
        let errors: Vec<f64> = distances.iter().map(|distance| distance / scale).collect();
        let loss = distances
            .iter()
            .map(|distance| 0.5 * distance * distance)
            .sum();
        (loss, for_first(times, &errors))
    });
}

/// Predictions of samples with and without labels; the loss stays 0.
pub fn predictions<T: Real>(engine: &dyn Engine<T>) {
    let (network, input) = (network::<T>(), input::<T>());
    for rule in [Prediction::MostSpikes, Prediction::FirstSpike] {
        for labels in [labels(), Vec::new()] {
            let mut runner = Runner::new(engine, &network);
            runner.load(&input, &labels);
            must(runner.session.forward(Pass::default()), "a forward pass");
            must(runner.session.predict(rule), "predicting");
            let found = must(runner.session.predictions(), "reading predictions").into_owned();
            let output = runner.output();
            let samples = 0..SAMPLES;
            let expected: Vec<Option<Label>> = samples
                .map(|sample| predict(&output_times(&output, sample), rule))
                .collect();
            assert_eq!(found, expected, "{rule:?}");
            assert_eq!(
                found[SAMPLES - 1],
                None,
                "{rule:?}: an empty sample has a class"
            );
            let mut metrics = Metrics::new(&network);
            must(runner.session.take_metrics(&mut metrics), "taking metrics");
            assert_eq!(metrics.loss(), 0.0, "{rule:?}: a prediction has a loss");
            if !labels.is_empty() {
                let pairs = found.iter().zip(&labels);
                let correct = pairs
                    .filter(|&(found, label)| *found == Some(*label))
                    .count();
                let accuracy = correct as f64 / SAMPLES as f64;
                assert!(
                    (metrics.accuracy() - accuracy).abs() < 1e-12,
                    "{rule:?}: the accuracy"
                );
            }
        }
    }
}

/// Loss and predictions that the caller computes are counted as those of a loss of the engine.
pub fn a_loss_of_the_callers_own<T: Real>(engine: &dyn Engine<T>) {
    let (network, input, labels) = (network::<T>(), input::<T>(), labels());
    let mut runner = Runner::new(engine, &network);
    runner.load(&input, &labels);
    must(runner.session.forward(Pass::default()), "a forward pass");
    let d_times = vec![T::zero(); runner.output().spikes()];
    let mut predictions: Vec<Option<Label>> = labels.iter().map(|&label| Some(label)).collect();
    predictions[0] = None;
    predictions[1] = Some(0);
    must(
        runner
            .session
            .set_time_gradients(&d_times, 2.5, &predictions),
        "a loss of one's own",
    );
    must(
        runner.session.backward(&Regularisation::default(), 1.0),
        "a backward pass",
    );
    let mut metrics = Metrics::new(&network);
    must(runner.session.take_metrics(&mut metrics), "taking metrics");
    assert_eq!(metrics.samples(), SAMPLES as u64);
    assert!(
        (metrics.loss() - 2.5).abs() < 1e-6,
        "the loss is {}",
        metrics.loss()
    );
    let accuracy = (SAMPLES - 2) as f64 / SAMPLES as f64;
    assert!(
        (metrics.accuracy() - accuracy).abs() < 1e-9,
        "the accuracy is {}",
        metrics.accuracy()
    );
    // Metrics are taken once.
    let mut rest = Metrics::new(&network);
    must(runner.session.take_metrics(&mut rest), "taking metrics");
    assert_eq!(rest.samples(), 0, "metrics are given twice");
}
