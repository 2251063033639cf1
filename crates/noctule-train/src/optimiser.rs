//! Optimisers: gradient descent with momentum, Adam, AdamW and NAdam, as PyTorch defines them.
//!
//! A step passes once over each tensor: it updates the state and the parameters and clears the gradients. Chunks of a
//! fixed size are shared out to threads and handled by SIMD code that is chosen at run time; the result is the same,
//! bit for bit, for every number of threads and every SIMD width.
//!
//! ```
//! use noctule_train::optimiser::{Optimiser, OptimiserConfig, SgdConfig};
//!
//! let config = OptimiserConfig::Sgd(SgdConfig { learning_rate: 0.1, ..SgdConfig::default() });
//! let mut weights = vec![1.0, -2.0];
//! let mut gradients = vec![10.0, 0.0];
//! let mut optimiser = Optimiser::new(&config, &[weights.len()]);
//! optimiser.step(&mut [&mut weights], &mut [&mut gradients], 0.1);
//! assert_eq!(weights, [0.0, -2.0]);
//! assert_eq!(gradients, [0.0, 0.0]);
//! ```

mod config;
mod kernels;
mod state;

pub use config::{AdamConfig, AdamWConfig, NAdamConfig, OptimiserConfig, SgdConfig};
pub use state::{OptimiserProgress, RestoreError};

use pulp::{Arch, WithSimd};
use rayon::prelude::*;

use kernels::{DescentKernel, MomentKernel, MomentStep, MomentumKernel, MomentumStep};

/// Numbers per parallel task: large enough to hide the hand-over, small enough for the second-level cache.
const CHUNK: usize = 16_384;

/// An optimiser and its state, which is one or two numbers per parameter.
#[derive(Clone, Debug)]
pub struct Optimiser {
    config: OptimiserConfig,
    slots: Vec<Slot>,
    progress: OptimiserProgress,
}

/// One kind of state, with a tensor for each tensor of parameters.
#[derive(Clone, Debug)]
struct Slot {
    name: &'static str,
    tensors: Vec<Vec<f32>>,
}

impl Optimiser {
    /// An optimiser at rest for tensors of these lengths. The configuration is taken as checked
    /// (see [`OptimiserConfig::check`]).
    pub fn new(config: &OptimiserConfig, parameter_lengths: &[usize]) -> Self {
        let names: &[&'static str] = match config {
            OptimiserConfig::Sgd(sgd) if sgd.momentum == 0.0 => &[],
            OptimiserConfig::Sgd(_) => &["momentum"],
            _ => &["first_moment", "second_moment"],
        };
        let slots = names.iter().map(|&name| Slot {
            name,
            tensors: parameter_lengths
                .iter()
                .map(|&length| vec![0.0; length])
                .collect(),
        });
        Self {
            slots: slots.collect(),
            progress: OptimiserProgress {
                kind: config.kind().to_owned(),
                steps: 0,
                momentum_product: 1.0,
            },
            config: config.clone(),
        }
    }

    /// Takes one step with `learning_rate` (the schedule's, not the configuration's) and sets all gradients to zero.
    ///
    /// # Panics
    /// If the tensors are not as many and as long as [`Optimiser::new`] was told.
    pub fn step(
        &mut self,
        parameters: &mut [&mut [f32]],
        gradients: &mut [&mut [f32]],
        learning_rate: f32,
    ) {
        assert_eq!(
            parameters.len(),
            gradients.len(),
            "a gradient for each parameter tensor"
        );
        for slot in &self.slots {
            assert_eq!(
                parameters.len(),
                slot.tensors.len(),
                "as many tensors as at the start"
            );
        }
        self.progress.steps += 1;
        let rate = f64::from(learning_rate);
        match self.config.clone() {
            OptimiserConfig::Sgd(sgd) => self.descend(&sgd, parameters, gradients, rate),
            OptimiserConfig::Adam(adam) => {
                let mut step = self.adam_step(adam.betas, adam.epsilon, rate);
                step.decay = adam.weight_decay as f32;
                self.follow_moments(step, parameters, gradients);
            }
            OptimiserConfig::AdamW(adamw) => {
                let mut step = self.adam_step(adamw.betas, adamw.epsilon, rate);
                step.keep = (1.0 - rate * adamw.weight_decay) as f32;
                self.follow_moments(step, parameters, gradients);
            }
            OptimiserConfig::NAdam(nadam) => {
                let step = self.nadam_step(&nadam, rate);
                self.follow_moments(step, parameters, gradients);
            }
        }
    }

