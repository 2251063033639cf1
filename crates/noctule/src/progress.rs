//! The progress of a training, on the terminal.

use std::io::stderr;
use std::time::Instant;

use indicatif::ProgressBar;
use noctule_train::{BatchProgress, EpochRecord, Progress, Warning};

use crate::bar::{self, REDRAW, REPORT, STEPS};
use crate::streams::{note, redraws};

/// One bar for the whole run, with the loss, the accuracy, samples/s and the time left.
pub struct Bars {
    bar: ProgressBar,
    epochs: usize,
    start: Instant,
    /// Epochs, with fractions, that were done when this command began.
    begun: Option<f64>,
    drawn: Instant,
    reported: Option<Instant>,
    test_accuracy: Option<f64>,
}

impl Bars {
    /// A bar for a run of this number of epochs.
    pub fn new(epochs: usize) -> Self {
        let now = Instant::now();
        Self {
            bar: bar::new(),
            epochs,
            start: now,
            begun: None,
            drawn: now,
            reported: None,
            test_accuracy: None,
        }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Bars {
    fn batch(&mut self, progress: BatchProgress<'_>) {
        let within = progress.samples.0 as f64 / progress.samples.1.max(1) as f64;
        let done = progress.epoch.0 as f64 - 1.0 + within;
        let begun = *self.begun.get_or_insert(done);
        if progress.split != "train" || self.drawn.elapsed() < REDRAW {
            return;
        }
        self.drawn = Instant::now();
        self.bar
            .set_position((STEPS * done / self.epochs as f64) as u64);
        let metrics = &progress.metrics.metrics;
        let test = self.test_accuracy.map_or(String::new(), |accuracy| {
            format!("  test {:.2} %", 100.0 * accuracy)
        });
        self.bar.set_message(format!(
            "epoch {}/{}  loss {:.4}  accuracy {:.2} %{test}  {:.0} samples/s  {} left",
            progress.epoch.0,
            self.epochs,
            metrics.loss(),
            100.0 * metrics.accuracy(),
            progress.metrics.samples_per_second(),
            bar::time_left(self.start, begun, done, self.epochs as f64),
        ));
    }

    fn epoch(&mut self, records: &[EpochRecord]) {
        let test = records.iter().find(|record| record.split == "test");
        self.test_accuracy = test.map(|record| record.accuracy);
        let last = records
            .iter()
            .any(|record| record.epoch == self.epochs as u64);
        let quiet = self.reported.is_some_and(|at| at.elapsed() < REPORT);
        if redraws(&stderr()) || (quiet && !last) {
            return;
        }
        self.reported = Some(Instant::now());
        for record in records {
            note!(
                "epoch {}/{}  {:<10}  loss {:.4}  accuracy {:.2} %  {:.0} samples/s",
                record.epoch,
                self.epochs,
                record.split,
                record.loss,
                100.0 * record.accuracy,
                record.samples_per_second,
            );
        }
    }

    fn warning(&mut self, warning: &Warning) {
        self.bar.suspend(|| note!("warning: {warning}"));
    }
}
