//! Optimisers against their formulas in double precision on the host.

use noctule_core::{
    Adam, AdamW, Engine, NAdam, Network, Optimiser, OptimiserProgress, Pass, PassWeights, Real,
    Regularisation, SessionOptions, Sgd, Tensor, TensorGroup, TensorName, Tensors,
};

use crate::harness::{
    Runner, assert_close, assert_tensors_close, by_precision, dense_network, must, neuron,
    random_input, ranked_errors, to_f64,
};

const RATE: f64 = 0.01;
const DECAY: f64 = 0.05;

/// Parameters in double precision, updated as the papers and PyTorch's manual write it.
struct Reference {
    values: Vec<f64>,
    first: Vec<f64>,
    second: Vec<f64>,
    steps: i32,
    momentum_product: f64,
}

impl Reference {
    fn new(values: Vec<f64>) -> Self {
        Self {
            first: vec![0.0; values.len()],
            second: vec![0.0; values.len()],
            values,
            steps: 0,
            momentum_product: 1.0,
        }
    }

    fn step(&mut self, optimiser: &Optimiser, gradient: &[f64]) {
        self.steps += 1;
        let momenta = match optimiser {
            Optimiser::NAdam(nadam) => {
                let momentum = |step: i32| {
                    let warm_up = 0.96_f64.powf(f64::from(step) * nadam.momentum_decay);
                    nadam.betas[0] * (1.0 - 0.5 * warm_up)
                };
                let momenta = (momentum(self.steps), momentum(self.steps + 1));
                self.momentum_product *= momenta.0;
                momenta
            }
            _ => (0.0, 0.0),
        };
        for (index, &gradient) in gradient.iter().enumerate() {
            self.step_one(index, optimiser, gradient, momenta);
        }
    }

    fn step_one(&mut self, at: usize, optimiser: &Optimiser, slope: f64, momenta: (f64, f64)) {
        let value = self.values[at];
        self.values[at] = match optimiser {
            Optimiser::Sgd(sgd) => {
                let slope = slope + sgd.weight_decay * value;
                self.first[at] = sgd.momentum * self.first[at] + slope;
                let nesterov = slope + sgd.momentum * self.first[at];
                value
                    - RATE
                        * if sgd.nesterov {
                            nesterov
                        } else {
                            self.first[at]
                        }
            }
            Optimiser::Adam(adam) => {
                self.update_moments(at, slope + adam.weight_decay * value, adam.betas);
                value - RATE * self.adam_direction(at, adam.betas, adam.epsilon)
            }
            Optimiser::AdamW(adamw) => {
                self.update_moments(at, slope, adamw.betas);
                let kept = value * (1.0 - RATE * adamw.weight_decay);
                kept - RATE * self.adam_direction(at, adamw.betas, adamw.epsilon)
            }
            Optimiser::NAdam(nadam) => {
                let slope = slope + nadam.weight_decay * value;
                self.update_moments(at, slope, nadam.betas);
                let ((now, next), product) = (momenta, self.momentum_product);
                let mean = next * self.first[at] / (1.0 - product * next)
                    + (1.0 - now) * slope / (1.0 - product);
                let square = self.second[at] / (1.0 - nadam.betas[1].powi(self.steps));
                value - RATE * mean / (square.sqrt() + nadam.epsilon)
            }
        };
    }

    fn update_moments(&mut self, at: usize, slope: f64, betas: [f64; 2]) {
        self.first[at] = betas[0] * self.first[at] + (1.0 - betas[0]) * slope;
        self.second[at] = betas[1] * self.second[at] + (1.0 - betas[1]) * slope * slope;
    }

    fn adam_direction(&self, at: usize, betas: [f64; 2], epsilon: f64) -> f64 {
        let mean = self.first[at] / (1.0 - betas[0].powi(self.steps));
        let square = self.second[at] / (1.0 - betas[1].powi(self.steps));
        mean / (square.sqrt() + epsilon)
    }
}

fn sgd(momentum: f64, nesterov: bool) -> Optimiser {
    let weight_decay = DECAY;
    Optimiser::Sgd(Sgd {
        momentum,
        nesterov,
        weight_decay,
        ..Sgd::default()
    })
}

fn all() -> [Optimiser; 6] {
    let weight_decay = DECAY;
    [
        sgd(0.0, false),
        sgd(0.9, false),
        sgd(0.9, true),
        Adam {
            weight_decay,
            ..Adam::default()
        }
        .into(),
        AdamW {
            weight_decay,
            ..AdamW::default()
        }
        .into(),
        NAdam {
            weight_decay,
            ..NAdam::default()
        }
        .into(),
    ]
}

