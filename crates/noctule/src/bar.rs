//! What the bars of trainings and sweeps have in common.

use std::io::stderr;
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

use crate::streams::redraws;

/// How often a bar is drawn again.
pub const REDRAW: Duration = Duration::from_millis(100);
/// How often a line is printed where there is no terminal to draw on.
pub const REPORT: Duration = Duration::from_secs(10);
/// Steps of a bar.
pub const STEPS: f64 = 1000.0;

/// A bar on standard error; a hidden one where nothing can be drawn again.
pub fn new() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:24} {msg}");
    let bar = if redraws(&stderr()) {
        ProgressBar::new(STEPS as u64)
    } else {
        ProgressBar::hidden()
    };
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// How long the rest takes at the pace since `start`: `done` steps of `total`, of which `begun` were done at the start.
pub fn time_left(start: Instant, begun: f64, done: f64, total: f64) -> String {
    let since = done - begun;
    if since <= 0.0 {
        return "...".to_owned();
    }
    let each = start.elapsed().as_secs_f64() / since;
    let seconds = each * (total - done).max(0.0);
    HumanDuration(Duration::from_secs_f64(seconds)).to_string()
}
