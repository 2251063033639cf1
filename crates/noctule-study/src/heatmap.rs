//! Heat maps of sweeps, as PNG files.
//!
//! ```
//! use noctule_study::heatmap::HeatMap;
//!
//! let map = HeatMap {
//!     title: "accuracy",
//!     x: ("mean", &["0".to_owned(), "1".to_owned()]),
//!     y: ("kind", &["adam".to_owned(), "sgd".to_owned()]),
//!     values: &[vec![0.5, 0.6], vec![0.9, 1.0]],
//!     range: (0.5, 1.0),
//!     marked: Some((1, 1)),
//! };
//! assert!(map.to_png()?.starts_with(b"\x89PNG"));
//! # Ok::<(), noctule_study::heatmap::HeatMapError>(())
//! ```

use std::convert::Infallible;

use embedded_graphics::mono_font::{MonoTextStyle, ascii::FONT_7X13, ascii::FONT_10X20};
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::{PrimitiveStyle, Rectangle};
use embedded_graphics::text::{Alignment, Text};
use thiserror::Error;

use crate::canvas::{Canvas, INK, MARK, number, shortened, title_width};

/// Side of a cell, in pixels.
const CELL: i32 = 44;
/// Room for titles and the numbers along the axes, in pixels.
const LEFT: i32 = 90;
const TOP: i32 = 46;
const BOTTOM: i32 = 60;
/// Room for the scale of colours, in pixels.
const RIGHT: i32 = 110;
/// Steps of the scale of colours.
const SHADES: i32 = 100;
/// A range below which values have three digits.
const NARROW: f64 = 0.25;

/// A heat map that cannot be drawn.
#[derive(Debug, Error)]
pub enum HeatMapError {
    /// The values do not have the shape of the axes, `[y][x]`.
    #[error("the heat map has {found} values, but its axes need {expected}")]
    Shape {
        /// Points of the grid.
        expected: usize,
        /// Values that are given.
        found: usize,
    },
    /// The picture cannot be encoded.
    #[error("cannot encode the picture: {0}")]
    Png(#[from] png::EncodingError),
}

/// Values on a grid; the first row is drawn at the bottom.
#[derive(Clone, Copy, Debug)]
pub struct HeatMap<'a> {
    /// The heading.
    pub title: &'a str,
    /// Name of the columns, and what is written below each.
    pub x: (&'a str, &'a [String]),
    /// Name of the rows, and what is written beside each.
    pub y: (&'a str, &'a [String]),
    /// Shape `[y][x]`.
    pub values: &'a [Vec<f64>],
    /// The values of the first and the last colour.
    pub range: (f64, f64),
    /// Row and column of a cell with a frame.
    pub marked: Option<(usize, usize)>,
}

