//! [`CpuOptimiser`]: steps of gradient descent with momentum, Adam, AdamW and NAdam, as PyTorch defines them.
//!
//! A step passes once over each tensor: it updates state and parameters and clears the gradients. Chunks of a fixed
//! size are distributed over threads, and SIMD code is chosen at run time. The result is the same, bit for bit, for
//! every number of threads and every SIMD width.

use aligned_vec::{AVec, ConstAlign, avec};
use noctule_core::{NAdam, Optimiser, OptimiserProgress, Real, Sgd, shard};
use pulp::{Arch, WithSimd};
use rayon::prelude::*;

use crate::optimiser::kernels::{
    DescentKernel, MomentKernel, MomentStep, MomentumKernel, MomentumStep,
};

/// Parameters per parallel task: large enough to outweigh its overhead, small enough for the second-level cache.
const CHUNK: usize = 16_384;

/// An optimiser rule with its state: up to two numbers per parameter.
#[derive(Clone, Debug)]
pub(crate) struct CpuOptimiser<T> {
    rule: Optimiser,
    slots: Vec<Slot<T>>,
    progress: OptimiserProgress,
    /// The rank whose shard of the parameters is stepped, and the number of ranks.
    rank: usize,
    ranks: usize,
}

/// A tensor aligned to cache lines, like the weights: a load or store of 64 bytes then touches one line, not two.
type AlignedTensor<T> = AVec<T, ConstAlign<64>>;

/// One kind of state, with a tensor for each tensor of parameters.
#[derive(Clone, Debug)]
struct Slot<T> {
    tensors: Vec<AlignedTensor<T>>,
}

impl<T: Real> Slot<T> {
    /// A rank's [`shard`] of each tensor, mutably.
    fn shards(&mut self, rank: usize, ranks: usize) -> impl Iterator<Item = &mut [T]> {
        let tensors = self.tensors.iter_mut();
        tensors.map(move |tensor| own_shard(tensor, rank, ranks))
    }
}

impl<T: Real> CpuOptimiser<T> {
    /// An optimiser before its first step, for tensors of these lengths.
    pub fn new(rule: &Optimiser, lengths: &[usize]) -> Self {
        let slots = rule.state_names().iter().map(|_| Slot {
            tensors: lengths
                .iter()
                .map(|&length| avec![[64]| T::zero(); length])
                .collect(),
        });
        Self {
            slots: slots.collect(),
            progress: OptimiserProgress::new(rule),
            rule: rule.clone(),
            rank: 0,
            ranks: 1,
        }
    }

    /// The tensors of a slot of state, in the order of the parameters; `None` if the rule has no such slot.
    pub fn state(&self, slot: usize) -> Option<impl Iterator<Item = &[T]>> {
        let tensors = self.slots.get(slot)?.tensors.iter();
        Some(tensors.map(|tensor| tensor.as_slice()))
    }

    /// As [`state`](Self::state), mutably.
    pub fn state_mut(&mut self, slot: usize) -> Option<impl Iterator<Item = &mut [T]>> {
        let tensors = self.slots.get_mut(slot)?.tensors.iter_mut();
        Some(tensors.map(|tensor| tensor.as_mut_slice()))
    }

    /// The rule.
    pub fn rule(&self) -> &Optimiser {
        &self.rule
    }

    /// Steps so far, and NAdam's product.
    pub fn progress(&self) -> &OptimiserProgress {
        &self.progress
    }

    /// Restores a progress of the same rule.
    pub fn set_progress(&mut self, progress: &OptimiserProgress) {
        self.progress = progress.clone();
    }

    /// Makes further steps change only one rank's [`shard`] of each tensor and of its state.
    ///
    /// # Panics
    /// If `rank` is not below `ranks`.
    pub fn set_shard(&mut self, rank: usize, ranks: usize) {
        assert!(rank < ranks, "there is no rank {rank} among {ranks}");
        (self.rank, self.ranks) = (rank, ranks);
    }

    /// Takes one step with `learning_rate` (the schedule's, not the configuration's) and sets all gradients to zero.
    ///
    /// # Panics
    /// If the number or the lengths of the tensors differ from those given to [`new`](Self::new).
    pub fn step(
        &mut self,
        parameters: &mut [&mut [T]],
        gradients: &mut [&mut [T]],
        learning_rate: T,
    ) {
        self.check_lengths(parameters, gradients);
        let (rank, ranks) = (self.rank, self.ranks);
        let parameters = parameters.iter_mut();
        let parameters: Vec<_> = parameters.map(|p| own_shard(p, rank, ranks)).collect();
        let gradients = gradients.iter_mut();
        let gradients: Vec<_> = gradients.map(|g| sole_shard(g, rank, ranks)).collect();
        self.progress.steps += 1;
        let rate = learning_rate.to_f64();
        match self.rule.clone() {
            Optimiser::Sgd(sgd) => self.descend(&sgd, parameters, gradients, rate),
            Optimiser::Adam(adam) => {
                let mut step = self.adam_step(adam.betas, adam.epsilon, rate);
                step.decay = T::of(adam.weight_decay);
                self.follow_moments(step, parameters, gradients);
            }
            Optimiser::AdamW(adamw) => {
                let mut step = self.adam_step(adamw.betas, adamw.epsilon, rate);
                step.keep = T::of(1.0 - rate * adamw.weight_decay);
                self.follow_moments(step, parameters, gradients);
            }
            Optimiser::NAdam(nadam) => {
                let step = self.nadam_step(&nadam, rate);
                self.follow_moments(step, parameters, gradients);
            }
        }
    }

