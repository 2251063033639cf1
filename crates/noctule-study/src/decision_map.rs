//! The class that a Yin-Yang network predicts for every point of the unit square.
//!
//! Inside the disk the colour of a pixel is the predicted class; wrong predictions are darker. Outside it is blank.

use noctule_core::{Batch, Images, Label, Pixels, Samples};
use noctule_data::yinyang::classify;
use noctule_train::{TrainError, Trainer};
use thiserror::Error;

/// Colours of the classes yin, yang and dot, and of no prediction.
const COLOURS: [[u8; 3]; 4] = [
    [232, 119, 34],
    [38, 84, 124],
    [80, 160, 90],
    [120, 120, 120],
];
const BLANK: [u8; 3] = [255, 255, 255];
/// Letters of the classes yin, yang and dot, and of no prediction, for plain text.
const LETTERS: [char; 4] = ['+', '.', 'o', '?'];
/// Points that are evaluated together.
const BATCH: usize = 1000;

/// A picture that cannot be made.
#[derive(Debug, Error)]
pub enum PictureError {
    /// The network cannot be evaluated on points of the plane.
    #[error(transparent)]
    Network(#[from] Box<TrainError>),
    /// The trainer has no encoding for points.
    #[error(
        "the network was trained on events; a decision map needs one that was trained on Yin-Yang"
    )]
    NotEncoded,
    /// The picture cannot be encoded.
    #[error("cannot encode the picture: {0}")]
    Png(#[from] png::EncodingError),
}

/// One point of the picture, inside the disk.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Pixel {
    /// Index into [`COLOURS`].
    predicted: usize,
    right: bool,
}

/// The decisions of a network on a grid over the unit square.
#[derive(Clone, Debug, PartialEq)]
pub struct DecisionMap {
    size: usize,
    /// Row by row from the top; `None` outside of the disk.
    pixels: Vec<Option<Pixel>>,
}

impl DecisionMap {
    /// Evaluates a trained Yin-Yang network on a grid of `size` by `size` points.
    ///
    /// # Errors
    /// If the network does not take the four Yin-Yang features.
    pub fn of(trainer: &mut Trainer, size: usize) -> Result<Self, PictureError> {
        let Samples::Images(images) = &trainer.training_samples().samples else {
            return Err(PictureError::NotEncoded);
        };
        let (shape, encoding) = (images.shape, images.encoding);
        let centre = |index: usize| (index as f64 + 0.5) / size as f64;
        let points: Vec<(f64, f64)> = (0..size * size)
            .map(|index| (centre(index % size), 1.0 - centre(index / size)))
            .collect();
        let mut pixels = vec![None; points.len()];
        let inside: Vec<(usize, Label)> = points
            .iter()
            .enumerate()
            .filter_map(|(index, &(x, y))| Some((index, classify(x, y)?.label())))
            .collect();
        for chunk in inside.chunks(BATCH) {
            let features = chunk.iter().flat_map(|&(index, _)| features(points[index]));
            let images = Images {
                shape,
                pixels: Pixels::Floats(features.collect::<Vec<f32>>().into()),
                encoding,
            };
            let batch = Batch::images(images, Vec::new());
            let predictions = trainer.predict(&batch).map_err(Box::new)?;
            for (&(index, label), prediction) in chunk.iter().zip(predictions) {
                pixels[index] = Some(Pixel {
                    predicted: prediction.map_or(COLOURS.len() - 1, |class| class as usize),
                    right: prediction == Some(label),
                });
            }
        }
        Ok(Self { size, pixels })
    }

    /// Fraction of the disk that is classified correctly.
    pub fn accuracy(&self) -> f64 {
        let inside = self.pixels.iter().flatten();
        inside.clone().filter(|pixel| pixel.right).count() as f64 / inside.count().max(1) as f64
    }

    fn colour(&self, x: usize, y: usize) -> [u8; 3] {
        match self.pixels.get(y * self.size + x).copied().flatten() {
            None => BLANK,
            Some(pixel) if pixel.right => COLOURS[pixel.predicted],
            Some(pixel) => COLOURS[pixel.predicted].map(|value| value / 2),
        }
    }

    /// As a PNG file.
    ///
    /// # Errors
    /// If the encoder fails.
    pub fn to_png(&self) -> Result<Vec<u8>, PictureError> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.size as u32, self.size as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let pixels: Vec<u8> = (0..self.size * self.size)
            .flat_map(|index| self.colour(index % self.size, index / self.size))
            .collect();
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&pixels)?;
        writer.finish()?;
        Ok(bytes)
    }

    /// For a terminal with colours: two rows of points in a row of characters.
    pub fn to_ansi(&self) -> String {
        let mut text = String::new();
        for y in (0..self.size).step_by(2) {
            text.push_str("  ");
            for x in 0..self.size {
                let ([r, g, b], [s, h, c]) = (self.colour(x, y), self.colour(x, y + 1));
                text.push_str(&format!(
                    "\x1b[38;2;{r};{g};{b}m\x1b[48;2;{s};{h};{c}m\u{2580}"
                ));
            }
            text.push_str("\x1b[0m\n");
        }
        text
    }

    /// For plain text: `+` yin, `.` yang, `o` dot, `?` no prediction; every other row of points.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for row in self.pixels.chunks(self.size).step_by(2) {
            let letters: String = row
                .iter()
                .map(|pixel| pixel.map_or(' ', |pixel| LETTERS[pixel.predicted]))
                .collect();
            text.push_str(&format!("  {}\n", letters.trim_end()));
        }
        text
    }
}

/// The four intensities that stand for a point.
fn features((x, y): (f64, f64)) -> [f32; 4] {
    [x, y, 1.0 - x, 1.0 - y].map(|feature| feature as f32)
}