    fn adam_step(&self, betas: [f64; 2], epsilon: f64, rate: f64) -> MomentStep {
        let steps = self.progress.steps as f64;
        let first_correction = 1.0 - betas[0].powf(steps);
        let second_correction = 1.0 - betas[1].powf(steps);
        MomentStep {
            keep: 1.0,
            decay: 0.0,
            first_blend: (1.0 - betas[0]) as f32,
            second_keep: betas[1] as f32,
            second_blend: (1.0 - betas[1]) as f32,
            root_scale: (1.0 / second_correction.sqrt()) as f32,
            epsilon: epsilon as f32,
            gradient_step: 0.0,
            moment_step: (rate / first_correction) as f32,
        }
    }

    fn nadam_step(&mut self, nadam: &NAdamConfig, rate: f64) -> MomentStep {
        let steps = self.progress.steps as f64;
        let momentum_at =
            |step: f64| nadam.betas[0] * (1.0 - 0.5 * 0.96_f64.powf(step * nadam.momentum_decay));
        let (now, next) = (momentum_at(steps), momentum_at(steps + 1.0));
        self.progress.momentum_product *= now;
        let product = self.progress.momentum_product;
        MomentStep {
            decay: nadam.weight_decay as f32,
            gradient_step: (rate * (1.0 - now) / (1.0 - product)) as f32,
            moment_step: (rate * next / (1.0 - product * next)) as f32,
            ..self.adam_step(nadam.betas, nadam.epsilon, rate)
        }
    }

    fn follow_moments(
        &mut self,
        step: MomentStep,
        parameters: &mut [&mut [f32]],
        gradients: &mut [&mut [f32]],
    ) {
        let [first, second] = self.slots.as_mut_slice() else {
            unreachable!("Adam and its kin keep two moments");
        };
        let mut tasks = Vec::new();
        let moments = first.tensors.iter_mut().zip(&mut second.tensors);
        for ((parameters, gradients), (first, second)) in
            parameters.iter_mut().zip(gradients).zip(moments)
        {
            assert_eq!(
                parameters.len(),
                gradients.len(),
                "a gradient for each parameter"
            );
            assert_eq!(
                parameters.len(),
                first.len(),
                "as many parameters as at the start"
            );
            let moments = first.chunks_mut(CHUNK).zip(second.chunks_mut(CHUNK));
            let values = parameters
                .chunks_mut(CHUNK)
                .zip(gradients.chunks_mut(CHUNK));
            tasks.extend(
                values
                    .zip(moments)
                    .map(|((parameters, gradients), (first, second))| MomentKernel {
                        step,
                        parameters,
                        gradients,
                        first,
                        second,
                    }),
            );
        }
        run_all(tasks);
    }

    fn descend(
        &mut self,
        sgd: &SgdConfig,
        parameters: &mut [&mut [f32]],
        gradients: &mut [&mut [f32]],
        rate: f64,
    ) {
        let decay = sgd.weight_decay as f32;
        let Some(slot) = self.slots.first_mut() else {
            let mut tasks = Vec::new();
            for (parameters, gradients) in parameters.iter_mut().zip(gradients) {
                assert_eq!(
                    parameters.len(),
                    gradients.len(),
                    "a gradient for each parameter"
                );
                let values = parameters
                    .chunks_mut(CHUNK)
                    .zip(gradients.chunks_mut(CHUNK));
                tasks.extend(values.map(|(parameters, gradients)| DescentKernel {
                    learning_rate: rate as f32,
                    decay,
                    parameters,
                    gradients,
                }));
            }
            return run_all(tasks);
        };
        let step = MomentumStep {
            decay,
            momentum: sgd.momentum as f32,
            gradient_step: if sgd.nesterov { rate as f32 } else { 0.0 },
            momentum_step: if sgd.nesterov {
                rate * sgd.momentum
            } else {
                rate
            } as f32,
        };
        let mut tasks = Vec::new();
        for ((parameters, gradients), buffer) in
            parameters.iter_mut().zip(gradients).zip(&mut slot.tensors)
        {
            assert_eq!(
                parameters.len(),
                gradients.len(),
                "a gradient for each parameter"
            );
            assert_eq!(
                parameters.len(),
                buffer.len(),
                "as many parameters as at the start"
            );
            let values = parameters
                .chunks_mut(CHUNK)
                .zip(gradients.chunks_mut(CHUNK));
            tasks.extend(values.zip(buffer.chunks_mut(CHUNK)).map(
                |((parameters, gradients), buffer)| MomentumKernel {
                    step,
                    parameters,
                    gradients,
                    buffer,
                },
            ));
        }
        run_all(tasks);
    }
}

/// Runs the kernels on all threads; a single one is not worth the hand-over.
fn run_all<Kernel: WithSimd + Send>(mut kernels: Vec<Kernel>) {
    let arch = Arch::new();
    let run = |kernel: Kernel| {
        arch.dispatch(kernel);
    };
    if kernels.len() == 1 {
        kernels.drain(..).for_each(run);
    } else {
        kernels.into_par_iter().for_each(run);
    }
}
