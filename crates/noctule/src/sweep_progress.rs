//! The progress of a sweep, on the terminal.

use std::io::{IsTerminal, stderr};
use std::sync::Mutex;
use std::time::Instant;

use indicatif::ProgressBar;
use noctule_study::sweep::SweepPosition;

use crate::bar::{self, REDRAW, REPORT, STEPS};
use crate::streams::note;

/// A bar with the number of runs and the time left.
pub struct SweepBar {
    bar: ProgressBar,
    start: Instant,
    shown: Mutex<Shown>,
}

/// What was shown last.
struct Shown {
    /// Runs that were done when this command began.
    begun: Option<f64>,
    drawn: Instant,
    reported: Instant,
}

impl SweepBar {
    /// A bar without runs.
    pub fn new() -> Self {
        let now = Instant::now();
        Self {
            bar: bar::new(),
            start: now,
            shown: Mutex::new(Shown {
                begun: None,
                drawn: now,
                reported: now,
            }),
        }
    }

    /// Shows how far the sweep is, unless that was just done.
    pub fn show(&self, position: SweepPosition) {
        // Another run that is showing it now says the same.
        let Ok(mut shown) = self.shown.try_lock() else {
            return;
        };
        let begun = *shown.begun.get_or_insert(position.done);
        if shown.drawn.elapsed() < REDRAW {
            return;
        }
        shown.drawn = Instant::now();
        let message = format!(
            "{}/{} runs  {} left",
            position.finished,
            position.total,
            bar::time_left(self.start, begun, position.done, position.total as f64)
        );
        let share = position.done / position.total.max(1) as f64;
        self.bar.set_position((STEPS * share) as u64);
        if !stderr().is_terminal() && shown.reported.elapsed() >= REPORT {
            shown.reported = Instant::now();
            note!("{message}");
        }
        self.bar.set_message(message);
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
