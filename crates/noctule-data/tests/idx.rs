//! The IDX reader: good files, every kind of bad file, and arbitrary bytes.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use noctule_data::idx::{self, FileError, IdxError, Images};
use proptest::prelude::*;

fn file(magic: u32, dimensions: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = magic.to_be_bytes().to_vec();
    for size in dimensions {
        bytes.extend(size.to_be_bytes());
    }
    bytes.extend(values);
    bytes
}

fn two_images() -> Vec<u8> {
    file(
        2051,
        &[2, 2, 3],
        &[0, 1, 2, 3, 4, 5, 250, 251, 252, 253, 254, 255],
    )
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

#[test]
fn images_keep_their_order_plain_and_packed() {
    let expected = Images {
        count: 2,
        height: 2,
        width: 3,
        pixels: vec![0, 1, 2, 3, 4, 5, 250, 251, 252, 253, 254, 255],
    };
    assert_eq!(idx::parse_images(&two_images()), Ok(expected.clone()));
    assert_eq!(idx::parse_images(&gzip(&two_images())), Ok(expected));
}

#[test]
fn the_contents_decide_about_gzip_not_the_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let labels = file(2049, &[3], &[9, 0, 4]);
    for (name, bytes) in [("plain.gz", labels.clone()), ("packed", gzip(&labels))] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("a file");
        assert_eq!(idx::read_labels(&path).expect(name), [9, 0, 4]);
    }
}

#[test]
fn truncation_says_how_many_bytes_there_should_be() {
    let whole = two_images();
    for length in 1..whole.len() {
        let expected = [4, 8, 12, 16, 28]
            .into_iter()
            .find(|&end| end > length as u64);
        let truncated = IdxError::Truncated {
            expected: expected.expect("a field is cut"),
            found: length as u64,
        };
        assert_eq!(idx::parse_images(&whole[..length]), Err(truncated));
    }
}

#[test]
fn a_truncated_gzip_file_is_never_accepted() {
    let packed = gzip(&two_images());
    for length in 0..packed.len() {
        let error = idx::parse_images(&packed[..length]).expect_err("a cut file");
        let named = matches!(
            error,
            IdxError::Truncated { .. } | IdxError::CorruptGzip { .. }
        );
        assert!(named || length < 2, "{length}: {error}");
    }
}

/// As gzip, zcat and Python do: blocks are padded with zeros, and files are joined with `cat`.
#[test]
fn gzip_files_may_have_several_streams_and_zeros_between_and_behind_them() {
    let whole = two_images();
    let packed = gzip(&whole);
    let halves = [gzip(&whole[..13]), gzip(&whole[13..])];
    let zeros = |count| vec![0; count];
    let expected = idx::parse_images(&whole).expect("a good file");
    let folder = tempfile::tempdir().expect("a folder");
    for (what, bytes) in [
        ("one zero", [packed.clone(), zeros(1)].concat()),
        ("a block of zeros", [packed.clone(), zeros(512)].concat()),
        (
            "more zeros than a buffer holds",
            [packed.clone(), zeros(100_000)].concat(),
        ),
        ("two streams", halves.concat()),
        (
            "an empty stream behind",
            [packed.clone(), gzip(&[])].concat(),
        ),
        (
            "an empty stream before",
            [gzip(&[]), packed.clone()].concat(),
        ),
        (
            "zeros between and behind",
            [&halves[0][..], &zeros(9000), &halves[1], &zeros(7)].concat(),
        ),
    ] {
        assert_eq!(idx::parse_images(&bytes), Ok(expected.clone()), "{what}");
        let path = folder.path().join("padded");
        fs::write(&path, &bytes).expect("a file");
        assert_eq!(idx::read_images(&path).expect(what), expected, "{what}");
    }
}

