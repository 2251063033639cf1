//! What pictures are drawn on.

use std::convert::Infallible;

use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::*;

pub(crate) const INK: Rgb888 = Rgb888::new(30, 30, 30);
/// What stands out.
pub(crate) const MARK: Rgb888 = Rgb888::new(214, 62, 42);

/// Width of a letter of the fonts for titles and for all else, in pixels.
const TITLE_LETTER: i32 = 10;
const LETTER: i32 = 7;

/// Pixels in memory.
pub(crate) struct Canvas {
    size: Size,
    pixels: Vec<u8>,
}

impl Canvas {
    /// A white picture.
    pub fn new(width: u32, height: u32) -> Self {
        Self {
            size: Size::new(width, height),
            pixels: vec![255; 3 * width as usize * height as usize],
        }
    }

    /// As a PNG file.
    pub fn to_png(&self) -> Result<Vec<u8>, png::EncodingError> {
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

/// Room for a title, in pixels.
pub(crate) fn title_width(title: &str) -> i32 {
    TITLE_LETTER * (title.chars().count() as i32 + 1)
}

/// As much of a label as fits into this many pixels.
pub(crate) fn shortened(label: &str, width: i32) -> String {
    let letters = (width / LETTER).max(1) as usize;
    if label.chars().count() <= letters {
        return label.to_owned();
    }
    let kept: String = label.chars().take(letters - 1).collect();
    format!("{kept}~")
}

/// A number with as many digits as it needs, three behind the point at most; small ones with an exponent.
pub(crate) fn number(value: f64) -> String {
    if value != 0.0 && value.abs() < 0.01 {
        return format!("{value:.1e}").replace(".0e", "e");
    }
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_fit() {
        assert_eq!(shortened("0.0001", 44), "0.0001");
        assert_eq!(shortened("0.00015", 44), "0.000~");
    }

    #[test]
    fn numbers_are_short() {
        let numbers = [0.0, 0.2, 1.25, 400.0, 0.001, 2.5e-5, 0.0125, -0.5].map(number);
        assert_eq!(
            numbers,
            ["0", "0.2", "1.25", "400", "1e-3", "2.5e-5", "0.013", "-0.5"]
        );
    }
}
