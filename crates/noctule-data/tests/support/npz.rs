//! Writers of NPY and NPZ files.
#![allow(dead_code, reason = "each test file uses only a part of it")]

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// An array: its name, and its NPY file.
pub type Entry = (&'static str, Vec<u8>);

/// An NPY file.
pub fn npy(descriptor: &str, shape: &str, bytes: &[u8]) -> Vec<u8> {
    raw_npy(
        &format!("{{'descr': {descriptor}, 'fortran_order': False, 'shape': {shape}, }}"),
        bytes,
    )
}

/// An NPY file with any header.
pub fn raw_npy(header: &str, bytes: &[u8]) -> Vec<u8> {
    let mut header = header.as_bytes().to_vec();
    header.resize((header.len() + 11).next_multiple_of(64) - 11, b' ');
    header.push(b'\n');
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header);
    file.extend(bytes);
    file
}

pub fn f32s(values: &[f32]) -> Vec<u8> {
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    npy("'<f4'", &format!("({},)", values.len()), &bytes)
}

pub fn f64s(values: &[f64]) -> Vec<u8> {
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    npy("'<f8'", &format!("({},)", values.len()), &bytes)
}

pub fn i64s(values: &[i64]) -> Vec<u8> {
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    npy("'<i8'", &format!("({},)", values.len()), &bytes)
}

/// A single integer.
pub fn scalar(value: i64) -> Vec<u8> {
    npy("'<i8'", "()", &value.to_le_bytes())
}

/// An NPZ file, compressed or not.
pub fn npz(entries: &[Entry], compressed: bool) -> Vec<u8> {
    let method = match compressed {
        true => CompressionMethod::Deflated,
        false => CompressionMethod::Stored,
    };
    let options = SimpleFileOptions::default().compression_method(method);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        archive.start_file(format!("{name}.npy"), options).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// Three samples of five units, the second without an event.
pub fn good_events() -> Vec<Entry> {
    vec![
        ("times", f32s(&[0.1, 0.2, 0.3])),
        ("units", i64s(&[0, 4, 2])),
        ("offsets", i64s(&[0, 2, 2, 3])),
        ("labels", i64s(&[0, 1, 0])),
    ]
}

/// Two images of 2 x 3 pixels.
pub fn good_images() -> Vec<Entry> {
    let pixels: Vec<u8> = (0..12).collect();
    vec![
        ("images", npy("'|u1'", "(2, 2, 3)", &pixels)),
        ("labels", i64s(&[1, 0])),
    ]
}

/// The entries with one of them replaced or added.
pub fn with(mut entries: Vec<Entry>, name: &'static str, bytes: Vec<u8>) -> Vec<Entry> {
    entries.retain(|entry| entry.0 != name);
    entries.push((name, bytes));
    entries
}

pub fn without(mut entries: Vec<Entry>, name: &str) -> Vec<Entry> {
    entries.retain(|entry| entry.0 != name);
    entries
}