#[test]
fn other_data_behind_a_gzip_stream_are_refused() {
    let packed = gzip(&two_images());
    let garbage = Err(IdxError::TrailingData { found: 28 });
    for behind in [
        &b"x"[..],
        b"\0\0\0x",
        b"<html>",
        &[&[0; 9000][..], b"x"].concat(),
    ] {
        let bytes = [&packed[..], behind].concat();
        assert_eq!(idx::parse_images(&bytes), garbage, "{behind:?}");
    }
    // These start like another stream, but are none.
    for behind in [&[0x1f][..], &[0x1f, 0x8b], &[0, 0x1f, 7, 8, 9]] {
        let error = idx::parse_images(&[&packed[..], behind].concat()).expect_err("garbage");
        assert!(
            matches!(error, IdxError::CorruptGzip { found: 28, .. }),
            "{error}"
        );
    }
    let more = [&packed[..], &gzip(&[7])].concat();
    let trailing = Err(IdxError::TrailingBytes { expected: 28 });
    assert_eq!(idx::parse_images(&more), trailing);
    // Zeros are padding of the gzip file, not of the data in it.
    let inner = gzip(&[&two_images()[..], &[0]].concat());
    assert_eq!(idx::parse_images(&inner), trailing);
}

#[test]
fn trailing_bytes_are_refused() {
    let mut longer = two_images();
    longer.push(0);
    let error = Err(IdxError::TrailingBytes { expected: 28 });
    assert_eq!(idx::parse_images(&longer), error);
    assert_eq!(idx::parse_images(&gzip(&longer)), error);
}

#[test]
fn a_wrong_magic_number_says_what_the_file_is() {
    let labels = file(2049, &[1], &[7]);
    let error = idx::parse_images(&labels).expect_err("labels");
    assert_eq!(
        error,
        IdxError::WrongMagic {
            expected: 2051,
            found: 2049
        }
    );
    assert!(
        error.to_string().ends_with("this is a file of labels"),
        "{error}"
    );
    let error = idx::parse_labels(&[0, 0, 9, 1, 0, 0, 0, 1, 7]).expect_err("signed bytes");
    assert_eq!(
        error,
        IdxError::WrongMagic {
            expected: 2049,
            found: 2305
        }
    );
}

#[test]
fn zero_sizes_are_named_with_their_position() {
    for (place, dimension) in ["images", "rows", "columns"].into_iter().enumerate() {
        let mut dimensions = [1; 3];
        dimensions[place] = 0;
        let position = 4 + 4 * place as u64;
        let error = IdxError::Zero {
            dimension,
            position,
        };
        assert_eq!(idx::parse_images(&file(2051, &dimensions, &[])), Err(error));
    }
    let empty = idx::parse_labels(&file(2049, &[0], &[]));
    assert_eq!(
        empty,
        Err(IdxError::Zero {
            dimension: "labels",
            position: 4
        })
    );
}

#[test]
fn huge_sizes_in_a_header_are_refused_or_found_truncated_without_allocation() {
    let huge = file(2051, &[u32::MAX; 3], &[1, 2, 3]);
    let error = idx::parse_images(&huge).expect_err("an overflow");
    assert!(matches!(error, IdxError::TooLarge { .. }), "{error}");
    let largest = file(2049, &[idx::LIMIT as u32], &[1, 2, 3]);
    let expected = idx::LIMIT + 8;
    assert_eq!(
        idx::parse_labels(&largest),
        Err(IdxError::Truncated {
            expected,
            found: 11
        })
    );
}

#[test]
fn a_gzip_bomb_is_not_unpacked() {
    let mut bomb = file(2049, &[5], &[0; 5]);
    bomb.resize(50_000_000, 0);
    let packed = gzip(&bomb);
    assert!(packed.len() < 100_000);
    assert_eq!(
        idx::parse_labels(&packed),
        Err(IdxError::TrailingBytes { expected: 13 })
    );
}

