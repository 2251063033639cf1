//! Work that takes long: it runs without Python's lock, on a thread of its own, while this one looks for Ctrl-C and tells
//! Python how far it is.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use noctule_train::{BatchProgress, EpochRecord, Progress, RunDirectory, RunEnd, Trainer, Warning};
use pyo3::prelude::*;

use crate::errors::{Error, Result};

/// How often progress is shown, and Ctrl-C looked for.
const INTERVAL: Duration = Duration::from_millis(50);

/// A wish to end a training, for good or for a moment.
#[derive(Debug, Default)]
pub struct Stop {
    /// What the trainer looks at.
    flag: AtomicBool,
    /// Whether it is for good.
    is_final: AtomicBool,
}

impl Stop {
    /// Ends the training after the current batch.
    pub fn now(&self) {
        self.is_final.store(true, Ordering::Relaxed);
        self.flag.store(true, Ordering::Relaxed);
    }

    /// Lets the trainer pause before the next batch.
    fn pause(&self) {
        self.flag.store(true, Ordering::Relaxed);
    }

    /// Lets it go on after a pause, unless it is to end. Whether it may.
    fn go_on(&self) -> bool {
        let is_final = self.is_final.load(Ordering::Relaxed);
        self.flag.store(is_final, Ordering::Relaxed);
        !is_final
    }
}

/// Does `work` on another thread until it is done. Ctrl-C sets `stop`, waits for the work, and is raised then.
pub fn interruptible<R: Send>(
    py: Python<'_>,
    stop: &AtomicBool,
    work: impl FnOnce() -> Result<R> + Send,
) -> Result<R> {
    let (sender, receiver) = mpsc::channel::<()>();
    let (outcome, signal) = py.detach(move || {
        thread::scope(|scope| {
            let worker = scope.spawn(move || {
                let _ends_with_the_work = sender;
                work()
            });
            let mut signal = Ok(());
            while let Err(RecvTimeoutError::Timeout) = receiver.recv_timeout(INTERVAL) {
                look_for_signals(|| stop.store(true, Ordering::Relaxed), &mut signal);
            }
            (worker.join(), signal)
        })
    });
    signal?;
    outcome.unwrap_or_else(|_| Err(panicked()))
}

fn look_for_signals(stop: impl FnOnce(), signal: &mut PyResult<()>) {
    if let Err(error) = Python::attach(|py| py.check_signals()) {
        stop();
        *signal = Err(error);
    }
}

fn panicked() -> Error {
    Error::training(
        "a thread panicked, which is a fault of Noctule; please report it with what was printed",
    )
}

/// Something that Python is told.
enum Event {
    Batch {
        split: String,
        epoch: (usize, usize),
        samples: (usize, usize),
        loss: f64,
        accuracy: f64,
        samples_per_second: f64,
    },
    Warning(String),
    Epoch(String),
}

impl Event {
    /// Tells the observer, a Python object with the methods `batch`, `warning` and `epoch`.
    fn tell(self, observer: &Bound<'_, PyAny>) -> PyResult<()> {
        match self {
            Self::Batch {
                split,
                epoch,
                samples,
                loss,
                accuracy,
                samples_per_second,
            } => observer.call_method1(
                "batch",
                (split, epoch, samples, loss, accuracy, samples_per_second),
            ),
            Self::Warning(text) => observer.call_method1("warning", (text,)),
            Self::Epoch(records) => observer.call_method1("epoch", (records,)),
        }
        .map(|_| ())
    }
}

/// Passes what a trainer says on to the thread that waits.
struct Relay<'a> {
    sender: Sender<Event>,
    shown: Option<Instant>,
    /// Set after each epoch, for who wants to look at the network then.
    pause: Option<&'a Stop>,
}

impl Relay<'_> {
    fn send(&self, event: Event) {
        // Nobody listens if Python was interrupted.
        self.sender.send(event).ok();
    }
}

impl Progress for Relay<'_> {
    fn batch(&mut self, progress: BatchProgress<'_>) {
        let (done, samples) = progress.samples;
        let is_due = self.shown.is_none_or(|shown| shown.elapsed() >= INTERVAL);
        if !is_due && done < samples {
            return;
        }
        self.shown = Some(Instant::now());
        let metrics = &progress.metrics.metrics;
        self.send(Event::Batch {
            split: progress.split.to_owned(),
            epoch: progress.epoch,
            samples: progress.samples,
            loss: metrics.loss(),
            accuracy: metrics.accuracy(),
            samples_per_second: progress.metrics.samples_per_second(),
        });
    }

    fn epoch(&mut self, records: &[EpochRecord]) {
        let records = serde_json::to_string(records).unwrap_or_default();
        self.send(Event::Epoch(records));
        if let Some(pause) = self.pause {
            pause.pause();
        }
    }

    fn warning(&mut self, warning: &Warning) {
        self.send(Event::Warning(warning.to_string()));
    }
}

/// Trains to the last epoch. After each one `after_epoch` sees the trainer, and returns whether to stop. Ctrl-C, and
/// errors of Python, stop the training after the current batch and are raised then.
pub fn train(
    py: Python<'_>,
    trainer: &mut Trainer,
    directory: Option<&RunDirectory>,
    observer: &Bound<'_, PyAny>,
    stop: &Stop,
    mut after_epoch: Option<&mut dyn FnMut(Python<'_>, &mut Trainer) -> Result<bool>>,
) -> Result<RunEnd> {
    loop {
        let finished = trainer.finished_epochs();
        let pauses = after_epoch.is_some();
        let end = train_until(py, trainer, directory, observer, stop, pauses)?;
        let has_paused = pauses && trainer.finished_epochs() > finished;
        if let (true, Some(after_epoch)) = (has_paused, &mut after_epoch) {
            if !stop.go_on() {
                return Ok(RunEnd::Interrupted);
            }
            if after_epoch(py, trainer)? || end == RunEnd::Finished {
                return Ok(end);
            }
            continue;
        }
        return Ok(end);
    }
}

/// Trains until `stop` is set, or with `pauses` until an epoch is done.
fn train_until(
    py: Python<'_>,
    trainer: &mut Trainer,
    directory: Option<&RunDirectory>,
    observer: &Bound<'_, PyAny>,
    stop: &Stop,
    pauses: bool,
) -> Result<RunEnd> {
    let (sender, receiver) = mpsc::channel();
    let observer = observer.as_unbound();
    let (outcome, told) = py.detach(move || {
        thread::scope(|scope| {
            let worker = scope.spawn(move || {
                let mut relay = Relay {
                    sender,
                    shown: None,
                    pause: pauses.then_some(stop),
                };
                trainer.run(directory, &mut relay, &stop.flag)
            });
            let mut told = Ok(());
            loop {
                match receiver.recv_timeout(INTERVAL) {
                    Ok(event) if told.is_ok() => {
                        let heard = Python::attach(|py| event.tell(observer.bind(py)));
                        if let Err(error) = heard {
                            stop.now();
                            told = Err(error);
                        }
                    }
                    Ok(_) => {}
                    Err(RecvTimeoutError::Timeout) if told.is_ok() => {
                        look_for_signals(|| stop.now(), &mut told);
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
            (worker.join(), told)
        })
    });
    told?;
    match outcome {
        Ok(end) => Ok(end?),
        Err(_) => Err(panicked()),
    }
}
