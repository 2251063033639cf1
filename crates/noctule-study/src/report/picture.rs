//! Samples as small pictures.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use noctule_core::{Batch, Images, Pixels, Samples};

use super::error::ReportError;

/// A PNG file as a data URI.
pub(super) fn data_uri(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(png))
}

/// A sample as a picture in a data URI; `None` if it is not an image. Three channels are red, green and blue; of any other
/// number the mean is shown.
pub(super) fn picture(samples: &Batch<f32>, index: usize) -> Result<Option<String>, ReportError> {
    let Samples::Images(images) = &samples.samples else {
        return Ok(None);
    };
    let shape = images.shape;
    if shape.height < 2 || shape.width < 2 {
        return Ok(None);
    }
    let values = intensities(images, index);
    let bytes: Vec<u8> = match shape.channels {
        1 | 3 => values,
        channels => values
            .chunks(channels)
            .map(|pixel| {
                (pixel.iter().map(|&value| u32::from(value)).sum::<u32>() / channels as u32) as u8
            })
            .collect(),
    };
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, shape.width as u32, shape.height as u32);
    encoder.set_color(match shape.channels {
        3 => png::ColorType::Rgb,
        _ => png::ColorType::Grayscale,
    });
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&bytes)?;
    writer.finish()?;
    Ok(Some(data_uri(&png)))
}

/// The intensities of an image, from 0 to 255.
fn intensities(images: &Images, index: usize) -> Vec<u8> {
    let neurons = images.shape.neurons();
    let range = index * neurons..(index + 1) * neurons;
    match &images.pixels {
        Pixels::Bytes(values) => values[range].to_vec(),
        Pixels::Floats(values) => {
            let values = values[range].iter();
            values
                .map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8)
                .collect()
        }
    }
}
