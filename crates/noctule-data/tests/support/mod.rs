//! Writers of small files in the real formats.
#![allow(dead_code, reason = "each test file uses only a part of it")]

use std::io::Write;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

/// An IDX file.
pub fn idx(magic: u32, dimensions: &[u32], values: &[u8]) -> Vec<u8> {
    let header = std::iter::once(&magic).chain(dimensions);
    let header = header.flat_map(|number| number.to_be_bytes());
    header.chain(values.iter().copied()).collect()
}

/// A gzip file.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// Writes MATLAB 5 files of either byte order.
#[derive(Clone, Copy)]
pub struct Mat {
    pub big: bool,
    pub packed: bool,
}

/// A MATLAB value.
pub enum Value {
    /// Unsigned bytes, the first dimension varying fastest.
    Bytes([i32; 2], Vec<u8>),
    /// Double precision numbers, stored as bytes if that is exact.
    Doubles([i32; 2], Vec<f64>),
    /// A structure.
    Fields(Vec<(&'static str, Value)>),
}

impl Mat {
    fn word(self, value: u32) -> [u8; 4] {
        if self.big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }

    /// An element. Small ones are stored within their tag, as MATLAB does.
    pub fn element(self, kind: u32, bytes: &[u8]) -> Vec<u8> {
        let length = bytes.len() as u32;
        let mut out = Vec::new();
        if (1..=4).contains(&length) {
            out.extend(self.word(length << 16 | kind));
        } else {
            out.extend(self.word(kind));
            out.extend(self.word(length));
        }
        out.extend(bytes);
        out.resize(out.len().next_multiple_of(8), 0);
        out
    }

    pub fn words(self, values: &[u32]) -> Vec<u8> {
        values.iter().flat_map(|&value| self.word(value)).collect()
    }

    /// A matrix element.
    pub fn matrix(self, name: &str, value: &Value) -> Vec<u8> {
        let (class, dimensions) = match value {
            Value::Bytes(dimensions, _) => (9, *dimensions),
            Value::Doubles(dimensions, _) => (6, *dimensions),
            Value::Fields(_) => (2, [1, 1]),
        };
        let mut body = self.element(6, &self.words(&[class, 0]));
        body.extend(self.element(5, &self.words(&dimensions.map(|size| size as u32))));
        body.extend(self.element(1, name.as_bytes()));
        match value {
            Value::Bytes(_, values) => body.extend(self.element(2, values)),
            Value::Doubles(_, values) => body.extend(self.doubles(values)),
            Value::Fields(fields) => {
                body.extend(self.element(5, &self.word(16)));
                let names = fields.iter().flat_map(|(name, _)| {
                    let mut padded = name.as_bytes().to_vec();
                    padded.resize(16, 0);
                    padded
                });
                body.extend(self.element(1, &names.collect::<Vec<u8>>()));
                for (_, value) in fields {
                    body.extend(self.matrix("", value));
                }
            }
        }
        let mut out = self.words(&[14, body.len() as u32]);
        out.extend(body);
        out
    }

    fn doubles(self, values: &[f64]) -> Vec<u8> {
        if values.iter().all(|&value| f64::from(value as u8) == value) {
            let bytes: Vec<u8> = values.iter().map(|&value| value as u8).collect();
            return self.element(2, &bytes);
        }
        let number = |value: &f64| match self.big {
            true => value.to_be_bytes(),
            false => value.to_le_bytes(),
        };
        self.element(9, &values.iter().flat_map(number).collect::<Vec<u8>>())
    }

    /// A whole file of these variables.
    pub fn file(self, variables: &[(&str, Value)]) -> Vec<u8> {
        let matrices = variables
            .iter()
            .map(|(name, value)| self.matrix(name, value));
        self.file_of(matrices)
    }

    /// A whole file of these matrix elements.
    pub fn file_of(self, matrices: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
        let mut out = b"MATLAB 5.0 MAT-file, for a test".to_vec();
        out.resize(124, b' ');
        out.extend(if self.big {
            *b"\x01\x00MI"
        } else {
            *b"\x00\x01IM"
        });
        for matrix in matrices {
            if !self.packed {
                out.extend(matrix);
                continue;
            }
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(&matrix).expect("memory");
            let packed = encoder.finish().expect("memory");
            out.extend(self.words(&[15, packed.len() as u32]));
            out.extend(packed);
        }
        out
    }
}
