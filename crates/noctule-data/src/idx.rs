//! Reader of the IDX format, in which MNIST and similar sets are published: images and labels of bytes, plain or gzip.
//!
//! Sizes in a header are not trusted: memory grows with the bytes that have been read. Reading stops one
//! byte after the size that the header states, even if a gzip stream goes on.
//!
//! ```
//! use noctule_data::idx;
//!
//! let file = [0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1]; // magic number 2049, three labels
//! assert_eq!(idx::parse_labels(&file)?, [7, 2, 1]);
//! # Ok::<(), noctule_data::idx::IdxError>(())
//! ```

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::foreign::{self, Foreign};
use crate::gzip::{GZIP_MAGIC, GzipReader, is_trailing_data};

/// Magic number of images: unsigned bytes in three dimensions.
pub const IMAGES_MAGIC: u32 = 2051;
/// Magic number of labels: unsigned bytes in one dimension.
pub const LABELS_MAGIC: u32 = 2049;
/// The largest size of the pixels or labels of a file, in bytes: 1 GiB, twice that of the largest similar set.
pub const LIMIT: u64 = 1 << 30;

/// Why bytes are not an IDX file of the requested kind. Byte positions are those of the unpacked data.
#[derive(Clone, Debug, Error, Eq, PartialEq)]
#[non_exhaustive]
pub enum IdxError {
    /// The magic number is that of something else.
    #[error(
        "wrong magic number {found} at byte 0: IDX {} have {expected}{}",
        kind(*expected), confusion(*found)
    )]
    WrongMagic {
        /// The magic number of the requested kind.
        expected: u32,
        /// The number in the file.
        found: u32,
    },
    /// The contents are something else altogether, such as a web page.
    #[error("this is {what}, not an IDX file of {}; {}", kind(*expected), what.advice())]
    Foreign {
        /// The magic number of the requested kind.
        expected: u32,
        /// What they are.
        what: Foreign,
    },
    /// The file is too short.
    #[error(
        "truncated: {expected} bytes were expected, but there are only {found}; fetch the file again"
    )]
    Truncated {
        /// Size of the file according to its header, or the size of the header if that is not complete.
        expected: u64,
        /// Actual size.
        found: u64,
    },
    /// The file continues after the last value.
    #[error(
        "trailing bytes: the file should have {expected} bytes according to its header, but it has more; fetch the file again"
    )]
    TrailingBytes {
        /// Size of the file according to its header.
        expected: u64,
    },
    /// The gzip stream cannot be unpacked.
    #[error("corrupt gzip data after {found} unpacked bytes ({cause}); fetch the file again")]
    CorruptGzip {
        /// Bytes that could be unpacked.
        found: u64,
        /// The error of the decompressor.
        cause: String,
    },
    /// The gzip stream is over, but the file goes on, and not with zeros, which are padding.
    #[error(
        "the gzip data end after {found} unpacked bytes, but other data follow them in the file; fetch the file again"
    )]
    TrailingData {
        /// Bytes that were unpacked.
        found: u64,
    },
    /// A dimension is zero.
    #[error("the header says 0 {dimension} at byte {position}, but there must be at least 1")]
    Zero {
        /// The dimension: `images`, `rows`, `columns` or `labels`.
        dimension: &'static str,
        /// Position of the zero in bytes.
        position: u64,
    },
    /// The product of the dimensions is larger than [`LIMIT`].
    #[error(
        "the dimensions {dimensions:?} of the header give more than {LIMIT} bytes, the most that are read; check that this is an IDX file"
    )]
    TooLarge {
        /// The dimensions, outermost first.
        dimensions: Vec<u32>,
    },
    /// Reading the source failed.
    #[error("reading failed after {found} bytes: {cause}")]
    Unreadable {
        /// Bytes that could be read.
        found: u64,
        /// The error of the operating system.
        cause: String,
    },
}