fn network<T: Real>() -> Network<T> {
    dense_network(&[4, 9, 3], &neuron(2.0), 221)
}

fn open<T: Real>(engine: &dyn Engine<T>, optimiser: Optimiser, weight_average: f64) -> Runner<T> {
    let options = SessionOptions {
        optimiser,
        weight_average,
        ..SessionOptions::default()
    };
    Runner::with_options(engine, &network(), &options)
}

/// Adds the gradient of a batch of its own for each step, scaled to a norm of about 1.
fn add_gradient<T: Real>(runner: &mut Runner<T>, step: u64) {
    runner.forward(&random_input(4, 5, 10, 222 + step), Pass::default());
    let d_times = ranked_errors(&runner.output());
    let d_times: Vec<T> = d_times.iter().map(|&d_time| T::of(0.05) * d_time).collect();
    runner.backward(&d_times, &Regularisation::default());
}

fn step<T: Real>(runner: &mut Runner<T>, max_norm: Option<f64>) {
    must(runner.session.step(RATE, max_norm), "a step");
}

fn flat<T: Real>(tensors: &Tensors<T>) -> Vec<f64> {
    tensors
        .values()
        .flat_map(|tensor| to_f64(tensor.as_slice()))
        .collect()
}

fn values<T: Real>(tensors: &Tensors<T>) -> Vec<T> {
    tensors
        .values()
        .flat_map(Tensor::as_slice)
        .copied()
        .collect()
}

/// The first steps of every optimiser, its progress and its state.
pub fn first_steps<T: Real>(engine: &dyn Engine<T>) {
    for optimiser in all() {
        let mut runner = open(engine, optimiser.clone(), 0.0);
        let progress = runner.session.optimiser_progress();
        assert_eq!(
            progress,
            OptimiserProgress::new(&optimiser),
            "before the first step"
        );
        let mut reference = Reference::new(flat(&runner.read(TensorGroup::Parameters)));
        for number in 1..=4 {
            add_gradient(&mut runner, number);
            let gradient = flat(&runner.gradient());
            let norm = must(runner.session.gradient_norm(), "the norm of the gradient");
            let expected = gradient
                .iter()
                .map(|value| value * value)
                .sum::<f64>()
                .sqrt();
            let allowed = by_precision::<T>(1e-12, 1e-5) * expected;
            assert!(expected > 0.0, "the gradient is 0");
            assert!(
                (norm - expected).abs() < allowed,
                "the norm is {norm}, not {expected}"
            );
            step(&mut runner, None);
            reference.step(&optimiser, &gradient);
            let what = format!("{optimiser:?}, step {number}");
            let found = values(&runner.read(TensorGroup::Parameters));
            assert_close(
                &found,
                &reference.values,
                by_precision::<T>(1e-12, 1e-5),
                &what,
            );
            let zero = runner.gradient();
            assert!(
                flat(&zero).iter().all(|&value| value == 0.0),
                "{what}: the gradient is kept"
            );
            assert_eq!(runner.session.optimiser_progress().steps, number, "{what}");
        }
        let states = [&reference.first, &reference.second];
        for (index, (name, expected)) in optimiser.state_names().iter().zip(states).enumerate() {
            let what = format!("{optimiser:?}: {name}");
            let found = values(&runner.read(TensorGroup::OptimiserState(index)));
            assert_close(&found, expected, by_precision::<T>(1e-11, 1e-4), &what);
        }
        let product = runner.session.optimiser_progress().momentum_product;
        let error = (product - reference.momentum_product).abs();
        assert!(
            error < 1e-12,
            "{optimiser:?}: the product of momenta is {product}"
        );
    }
}

/// A gradient that is longer than the largest norm is scaled down to it; a shorter one is left as it is.
pub fn clipping_by_norm<T: Real>(engine: &dyn Engine<T>) {
    let optimiser: Optimiser = Sgd::default().into();
    for factor in [0.25, 1.5] {
        let mut runner = open(engine, optimiser.clone(), 0.0);
        let before = flat(&runner.read(TensorGroup::Parameters));
        add_gradient(&mut runner, 0);
        let gradient = flat(&runner.gradient());
        let norm = must(runner.session.gradient_norm(), "the norm of the gradient");
        step(&mut runner, Some(factor * norm));
        let scale = RATE * f64::min(factor, 1.0);
        let pairs = before.iter().zip(gradient);
        let expected: Vec<f64> = pairs.map(|(value, slope)| value - scale * slope).collect();
        let found = values(&runner.read(TensorGroup::Parameters));
        let what = format!("a largest norm of {factor} times the norm");
        assert_close(&found, &expected, by_precision::<T>(1e-12, 1e-5), &what);
    }
}

