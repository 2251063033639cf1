//! The progress of a study, on the terminal.

use std::io::{IsTerminal, stderr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use noctule_study::study::StudyProgress;

use crate::bar::{self, REPORT, STEPS};
use crate::streams::note;

/// A measurement that takes less was read from the record of an earlier start, and says nothing of the pace.
const RECORDED: Duration = Duration::from_millis(50);

/// A bar with the number of measurements, the one under way, and the time left.
pub struct StudyBar {
    bar: ProgressBar,
    shown: Mutex<Shown>,
}

/// What was shown last.
struct Shown {
    /// When measuring began, and what was done then.
    begun: (Instant, usize),
    /// When this was shown last, and what was done then.
    last: (Instant, usize),
    reported: Option<Instant>,
}

impl StudyBar {
    /// A bar without measurements.
    pub fn new() -> Self {
        let now = (Instant::now(), 0);
        Self {
            bar: bar::new(),
            shown: Mutex::new(Shown {
                begun: now,
                last: now,
                reported: None,
            }),
        }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl StudyProgress for StudyBar {
    fn show(&self, done: usize, total: usize, doing: &str) {
        let Ok(mut shown) = self.shown.try_lock() else {
            return;
        };
        if done != shown.last.1 {
            if shown.last.0.elapsed() < RECORDED {
                shown.begun = (Instant::now(), done);
            }
            shown.last = (Instant::now(), done);
        }
        let (start, begun) = shown.begun;
        let left = bar::time_left(start, begun as f64, done as f64, total as f64);
        let message = format!("{done}/{total}  {left} left  {doing}");
        self.bar
            .set_position((STEPS * done as f64 / total.max(1) as f64) as u64);
        let is_due = shown.reported.is_none_or(|at| at.elapsed() >= REPORT);
        if !stderr().is_terminal() && is_due {
            shown.reported = Some(Instant::now());
            note!("{message}");
        }
        self.bar.set_message(message);
    }
}
