//! `[sweep]`: what `noctule sweep` varies.

use serde::{Deserialize, Serialize};

use super::axis::AxisConfig;
use crate::range::{OutOfRange, count, require};

/// The most runs of a sweep.
const MOST_RUNS: usize = 1_000_000;

type Check = Result<(), OutOfRange>;

/// `[sweep]`: what `noctule sweep` varies; `noctule train` does not look at it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepConfig {
    /// Runs at each point of the grid.
    pub repeats: usize,
    /// The seeds of the runs.
    #[serde(default)]
    pub seeds: SweepSeeds,
    /// The columns of the grid.
    pub x: AxisConfig,
    /// The rows of the grid; without it there is one row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<AxisConfig>,
}

/// Which seeds the runs of a sweep have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SweepSeeds {
    /// Repeat `r` has the experiment's seed plus `r` at every point: points differ by their keys alone. A mean over the
    /// grid then has as many independent draws as there are repeats, not as there are runs.
    #[default]
    Shared,
    /// Every run has a seed of its own: the experiment's plus the number of the run, counted repeat by repeat.
    Distinct,
}

impl SweepConfig {
    /// Points of the grid.
    pub fn points(&self) -> usize {
        let rows = self.y.as_ref().map_or(1, |y| y.values().len());
        self.x.values().len() * rows
    }

    /// Checks everything but whether the points are valid experiments.
    pub(super) fn check(&self) -> Check {
        count("sweep.repeats", self.repeats, MOST_RUNS)?;
        self.x.check("sweep.x")?;
        if let Some(y) = &self.y {
            y.check("sweep.y")?;
            let (differ, rule) = (self.x.key != y.key, "another key than sweep.x.key");
            require(differ, "sweep.y.key", format!("`{}`", y.key), rule)?;
        }
        let (points, repeats) = (self.points(), self.repeats);
        let most = MOST_RUNS / points;
        let rule =
            format!("at most {most}: with {points} points there may be {MOST_RUNS} runs in all");
        require(repeats <= most, "sweep.repeats", repeats, &rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_may_have_a_million_runs() {
        let text = "x = { key = 'a', from = 1.0, to = 100.0, step = 1.0 }\n\
                    y = { key = 'b', from = 1.0, to = 100.0, step = 1.0 }\n";
        for (repeats, fits) in [(100, true), (101, false)] {
            let sweep: SweepConfig =
                toml::from_str(&format!("repeats = {repeats}\n{text}")).unwrap();
            assert_eq!(sweep.check().is_ok(), fits, "{repeats}");
        }
    }
}