/// The running mean follows the parameters, and passes use it if they are asked to.
pub fn running_mean<T: Real>(engine: &dyn Engine<T>) {
    let keep = 0.3;
    let mut runner = open(engine, Sgd::default().into(), keep);
    let mut mean = flat(&runner.read(TensorGroup::Average));
    assert_eq!(
        mean,
        flat(&runner.read(TensorGroup::Parameters)),
        "the mean before a step"
    );
    for number in 1..=4_u32 {
        add_gradient(&mut runner, u64::from(number));
        step(&mut runner, None);
        let steps = f64::from(number);
        let blend = 1.0 - keep.min((steps + 1.0) / (steps + 10.0));
        let parameters = flat(&runner.read(TensorGroup::Parameters));
        for (mean, value) in mean.iter_mut().zip(parameters) {
            *mean += blend * (value - *mean);
        }
        let found = values(&runner.read(TensorGroup::Average));
        assert_close(
            &found,
            &mean,
            by_precision::<T>(1e-12, 1e-5),
            &format!("step {number}"),
        );
    }
    let input = random_input(4, 5, 10, 231);
    let average = runner.read(TensorGroup::Average);
    runner.forward(
        &input,
        Pass {
            weights: PassWeights::Average,
            ..Pass::default()
        },
    );
    let found = runner.output();
    runner.forward(&input, Pass::default());
    assert_ne!(
        found,
        runner.output(),
        "the mean gives what the parameters give"
    );
    let mut other = open(engine, Sgd::default().into(), 0.0);
    must(
        other.session.write(TensorGroup::Parameters, &average),
        "writing parameters",
    );
    // Without a mean the parameters take its place.
    other.forward(
        &input,
        Pass {
            weights: PassWeights::Average,
            ..Pass::default()
        },
    );
    assert_eq!(found, other.output(), "a pass with the mean");
}

/// A session that is read tensor by tensor and written into another goes on bit for bit.
pub fn a_saved_session_goes_on<T: Real>(engine: &dyn Engine<T>) {
    for optimiser in all() {
        let what = format!("{optimiser:?}");
        let mut first = open(engine, optimiser.clone(), 0.9);
        for number in 0..3 {
            add_gradient(&mut first, number);
            step(&mut first, None);
        }
        let mut groups = vec![TensorGroup::Parameters, TensorGroup::Average];
        groups.extend((0..optimiser.state_names().len()).map(TensorGroup::OptimiserState));
        let options = SessionOptions {
            optimiser,
            weight_average: 0.9,
            ..SessionOptions::default()
        };
        let other = dense_network::<T>(&[4, 9, 3], &neuron(2.0), 999);
        let mut second = Runner::with_options(engine, &other, &options);
        for &group in &groups {
            let written = second.session.write(group, &first.read(group));
            must(written, &format!("writing {group}"));
            assert!(
                second.read(group) == first.read(group),
                "{what}: {group} is not as written"
            );
        }
        let progress = first.session.optimiser_progress();
        let set = second.session.set_optimiser_progress(&progress);
        must(set, "setting the optimiser's progress");
        assert_eq!(second.session.optimiser_progress(), progress, "{what}");
        for runner in [&mut first, &mut second] {
            add_gradient(runner, 7);
            step(runner, None);
        }
        for group in groups {
            assert!(
                first.read(group) == second.read(group),
                "{what}: {group} goes on otherwise"
            );
        }
        let wrong = OptimiserProgress {
            kind: "other".to_owned(),
            ..progress
        };
        let refused = first.session.set_optimiser_progress(&wrong);
        assert!(
            refused.is_err(),
            "{what}: progress of another optimiser is taken"
        );
    }
    let mut runner = open(engine, Sgd::default().into(), 0.0);
    let tensors = runner.read(TensorGroup::Parameters);
    let names: Vec<TensorName> = tensors.keys().copied().collect();
    assert_eq!(names, [TensorName::weights(0), TensorName::weights(1)]);
    assert_tensors_close(
        &tensors,
        &runner.read(TensorGroup::Parameters),
        0.0,
        "reading twice",
    );
}
