//! What the batteries share: small random networks and inputs, passes over a session, and comparisons.

use std::fmt::Display;

use noctule_core::{
    Batch, Engine, Initialiser, Label, LifParameters, Network, Pass, Real, Regularisation, Session,
    SessionOptions, Shape, SpikeBatch, SpikingLayer, TensorGroup, TensorName, Tensors, Window,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::verdict::relative_error;

/// The image that convolutional networks of the batteries take.
pub(crate) const IMAGE: Shape = Shape {
    height: 6,
    width: 6,
    channels: 2,
};

/// A neuron that small weights drive to several spikes. Its times are a few seconds.
pub(crate) fn neuron(ratio: f64) -> LifParameters {
    LifParameters {
        tau_m: ratio,
        tau_s: 1.0,
        theta: 0.3,
        reset: 0.3,
        max_spikes: 6,
        t_max: 8.0,
    }
}

/// The value, or a panic that says what the engine failed to do.
pub(crate) fn must<V, E: Display>(result: Result<V, E>, what: &str) -> V {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{what}: {error}"),
    }
}

/// Dense layers of the given sizes, inputs first, with random weights.
pub(crate) fn dense_network<T: Real>(
    sizes: &[usize],
    neuron: &LifParameters,
    seed: u64,
) -> Network<T> {
    let mut network = must(Network::new(sizes[0]), "inputs of a network");
    for (layer, (&neurons, &inputs)) in sizes[1..].iter().zip(sizes).enumerate() {
        let scale = 3.0 / inputs as f64;
        let weights = must(
            Initialiser::uniform(-0.4 * scale, scale),
            "bounds of weights",
        );
        let seed = seed.wrapping_add(1000 * layer as u64);
        network = must(
            network.dense(neurons, neuron, weights, seed),
            "a dense layer",
        );
    }
    network
}

/// A convolution, sum pooling, and a dense layer of three neurons over [`IMAGE`].
pub(crate) fn image_network<T: Real>(
    window: Window,
    neuron: &LifParameters,
    seed: u64,
) -> Network<T> {
    let filters = must(Initialiser::uniform(-0.3, 0.9), "bounds of weights");
    let network = must(Network::image(IMAGE), "the image of a network");
    let network = must(
        network.conv2d(3, window, neuron, filters, seed),
        "a convolution",
    );
    let network = must(network.sum_pool2d(2), "pooling");
    let weights = must(Initialiser::uniform(-0.15, 0.3), "bounds of weights");
    must(network.dense(3, neuron, weights, seed + 1), "a dense layer")
}

/// Samples of `events` events each at random times in the first 4 seconds.
pub(crate) fn random_input<T: Real>(
    population: usize,
    samples: usize,
    events: usize,
    seed: u64,
) -> SpikeBatch<T> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut input = SpikeBatch::new(population);
    for _ in 0..samples {
        let mut times: Vec<f64> = (0..events)
            .map(|_| random.random_range(0.01..4.0))
            .collect();
        times.sort_by(f64::total_cmp);
        let sample: Vec<(T, u32)> = times
            .into_iter()
            .map(|time| (T::of(time), random.random_range(0..population as u32)))
            .collect();
        must(input.push_sample(sample), "random events");
    }
    input
}

/// A layer that passes each input on to one neuron of its own, which spikes at least once for each event.
pub(crate) fn one_to_one<T: Real>(neurons: usize, neuron: &LifParameters) -> SpikingLayer<T> {
    let mut weights = noctule_core::Tensor::zeros(&[neurons, neurons]);
    for index in 0..neurons {
        weights.as_mut_slice()[index * neurons + index] = T::of(5.0);
    }
    must(SpikingLayer::dense(*neuron, weights), "a one-to-one layer")
}

/// A batch without labels.
pub(crate) fn unlabelled<T: Real>(input: &SpikeBatch<T>) -> Batch<T> {
    Batch::events(input.clone(), Vec::new())
}