#[test]
fn a_flipped_bit_in_a_gzip_file_is_noticed() {
    let packed = gzip(&two_images());
    let good = idx::parse_images(&packed);
    // The gzip header of ten bytes has a date and other information that no checksum covers.
    for bit in 8 * 10..8 * packed.len() {
        let mut flipped = packed.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let result = idx::parse_images(&flipped);
        assert!(result.is_err() || result == good, "bit {bit}");
    }
    let mut wrong_sum = packed.clone();
    let place = packed.len() - 8;
    wrong_sum[place] ^= 1;
    let error = idx::parse_images(&wrong_sum).expect_err("a wrong checksum");
    assert!(
        matches!(error, IdxError::CorruptGzip { found: 28, .. }),
        "{error}"
    );
}

#[test]
fn paths_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = idx::read_images(Path::new("no/such/file")).expect_err("no file");
    assert!(matches!(error, FileError::Missing { .. }), "{error}");
    assert!(error.to_string().contains("file"), "{error}");
    let error = idx::read_images(folder.path()).expect_err("a folder");
    assert!(!matches!(error, FileError::Missing { .. }), "{error}");
    let path = folder.path().join("short");
    fs::write(&path, &two_images()[..20]).expect("a file");
    let message = idx::read_images(&path).expect_err("a cut file").to_string();
    assert!(
        message.contains("short") && message.contains("28") && message.contains("20"),
        "{message}"
    );
}

/// Checks what must hold for any bytes: no panic, and accepted values account for every byte.
fn check(bytes: &[u8]) {
    let packed = bytes.starts_with(&[0x1f, 0x8b]);
    if let Ok(images) = idx::parse_images(bytes) {
        assert_eq!(
            images.pixels.len(),
            images.count * images.height * images.width
        );
        assert!(packed || bytes.len() == 16 + images.pixels.len());
    }
    if let Ok(labels) = idx::parse_labels(bytes) {
        assert!(!labels.is_empty());
        assert!(packed || bytes.len() == 8 + labels.len());
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&bytes);
        check(&[&[0x1f, 0x8b, 8, 0][..], &bytes].concat());
    }

    #[test]
    fn good_files_come_back(
        (count, height, width) in (1_u32..5, 1_u32..6, 1_u32..6),
        seed in any::<u8>(),
    ) {
        let pixels: Vec<u8> = (0..count * height * width).map(|i| (i as u8).wrapping_mul(seed)).collect();
        let bytes = file(2051, &[count, height, width], &pixels);
        prop_assert_eq!(&idx::parse_images(&bytes).expect("a good file").pixels, &pixels);
        prop_assert_eq!(idx::parse_images(&gzip(&bytes)).expect("a good file").pixels, pixels);
    }

    #[test]
    fn gzip_files_in_pieces_are_read_or_refused(
        cuts in prop::collection::vec(0_usize..29, 0..4),
        zeros in 0_usize..70,
        behind in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let whole = two_images();
        let mut cuts = [&[0, whole.len()][..], &cuts].concat();
        cuts.sort_unstable();
        let mut bytes = Vec::new();
        for piece in cuts.windows(2) {
            bytes.extend(gzip(&whole[piece[0]..piece[1].min(whole.len())]));
            bytes.resize(bytes.len() + zeros, 0);
        }
        let expected = idx::parse_images(&whole);
        prop_assert_eq!(&idx::parse_images(&bytes), &expected);
        bytes.extend(&behind);
        let is_padding = behind.iter().all(|&byte| byte == 0);
        prop_assert_eq!(idx::parse_images(&bytes) == expected, is_padding);
    }

    #[test]
    fn mutated_files_never_panic(
        packed in any::<bool>(),
        padding in 0_usize..20,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = if packed { gzip(&two_images()) } else { two_images() };
        bytes.resize(bytes.len() + padding, 0);
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        check(&bytes);
        bytes.truncate(cut.index(bytes.len() + 1));
        check(&bytes);
    }
}
