//! The optimisers against their published formulas in double precision, and against numbers from PyTorch.

mod support;

use approx::assert_relative_eq;
use noctule_core::{Optimiser, TensorGroup};
use noctule_cpu::CpuEngine;
use support::engine;
use support::steps::{
    RATE, adam, adamw, all, gradient_at, nadam, only, open, sgd, start, walk, weights,
};

/// One parameter in double precision, updated as the papers and PyTorch's manual write it.
#[derive(Clone, Default)]
struct Reference {
    value: f64,
    steps: i32,
    first: f64,
    second: f64,
    momentum_product: f64,
}

impl Reference {
    fn new(value: f64) -> Self {
        Self {
            value,
            momentum_product: 1.0,
            ..Self::default()
        }
    }

    fn step(&mut self, rule: &Optimiser, gradient: f64) {
        self.steps += 1;
        match rule {
            Optimiser::Sgd(sgd) => {
                let gradient = gradient + sgd.weight_decay * self.value;
                self.first = sgd.momentum * self.first + gradient;
                self.value -= RATE
                    * if sgd.nesterov {
                        gradient + sgd.momentum * self.first
                    } else {
                        self.first
                    };
            }
            Optimiser::Adam(adam) => {
                let gradient = gradient + adam.weight_decay * self.value;
                self.value -= self.adam_change(gradient, adam.betas, adam.epsilon);
            }
            Optimiser::AdamW(adamw) => {
                self.value -= RATE * adamw.weight_decay * self.value;
                self.value -= self.adam_change(gradient, adamw.betas, adamw.epsilon);
            }
            Optimiser::NAdam(nadam) => {
                let gradient = gradient + nadam.weight_decay * self.value;
                let momentum = |step: i32| {
                    nadam.betas[0]
                        * (1.0 - 0.5 * 0.96_f64.powf(f64::from(step) * nadam.momentum_decay))
                };
                let (now, next) = (momentum(self.steps), momentum(self.steps + 1));
                self.momentum_product *= now;
                self.update_moments(gradient, nadam.betas);
                let mean = next * self.first / (1.0 - self.momentum_product * next)
                    + (1.0 - now) * gradient / (1.0 - self.momentum_product);
                let square = self.second / (1.0 - nadam.betas[1].powi(self.steps));
                self.value -= RATE * mean / (square.sqrt() + nadam.epsilon);
            }
        }
    }

    fn update_moments(&mut self, gradient: f64, betas: [f64; 2]) {
        self.first = betas[0] * self.first + (1.0 - betas[0]) * gradient;
        self.second = betas[1] * self.second + (1.0 - betas[1]) * gradient * gradient;
    }

    fn adam_change(&mut self, gradient: f64, betas: [f64; 2], epsilon: f64) -> f64 {
        self.update_moments(gradient, betas);
        let mean = self.first / (1.0 - betas[0].powi(self.steps));
        let square = self.second / (1.0 - betas[1].powi(self.steps));
        RATE * mean / (square.sqrt() + epsilon)
    }
}

#[test]
fn all_follow_their_formulas_for_200_steps() {
    // The second tensor spans several tasks, and its rows end within a block of neurons.
    let shapes = [[1, 3], [40_003, 1]];
    for rule in all() {
        let mut session = open(engine(), &rule, &shapes);
        walk(&mut *session, 0..200);
        let weights = weights(&mut *session);
        for position in [0, 1, 2, 16_383, 16_384, 32_768, 40_002] {
            let mut reference = Reference::new(f64::from(start(position)));
            for step in 0..200 {
                reference.step(&rule, f64::from(gradient_at(step, position)));
            }
            let found = f64::from(weights[1][position]);
            assert_relative_eq!(found, reference.value, epsilon = 2e-5, max_relative = 2e-5);
            if position < 3 {
                assert_eq!(weights[0][position], weights[1][position], "{rule:?}");
            }
        }
    }
}

