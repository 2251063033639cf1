//! A chart as an SVG picture.

use plotters::coord::ranged1d::{AsRangedCoord, Ranged, ValueFormatter};
use plotters::prelude::*;
use thiserror::Error;

use super::document::{Axis, Chart, Series};

/// Width and height of a picture.
const SIZE: (u32, u32) = (720, 440);
/// The most points of a line that are drawn as dots, too.
const MOST_DOTS: usize = 40;
/// The colours of the lines, which people with any kind of colour vision can tell apart (Okabe and Ito, 2008).
const COLOURS: [RGBColor; 8] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
    RGBColor(128, 128, 128),
];

/// A chart that cannot be drawn.
#[derive(Debug, Error)]
#[error("cannot draw the chart `{name}`: {message}")]
pub struct ChartPictureError {
    /// The chart.
    pub name: String,
    /// What went wrong.
    pub message: String,
}

/// The chart as an SVG picture. Points that a logarithmic axis cannot show are left out.
///
/// # Errors
/// If the plotting library fails.
pub fn to_svg(chart: &Chart) -> Result<String, ChartPictureError> {
    let mut text = String::new();
    let x = range(&chart.x, chart.series.iter().flat_map(|series| &series.x));
    let y = range(&chart.y, chart.series.iter().flat_map(|series| &series.y));
    let ((x0, x1), (y0, y1)) = (x, y);
    let area = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
    let drawn = match (chart.x.log, chart.y.log) {
        (false, false) => draw(chart, &area, x0..x1, y0..y1),
        (true, false) => draw(chart, &area, (x0..x1).log_scale(), y0..y1),
        (false, true) => draw(chart, &area, x0..x1, (y0..y1).log_scale()),
        (true, true) => draw(chart, &area, (x0..x1).log_scale(), (y0..y1).log_scale()),
    };
    let drawn = drawn.and_then(|()| area.present().map_err(|error| error.to_string()));
    drop(area);
    drawn.map_err(|message| ChartPictureError {
        name: chart.name.clone(),
        message,
    })?;
    Ok(text)
}

fn is_shown(axis: &Axis, value: f64) -> bool {
    value.is_finite() && (!axis.log || value > 0.0)
}

/// The range of an axis, a little wider than its values.
fn range<'a>(axis: &Axis, values: impl Iterator<Item = &'a f64>) -> (f64, f64) {
    let shown = values.copied().filter(|&value| is_shown(axis, value));
    let (least, most) = shown.fold(
        (f64::INFINITY, f64::NEG_INFINITY),
        |(least, most), value| (least.min(value), most.max(value)),
    );
    if least > most {
        return (1.0, 10.0);
    }
    if axis.log {
        return (least / 1.3, most * 1.3);
    }
    let margin = match most - least {
        0.0 => least.abs().max(1.0) / 2.0,
        extent => 0.05 * extent,
    };
    (least - margin, most + margin)
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn draw<X, Y>(chart: &Chart, area: &Area<'_>, x: X, y: Y) -> Result<(), String>
where
    X: AsRangedCoord<Value = f64>,
    Y: AsRangedCoord<Value = f64>,
    X::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
    Y::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    let failed = |error: DrawingAreaErrorKind<_>| error.to_string();
    area.fill(&WHITE).map_err(failed)?;
    let mut context = ChartBuilder::on(area)
        .caption(&chart.title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(x, y)
        .map_err(failed)?;
    context
        .configure_mesh()
        .x_desc(&chart.x.label)
        .y_desc(&chart.y.label)
        .x_label_formatter(&|value| number(*value))
        .y_label_formatter(&|value| number(*value))
        .light_line_style(WHITE.mix(0.0))
        .draw()
        .map_err(failed)?;
    for (series, colour) in chart.series.iter().zip(COLOURS.iter().cycle()) {
        let points = points(chart, series);
        context
            .draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))
            .map_err(failed)?
            .label(&series.name)
            .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
        if points.len() <= MOST_DOTS {
            let dots = points.iter();
            let dots = dots.map(|&point| Circle::new(point, 3, colour.filled()));
            context.draw_series(dots).map_err(failed)?;
        }
        let bars = error_bars(chart, series);
        let bars = bars
            .iter()
            .map(|bar| PathElement::new(bar.to_vec(), colour.stroke_width(1)));
        context.draw_series(bars).map_err(failed)?;
    }
    context
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.2))
        .draw()
        .map_err(failed)
}

fn points(chart: &Chart, series: &Series) -> Vec<(f64, f64)> {
    let points = series.x.iter().copied().zip(series.y.iter().copied());
    points
        .filter(|&(x, y)| is_shown(&chart.x, x) && is_shown(&chart.y, y))
        .collect()
}

/// A vertical line of one standard error to each side of every point.
fn error_bars(chart: &Chart, series: &Series) -> Vec<[(f64, f64); 2]> {
    let ends = series.x.iter().zip(&series.y).zip(&series.error);
    ends.map(|((&x, &y), &error)| [(x, y - error), (x, y + error)])
        .filter(|bar| {
            bar.iter()
                .all(|&(x, y)| is_shown(&chart.x, x) && is_shown(&chart.y, y))
        })
        .collect()
}

/// A number in few letters.
fn number(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-3..1e5).contains(&size) {
        return format!("{value:.0e}");
    }
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charts_of_all_kinds_are_drawn() {
        for (log_x, log_y) in [(false, false), (false, true), (true, false), (true, true)] {
            let axis = |log| Axis {
                label: "seconds".to_owned(),
                log,
            };
            let series = Series {
                name: "a < b".to_owned(),
                x: vec![0.0, 1e-6, 1e-3, 1.0],
                y: vec![1.0, 0.0, 10.0, 1000.0],
                error: vec![0.1, 0.1, 1.0, 10.0],
            };
            let chart = Chart {
                name: "error".to_owned(),
                title: "Error".to_owned(),
                x: axis(log_x),
                y: axis(log_y),
                series: vec![series, Series::default()],
            };
            let text = to_svg(&chart).unwrap();
            assert!(
                text.contains("a &lt; b") && text.contains("seconds"),
                "{text}"
            );
            assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
        }
    }

    #[test]
    fn numbers_are_short() {
        let texts = [0.0, 0.25, 5.0, 1000.0, 1e-6, 2.5e7, -0.1].map(number);
        assert_eq!(texts, ["0", "0.25", "5", "1000", "1e-6", "2e7", "-0.1"]);
    }
}
