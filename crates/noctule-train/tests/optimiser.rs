//! The optimisers against their published formulas in double precision, and against numbers from PyTorch.

use approx::assert_relative_eq;
use noctule_train::collective::share;
use noctule_train::optimiser::{
    AdamConfig, AdamWConfig, NAdamConfig, Optimiser, OptimiserConfig, RestoreError, SgdConfig,
};
use rayon::ThreadPoolBuilder;

const RATE: f64 = 0.01;
const DECAY: f64 = 0.05;

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

    fn step(&mut self, config: &OptimiserConfig, gradient: f64) {
        self.steps += 1;
        match config {
            OptimiserConfig::Sgd(sgd) => {
                let gradient = gradient + sgd.weight_decay * self.value;
                self.first = sgd.momentum * self.first + gradient;
                self.value -= RATE
                    * if sgd.nesterov {
                        gradient + sgd.momentum * self.first
                    } else {
                        self.first
                    };
            }
            OptimiserConfig::Adam(adam) => {
                let gradient = gradient + adam.weight_decay * self.value;
                self.value -= self.adam_change(gradient, adam.betas, adam.epsilon);
            }
            OptimiserConfig::AdamW(adamw) => {
                self.value -= RATE * adamw.weight_decay * self.value;
                self.value -= self.adam_change(gradient, adamw.betas, adamw.epsilon);
            }
            OptimiserConfig::NAdam(nadam) => {
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

fn sgd(momentum: f64, nesterov: bool) -> OptimiserConfig {
    OptimiserConfig::Sgd(SgdConfig {
        learning_rate: RATE,
        momentum,
        nesterov,
        weight_decay: DECAY,
    })
}

fn adam() -> OptimiserConfig {
    OptimiserConfig::Adam(AdamConfig {
        weight_decay: DECAY,
        ..AdamConfig::default()
    })
}

fn adamw() -> OptimiserConfig {
    OptimiserConfig::AdamW(AdamWConfig {
        weight_decay: DECAY,
        ..AdamWConfig::default()
    })
}

fn nadam() -> OptimiserConfig {
    OptimiserConfig::NAdam(NAdamConfig {
        weight_decay: DECAY,
        ..NAdamConfig::default()
    })
}

fn all() -> Vec<OptimiserConfig> {
    vec![
        sgd(0.0, false),
        sgd(0.9, false),
        sgd(0.9, true),
        adam(),
        adamw(),
        nadam(),
    ]
}

/// A gradient that depends on step and place, with zeros and very different sizes in it.
fn gradient_at(step: usize, place: usize) -> f32 {
    let phase = (step * 7 + place * 13) % 11;
    let size = [1.0, 1e-3, 30.0][place % 3];
    (phase as f32 - 5.0) / 5.0 * size
}

fn start(place: usize) -> f32 {
    (place % 17) as f32 / 8.0 - 1.0
}

/// Takes `steps` from where the optimiser stands.
fn walk(
    optimiser: &mut Optimiser,
    tensors: &mut [Vec<f32>],
    steps: impl IntoIterator<Item = usize>,
) {
    let mut gradients: Vec<Vec<f32>> = tensors.iter().map(|t| vec![0.0; t.len()]).collect();
    for step in steps {
        for gradient in &mut gradients {
            for (place, value) in gradient.iter_mut().enumerate() {
                assert_eq!(*value, 0.0, "each step must clear the gradient");
                *value = gradient_at(step, place);
            }
        }
        let mut parameters: Vec<_> = tensors.iter_mut().map(Vec::as_mut_slice).collect();
        let mut gradients: Vec<_> = gradients.iter_mut().map(Vec::as_mut_slice).collect();
        optimiser.step(&mut parameters, &mut gradients, RATE as f32);
    }
}

fn tensors(lengths: &[usize]) -> Vec<Vec<f32>> {
    let tensor = |&length| (0..length).map(start).collect();
    lengths.iter().map(tensor).collect()
}

#[test]
fn all_follow_their_formulas_for_200_steps() {
    // The second tensor spans several chunks and ends within a SIMD vector.
    let lengths = [3, 40_003];
    for config in all() {
        let mut optimiser = Optimiser::new(&config, &lengths);
        let mut weights = tensors(&lengths);
        walk(&mut optimiser, &mut weights, 0..200);
        for place in [0, 1, 2, 16_383, 16_384, 32_768, 40_002] {
            let mut reference = Reference::new(f64::from(start(place)));
            for step in 0..200 {
                reference.step(&config, f64::from(gradient_at(step, place)));
            }
            let found = f64::from(weights[1][place]);
            assert_relative_eq!(found, reference.value, epsilon = 2e-5, max_relative = 2e-5);
            if place < 3 {
                assert_eq!(weights[0][place], weights[1][place], "{config:?}");
            }
        }
    }
}

/// Three parameters, where two gradients depend on the parameter itself, so that an error in any step is carried on.
fn three_parameters(config: &OptimiserConfig) -> Vec<[f32; 3]> {
    let mut optimiser = Optimiser::new(config, &[3]);
    let mut weights = [0.5_f32, -1.25, 2.0];
    let mut seen = Vec::new();
    for step in 0..200_i32 {
        let mut gradients = [
            0.3 * ((step * 7) % 11 - 5) as f32 / 5.0 + 0.1 * weights[0],
            0.02 * ((step * 3) % 5 - 2) as f32 + 0.01,
            weights[2] - 1.0,
        ];
        optimiser.step(&mut [&mut weights], &mut [&mut gradients], RATE as f32);
        if [1, 10, 200].contains(&(step + 1)) {
            seen.push(weights);
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
    for (config, expected) in expected {
        let found = three_parameters(&config).concat();
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
    let lengths = [50_001, 7];
    for config in all() {
        let run = |threads| {
            let pool = ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| {
                let mut optimiser = Optimiser::new(&config, &lengths);
                let mut weights = tensors(&lengths);
                walk(&mut optimiser, &mut weights, 0..5);
                weights
            })
        };
        assert_eq!(run(1), run(3), "{config:?}");
    }
}

#[test]
fn shares_of_ranks_make_up_the_whole_step() {
    // Of the second tensor, the last of three ranks has nothing.
    let lengths = [40_003, 2];
    for config in all() {
        let mut whole = Optimiser::new(&config, &lengths);
        let mut expected = tensors(&lengths);
        walk(&mut whole, &mut expected, 0..5);
        for rank in 0..3 {
            let mut part = Optimiser::new(&config, &lengths);
            part.take_share(rank, 3);
            let mut weights = tensors(&lengths);
            let before = weights.clone();
            walk(&mut part, &mut weights, 0..5);
            for tensor in 0..2 {
                let own = share(lengths[tensor], rank, 3);
                for place in 0..lengths[tensor] {
                    let expected = if own.contains(&place) {
                        &expected
                    } else {
                        &before
                    };
                    assert_eq!(
                        weights[tensor][place], expected[tensor][place],
                        "{config:?}"
                    );
                }
            }
            for (index, (state, whole)) in part.tensors_mut().zip(whole.tensors_mut()).enumerate() {
                let own = share(lengths[index % 2], rank, 3);
                assert_eq!(state[own.clone()], whole[own], "{config:?}");
            }
        }
    }
}

#[test]
fn a_restored_optimiser_continues_to_the_bit() {
    let lengths = [100, 5];
    for config in all() {
        let mut unbroken = Optimiser::new(&config, &lengths);
        let mut expected = tensors(&lengths);
        walk(&mut unbroken, &mut expected, 0..20);

        let mut first = Optimiser::new(&config, &lengths);
        let mut weights = tensors(&lengths);
        walk(&mut first, &mut weights, 0..11);
        let text = serde_json::to_string(first.progress()).unwrap();
        let saved: std::collections::HashMap<_, _> = first.state().into_iter().collect();

        let mut second = Optimiser::new(&config, &lengths);
        let progress = serde_json::from_str(&text).unwrap();
        second
            .restore(&progress, |name| saved.get(name).copied())
            .unwrap();
        walk(&mut second, &mut weights, 11..20);
        assert_eq!(weights, expected, "{config:?}");
        assert_eq!(second.progress(), unbroken.progress());
    }
}

#[test]
fn state_is_named_by_slot_and_tensor() {
    let names = |config: &OptimiserConfig| -> Vec<String> {
        let optimiser = Optimiser::new(config, &[2, 3]);
        let state = optimiser.state().into_iter();
        state.map(|(name, _)| name).collect()
    };
    assert!(names(&sgd(0.0, false)).is_empty());
    assert_eq!(names(&sgd(0.9, false)), ["momentum.0", "momentum.1"]);
    let moments = [
        "first_moment.0",
        "first_moment.1",
        "second_moment.0",
        "second_moment.1",
    ];
    assert_eq!(names(&nadam()), moments);
}

#[test]
fn refuses_a_state_that_does_not_fit_and_stays_as_it_was() {
    let mut optimiser = Optimiser::new(&adam(), &[2]);
    let mut weights = vec![vec![1.0_f32, 2.0]];
    walk(&mut optimiser, &mut weights, 0..3);
    let before = optimiser.clone();
    let progress = before.progress().clone();
    let good: &[f32] = &[0.1, 0.2];

    let missing = optimiser.restore(&progress, |name| (name == "first_moment.0").then_some(good));
    let name = "second_moment.0".to_owned();
    assert_eq!(missing, Err(RestoreError::Missing { name: name.clone() }));

    let short = optimiser.restore(&progress, |_| Some(&good[..1]));
    assert!(matches!(
        short,
        Err(RestoreError::Length {
            expected: 2,
            found: 1,
            ..
        })
    ));

    for bad in [-0.1, f32::NAN] {
        let values = [0.1, bad];
        let damaged = optimiser.restore(&progress, |wanted| {
            Some(if wanted == name { &values } else { good })
        });
        assert!(matches!(
            damaged,
            Err(RestoreError::Damaged { position: 1, .. })
        ));
    }

    let of_nadam = Optimiser::new(&nadam(), &[2]).progress().clone();
    let other_kind = optimiser.restore(&of_nadam, |_| Some(good));
    assert!(matches!(other_kind, Err(RestoreError::Kind { .. })));

    assert_eq!(optimiser.state(), before.state());
    assert_eq!(optimiser.progress(), before.progress());
}

#[test]
fn running_means_never_become_subnormal() {
    for config in [sgd(0.9, false), adam(), nadam()] {
        let mut optimiser = Optimiser::new(&config, &[1]);
        let mut weights = [0.0_f32];
        for step in 0..2000 {
            let mut gradients = [if step == 0 { 1e-6 } else { 0.0 }];
            optimiser.step(&mut [&mut weights], &mut [&mut gradients], 0.0);
            for (name, values) in optimiser.state() {
                assert!(!values[0].is_subnormal(), "{name} at step {step}");
            }
        }
        assert_eq!(optimiser.state()[0].1, [0.0]);
    }
}
