//! The MNIST family: a file of images and a file of labels for each part, in IDX format.

use std::path::{Path, PathBuf};

use crate::dataset::{Dataset, Inputs};
use crate::idx;
use crate::load::LoadError;
use crate::registry::{self, FilePair, KnownSet, NamePair};

/// Loads one part of a set from `folder`, where its files lie packed or unpacked.
pub(crate) fn load(set: &KnownSet, files: &FilePair, folder: &Path) -> Result<Dataset, LoadError> {
    let names = NamePair {
        images: files.images.name,
        labels: files.labels.name,
    };
    let (pixels, labels) = read(set, &names, folder)?;
    let inputs = Inputs::Bytes(pixels);
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
/// A part may have fewer samples than the official one, so that cut-down copies can be used for trials.
pub(crate) fn read(
    set: &KnownSet,
    names: &NamePair,
    folder: &Path,
) -> Result<(Vec<u8>, Vec<u16>), LoadError> {
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
    let labels = labels.into_iter().map(u16::from).collect();
    Ok((images.pixels, labels))
}

/// The unpacked file if only that is there, else the packed one.
pub(crate) fn locate(name: &str, folder: &Path) -> PathBuf {
    let packed = folder.join(name);
    let unpacked = folder.join(registry::unpacked(name));
    if !packed.exists() && unpacked.exists() {
        unpacked
    } else {
        packed
    }
}
