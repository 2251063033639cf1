//! NPZ files: zip archives of NumPy arrays.

use std::io::{self, Cursor, Read, Seek};

use ndarray_npy::npy::header::Header;
use zip::ZipArchive;

use super::error::Problem;
use super::layout::Layout;
use super::numbers::{NumberType, Numbers};

/// The most bytes that deflate makes of one.
const LARGEST_RATIO: u64 = 1032;
/// The longest header of an array; those of arrays of numbers have about 100 bytes.
const LONGEST_HEADER: usize = 4096;
/// How the names of arrays end within the archive.
const EXTENSION: &str = ".npy";

/// An archive of arrays.
pub(super) struct Npz<R> {
    archive: ZipArchive<R>,
    /// Bytes of the whole file.
    length: u64,
}

/// An array of numbers.
pub(super) struct Array {
    pub name: String,
    pub shape: Vec<usize>,
    pub numbers: Numbers,
}

impl<R: Read + Seek> Npz<R> {
    /// Reads the directory of an archive of `length` bytes.
    pub fn open(reader: R, length: u64) -> Result<Self, Problem> {
        let archive = ZipArchive::new(reader).map_err(|error| damaged(&error))?;
        Ok(Self { archive, length })
    }

    /// The names of all arrays.
    pub fn names(&self) -> Vec<String> {
        let files = self.archive.file_names().flatten();
        let names = files.map(|name| name.strip_suffix(EXTENSION).unwrap_or(&name).to_owned());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    pub fn contains(&self, name: &str) -> bool {
        self.archive
            .index_for_name(&format!("{name}{EXTENSION}"))
            .is_some()
    }

    /// An array that a file of this layout needs.
    pub fn array(&mut self, name: &str, layout: Layout) -> Result<Array, Problem> {
        if !self.contains(name) {
            return Err(Problem::MissingArray {
                array: name.to_owned(),
                found: self.names(),
                layout,
            });
        }
        let mut entry = match self.archive.by_name(&format!("{name}{EXTENSION}")) {
            Ok(entry) => entry,
            Err(error) => return Err(damaged(&error)),
        };
        let most = entry.compressed_size().saturating_mul(LARGEST_RATIO);
        if entry.compressed_size() > self.length || entry.size() > most {
            return Err(Problem::Claim {
                array: name.to_owned(),
                bytes: entry.size(),
            });
        }
        let size = entry.size();
        read_array(name, &mut entry, size)
    }

    /// An array that need not be there.
    pub fn optional(&mut self, name: &str, layout: Layout) -> Result<Option<Array>, Problem> {
        match self.contains(name) {
            true => self.array(name, layout).map(Some),
            false => Ok(None),
        }
    }
}

/// Reads an NPY file of `size` bytes.
fn read_array(name: &str, reader: &mut impl Read, size: u64) -> Result<Array, Problem> {
    let header = read_header(reader).map_err(|message| Problem::Damaged {
        format: "NPZ",
        message: format!("`{name}`: {message}"),
    })?;
    let array = name.to_owned();
    let kind = match header.descriptor.as_deref() {
        Some(descriptor) if descriptor.contains('O') => return Err(Problem::Pickle { array }),
        Some(descriptor) => NumberType::of_npy(descriptor),
        None => None,
    };
    let Some(kind) = kind else {
        let found = header.descriptor.unwrap_or("record".to_owned());
        let expected = "numbers";
        return Err(Problem::Type {
            array,
            found,
            expected,
        });
    };
    if header.fortran_order {
        return Err(Problem::FortranOrder { array });
    }
    let product = header.shape.iter().copied().map(|length| length as u64);
    let product = product.fold(kind.size() as u64, u64::saturating_mul);
    let stored = size.saturating_sub(header.bytes);
    if product != stored {
        return Err(damaged(&format!(
            "`{name}` needs {product} bytes for its shape, but has {stored}"
        )));
    }
    let mut bytes = Vec::new();
    // One byte more, so that the end is seen, where the archive compares its checksum.
    let read = reader
        .take(product.saturating_add(1))
        .read_to_end(&mut bytes);
    match read {
        Ok(read) if read as u64 == product => Ok(Array {
            name: array,
            shape: header.shape,
            numbers: Numbers::new(kind, bytes),
        }),
        Ok(read) => Err(damaged(&format!(
            "`{name}` breaks off after {read} of {product} bytes"
        ))),
        Err(error) => Err(damaged(&format!("`{name}`: {error}"))),
    }
}

/// What the header of an NPY file says.
struct ArrayHeader {
    /// The type, such as `<f4`; `None` for several fields.
    descriptor: Option<String>,
    fortran_order: bool,
    shape: Vec<usize>,
    /// Bytes of the header itself.
    bytes: u64,
}

fn read_header(reader: &mut impl Read) -> Result<ArrayHeader, String> {
    let io = |error: io::Error| error.to_string();
    // Magic, version, length of the rest in two bytes, and from version 2 on in four.
    let mut start = vec![0; 10];
    reader.read_exact(&mut start).map_err(io)?;
    let mut length = usize::from(u16::from_le_bytes([start[8], start[9]]));
    if start[6] > 1 {
        start.resize(12, 0);
        reader.read_exact(&mut start[10..]).map_err(io)?;
        length |= usize::from(u16::from_le_bytes([start[10], start[11]])) << 16;
    }
    if length > LONGEST_HEADER {
        return Err(format!("a header of {length} bytes"));
    }
    let bytes = (start.len() + length) as u64;
    let header = Header::from_reader(&mut Cursor::new(start).chain(reader));
    let header = header.map_err(|error| error.to_string())?;
    Ok(ArrayHeader {
        descriptor: header.type_descriptor.as_string().cloned(),
        fortran_order: header.layout.is_fortran() && header.shape.len() > 1,
        shape: header.shape,
        bytes,
    })
}

fn damaged(error: &impl ToString) -> Problem {
    Problem::Damaged {
        format: "NPZ",
        message: error.to_string(),
    }
}