/// Three parameters, where two gradients depend on the parameter itself, so that an error in any step is carried on.
fn three_parameters(rule: &Optimiser) -> Vec<[f32; 3]> {
    let shape = [3, 1];
    let mut session = open(engine(), rule, &[shape]);
    let begin = only(shape, &[0.5, -1.25, 2.0]);
    session.write(TensorGroup::Parameters, &begin).unwrap();
    let mut seen = Vec::new();
    for step in 0..200_i32 {
        let before = weights(&mut *session).concat();
        let gradient = [
            0.3 * ((step * 7) % 11 - 5) as f32 / 5.0 + 0.1 * before[0],
            0.02 * ((step * 3) % 5 - 2) as f32 + 0.01,
            before[2] - 1.0,
        ];
        session
            .write(TensorGroup::Gradient, &only(shape, &gradient))
            .unwrap();
        session.step(RATE, None).unwrap();
        if [1, 10, 200].contains(&(step + 1)) {
            seen.push(weights(&mut *session).concat().try_into().unwrap());
        }
    }
    seen
}

#[test]
fn all_agree_with_pytorch() {
    // From PyTorch 2.15 in double precision: after 1, 10 and 200 steps.
    let expected = [
        (
            sgd(0.9, false),
            [
                [0.50225, -1.249075, 1.989],
                [0.471554115, -1.227218960, 1.585035192],
                [0.018013376, -0.585249774, 0.952394907],
            ],
        ),
        (
            sgd(0.9, true),
            [
                [0.504275, -1.2482425, 1.9791],
                [0.466488032, -1.224321605, 1.543718419],
                [0.019920256, -0.585417117, 0.952379917],
            ],
        ),
        (
            adam(),
            [
                [0.510000000, -1.240000001, 1.990000000],
                [0.482819804, -1.162672111, 1.900332508],
                [0.104049246, -0.289498325, 0.975612175],
            ],
        ),
        (
            adamw(),
            [
                [0.509750000, -1.239375003, 1.989000000],
                [0.490064580, -1.254467959, 1.890634024],
                [0.160683991, -1.742205243, 0.988729754],
            ],
        ),
        (
            nadam(),
            [
                [0.510564517, -1.239435483, 1.989435482],
                [0.478289362, -1.186209987, 1.920241258],
                [0.115391803, -0.317383534, 0.995351548],
            ],
        ),
    ];
    for (rule, expected) in expected {
        let found = three_parameters(&rule).concat();
        for (found, expected) in found.into_iter().zip(expected.concat()) {
            assert_relative_eq!(
                f64::from(found),
                expected,
                epsilon = 2e-5,
                max_relative = 2e-5
            );
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let shapes = [[7, 1], [7143, 7]];
    for rule in all() {
        let run = |threads| {
            let mut session = open(&CpuEngine::new(threads).unwrap(), &rule, &shapes);
            walk(&mut *session, 0..5);
            weights(&mut *session)
        };
        assert_eq!(run(1), run(3), "{rule:?}");
    }
}

#[test]
fn running_means_never_become_subnormal() {
    for rule in [sgd(0.9, false), adam(), nadam()] {
        let mut session = open(engine(), &rule, &[[1, 1]]);
        let begin = only([1, 1], &[0.0]);
        session.write(TensorGroup::Parameters, &begin).unwrap();
        for step in 0..2000 {
            let gradient = only([1, 1], &[if step == 0 { 1e-6 } else { 0.0 }]);
            session.write(TensorGroup::Gradient, &gradient).unwrap();
            session.step(0.0, None).unwrap();
            for (slot, name) in rule.state_names().iter().enumerate() {
                let state = session.read(TensorGroup::OptimiserState(slot)).unwrap();
                let mut values = state.values().flat_map(|tensor| tensor.as_slice());
                assert!(
                    !values.any(|value| value.is_subnormal()),
                    "{name} at step {step}"
                );
            }
        }
        let first = session.read(TensorGroup::OptimiserState(0)).unwrap();
        assert_eq!(first, only([1, 1], &[0.0]));
    }
}