/// An evaluation pass that also computes the gradients of the input times.
pub(crate) const WITH_INPUT: Pass = Pass {
    weights: noctule_core::PassWeights::Training,
    dropout: None,
    first_sample: 0,
    input_gradients: true,
};

/// `dL/dt` of each output event of a loss that is linear in the times, with another factor for each neuron and each of
/// its spikes.
pub(crate) fn ranked_errors<T: Real>(output: &SpikeBatch<T>) -> Vec<T> {
    let mut errors = Vec::with_capacity(output.spikes());
    for sample in 0..output.samples() {
        let mut ranks = vec![0; output.population()];
        for &neuron in output.sample(sample).neurons {
            let rank = &mut ranks[neuron as usize];
            errors.push(T::of(
                1.0 + 0.7 * f64::from(neuron) - 0.3 * f64::from(*rank),
            ));
            *rank += 1;
        }
    }
    errors
}

/// What a forward and a backward pass give.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Passed<T> {
    /// Events of each layer.
    pub spikes: Vec<SpikeBatch<T>>,
    /// Gradient of the parameters.
    pub gradient: Tensors<T>,
    /// Gradient of the input times.
    pub input_times: Vec<T>,
}

/// A session with the calls that the batteries make again and again.
pub(crate) struct Runner<T: Real> {
    pub session: Box<dyn Session<T>>,
    layers: usize,
}

impl<T: Real> Runner<T> {
    pub fn new(engine: &dyn Engine<T>, network: &Network<T>) -> Self {
        Self::with_options(engine, network, &SessionOptions::default())
    }

    pub fn with_options(
        engine: &dyn Engine<T>,
        network: &Network<T>,
        options: &SessionOptions,
    ) -> Self {
        Self {
            session: must(engine.open(network, options), "opening a session"),
            layers: network.layers().len(),
        }
    }

    /// Loads events with labels.
    pub fn load(&mut self, input: &SpikeBatch<T>, labels: &[Label]) {
        let batch = Batch::events(input.clone(), labels.to_vec());
        must(self.session.load(&batch), "loading a batch");
    }

    /// Loads events and runs the network.
    pub fn forward(&mut self, input: &SpikeBatch<T>, pass: Pass) {
        self.load(input, &[]);
        must(self.session.forward(pass), "a forward pass");
    }

    pub fn spikes(&mut self) -> Vec<SpikeBatch<T>> {
        let layers = 0..self.layers;
        let spikes =
            layers.map(|layer| self.session.spikes(layer).map(|spikes| spikes.into_owned()));
        must(spikes.collect::<Result<_, _>>(), "reading spikes")
    }

    pub fn output(&mut self) -> SpikeBatch<T> {
        let output = self.session.spikes(self.layers - 1);
        must(output, "reading the output").into_owned()
    }

    /// Goes back with these errors of the output events; the gradient is added to what is there.
    pub fn backward(&mut self, d_times: &[T], regularisation: &Regularisation) {
        let set = self.session.set_time_gradients(d_times, 0.0, &[]);
        must(set, "setting the gradients of the output times");
        must(
            self.session.backward(regularisation, 1.0),
            "a backward pass",
        );
    }

    pub fn read(&mut self, group: TensorGroup) -> Tensors<T> {
        must(self.session.read(group), &format!("reading {group}"))
    }

    pub fn gradient(&mut self) -> Tensors<T> {
        self.read(TensorGroup::Gradient)
    }

    pub fn clear(&mut self) {
        must(self.session.clear_gradient(), "clearing the gradient");
    }

    /// A forward pass, and back with [`ranked_errors`]; the gradient is clear before and after.
    pub fn run(&mut self, input: &SpikeBatch<T>, pass: Pass) -> Passed<T> {
        self.clear();
        self.forward(
            input,
            Pass {
                input_gradients: true,
                ..pass
            },
        );
        let spikes = self.spikes();
        let d_times = ranked_errors(&self.output());
        self.backward(&d_times, &Regularisation::default());
        self.passed(spikes)
    }

