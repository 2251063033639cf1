//! [`CpuOptimiser`]: steps of gradient descent with momentum, Adam, AdamW and NAdam, as PyTorch defines them.
//!
//! A step passes once over each tensor: it updates state and parameters and clears the gradients. Chunks of a fixed
//! size are distributed over threads, and SIMD code is chosen at run time. The result is the same, bit for bit, for
//! every number of threads and every SIMD width.

use aligned_vec::{AVec, ConstAlign, avec};
use noctule_core::{
    MomentStep, MomentumStep, Optimiser, OptimiserProgress, OptimiserStep, Real, shard,
};
use pulp::{Arch, WithSimd};
use rayon::prelude::*;

use crate::optimiser::kernels::{DescentKernel, MomentKernel, MomentumKernel};

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
        let step = self.rule.step(&mut self.progress, learning_rate.to_f64());
        match step {
            OptimiserStep::Descent {
                learning_rate,
                decay,
            } => descend(T::of(learning_rate), T::of(decay), parameters, gradients),
            OptimiserStep::Momentum(step) => {
                self.follow_momentum(step.rounded(), parameters, gradients);
            }
            OptimiserStep::Moments(step) => {
                self.follow_moments(step.rounded(), parameters, gradients);
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

    fn follow_momentum(
        &mut self,
        step: MomentumStep<T>,
        parameters: Vec<&mut [T]>,
        gradients: Vec<&mut [T]>,
    ) {
        let [slot] = self.slots.as_mut_slice() else {
            unreachable!("gradient descent with momentum keeps one buffer");
        };
        let values = parameters.into_iter().zip(gradients);
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

fn descend<T: Real>(
    learning_rate: T,
    decay: T,
    parameters: Vec<&mut [T]>,
    gradients: Vec<&mut [T]>,
) {
    let values = parameters.into_iter().zip(gradients);
    let tasks = values.flat_map(|(parameters, gradients)| {
        let values = chunks(parameters, gradients);
        values.map(|(parameters, gradients)| DescentKernel {
            learning_rate,
            decay,
            parameters,
            gradients,
        })
    });
    run_all(tasks.collect());
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
