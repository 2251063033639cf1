//! Images of a file: bytes from 0 to 255, or floating-point numbers from 0 to 1.

use noctule_core::{MOST_NEURONS, Pixels, Shape};

use super::error::Problem;
use super::npz::Array;
use crate::dataset::is_intensity;
use crate::dataset::samples::Samples;

/// Images of shape `[samples, height, width]` or `[samples, height, width, channels]`.
pub(super) fn check_images(images: Array) -> Result<Samples, Problem> {
    let Array {
        name,
        shape,
        numbers,
    } = images;
    let (height, width, channels) = match shape[..] {
        [_, height, width] => (height, width, 1),
        [_, height, width, channels] => (height, width, channels),
        _ => {
            return Err(Problem::Dimensions {
                array: name,
                shape,
                expected: "three dimensions (samples, height, width) or four (samples, height, width, channels)",
            });
        }
    };
    if shape[0] == 0 {
        return Err(Problem::NoSamples);
    }
    let image = Shape {
        height,
        width,
        channels,
    };
    if !(1..=MOST_NEURONS).contains(&image.neurons()) {
        return Err(Problem::Dimensions {
            array: name,
            shape,
            expected: "images of at least one pixel, and not of more than 2^26",
        });
    }
    let kind = numbers.kind();
    let pixels = if kind.is_byte() {
        Pixels::Bytes(numbers.into_bytes().into())
    } else if kind.is_integer() {
        return Err(Problem::Type {
            array: name,
            found: kind.to_string(),
            expected: "uint8 (0 to 255) or floating-point numbers (0 to 1)",
        });
    } else {
        let values = (0..numbers.len()).map(|index| numbers.float(index) as f32);
        let values: Vec<f32> = values.collect();
        if let Some(index) = values.iter().position(|&value| !is_intensity(value)) {
            return Err(Problem::Intensity {
                sample: index / image.neurons(),
                pixel: index % image.neurons(),
                value: values[index],
            });
        }
        Pixels::Floats(values.into())
    };
    Ok(Samples::Images {
        shape: image,
        pixels,
    })
}