    fn check_lengths(&self, parameters: &[&mut [T]], gradients: &[&mut [T]]) {
        let lengths = |tensors: &[&mut [T]]| tensors.iter().map(|t| t.len()).collect::<Vec<_>>();
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

    fn adam_step(&self, betas: [f64; 2], epsilon: f64, rate: f64) -> MomentStep<T> {
        let steps = self.progress.steps as f64;
        let first_correction = 1.0 - libm::pow(betas[0], steps);
        let second_correction = 1.0 - libm::pow(betas[1], steps);
        MomentStep {
            keep: T::one(),
            decay: T::zero(),
            first_blend: T::of(1.0 - betas[0]),
            second_keep: T::of(betas[1]),
            second_blend: T::of(1.0 - betas[1]),
            root_scale: T::of(1.0 / second_correction.sqrt()),
            epsilon: T::of(epsilon),
            gradient_step: T::zero(),
            moment_step: T::of(rate / first_correction),
        }
    }

    fn nadam_step(&mut self, nadam: &NAdam, rate: f64) -> MomentStep<T> {
        let steps = self.progress.steps as f64;
        let momentum_at =
            |step: f64| nadam.betas[0] * (1.0 - 0.5 * libm::pow(0.96, step * nadam.momentum_decay));
        let (now, next) = (momentum_at(steps), momentum_at(steps + 1.0));
        self.progress.momentum_product *= now;
        let product = self.progress.momentum_product;
        MomentStep {
            decay: T::of(nadam.weight_decay),
            gradient_step: T::of(rate * (1.0 - now) / (1.0 - product)),
            moment_step: T::of(rate * next / (1.0 - product * next)),
            ..self.adam_step(nadam.betas, nadam.epsilon, rate)
        }
    }

    fn follow_moments(
        &mut self,
        step: MomentStep<T>,
        parameters: Vec<&mut [T]>,
        gradients: Vec<&mut [T]>,
    ) {
        let (rank, ranks) = (self.rank, self.ranks);
        let [first, second] = self.slots.as_mut_slice() else {
            unreachable!("Adam, AdamW and NAdam keep two moments");
        };
        let moments = first.shards(rank, ranks).zip(second.shards(rank, ranks));
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
        sgd: &Sgd,
        parameters: Vec<&mut [T]>,
        gradients: Vec<&mut [T]>,
        rate: f64,
    ) {
        let decay = T::of(sgd.weight_decay);
        let values = parameters.into_iter().zip(gradients);
        let Some(slot) = self.slots.first_mut() else {
            let tasks = values.flat_map(|(parameters, gradients)| {
                let values = chunks(parameters, gradients);
                values.map(|(parameters, gradients)| DescentKernel {
                    learning_rate: T::of(rate),
                    decay,
                    parameters,
                    gradients,
                })
            });
            return run_all(tasks.collect());
        };
        let step = MomentumStep {
            decay,
            momentum: T::of(sgd.momentum),
            gradient_step: T::of(if sgd.nesterov { rate } else { 0.0 }),
            momentum_step: T::of(if sgd.nesterov {
                rate * sgd.momentum
            } else {
                rate
            }),
        };
        let buffers = slot.shards(self.rank, self.ranks);
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

/// A rank's [`shard`] of a tensor.
fn own_shard<T>(tensor: &mut [T], rank: usize, ranks: usize) -> &mut [T] {
    let own = shard(tensor.len(), rank, ranks);
    &mut tensor[own]
}

/// A rank's [`shard`] of a tensor; sets all other values to zero.
fn sole_shard<T: Real>(tensor: &mut [T], rank: usize, ranks: usize) -> &mut [T] {
    let own = shard(tensor.len(), rank, ranks);
    let (before, rest) = tensor.split_at_mut(own.start);
    let (own, after) = rest.split_at_mut(own.len());
    before.fill(T::zero());
    after.fill(T::zero());
    own
}

/// Splits parameters and their gradients into chunks.
fn chunks<'a, T>(
    parameters: &'a mut [T],
    gradients: &'a mut [T],
) -> impl Iterator<Item = (&'a mut [T], &'a mut [T])> {
    let gradients = gradients.chunks_mut(CHUNK);
    parameters.chunks_mut(CHUNK).zip(gradients)
}

/// Runs the kernels on all threads, or a single one on this thread.
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
