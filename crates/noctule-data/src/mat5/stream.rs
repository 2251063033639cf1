//! Reads the unpacked variables from a stream of bytes.

use std::io::{self, ErrorKind, Read};

use flate2::read::ZlibDecoder;

use crate::foreign::recognise;
use crate::mat5::element::{Order, kind};
use crate::mat5::error::{LIMIT, Mat5Error};

const HEADER: usize = 128;
/// How the text in a header begins.
const TITLE: &[u8] = b"MATLAB";
const VERSION: u16 = 0x0100;

/// Reads the byte order and the unpacked bytes of every variable.
pub(super) fn read(mut source: impl Read) -> Result<(Order, Vec<Vec<u8>>), Mat5Error> {
    let header = header(&mut source)?;
    let order = match &header[HEADER - 2..] {
        b"IM" => Order::Little,
        b"MI" => Order::Big,
        other => {
            let found = [other[0], other[1]];
            return Err(Mat5Error::WrongMagic { found });
        }
    };
    let found = order.half([header[124], header[125]]);
    if found != VERSION {
        return Err(Mat5Error::WrongVersion { found });
    }
    let mut reader = Reader { order, left: LIMIT };
    let mut variables = Vec::new();
    while let Some(tag) = reader.tag(&mut source)? {
        variables.extend(reader.variable(tag, &mut source)?);
    }
    Ok((order, variables))
}

/// The header, if the file is not recognised as something else.
fn header(source: &mut impl Read) -> Result<Vec<u8>, Mat5Error> {
    let mut header = Vec::new();
    let read = source.take(HEADER as u64).read_to_end(&mut header);
    read.map_err(failure)?;
    let (found, titled) = (header.len(), header.len().min(TITLE.len()));
    let is_titled = found > 0 && header[..titled] == TITLE[..titled];
    match recognise(&header) {
        Some(what) if !is_titled => Err(Mat5Error::Foreign { what }),
        _ if found < HEADER => Err(Mat5Error::Truncated {
            what: "the header",
            expected: HEADER as u64,
            found: found as u64,
        }),
        _ => Ok(header),
    }
}

/// The type and the length of an element.
#[derive(Clone, Copy)]
struct Tag {
    kind: u32,
    length: u64,
}

struct Reader {
    order: Order,
    /// The largest total size of the remaining variables, in bytes.
    left: u64,
}

impl Reader {
    /// The next tag, or `None` at the end of the source.
    fn tag(&self, source: &mut impl Read) -> Result<Option<Tag>, Mat5Error> {
        let mut tag = Vec::new();
        source.take(8).read_to_end(&mut tag).map_err(failure)?;
        if tag.is_empty() {
            return Ok(None);
        }
        let Some(&[a, b, c, d, e, f, g, h]) = tag.first_chunk() else {
            return Err(Mat5Error::Truncated {
                what: "the start of a variable",
                expected: 8,
                found: tag.len() as u64,
            });
        };
        let kind = self.order.word([a, b, c, d]);
        let length = self.order.word([e, f, g, h]).into();
        Ok(Some(Tag { kind, length }))
    }

    /// The unpacked bytes of a variable, or `None` if the element is not a variable.
    fn variable(&mut self, tag: Tag, source: &mut impl Read) -> Result<Option<Vec<u8>>, Mat5Error> {
        match tag.kind {
            kind::MATRIX => self.matrix(tag.length, source).map(Some),
            kind::COMPRESSED => {
                let mut packed = source.take(tag.length);
                let variable = self.unpack(&mut packed)?;
                if packed.limit() > 0 && packed.read(&mut [0]).map_err(failure)? == 0 {
                    return Err(Mat5Error::Truncated {
                        what: "a packed variable",
                        expected: tag.length,
                        found: tag.length - packed.limit(),
                    });
                }
                io::copy(&mut packed, &mut io::sink()).map_err(failure)?;
                Ok(Some(variable))
            }
            // If the upper 16 bits of the type are set, it is a small element, which lies within its tag.
            small if small >> 16 > 0 => Ok(None),
            _ => {
                let length = tag.length.next_multiple_of(8);
                io::copy(&mut source.take(length), &mut io::sink()).map_err(failure)?;
                Ok(None)
            }
        }
    }

    fn unpack(&mut self, packed: &mut impl Read) -> Result<Vec<u8>, Mat5Error> {
        let mut unpacked = ZlibDecoder::new(packed);
        let tag = self.tag(&mut unpacked)?;
        let Some(Tag {
            kind: kind::MATRIX,
            length,
        }) = tag
        else {
            return Err(Mat5Error::Malformed {
                what: "the content of a packed variable",
                found: tag.map_or(0, |tag| tag.kind),
                bytes: tag.map_or(0, |tag| tag.length as usize),
            });
        };
        let variable = self.matrix(length, &mut unpacked)?;
        // Reading to the end also makes the decompressor verify the checksum.
        match unpacked.read(&mut [0]).map_err(failure)? {
            0 => Ok(variable),
            _ => Err(Mat5Error::CorruptZlib {
                cause: "it continues after its stated length".to_owned(),
            }),
        }
    }

    fn matrix(&mut self, length: u64, source: &mut impl Read) -> Result<Vec<u8>, Mat5Error> {
        self.left = self
            .left
            .checked_sub(length)
            .ok_or(Mat5Error::TooLarge { announced: length })?;
        take(source, length, "a variable")
    }
}

/// Reads exactly `length` bytes; memory grows with the bytes that have been read.
fn take(source: &mut impl Read, length: u64, what: &'static str) -> Result<Vec<u8>, Mat5Error> {
    let mut taken = Vec::new();
    let result = source.take(length).read_to_end(&mut taken);
    let found = taken.len() as u64;
    match result {
        Err(error) if error.kind() != ErrorKind::UnexpectedEof => Err(failure(error)),
        _ if found < length => Err(Mat5Error::Truncated {
            what,
            expected: length,
            found,
        }),
        _ => Ok(taken),
    }
}

fn failure(error: io::Error) -> Mat5Error {
    let cause = error.to_string();
    match error.kind() {
        ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::UnexpectedEof => {
            Mat5Error::CorruptZlib { cause }
        }
        _ => Mat5Error::Unreadable { cause },
    }
}
