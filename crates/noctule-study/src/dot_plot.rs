//! Values with their spread along one axis, as PNG files.
//!
//! ```
//! use noctule_study::dot_plot::DotPlot;
//!
//! let plot = DotPlot {
//!     title: "accuracy",
//!     x: ("optimiser", &["adam".to_owned(), "sgd".to_owned()]),
//!     values: &[0.9, 0.7],
//!     spread: Some(&[0.02, 0.1]),
//!     range: (0.5, 1.0),
//!     is_joined: false,
//!     marked: Some(0),
//! };
//! assert!(plot.to_png()?.starts_with(b"\x89PNG"));
//! # Ok::<(), noctule_study::dot_plot::DotPlotError>(())
//! ```

use std::convert::Infallible;

use embedded_graphics::mono_font::{MonoTextStyle, ascii::FONT_7X13, ascii::FONT_10X20};
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::{Circle, Line, PrimitiveStyle};
use embedded_graphics::text::{Alignment, Text};
use thiserror::Error;

use crate::canvas::{Canvas, INK, MARK, number, shortened, title_width};

/// From one value to the next, and the height of the plot, in pixels.
const COLUMN: i32 = 56;
const HEIGHT: i32 = 260;
/// Room for titles and the numbers along the axes, in pixels.
const LEFT: i32 = 70;
const TOP: i32 = 46;
const BOTTOM: i32 = 60;
const RIGHT: i32 = 30;
/// Lines across the plot, from the bottom to the top of the range.
const LINES: i32 = 4;
/// Diameter of a dot, and half the width of the ends of its spread, in pixels.
const DOT: u32 = 9;
const WHISKER: i32 = 5;

const PALE: Rgb888 = Rgb888::new(220, 220, 220);
const BLUE: Rgb888 = Rgb888::new(38, 84, 124);

/// A plot that cannot be drawn.
#[derive(Debug, Error)]
pub enum DotPlotError {
    /// There is not one value, or one spread, for each label.
    #[error("the plot has {expected} labels, but {found} values or spreads")]
    Length {
        /// Labels along the axis.
        expected: usize,
        /// Values or spreads that are given.
        found: usize,
    },
    /// The picture cannot be encoded.
    #[error("cannot encode the picture: {0}")]
    Png(#[from] png::EncodingError),
}

/// Values side by side.
#[derive(Clone, Copy, Debug)]
pub struct DotPlot<'a> {
    /// The heading.
    pub title: &'a str,
    /// Name of the axis, and what is written below each value.
    pub x: (&'a str, &'a [String]),
    /// One for each label.
    pub values: &'a [f64],
    /// How far the whisker of each value reaches up and down.
    pub spread: Option<&'a [f64]>,
    /// The values at the bottom and at the top.
    pub range: (f64, f64),
    /// Whether a line joins the dots.
    pub is_joined: bool,
    /// Index of a value with another colour.
    pub marked: Option<usize>,
}

impl DotPlot<'_> {
    /// As a PNG file.
    ///
    /// # Errors
    /// If there is not a value for each label, or the encoder fails.
    pub fn to_png(&self) -> Result<Vec<u8>, DotPlotError> {
        let expected = self.x.1.len();
        let lengths = [Some(self.values.len()), self.spread.map(<[f64]>::len)];
        if let Some(found) = lengths
            .into_iter()
            .flatten()
            .find(|&found| found != expected)
        {
            return Err(DotPlotError::Length { expected, found });
        }
        let width = (LEFT + COLUMN * expected as i32 + RIGHT).max(LEFT + title_width(self.title));
        let mut canvas = Canvas::new(width as u32, (TOP + HEIGHT + BOTTOM) as u32);
        // Drawing on a canvas in memory cannot fail.
        let Ok(()) = self.draw(&mut canvas);
        Ok(canvas.to_png()?)
    }

    fn draw(&self, canvas: &mut Canvas) -> Result<(), Infallible> {
        let large = MonoTextStyle::new(&FONT_10X20, INK);
        let small = MonoTextStyle::new(&FONT_7X13, INK);
        let right = LEFT + COLUMN * self.x.1.len() as i32;
        Text::new(self.title, Point::new(LEFT, 20), large).draw(canvas)?;
        for line in 0..=LINES {
            let share = f64::from(line) / f64::from(LINES);
            let value = self.range.0 + share * (self.range.1 - self.range.0);
            let y = self.height_of(value);
            line_between(canvas, Point::new(LEFT, y), Point::new(right, y), PALE, 1)?;
            let at = Point::new(LEFT - 8, y + 4);
            Text::with_alignment(&number(value), at, small, Alignment::Right).draw(canvas)?;
        }
        for (column, label) in self.x.1.iter().enumerate() {
            let at = Point::new(self.column(column), TOP + HEIGHT + 18);
            let label = shortened(label, COLUMN);
            Text::with_alignment(&label, at, small, Alignment::Center).draw(canvas)?;
        }
        let middle = Point::new((LEFT + right) / 2, TOP + HEIGHT + 46);
        Text::with_alignment(self.x.0, middle, small, Alignment::Center).draw(canvas)?;
        self.draw_values(canvas)
    }

    fn draw_values(&self, canvas: &mut Canvas) -> Result<(), Infallible> {
        let places = self.values.iter().enumerate();
        let places: Vec<Point> = places
            .map(|(column, &value)| Point::new(self.column(column), self.height_of(value)))
            .collect();
        for pair in places.windows(2).filter(|_| self.is_joined) {
            line_between(canvas, pair[0], pair[1], BLUE, 1)?;
        }
        for (column, &place) in places.iter().enumerate() {
            let colour = if self.marked == Some(column) {
                MARK
            } else {
                BLUE
            };
            if let Some(spread) = self.spread {
                let value = self.values[column];
                let ends =
                    [value - spread[column], value + spread[column]].map(|end| self.height_of(end));
                let [low, high] = ends.map(|y| Point::new(place.x, y));
                line_between(canvas, low, high, colour, 1)?;
                let across = Point::new(WHISKER, 0);
                for end in [low, high] {
                    line_between(canvas, end - across, end + across, colour, 1)?;
                }
            }
            Circle::with_center(place, DOT)
                .into_styled(PrimitiveStyle::with_fill(colour))
                .draw(canvas)?;
        }
        Ok(())
    }

    fn column(&self, index: usize) -> i32 {
        LEFT + COLUMN * index as i32 + COLUMN / 2
    }

    /// Where a value is drawn; values beyond the range are drawn at its end.
    fn height_of(&self, value: f64) -> i32 {
        let share = (value - self.range.0) / (self.range.1 - self.range.0);
        TOP + HEIGHT - (share.clamp(0.0, 1.0) * f64::from(HEIGHT)).round() as i32
    }
}

fn line_between(
    canvas: &mut Canvas,
    from: Point,
    to: Point,
    colour: Rgb888,
    width: u32,
) -> Result<(), Infallible> {
    let style = PrimitiveStyle::with_stroke(colour, width);
    Line::new(from, to).into_styled(style).draw(canvas)
}
