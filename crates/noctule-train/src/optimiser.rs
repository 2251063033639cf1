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

use aligned_vec::{AVec, ConstAlign, avec};
use pulp::{Arch, WithSimd};
use rayon::prelude::*;

use crate::collective::share;
use kernels::{DescentKernel, MomentKernel, MomentStep, MomentumKernel, MomentumStep};

/// Numbers per parallel task: large enough to hide the hand-over, small enough for the second-level cache.
const CHUNK: usize = 16_384;

/// An optimiser and its state, which is one or two numbers per parameter.
#[derive(Clone, Debug)]
pub struct Optimiser {
    config: OptimiserConfig,
    slots: Vec<Slot>,
    progress: OptimiserProgress,
    /// Whose share of the parameters is stepped, and of how many ranks.
    rank: usize,
    ranks: usize,
}

/// Numbers that start where a cache line does, as the weights do: loads and stores of 64 bytes then touch one line, not two.
type Tensor = AVec<f32, ConstAlign<64>>;

/// One kind of state, with a tensor for each tensor of parameters.
#[derive(Clone, Debug)]
struct Slot {
    name: &'static str,
    tensors: Vec<Tensor>,
}

impl Slot {
    /// The shares of a rank, to be stepped.
    fn shares(&mut self, rank: usize, ranks: usize) -> impl Iterator<Item = &mut [f32]> {
        let tensors = self.tensors.iter_mut();
        tensors.map(move |tensor| own_share(tensor, rank, ranks))
    }
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
                .map(|&length| avec![[64]| 0.0; length])
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
            rank: 0,
            ranks: 1,
        }
    }

    /// From now on steps only one rank's [`share`] of each tensor, and keeps up the state of that share alone.
    ///
    /// # Panics
    /// If there is no such rank.
    pub fn take_share(&mut self, rank: usize, ranks: usize) {
        assert!(rank < ranks, "there is no rank {rank} among {ranks}");
        (self.rank, self.ranks) = (rank, ranks);
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
        self.check_lengths(parameters, gradients);
        let (rank, ranks) = (self.rank, self.ranks);
        let parameters = parameters.iter_mut();
        let parameters: Vec<_> = parameters.map(|p| own_share(p, rank, ranks)).collect();
        let gradients = gradients.iter_mut();
        let gradients: Vec<_> = gradients.map(|g| sole_share(g, rank, ranks)).collect();
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

    fn check_lengths(&self, parameters: &[&mut [f32]], gradients: &[&mut [f32]]) {
        let lengths = |tensors: &[&mut [f32]]| tensors.iter().map(|t| t.len()).collect::<Vec<_>>();
        let expected = lengths(parameters);
        assert_eq!(
            expected,
            lengths(gradients),
            "a gradient for each parameter"
        );
        for slot in &self.slots {
            let found: Vec<_> = slot.tensors.iter().map(|tensor| tensor.len()).collect();
            assert_eq!(expected, found, "as many parameters as at the start");
        }
    }

    fn adam_step(&self, betas: [f64; 2], epsilon: f64, rate: f64) -> MomentStep {
        let steps = self.progress.steps as f64;
        let first_correction = 1.0 - libm::pow(betas[0], steps);
        let second_correction = 1.0 - libm::pow(betas[1], steps);
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
            |step: f64| nadam.betas[0] * (1.0 - 0.5 * libm::pow(0.96, step * nadam.momentum_decay));
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
        parameters: Vec<&mut [f32]>,
        gradients: Vec<&mut [f32]>,
    ) {
        let (rank, ranks) = (self.rank, self.ranks);
        let [first, second] = self.slots.as_mut_slice() else {
            unreachable!("Adam and its kin keep two moments");
        };
        let moments = first.shares(rank, ranks).zip(second.shares(rank, ranks));
        let values = parameters.into_iter().zip(gradients);
        let tasks = values
            .zip(moments)
            .flat_map(|((parameters, gradients), (first, second))| {
                let moments = first.chunks_mut(CHUNK).zip(second.chunks_mut(CHUNK));
                let values = chunks(parameters, gradients).zip(moments);
                values.map(
                    move |((parameters, gradients), (first, second))| MomentKernel {
                        step,
                        parameters,
                        gradients,
                        first,
                        second,
                    },
                )
            });
        run_all(tasks.collect());
    }

    fn descend(
        &mut self,
        sgd: &SgdConfig,
        parameters: Vec<&mut [f32]>,
        gradients: Vec<&mut [f32]>,
        rate: f64,
    ) {
        let decay = sgd.weight_decay as f32;
        let values = parameters.into_iter().zip(gradients);
        let Some(slot) = self.slots.first_mut() else {
            let tasks = values.flat_map(|(parameters, gradients)| {
                let values = chunks(parameters, gradients);
                values.map(|(parameters, gradients)| DescentKernel {
                    learning_rate: rate as f32,
                    decay,
                    parameters,
                    gradients,
                })
            });
            return run_all(tasks.collect());
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
        let buffers = slot.shares(self.rank, self.ranks);
        let tasks = values
            .zip(buffers)
            .flat_map(|((parameters, gradients), buffer)| {
                let values = chunks(parameters, gradients).zip(buffer.chunks_mut(CHUNK));
                values.map(move |((parameters, gradients), buffer)| MomentumKernel {
                    step,
                    parameters,
                    gradients,
                    buffer,
                })
            });
        run_all(tasks.collect());
    }
}

/// A rank's [`share`] of a tensor.
fn own_share(tensor: &mut [f32], rank: usize, ranks: usize) -> &mut [f32] {
    let own = share(tensor.len(), rank, ranks);
    &mut tensor[own]
}

/// A rank's [`share`] of a tensor; all else becomes zero.
fn sole_share(tensor: &mut [f32], rank: usize, ranks: usize) -> &mut [f32] {
    let own = share(tensor.len(), rank, ranks);
    let (before, rest) = tensor.split_at_mut(own.start);
    let (own, after) = rest.split_at_mut(own.len());
    before.fill(0.0);
    after.fill(0.0);
    own
}

/// Parameters and their gradients, in pieces for one task each.
fn chunks<'a>(
    parameters: &'a mut [f32],
    gradients: &'a mut [f32],
) -> impl Iterator<Item = (&'a mut [f32], &'a mut [f32])> {
    let gradients = gradients.chunks_mut(CHUNK);
    parameters.chunks_mut(CHUNK).zip(gradients)
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
