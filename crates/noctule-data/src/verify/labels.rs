//! Tells whose labels a folder has. Sets in the format of MNIST share its file names, so files are easily confused.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use crate::checksum::sha256;
use crate::file_names::locate;
use crate::gzip::{GZIP_MAGIC, GzipReader};
use crate::registry::known_set::{KnownSet, Source};
use crate::registry::known_sets;

/// The most bytes of labels that are read; the largest known file has 60,008.
const MOST: u64 = 1 << 17;

/// The other set whose official labels `folder` has under the names of `set`. `None` if the labels are those of the set,
/// or of no known set, or cannot be read.
///
/// Only labels are read, some 30 kB, and no images.
pub fn other_set(set: &KnownSet, folder: &Path) -> Option<&'static KnownSet> {
    other_set_of(set, folder, known_sets())
}

fn other_set_of<'a>(set: &KnownSet, folder: &Path, known: &'a [KnownSet]) -> Option<&'a KnownSet> {
    let sums = |set: &KnownSet| {
        let Source::Idx { train, test, .. } = set.source else {
            return Vec::new();
        };
        let labels = [train.labels, test.labels].into_iter();
        labels
            .filter_map(|file| Some((file.name, file.unpacked_sha256?)))
            .collect()
    };
    let own = sums(set);
    let found: Vec<(&str, String)> = own
        .iter()
        .filter_map(|&(name, _)| Some((name, labels_sum(&locate(name, folder)).ok()??)))
        .collect();
    let has_one = |sums: &[(&str, &str)]| {
        let is_listed = |(name, sum): &(&str, String)| sums.contains(&(name, sum.as_str()));
        found.iter().any(is_listed)
    };
    let mut others = known.iter().filter(|other| other.name != set.name);
    others.find(|other| has_one(&sums(other)))
}

/// SHA-256 of the unpacked bytes of a small file; `None` for a large one.
fn labels_sum(path: &Path) -> io::Result<Option<String>> {
    let mut source = BufReader::new(File::open(path)?);
    let mut bytes = Vec::new();
    if source.fill_buf()?.starts_with(&GZIP_MAGIC) {
        GzipReader::new(source).take(MOST).read_to_end(&mut bytes)?;
    } else {
        source.take(MOST).read_to_end(&mut bytes)?;
    }
    let is_whole = (bytes.len() as u64) < MOST;
    is_whole.then(|| sha256(&bytes[..])).transpose()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::registry::find;
    use crate::registry::known_set::{FilePair, KnownFile};

    /// A set like MNIST whose training labels are `labels`.
    fn set(name: &'static str, labels: &[u8]) -> KnownSet {
        let mnist = find("mnist").expect("a known set");
        let Source::Idx {
            train,
            test,
            base_url,
        } = mnist.source
        else {
            panic!("MNIST has IDX files");
        };
        let sum = sha256(labels).expect("memory");
        let labels = KnownFile {
            unpacked_sha256: Some(Box::leak(sum.into_boxed_str())),
            ..train.labels
        };
        let train = Box::leak(Box::new(FilePair { labels, ..*train }));
        KnownSet {
            name,
            source: Source::Idx {
                base_url,
                train,
                test,
            },
            ..*mnist
        }
    }

    #[test]
    fn labels_of_another_set_are_recognised() {
        let (digits, clothes): (&[u8], &[u8]) = (b"labels of digits", b"labels of clothes");
        let known = [set("digits", digits), set("clothes", clothes)];
        let packed = {
            use std::io::Write;
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Default::default());
            encoder.write_all(clothes).expect("memory");
            encoder.finish().expect("memory")
        };
        let large = vec![7; MOST as usize];
        for (file, bytes, expected) in [
            ("train-labels-idx1-ubyte", clothes, Some("clothes")),
            ("train-labels-idx1-ubyte.gz", &packed[..], Some("clothes")),
            ("train-labels.idx1-ubyte", clothes, Some("clothes")),
            ("train-labels-idx1-ubyte", digits, None),
            ("train-labels-idx1-ubyte", b"of nobody", None),
            ("train-labels-idx1-ubyte.gz", &packed[..9], None),
            ("train-labels-idx1-ubyte", &large, None),
            // Labels of the other part.
            ("t10k-labels-idx1-ubyte", clothes, None),
        ] {
            let folder = tempfile::tempdir().expect("a folder");
            fs::write(folder.path().join(file), bytes).expect("a file");
            let found = other_set_of(&known[0], folder.path(), &known);
            assert_eq!(
                found.map(|set| set.name),
                expected,
                "{file}, {} bytes",
                bytes.len()
            );
        }
    }
}
