//! What Noctule knows about a data set: its files, their checksums and its sizes.

use std::path::{Path, PathBuf};

use noctule_core::Shape;

/// A file as its publisher offers it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KnownFile {
    /// Name of the file, which ends in `.gz`, or in `.zip` for an archive of several files.
    pub name: &'static str,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// SHA-256 of the file, in lower-case hexadecimal.
    pub sha256: &'static str,
    /// SHA-256 of the unpacked contents, if known. It identifies official contents that were packed again.
    pub unpacked_sha256: Option<&'static str>,
}

impl KnownFile {
    /// Name of the unpacked file.
    pub fn unpacked_name(&self) -> &'static str {
        unpacked(self.name)
    }
}

/// The name without `.gz`.
pub(crate) fn unpacked(name: &str) -> &str {
    name.strip_suffix(".gz").unwrap_or(name)
}

/// The two files of one split.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FilePair {
    /// The images.
    pub images: KnownFile,
    /// The labels of these images, in the same order.
    pub labels: KnownFile,
}

/// The names of the two files of one split.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NamePair {
    /// Name of the file of images, ending in `.gz`.
    pub images: &'static str,
    /// Name of the file of labels of these images, in the same order.
    pub labels: &'static str,
}

impl NamePair {
    /// The images, then the labels.
    pub fn names(&self) -> [&'static str; 2] {
        [self.images, self.labels]
    }
}

/// The generator of a generated set.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Generator {
    /// [`crate::yinyang`], which depends on a seed.
    YinYang,
    /// [`crate::spike_order`], which has no randomness.
    SpikeOrder,
}

/// The source of the samples of a set.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Source {
    /// Generated when the set is loaded.
    Generated(Generator),
    /// IDX files at an official address.
    Idx {
        /// The address that file names are appended to, ending in a slash.
        base_url: &'static str,
        /// The files of the training set.
        train: &'static FilePair,
        /// The files of the test set.
        test: &'static FilePair,
    },
    /// IDX files in a zip archive at an official address, or a MATLAB file with the same contents. In both, the images
    /// are stored transposed.
    Emnist {
        /// The address that the name of the archive is appended to, ending in a slash.
        base_url: &'static str,
        /// The archive to download. It is deleted once the files are extracted.
        archive: KnownFile,
        /// The folder of the files within the archive, ending in a slash.
        folder: &'static str,
        /// The files of the training set.
        train: NamePair,
        /// The files of the test set.
        test: NamePair,
        /// Name of the MATLAB file, which is read if neither IDX file of a split exists.
        matlab: &'static str,
    },
}

/// A data set that Noctule knows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KnownSet {
    /// The name to load it by, and of its folder in the data directory.
    pub name: &'static str,
    /// A short description.
    pub description: &'static str,
    /// The licence under which its publisher offers it.
    pub licence: &'static str,
    /// Address of its documentation.
    pub homepage: &'static str,
    /// Layout of the input neurons.
    pub shape: Shape,
    /// Number of classes.
    pub classes: usize,
    /// Number of training samples.
    pub train_samples: usize,
    /// Number of validation samples; 0 if the set has no validation part.
    pub validation_samples: usize,
    /// Number of test samples.
    pub test_samples: usize,
    /// The folder in which torchvision keeps the files, below its own root.
    pub torchvision: Option<&'static str>,
    /// The source of the samples.
    pub source: Source,
}

impl KnownSet {
    /// The names of all files that the loader reads, packed where they are published packed.
    pub(crate) fn file_names(&self) -> Vec<&'static str> {
        match self.archived() {
            Some((packed, matlab)) => packed.into_iter().chain([matlab]).collect(),
            None => self.files().iter().map(|file| file.name).collect(),
        }
    }

    /// The files to download; empty for generated sets.
    pub fn files(&self) -> Vec<KnownFile> {
        match self.source {
            Source::Generated(_) => Vec::new(),
            Source::Idx { train, test, .. } => {
                vec![train.images, train.labels, test.images, test.labels]
            }
            Source::Emnist { archive, .. } => vec![archive],
        }
    }

    /// For a set that is published as one archive: the names of its packed files, and of the MATLAB file.
    fn archived(&self) -> Option<([&'static str; 4], &'static str)> {
        let Source::Emnist {
            train,
            test,
            matlab,
            ..
        } = self.source
        else {
            return None;
        };
        let ([a, b], [c, d]) = (train.names(), test.names());
        Some(([a, b, c, d], matlab))
    }

    /// The names of all files that the loader can read of a set that is published as one archive: packed, unpacked and
    /// MATLAB. Empty for other sets.
    pub fn unpacked_names(&self) -> Vec<&'static str> {
        let Some((packed, matlab)) = self.archived() else {
            return Vec::new();
        };
        let both = packed.into_iter().flat_map(|name| [name, unpacked(name)]);
        both.chain([matlab]).collect()
    }

    /// Whether the whole set is present as unpacked IDX files or as the MATLAB file, and none of its packed files is.
    /// The loader reads such a set although Noctule did not download it. The contents are not checked. `false` for sets
    /// that are not published as one archive.
    pub fn is_unpacked_in(&self, data_directory: &Path) -> bool {
        let Some((names, matlab)) = self.archived() else {
            return false;
        };
        let folder = self.folder(data_directory);
        if names.iter().any(|name| folder.join(name).exists()) {
            return false;
        }
        let is_present = |name: &&&str| folder.join(unpacked(name)).is_file();
        let count = names.iter().filter(is_present).count();
        count == names.len() || count == 0 && folder.join(matlab).is_file()
    }

    /// The set's own folder in a data directory, into which downloads go.
    pub fn folder(&self, data_directory: &Path) -> PathBuf {
        data_directory.join(self.name)
    }
}
