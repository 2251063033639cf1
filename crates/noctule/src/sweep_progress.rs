//! The progress of a sweep, on the terminal.

use std::io::{IsTerminal, stderr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressStyle};
use noctule_study::sweep::SweepPosition;

use crate::streams::{note, redraws};

/// How often the line is drawn again.
const REDRAW: Duration = Duration::from_millis(100);
/// How often a line is printed where there is no terminal to draw on.
const REPORT: Duration = Duration::from_secs(10);

/// Steps of the bar.
const STEPS: f64 = 1000.0;

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
        let style = ProgressStyle::with_template("{bar:24} {msg}");
        let bar = if redraws(&stderr()) {
            ProgressBar::new(STEPS as u64)
        } else {
            ProgressBar::hidden()
        };
        let bar = bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let now = Instant::now();
        Self {
            bar,
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
            self.time_left(position, begun)
        );
        let share = position.done / position.total.max(1) as f64;
        self.bar.set_position((STEPS * share) as u64);
        if !stderr().is_terminal() && shown.reported.elapsed() >= REPORT {
            shown.reported = Instant::now();
            note!("{message}");
        }
        self.bar.set_message(message);
    }

    fn time_left(&self, position: SweepPosition, begun: f64) -> String {
        let since = position.done - begun;
        if since <= 0.0 {
            return "...".to_owned();
        }
        let per_run = self.start.elapsed().as_secs_f64() / since;
        let seconds = per_run * (position.total as f64 - position.done).max(0.0);
        HumanDuration(Duration::from_secs_f64(seconds)).to_string()
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