/// Why an IDX file cannot be read from a path.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FileError {
    /// There is no such file.
    #[error("{} does not exist", path.display())]
    Missing {
        /// Path of the file.
        path: PathBuf,
    },
    /// The file exists but cannot be opened.
    #[error("{} cannot be opened: {cause}", path.display())]
    Unreadable {
        /// Path of the file.
        path: PathBuf,
        /// The error of the operating system.
        cause: io::Error,
    },
    /// The file does not have the requested contents.
    #[error("{}: {cause}", path.display())]
    Invalid {
        /// Path of the file.
        path: PathBuf,
        /// What is wrong with it.
        cause: IdxError,
    },
}

/// Images of bytes that share one size.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Images {
    /// Number of images, at least 1.
    pub count: usize,
    /// Rows of each image, at least 1.
    pub height: usize,
    /// Columns of each image, at least 1.
    pub width: usize,
    /// All pixels; shape `[count, height, width]`.
    pub pixels: Vec<u8>,
}

/// Reads images from the bytes of a file, plain or gzip.
///
/// # Errors
/// If the bytes are not exactly one IDX file of images.
pub fn parse_images(bytes: &[u8]) -> Result<Images, IdxError> {
    images(bytes)
}

/// Reads labels from the bytes of a file, plain or gzip; shape `[count]`.
///
/// # Errors
/// If the bytes are not exactly one IDX file of labels.
pub fn parse_labels(bytes: &[u8]) -> Result<Vec<u8>, IdxError> {
    labels(bytes)
}

/// Reads a file of images, plain or gzip; the contents decide, not the name.
///
/// # Errors
/// If the file is missing, cannot be opened, or is not exactly one IDX file of images.
pub fn read_images(path: &Path) -> Result<Images, FileError> {
    images(open(path)?).map_err(|cause| invalid(path, cause))
}

/// Reads a file of labels, plain or gzip; the contents decide, not the name. Shape `[count]`.
///
/// # Errors
/// If the file is missing, cannot be opened, or is not exactly one IDX file of labels.
pub fn read_labels(path: &Path) -> Result<Vec<u8>, FileError> {
    labels(open(path)?).map_err(|cause| invalid(path, cause))
}

fn open(path: &Path) -> Result<BufReader<File>, FileError> {
    let file = File::open(path).map_err(|cause| {
        let path = path.to_path_buf();
        match cause.kind() {
            ErrorKind::NotFound => FileError::Missing { path },
            _ => FileError::Unreadable { path, cause },
        }
    })?;
    Ok(BufReader::new(file))
}

fn invalid(path: &Path, cause: IdxError) -> FileError {
    let path = path.to_path_buf();
    FileError::Invalid { path, cause }
}

fn images(source: impl BufRead) -> Result<Images, IdxError> {
    let mut reader = Reader::new(source)?;
    let dimensions = reader.header(IMAGES_MAGIC, ["images", "rows", "columns"])?;
    let pixels = reader.values(&dimensions)?;
    let [count, height, width] = dimensions.map(|size| size as usize);
    Ok(Images {
        count,
        height,
        width,
        pixels,
    })
}

fn labels(source: impl BufRead) -> Result<Vec<u8>, IdxError> {
    let mut reader = Reader::new(source)?;
    let dimensions = reader.header(LABELS_MAGIC, ["labels"])?;
    reader.values(&dimensions)
}

/// The unpacked bytes, and the number of bytes read so far.
struct Reader<'a> {
    source: Box<dyn BufRead + 'a>,
    position: u64,
}

