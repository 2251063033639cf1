//! The format of a file, told from its first bytes: the name says nothing.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use super::error::{DataFileError, Problem};
use super::hdf5::Hdf5;
use super::npz::Npz;
use crate::foreign;

const ZIP: &[u8] = b"PK\x03\x04";
const EMPTY_ZIP: &[u8] = b"PK\x05\x06";
const HDF5: &[u8] = b"\x89HDF\r\n\x1a\n";
/// HDF5 begins at the start, or at 512, 1024 and so on, after a block of the user's.
const LAST_USER_BLOCK: u64 = 1 << 20;

/// Bytes of a file, on disk or in memory.
pub(super) trait Bytes: Read + Seek {}

impl<R: Read + Seek> Bytes for R {}

/// An open file of a format that can be read.
pub(super) enum Format<'a> {
    Npz(Npz<Box<dyn Bytes + 'a>>),
    Hdf5(Hdf5),
}

impl Format<'_> {
    /// Opens the file at `path` and lets `read` read it.
    pub fn open<T>(
        path: &Path,
        read: impl FnOnce(Format<'_>) -> Result<T, Problem>,
    ) -> Result<T, DataFileError> {
        let unreadable = |cause| DataFileError::Read {
            path: path.to_owned(),
            cause,
        };
        let mut file = File::open(path).map_err(unreadable)?;
        let length = file.metadata().map_err(unreadable)?.len();
        let found = recognise(&mut file).map_err(unreadable)?;
        let format = match found {
            Ok(Found::Npz) => {
                let reader: Box<dyn Bytes> = Box::new(io::BufReader::new(file));
                Npz::open(reader, length).map(Format::Npz)
            }
            Ok(Found::Hdf5) => Hdf5::open(path, length).map(Format::Hdf5),
            Err(problem) => Err(problem),
        };
        format
            .and_then(read)
            .map_err(|problem| DataFileError::Invalid {
                path: path.to_owned(),
                problem,
            })
    }
}

impl<'a> Format<'a> {
    /// The contents of a file that is in memory.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Problem> {
        let mut reader = Cursor::new(bytes);
        let found = recognise(&mut reader).map_err(|error| Problem::Format {
            found: error.to_string(),
        })?;
        Ok(match found? {
            Found::Npz => {
                let reader: Box<dyn Bytes> = Box::new(reader);
                Format::Npz(Npz::open(reader, bytes.len() as u64)?)
            }
            Found::Hdf5 => Format::Hdf5(Hdf5::parse(bytes)?),
        })
    }
}

enum Found {
    Npz,
    Hdf5,
}

/// The format; the reader is at the start again.
fn recognise(reader: &mut (impl Read + Seek)) -> io::Result<Result<Found, Problem>> {
    let mut start = Vec::new();
    reader
        .by_ref()
        .take(foreign::START as u64)
        .read_to_end(&mut start)?;
    let has_user_block = is_hdf5_behind_a_block(reader)?;
    reader.seek(SeekFrom::Start(0))?;
    if start.starts_with(ZIP) || start.starts_with(EMPTY_ZIP) {
        return Ok(Ok(Found::Npz));
    }
    if start.starts_with(HDF5) || has_user_block {
        return Ok(Ok(Found::Hdf5));
    }
    Ok(Err(Problem::Format {
        found: described(&start),
    }))
}

/// What a file is that begins in this way.
fn described(start: &[u8]) -> String {
    if matches!(start, [0x80, 2..=5, ..]) {
        return "a Python pickle, which is never loaded, since it can run code".to_owned();
    }
    match foreign::recognise(start) {
        Some(found) if found.is_answer() => format!("{found} ({})", found.advice()),
        Some(found) => found.to_string(),
        None => "of another format".to_owned(),
    }
}

fn is_hdf5_behind_a_block(reader: &mut (impl Read + Seek)) -> io::Result<bool> {
    let mut block = 512;
    while block <= LAST_USER_BLOCK {
        reader.seek(SeekFrom::Start(block))?;
        let mut magic = Vec::new();
        reader
            .by_ref()
            .take(HDF5.len() as u64)
            .read_to_end(&mut magic)?;
        if magic.len() < HDF5.len() {
            return Ok(false);
        }
        if magic == HDF5 {
            return Ok(true);
        }
        block *= 2;
    }
    Ok(false)
}