    /// As [`run`](Self::run), with recorded spikes.
    pub fn run_recorded(&mut self, input: &SpikeBatch<T>, layers: &[SpikeBatch<T>]) -> Passed<T> {
        self.clear();
        self.load(input, &[]);
        must(self.session.forward_recorded(layers), "a recorded pass");
        let d_times = ranked_errors(&layers[self.layers - 1]);
        self.backward(&d_times, &Regularisation::default());
        self.passed(layers.to_vec())
    }

    fn passed(&mut self, spikes: Vec<SpikeBatch<T>>) -> Passed<T> {
        let input_times = self.session.input_time_gradients();
        let input_times =
            must(input_times, "reading the gradients of the input times").into_owned();
        let gradient = self.gradient();
        self.clear();
        Passed {
            spikes,
            gradient,
            input_times,
        }
    }
}

/// One of two numbers for the precision `T`.
pub(crate) fn by_precision<T: Real>(double: f64, single: f64) -> f64 {
    if T::epsilon().to_f64() < 1e-12 {
        double
    } else {
        single
    }
}

pub(crate) fn to_f64<T: Real>(values: &[T]) -> Vec<f64> {
    values.iter().map(|&value| value.to_f64()).collect()
}

/// Checks that values differ by at most `allowed` of the largest expected one.
pub(crate) fn assert_close<T: Real>(found: &[T], expected: &[f64], allowed: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}: the lengths differ");
    let error = relative_error(&to_f64(found), expected);
    assert!(
        error <= allowed,
        "{what}: off by {error:e} of the largest entry, {allowed:e} is allowed"
    );
}

/// Checks tensors one by one as [`assert_close`].
pub(crate) fn assert_tensors_close<T: Real>(
    found: &Tensors<T>,
    expected: &Tensors<T>,
    allowed: f64,
    what: &str,
) {
    let names = |tensors: &Tensors<T>| tensors.keys().copied().collect::<Vec<TensorName>>();
    assert_eq!(names(found), names(expected), "{what}: the tensors differ");
    for ((name, found), expected) in found.iter().zip(expected.values()) {
        let what = format!("{what}, {name}");
        assert_eq!(found.shape(), expected.shape(), "{what}: the shapes differ");
        assert_close(
            found.as_slice(),
            &to_f64(expected.as_slice()),
            allowed,
            &what,
        );
    }
}

/// Checks that the same neurons spike at times that differ by at most `allowed` seconds.
pub(crate) fn assert_spikes_close<T: Real>(
    found: &SpikeBatch<T>,
    expected: &SpikeBatch<T>,
    allowed: f64,
    what: &str,
) {
    assert_eq!(
        found.population(),
        expected.population(),
        "{what}: the populations differ"
    );
    assert_eq!(
        found.samples(),
        expected.samples(),
        "{what}: the numbers of samples differ"
    );
    for sample in 0..found.samples() {
        let counts = (found.counts(sample), expected.counts(sample));
        assert_eq!(
            counts.0, counts.1,
            "{what}: the spike counts of sample {sample} differ"
        );
        for neuron in 0..found.population() as u32 {
            let (found, expected) = (
                times_of(found, sample, neuron),
                times_of(expected, sample, neuron),
            );
            for (found, expected) in found.iter().zip(&expected) {
                let error = (found - expected).abs();
                assert!(
                    error <= allowed,
                    "{what}: sample {sample}: a spike of neuron {neuron} is off by {error:e} s"
                );
            }
        }
    }
}

/// Spike times in seconds of one neuron in one sample.
pub(crate) fn times_of<T: Real>(batch: &SpikeBatch<T>, sample: usize, neuron: u32) -> Vec<f64> {
    let spikes = batch.sample(sample);
    let events = spikes.times.iter().zip(spikes.neurons);
    let own = events.filter(|&(_, &from)| from == neuron);
    own.map(|(&time, _)| time.to_f64()).collect()
}
