//! The smallest amount of work that is worth a parallel task.

/// The least work of a task, in numbers read and written once: handing a task to another thread costs about as much.
pub(crate) const MIN_TASK_WORK: usize = 4096;

/// The least number of samples per task, if all samples together amount to work on `numbers` numbers.
pub(crate) fn samples_per_task(samples: usize, numbers: usize) -> usize {
    samples / (numbers / MIN_TASK_WORK).max(1)
}