impl<'a> Reader<'a> {
    fn new(mut source: impl BufRead + 'a) -> Result<Self, IdxError> {
        let start = source.fill_buf().map_err(|cause| IdxError::Unreadable {
            found: 0,
            cause: cause.to_string(),
        })?;
        let source: Box<dyn BufRead + 'a> = if start.starts_with(&GZIP_MAGIC) {
            Box::new(BufReader::new(GzipReader::new(source)))
        } else {
            Box::new(source)
        };
        Ok(Self {
            source,
            position: 0,
        })
    }

    /// Reads and checks the magic number and the sizes of the named dimensions.
    fn header<const N: usize>(
        &mut self,
        magic: u32,
        names: [&'static str; N],
    ) -> Result<[u32; N], IdxError> {
        self.refuse_foreign(magic)?;
        let found = self.number()?;
        if found != magic {
            let expected = magic;
            return Err(IdxError::WrongMagic { expected, found });
        }
        let mut dimensions = [0; N];
        for (size, dimension) in dimensions.iter_mut().zip(names) {
            let position = self.position;
            *size = self.number()?;
            if *size == 0 {
                return Err(IdxError::Zero {
                    dimension,
                    position,
                });
            }
        }
        Ok(dimensions)
    }

    /// Refuses contents that are recognised as something else. What is not recognised may be an IDX file.
    fn refuse_foreign(&mut self, magic: u32) -> Result<(), IdxError> {
        let what = match self.source.fill_buf() {
            Ok(start) => foreign::recognise(start),
            Err(error) => return Err(self.failure(error, Some(4))),
        };
        let expected = magic;
        what.map_or(Ok(()), |what| Err(IdxError::Foreign { expected, what }))
    }

    /// Reads all values and checks that nothing follows them.
    fn values(&mut self, dimensions: &[u32]) -> Result<Vec<u8>, IdxError> {
        let product = dimensions
            .iter()
            .try_fold(1_u64, |product, &size| product.checked_mul(size.into()));
        let total = match product {
            Some(total) if total <= LIMIT => total,
            _ => {
                return Err(IdxError::TooLarge {
                    dimensions: dimensions.to_vec(),
                });
            }
        };
        let values = self.take(total)?;
        let expected = self.position;
        // Reading to the end also makes the decompressor verify the checksum.
        match self.source.read(&mut [0]) {
            Ok(0) => Ok(values),
            Ok(_) => Err(IdxError::TrailingBytes { expected }),
            Err(error) => Err(self.failure(error, None)),
        }
    }

    fn number(&mut self) -> Result<u32, IdxError> {
        let bytes = self.take(4)?;
        Ok(bytes
            .iter()
            .fold(0, |number, &byte| number << 8 | u32::from(byte)))
    }

    fn take(&mut self, bytes: u64) -> Result<Vec<u8>, IdxError> {
        let expected = self.position + bytes;
        let mut taken = Vec::new();
        let result = (&mut self.source).take(bytes).read_to_end(&mut taken);
        self.position += taken.len() as u64;
        match result {
            Err(error) => Err(self.failure(error, Some(expected))),
            Ok(_) if self.position < expected => {
                let found = self.position;
                Err(IdxError::Truncated { expected, found })
            }
            Ok(_) => Ok(taken),
        }
    }

    /// The error for a failed read; `expected` is the position after the read, if it was for values of the file.
    fn failure(&self, error: io::Error, expected: Option<u64>) -> IdxError {
        let found = self.position;
        if is_trailing_data(&error) {
            return IdxError::TrailingData { found };
        }
        let cause = error.to_string();
        match (error.kind(), expected) {
            (ErrorKind::UnexpectedEof, Some(expected)) => IdxError::Truncated { expected, found },
            (ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::UnexpectedEof, _) => {
                IdxError::CorruptGzip { found, cause }
            }
            _ => IdxError::Unreadable { found, cause },
        }
    }
}

fn kind(magic: u32) -> &'static str {
    if magic == LABELS_MAGIC {
        "labels"
    } else {
        "images"
    }
}

fn confusion(magic: u32) -> String {
    match magic {
        IMAGES_MAGIC | LABELS_MAGIC => format!("; this is a file of {}", kind(magic)),
        _ => String::new(),
    }
}
