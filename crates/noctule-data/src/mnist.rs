//! MNIST and sets in its format: an IDX file of images and an IDX file of labels for each part.

use std::path::Path;

use noctule_core::{Label, Pixels};

use crate::dataset::Dataset;
use crate::file_names::locate;
use crate::idx;
use crate::load::error::LoadError;
use crate::registry::known_set::{FilePair, KnownSet, NamePair};

/// Loads one part of a set from `folder`.
pub(crate) fn load(set: &KnownSet, files: &FilePair, folder: &Path) -> Result<Dataset, LoadError> {
    let names = NamePair {
        images: files.images.name,
        labels: files.labels.name,
    };
    let (pixels, labels) = read(set, &names, folder)?;
    let inputs = Pixels::Bytes(pixels.into());
    Ok(Dataset::new(
        set.name,
        set.shape,
        set.classes,
        inputs,
        labels,
    )?)
}

/// Reads the pixels, of shape `[samples, height, width]`, and the labels of one part.
///
/// A part may have fewer samples than the official one, so that reduced copies can be used for tests.
pub(crate) fn read(
    set: &KnownSet,
    names: &NamePair,
    folder: &Path,
) -> Result<(Vec<u8>, Vec<Label>), LoadError> {
    let [images_path, labels_path] = names.names().map(|name| locate(name, folder));
    let images = idx::read_images(&images_path)?;
    let labels = idx::read_labels(&labels_path)?;
    if (images.height, images.width) != (set.shape.height, set.shape.width) {
        return Err(LoadError::ImageSize {
            name: set.name.to_owned(),
            path: images_path,
            found_height: images.height,
            found_width: images.width,
            height: set.shape.height,
            width: set.shape.width,
        });
    }
    if images.count != labels.len() {
        return Err(LoadError::Counts {
            images_path,
            images: images.count,
            labels_path,
            labels: labels.len(),
        });
    }
    let labels = labels.into_iter().map(Label::from).collect();
    Ok((images.pixels, labels))
}
