//! EMNIST: letters and digits like those of MNIST, from IDX files or from one MATLAB file.
//!
//! Both store the images column by column, while MNIST stores them row by row. The images are transposed here.

use std::path::Path;

use noctule_core::{Label, Pixels, Shape};

use crate::dataset::Dataset;
use crate::file_names::locate;
use crate::load::error::LoadError;
use crate::mat5::error::Mat5Error;
use crate::mat5::{Array, MatFile};
use crate::mnist;
use crate::registry::known_set::{KnownSet, NamePair};

/// Number of images that are rearranged from MATLAB's order together, small enough that they stay in the cache.
const BLOCK: usize = 32;

/// Loads one part of a set from `folder`: from its IDX files, or from the file `matlab` if neither of them exists.
///
/// `part` is the name of the part in the MATLAB file.
pub(crate) fn load(
    set: &KnownSet,
    names: &NamePair,
    matlab: &str,
    part: &str,
    folder: &Path,
) -> Result<Dataset, LoadError> {
    let no_idx = |name: &&str| !locate(name, folder).exists();
    let matlab = folder.join(matlab);
    let (pixels, labels) = if matlab.exists() && names.names().iter().all(no_idx) {
        read_matlab(set, part, &matlab)?
    } else {
        let (columns, labels) = mnist::read(set, names, folder)?;
        (upright_images(&columns, set.shape), labels)
    };
    let inputs = Pixels::Bytes(pixels.into());
    Ok(Dataset::new(
        set.name,
        set.shape,
        set.classes,
        inputs,
        labels,
    )?)
}

/// Reads the upright pixels, of shape `[samples, height, width]`, and the labels of one part.
fn read_matlab(
    set: &KnownSet,
    part: &str,
    path: &Path,
) -> Result<(Vec<u8>, Vec<Label>), LoadError> {
    let failure = |cause| LoadError::Matlab {
        path: path.to_path_buf(),
        cause,
    };
    let file = MatFile::read(path).map_err(failure)?;
    let part = file.variable("dataset").and_then(|set| set.field(part));
    let part = part.map_err(failure)?;
    let images = part.field("images").map_err(failure)?;
    let pixels = pixels(&images, set.shape).map_err(failure)?;
    let array = part.field("labels").map_err(failure)?;
    // Checked before the labels are read, which take eight bytes of memory for one byte of the file.
    let count = array.dimensions().iter().product();
    if images.dimensions()[0] != count {
        return Err(LoadError::Counts {
            images_path: path.to_path_buf(),
            images: images.dimensions()[0],
            labels_path: path.to_path_buf(),
            labels: count,
        });
    }
    let labels = labels(&array).map_err(failure)?;
    Ok((pixels, labels))
}

/// Upright pixels from an array of shape `[samples, width * height]`.
fn pixels(images: &Array<'_>, shape: Shape) -> Result<Vec<u8>, Mat5Error> {
    let stored = images.bytes()?;
    match *images.dimensions() {
        [count, size] if size == shape.neurons() => Ok(upright_matrix(stored, count, shape)),
        _ => Err(Mat5Error::Dimensions {
            array: images.name().to_owned(),
            found: images.dimensions().to_vec(),
            expected: format!("[images, {}]", shape.neurons()),
        }),
    }
}

fn labels(array: &Array<'_>) -> Result<Vec<Label>, Mat5Error> {
    let whole = |value: f64| {
        let label = value as Label;
        if f64::from(label) == value {
            return Ok(label);
        }
        Err(Mat5Error::NotWhole {
            array: array.name().to_owned(),
            value: value.to_string(),
        })
    };
    array.numbers()?.into_iter().map(whole).collect()
}

/// Rearranges images of shape `[samples, width, height]`, stored column by column, to `[samples, height, width]`.
fn upright_images(columns: &[u8], shape: Shape) -> Vec<u8> {
    let mut rows = vec![0; columns.len()];
    let size = shape.neurons();
    for (columns, rows) in columns.chunks_exact(size).zip(rows.chunks_exact_mut(size)) {
        for (index, &pixel) in columns.iter().enumerate() {
            rows[turned(index, shape)] = pixel;
        }
    }
    rows
}

/// As [`upright_images`], from a matrix of shape `[samples, width * height]` in MATLAB's order, which stores the first
/// pixels of all images, then the second pixels, and so on.
fn upright_matrix(stored: &[u8], count: usize, shape: Shape) -> Vec<u8> {
    let mut rows = vec![0; stored.len()];
    let size = shape.neurons();
    for (block, rows) in rows.chunks_mut(BLOCK * size).enumerate() {
        for (index, column) in stored.chunks_exact(count).enumerate() {
            let place = turned(index, shape);
            let images = rows.chunks_exact_mut(size);
            for (image, &pixel) in images.zip(&column[block * BLOCK..]) {
                image[place] = pixel;
            }
        }
    }
    rows
}

/// Index in the upright image of the pixel that is stored at `index`.
fn turned(index: usize, shape: Shape) -> usize {
    index % shape.height * shape.width + index / shape.height
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape {
        height: 2,
        width: 3,
        channels: 1,
    };

    #[test]
    fn columns_become_rows() {
        let stored = [1, 4, 2, 5, 3, 6, 10, 40, 20, 50, 30, 60];
        let upright = [1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60];
        assert_eq!(upright_images(&stored, SHAPE), upright);
    }

    #[test]
    fn both_orders_agree_across_blocks() {
        let count = 2 * BLOCK + 5;
        let images: Vec<u8> = (0..count * 6).map(|i| (i * 7 % 251) as u8).collect();
        let matrix: Vec<u8> = (0..count * 6)
            .map(|i| images[i % count * 6 + i / count])
            .collect();
        assert_eq!(
            upright_matrix(&matrix, count, SHAPE),
            upright_images(&images, SHAPE)
        );
    }
}
