//! Files that are something else than their name says: recognised by their first bytes, and named when they are read.

use std::fs;

use noctule_data::foreign::{Foreign, START, recognise, recognise_file};
use noctule_data::idx::{self, IdxError};
use noctule_data::mat5::{Mat5Error, MatFile};
use noctule_data::{LoadError, Split, load};
use proptest::prelude::*;

mod support;

use support::{gzip, idx as idx_file};

const LFS: &str = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 9912422\n";
const HTML_IN_XML: &str =
    "<?xml version=\"1.0\"?>\n<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\">";

fn text(line: &str) -> Foreign {
    Foreign::Text(line.to_owned())
}

/// The contents of a file, what they are, and a part of the advice.
fn table() -> Vec<(Vec<u8>, Foreign, &'static str)> {
    let mut tar = vec![0; START];
    tar[..5].copy_from_slice(b"a.txt");
    tar[257..262].copy_from_slice(b"ustar");
    let again = "fetch the file again";
    let texts = [
        ("", Foreign::Empty, "broke off"),
        ("<!DOCTYPE html>\n<html lang=\"en\">", Foreign::Html, again),
        ("\u{feff}\n  <HTML><head>", Foreign::Html, again),
        (HTML_IN_XML, Foreign::Html, again),
        ("<?xml version=\"1.0\"?><Error>", Foreign::Xml, again),
        ("{\n  \"error\": \"not found\"\n}", Foreign::Json, again),
        ("[ { \"a\": 1 } ]", Foreign::Json, again),
        (LFS, Foreign::GitLfsPointer, "git lfs pull"),
        (
            "/annex/objects/MD5E-s9912422--0\n",
            Foreign::GitAnnexPointer,
            "git annex get",
        ),
        ("404: Not Found\n", text("404: Not Found"), "delete it"),
        (
            "label,pixel0,pixel1\n5,0,0\n",
            text("label,pixel0,pixel1"),
            again,
        ),
    ];
    let texts = texts.map(|(contents, what, advice)| (contents.as_bytes().to_vec(), what, advice));
    let formats: [(&[u8], &'static str); 4] = [
        (
            b"PK\x03\x04\x14\0",
            "a zip archive (or an NPZ file, which is one)",
        ),
        (b"\x89HDF\r\n\x1a\n\0", "an HDF5 file"),
        (b"\xfd7zXZ\0\0", "xz data"),
        (&tar, "a tar archive"),
    ];
    let formats = formats.map(|(start, name)| {
        let what = Foreign::Format(name);
        (start.to_vec(), what, "unpack or convert it")
    });
    let zeros = (vec![0; 4096], Foreign::Zeros, "broke off");
    texts.into_iter().chain(formats).chain([zeros]).collect()
}

#[test]
fn contents_are_recognised() {
    for (contents, what, advice) in table() {
        assert!(what.advice().contains(advice), "{what}: {}", what.advice());
        assert_eq!(recognise(&contents), Some(what));
    }
}

#[test]
fn contents_that_say_nothing_are_not_recognised() {
    for contents in [
        &[0, 0, 8, 3][..],
        &[1, 2, 3],
        &[0; 8],
        b"a\x01b",
        &[0xff, 0xfe, b'a', 0],
    ] {
        assert_eq!(recognise(contents), None, "{contents:?}");
    }
}

#[test]
fn a_cut_character_and_a_long_line_are_no_trouble() {
    let long = "ä".repeat(START);
    assert_eq!(
        recognise(&long.as_bytes()[..START - 1]),
        Some(text(&"ä".repeat(60)))
    );
}

#[test]
fn readers_say_what_a_file_is() {
    for (contents, what, advice) in table() {
        for packed in [false, true] {
            let bytes = if packed {
                gzip(&contents)
            } else {
                contents.clone()
            };
            for (expected, error) in [
                (2051, idx::parse_images(&bytes).expect_err("no images")),
                (2049, idx::parse_labels(&bytes).expect_err("no labels")),
            ] {
                let message = error.to_string();
                let what = what.clone();
                assert!(message.contains(advice), "{message}");
                assert_eq!(error, IdxError::Foreign { expected, what });
            }
        }
        // Of a MATLAB file only the header is looked at, and a tar archive is known by what comes behind.
        if what == Foreign::Format("a tar archive") {
            continue;
        }
        let error = MatFile::parse(&contents).expect_err("no MATLAB file");
        assert_eq!(error, Mat5Error::Foreign { what });
    }
}

#[test]
fn loading_names_the_file_and_what_it_is() {
    let directory = tempfile::tempdir().expect("a folder");
    let folder = directory.path().join("mnist");
    fs::create_dir(&folder).expect("a folder");
    let labels = folder.join("t10k-labels-idx1-ubyte.gz");
    let images = folder.join("t10k-images-idx3-ubyte.gz");
    for (contents, what, advice) in table() {
        fs::write(&images, idx_file(2051, &[1, 28, 28], &[0; 784])).expect("a file");
        fs::write(&labels, &contents).expect("a file");
        assert_eq!(recognise_file(&labels).expect("a file"), Some(what.clone()));
        for broken in ["t10k-labels", "t10k-images"] {
            let error = load("mnist", Split::Test, Some(directory.path()), 0).expect_err(broken);
            let message = error.to_string();
            assert!(matches!(error, LoadError::File(_)), "{message}");
            for part in [broken, &what.to_string(), advice] {
                assert!(message.contains(part), "{part}: {message}");
            }
            fs::write(&images, &contents).expect("a file");
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(
        start in prop::sample::select(table().into_iter().map(|row| row.0).collect::<Vec<_>>()),
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        cut in any::<prop::sample::Index>(),
    ) {
        recognise(&bytes);
        let mut mixed = [start, bytes].concat();
        mixed.truncate(cut.index(mixed.len() + 1));
        recognise(&mixed);
        prop_assert!(idx::parse_images(&mixed).is_err() || mixed.starts_with(&[0, 0, 8, 3]));
    }

    #[test]
    fn idx_files_are_never_taken_for_something_else(count in 1_u32..40, value in any::<u8>()) {
        let bytes = idx_file(2049, &[count], &vec![value; count as usize]);
        prop_assert_eq!(recognise(&bytes), None);
    }
}
