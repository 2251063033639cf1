//! The result of a sweep as a picture: a heat map of two keys, or dots with their spread along one.

use noctule_train::config::AxisValue;
use thiserror::Error;

use crate::canvas::number;
use crate::dot_plot::{DotPlot, DotPlotError};
use crate::heatmap::{HeatMap, HeatMapError};
use crate::sweep::{AxisValues, ChosenBy, SweepOutcome};

/// A picture that cannot be drawn.
#[derive(Debug, Error)]
pub enum SweepPictureError {
    /// Of two keys.
    #[error(transparent)]
    HeatMap(#[from] HeatMapError),
    /// Of one key.
    #[error(transparent)]
    DotPlot(#[from] DotPlotError),
}

/// Draws the accuracy that the best point was chosen by, as a PNG file. The best point is marked if it is the only one.
///
/// # Errors
/// If the outcome was changed so that its grid does not fit its axes, or the encoder fails.
pub fn draw(outcome: &SweepOutcome) -> Result<Vec<u8>, SweepPictureError> {
    let judged = outcome.judged();
    let what = match outcome.chosen_by {
        ChosenBy::Validation => "validation",
        ChosenBy::Test => "test",
    };
    let title = format!("{}: {what} accuracy", outcome.name);
    let range = range(judged);
    let best = &outcome.best;
    let column = outcome.x.values.iter().position(|value| *value == best.x);
    let column = column.filter(|_| best.equally_good == 1);
    let x = labels(&outcome.x);
    let Some(y) = &outcome.y else {
        let plot = DotPlot {
            title: &title,
            x: (&outcome.x.key, &x),
            values: judged.first().map_or(&[], Vec::as_slice),
            spread: spread(outcome),
            range,
            is_joined: outcome
                .x
                .values
                .iter()
                .all(|value| value.number().is_some()),
            marked: column,
        };
        return Ok(plot.to_png()?);
    };
    let row = y
        .values
        .iter()
        .position(|value| Some(value) == best.y.as_ref());
    let map = HeatMap {
        title: &title,
        x: (&outcome.x.key, &x),
        y: (&y.key, &labels(y)),
        values: judged,
        range,
        marked: row.zip(column),
    };
    Ok(map.to_png()?)
}

/// The spread of what is drawn, where it is known.
fn spread(outcome: &SweepOutcome) -> Option<&[f64]> {
    let std = match outcome.chosen_by {
        ChosenBy::Validation => &outcome.validation_std,
        ChosenBy::Test => &outcome.std,
    };
    std.as_ref()?.first().map(Vec::as_slice)
}

fn labels(axis: &AxisValues) -> Vec<String> {
    let label = |value: &AxisValue| value.number().map_or_else(|| value.to_string(), number);
    axis.values.iter().map(label).collect()
}

/// From 0 to 1, unless all values are close to one another: then from one whole per cent to another.
fn range(values: &[Vec<f64>]) -> (f64, f64) {
    let all = values.iter().flatten().copied();
    let low = all.clone().fold(f64::INFINITY, f64::min);
    let high = all.fold(f64::NEG_INFINITY, f64::max);
    if high - low < 0.2 {
        let low = ((100.0 * low).floor() / 100.0).min(0.99);
        (low, ((100.0 * high).ceil() / 100.0).max(low + 0.01))
    } else {
        (0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_is_everything_or_a_few_per_cent() {
        for (values, expected) in [
            (vec![vec![0.0, 0.7], vec![1.0, 0.3]], (0.0, 1.0)),
            (vec![vec![0.975, 0.981]], (0.97, 0.99)),
            (vec![vec![1.0, 1.0]], (0.99, 1.0)),
            (vec![vec![0.0]], (0.0, 0.01)),
        ] {
            let (low, high) = range(&values);
            let is_close = |a: f64, b: f64| (a - b).abs() < 1e-9;
            assert!(
                is_close(low, expected.0) && is_close(high, expected.1),
                "{low} {high}"
            );
        }
    }
}
