//! The MNIST family: a file of images and a file of labels for each part, in IDX format.

use std::path::{Path, PathBuf};

use crate::dataset::{Dataset, Inputs};
use crate::idx;
use crate::load::LoadError;
use crate::registry::{FilePair, KnownFile, KnownSet};

/// Loads one part of a set from `folder`, where its files lie packed or unpacked.
///
/// A part may have fewer samples than the official one, so that cut-down copies can be used for trials.
pub(crate) fn load(set: &KnownSet, files: &FilePair, folder: &Path) -> Result<Dataset, LoadError> {
    let images_path = locate(&files.images, folder);
    let labels_path = locate(&files.labels, folder);
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
    let labels = labels.into_iter().map(u16::from).collect();
    let inputs = Inputs::Bytes(images.pixels);
    Ok(Dataset::new(
        set.name,
        set.shape,
        set.classes,
        inputs,
        labels,
    )?)
}

/// The unpacked file if only that is there, else the packed one.
fn locate(file: &KnownFile, folder: &Path) -> PathBuf {
    let packed = folder.join(file.name);
    let unpacked = folder.join(file.unpacked_name());
    if !packed.exists() && unpacked.exists() {
        unpacked
    } else {
        packed
    }
}