impl HeatMap<'_> {
    /// As a PNG file.
    ///
    /// # Errors
    /// If the values do not fit the axes, or the encoder fails.
    pub fn to_png(&self) -> Result<Vec<u8>, HeatMapError> {
        let (columns, rows) = (self.x.1.len(), self.y.1.len());
        let found = self.values.iter().map(Vec::len).sum();
        if self.values.len() != rows || self.values.iter().any(|row| row.len() != columns) {
            let expected = columns * rows;
            return Err(HeatMapError::Shape { expected, found });
        }
        let width = (LEFT + CELL * columns as i32 + RIGHT).max(LEFT + title_width(self.title));
        let height = TOP + CELL * rows as i32 + BOTTOM;
        let mut canvas = Canvas::new(width as u32, height as u32);
        // Drawing on a canvas in memory cannot fail.
        let Ok(()) = self.draw(&mut canvas);
        Ok(canvas.to_png()?)
    }

    fn draw(&self, canvas: &mut Canvas) -> Result<(), Infallible> {
        let large = MonoTextStyle::new(&FONT_10X20, INK);
        let small = MonoTextStyle::new(&FONT_7X13, INK);
        let bottom = TOP + CELL * self.y.1.len() as i32;
        let right = LEFT + CELL * self.x.1.len() as i32;
        Text::new(self.title, Point::new(LEFT, 20), large).draw(canvas)?;
        Text::new(self.y.0, Point::new(8, TOP - 8), small).draw(canvas)?;
        let middle = Point::new((LEFT + right) / 2, bottom + 46);
        Text::with_alignment(self.x.0, middle, small, Alignment::Center).draw(canvas)?;
        for (column, label) in self.x.1.iter().enumerate() {
            let at = Point::new(LEFT + CELL * column as i32 + CELL / 2, bottom + 18);
            let label = shortened(label, CELL);
            Text::with_alignment(&label, at, small, Alignment::Center).draw(canvas)?;
        }
        for (row, label) in self.y.1.iter().enumerate() {
            let top = bottom - CELL * (row as i32 + 1);
            let at = Point::new(LEFT - 8, top + CELL / 2 + 4);
            let label = shortened(label, LEFT - 8);
            Text::with_alignment(&label, at, small, Alignment::Right).draw(canvas)?;
            for (column, &value) in self.values[row].iter().enumerate() {
                let corner = Point::new(LEFT + CELL * column as i32, top);
                self.draw_cell(canvas, corner, value)?;
            }
        }
        if let Some((row, column)) = self.marked {
            let top = bottom - CELL * (row as i32 + 1);
            let corner = Point::new(LEFT + CELL * column as i32, top);
            Rectangle::new(corner, Size::new_equal(CELL as u32))
                .into_styled(PrimitiveStyle::with_stroke(MARK, 3))
                .draw(canvas)?;
        }
        self.draw_scale(canvas, right + 24, bottom)
    }

    fn draw_cell(&self, canvas: &mut Canvas, corner: Point, value: f64) -> Result<(), Infallible> {
        let colour = self.colour(value);
        Rectangle::new(corner, Size::new_equal(CELL as u32))
            .into_styled(PrimitiveStyle::with_fill(colour))
            .draw(canvas)?;
        let is_dark = u32::from(colour.r()) + u32::from(colour.g()) + u32::from(colour.b()) < 330;
        let ink = if is_dark { Rgb888::WHITE } else { INK };
        let style = MonoTextStyle::new(&FONT_7X13, ink);
        let at = corner + Point::new(CELL / 2, CELL / 2 + 4);
        let is_narrow = self.range.1 - self.range.0 < NARROW;
        let text = format!("{value:.*}", if is_narrow { 3 } else { 2 });
        Text::with_alignment(&text, at, style, Alignment::Center).draw(canvas)?;
        Ok(())
    }

    /// The colours and what they mean.
    fn draw_scale(&self, canvas: &mut Canvas, left: i32, bottom: i32) -> Result<(), Infallible> {
        let height = (bottom - TOP).min(3 * SHADES);
        let small = MonoTextStyle::new(&FONT_7X13, INK);
        for shade in 0..=SHADES {
            let share = f64::from(shade) / f64::from(SHADES);
            let value = self.range.0 + share * (self.range.1 - self.range.0);
            let y = bottom - (share * f64::from(height)) as i32;
            Rectangle::new(Point::new(left, y - 3), Size::new(18, 4))
                .into_styled(PrimitiveStyle::with_fill(self.colour(value)))
                .draw(canvas)?;
            if shade % (SHADES / 4) == 0 {
                Text::new(&number(value), Point::new(left + 26, y + 4), small).draw(canvas)?;
            }
        }
        Ok(())
    }

    fn colour(&self, value: f64) -> Rgb888 {
        let share = (value - self.range.0) / (self.range.1 - self.range.0);
        let colour = colorous::VIRIDIS.eval_continuous(share.clamp(0.0, 1.0));
        Rgb888::new(colour.r, colour.g, colour.b)
    }
}
