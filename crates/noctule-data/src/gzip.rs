//! Unpacking of gzip files as gzip itself does it: one stream or several, with zero bytes between and behind them.
//!
//! Some programs pad files with zeros to full blocks. Anything else behind a stream is an error, [`TrailingData`].

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;
use thiserror::Error;

/// How a gzip file starts.
pub(crate) const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The kind of [`io::Error`] for data behind a gzip stream that are neither zeros nor another stream.
#[derive(Clone, Copy, Debug, Error, Eq, PartialEq)]
#[error("the gzip stream has ended, but other data follow it")]
pub(crate) struct TrailingData;

/// The unpacked bytes of a gzip file.
pub(crate) struct GzipReader<R> {
    /// The stream that is being unpacked; `None` once all are.
    stream: Option<GzDecoder<R>>,
}

impl<R: BufRead> GzipReader<R> {
    /// Unpacks `source`, which must start with a gzip stream.
    pub(crate) fn new(source: R) -> Self {
        Self {
            stream: Some(GzDecoder::new(source)),
        }
    }
}

impl<R: BufRead> Read for GzipReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while let Some(stream) = &mut self.stream {
            let count = stream.read(buffer)?;
            if count > 0 {
                return Ok(count);
            }
            // This stream is over, and its checksum was right.
            let rest = self.stream.take().map(GzDecoder::into_inner);
            self.stream = rest.map(next_stream).transpose()?.flatten();
        }
        Ok(0)
    }
}

/// The stream behind zero bytes; `None` if there is nothing else.
fn next_stream<R: BufRead>(mut source: R) -> io::Result<Option<GzDecoder<R>>> {
    loop {
        let bytes = source.fill_buf()?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
        match bytes.get(zeros) {
            None => source.consume(zeros),
            Some(&first) if first == GZIP_MAGIC[0] => {
                source.consume(zeros);
                return Ok(Some(GzDecoder::new(source)));
            }
            Some(_) => return Err(io::Error::new(io::ErrorKind::InvalidData, TrailingData)),
        }
    }
}

/// Whether an error says that something follows a gzip stream.
pub(crate) fn is_trailing_data(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|cause| cause.is::<TrailingData>())
}
