//! Heat maps of sweeps, as PNG files.
//!
//! ```
//! use noctule_study::heatmap::HeatMap;
//!
//! let map = HeatMap {
//!     title: "accuracy",
//!     x: ("mean", &[0.0, 1.0]),
//!     y: ("std", &[0.0, 0.5, 1.0]),
//!     values: &[vec![0.5, 0.6], vec![0.9, 1.0], vec![0.7, 0.8]],
//!     range: (0.5, 1.0),
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

const INK: Rgb888 = Rgb888::new(30, 30, 30);

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
    /// Name and values of the columns.
    pub x: (&'a str, &'a [f64]),
    /// Name and values of the rows.
    pub y: (&'a str, &'a [f64]),
    /// Shape `[y][x]`.
    pub values: &'a [Vec<f64>],
    /// The values of the first and the last colour.
    pub range: (f64, f64),
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
        let width = LEFT + CELL * columns as i32 + RIGHT;
        let height = TOP + CELL * rows as i32 + BOTTOM;
        let mut canvas = Canvas::new(width as u32, height as u32);
        // Drawing on a canvas in memory cannot fail.
        let Ok(()) = self.draw(&mut canvas);
        canvas.to_png()
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
        for (column, value) in self.x.1.iter().enumerate() {
            let at = Point::new(LEFT + CELL * column as i32 + CELL / 2, bottom + 18);
            Text::with_alignment(&number(*value), at, small, Alignment::Center).draw(canvas)?;
        }
        for (row, value) in self.y.1.iter().enumerate() {
            let top = bottom - CELL * (row as i32 + 1);
            let at = Point::new(LEFT - 8, top + CELL / 2 + 4);
            Text::with_alignment(&number(*value), at, small, Alignment::Right).draw(canvas)?;
            for (column, &value) in self.values[row].iter().enumerate() {
                let corner = Point::new(LEFT + CELL * column as i32, top);
                self.draw_cell(canvas, corner, value)?;
            }
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
        Text::with_alignment(&format!("{value:.2}"), at, style, Alignment::Center).draw(canvas)?;
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

/// A number with as many digits as it needs, three at most.
fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Pixels in memory.
struct Canvas {
    size: Size,
    pixels: Vec<u8>,
}

impl Canvas {
    fn new(width: u32, height: u32) -> Self {
        Self {
            size: Size::new(width, height),
            pixels: vec![255; 3 * width as usize * height as usize],
        }
    }

    fn to_png(&self) -> Result<Vec<u8>, HeatMapError> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.size.width, self.size.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.pixels)?;
        writer.finish()?;
        Ok(bytes)
    }
}

impl OriginDimensions for Canvas {
    fn size(&self) -> Size {
        self.size
    }
}

impl DrawTarget for Canvas {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(
        &mut self,
        pixels: I,
    ) -> Result<(), Infallible> {
        for Pixel(at, colour) in pixels {
            if self.bounding_box().contains(at) {
                let index = 3 * (at.y as usize * self.size.width as usize + at.x as usize);
                self.pixels[index..index + 3].copy_from_slice(&[
                    colour.r(),
                    colour.g(),
                    colour.b(),
                ]);
            }
        }
        Ok(())
    }
}
