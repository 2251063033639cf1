//! Where the files of a set are looked for.
//!
//! These folders of the data directory are looked at, in this order, and the first that has a file of the set has them
//! all, so that files of different origin are never mixed:
//!
//! 1. the folder with the name of the set, such as `mnist`, into which downloads go;
//! 2. the folder that torchvision makes, such as `MNIST/raw`;
//! 3. the data directory itself, unless it is named after another set, or its labels are known to be those of another.
//!
//! Within a folder a file may be packed or not, and have a dot in place of the dash before `idx`.

use std::path::{Path, PathBuf};

use crate::file_names::locate;
use crate::registry::known_set::KnownSet;
use crate::registry::known_sets;
use crate::verify::labels::other_set;

impl KnownSet {
    /// The folders in which the files of the set are looked for, in this order; empty for generated sets.
    pub fn places(&self, data_directory: &Path) -> Vec<PathBuf> {
        if self.file_names().is_empty() {
            return Vec::new();
        }
        let torchvision = self.torchvision.map(|folder| data_directory.join(folder));
        let itself = is_free_of_other_names(self, data_directory).then(|| data_directory.into());
        let own = self.folder(data_directory);
        [Some(own), torchvision, itself]
            .into_iter()
            .flatten()
            .collect()
    }

    /// The first of the [`places`](Self::places) that has a file of the set, whatever its contents.
    pub fn found_in(&self, data_directory: &Path) -> Option<PathBuf> {
        let has_one = |folder: &Path| {
            let mut names = self.file_names().into_iter();
            names.any(|name| locate(name, folder).is_file())
        };
        let is_other =
            |folder: &Path| folder == data_directory && other_set(self, folder).is_some();
        let places = self.places(data_directory).into_iter();
        let mut found = places.filter(|folder| has_one(folder) && !is_other(folder));
        found.next()
    }
}

/// Whether a directory is not named after another set. That of torchvision's `MNIST/raw` is `MNIST`.
fn is_free_of_other_names(set: &KnownSet, directory: &Path) -> bool {
    let name = |path: &Path| {
        path.file_name()
            .map(|name| squeezed(&name.to_string_lossy()))
    };
    let name = match name(directory) {
        Some(raw) if raw == "raw" => directory.parent().and_then(name),
        name => name,
    };
    let Some(name) = name else {
        return true;
    };
    let is_named = |set: &KnownSet| {
        let torchvision = set.torchvision.map(squeezed);
        name == squeezed(set.name) || torchvision == Some(format!("{name}raw"))
    };
    is_named(set) || !known_sets().iter().any(is_named)
}

/// Letters and digits only, in lower case.
fn squeezed(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::find;

    #[test]
    fn a_directory_of_another_set_is_not_looked_at_itself() {
        let mnist = find("mnist").expect("a known set");
        for (directory, itself) in [
            ("data", true),
            (".", true),
            ("data/mnist", true),
            ("data/MNIST/raw", true),
            ("data/MNIST", true),
            ("data/fashion-mnist", false),
            ("data/Fashion_MNIST", false),
            ("data/FashionMNIST/raw", false),
        ] {
            let directory = Path::new(directory);
            let mut places = vec![directory.join("mnist"), directory.join("MNIST/raw")];
            places.extend(itself.then(|| directory.to_path_buf()));
            assert_eq!(mnist.places(directory), places, "{}", directory.display());
        }
        let generated = find("yin-yang").expect("a known set");
        assert!(generated.places(Path::new("data")).is_empty());
    }
}
