//! Elements, the building blocks of a MATLAB file: a type, a length and bytes.

use crate::mat5::error::Mat5Error;

/// The numbers of the element types.
pub(super) mod kind {
    pub(in super::super) const UINT8: u32 = 2;
    pub(in super::super) const INT32: u32 = 5;
    pub(in super::super) const UINT32: u32 = 6;
    pub(in super::super) const MATRIX: u32 = 14;
    pub(in super::super) const COMPRESSED: u32 = 15;
}

/// The byte order of numbers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    pub(super) fn half(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    pub(super) fn word(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    /// The numbers in an element, or `None` if it holds something else.
    pub(super) fn numbers(self, element: Element<'_>) -> Option<Vec<f64>> {
        let Element { kind, bytes } = element;
        match kind {
            1 => self.each(bytes, |[byte]: [u8; 1]| f64::from(byte as i8)),
            2 => self.each(bytes, |[byte]: [u8; 1]| f64::from(byte)),
            3 => self.each(bytes, |bytes| f64::from(i16::from_le_bytes(bytes))),
            4 => self.each(bytes, |bytes| f64::from(u16::from_le_bytes(bytes))),
            5 => self.each(bytes, |bytes| f64::from(i32::from_le_bytes(bytes))),
            6 => self.each(bytes, |bytes| f64::from(u32::from_le_bytes(bytes))),
            7 => self.each(bytes, |bytes| f64::from(f32::from_le_bytes(bytes))),
            9 => self.each(bytes, f64::from_le_bytes),
            12 => self.each(bytes, |bytes| i64::from_le_bytes(bytes) as f64),
            13 => self.each(bytes, |bytes| u64::from_le_bytes(bytes) as f64),
            _ => None,
        }
    }

    /// Reads a number from every `N` bytes in little-endian order; `None` if the length is not a multiple of `N`.
    fn each<const N: usize>(self, bytes: &[u8], read: impl Fn([u8; N]) -> f64) -> Option<Vec<f64>> {
        let (numbers, rest) = bytes.as_chunks::<N>();
        let read = |&number: &[u8; N]| {
            let mut number = number;
            if self == Self::Big {
                number.reverse();
            }
            read(number)
        };
        rest.is_empty().then(|| numbers.iter().map(read).collect())
    }
}

/// The type and the content of an element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    pub(super) kind: u32,
    pub(super) bytes: &'a [u8],
}

impl Element<'_> {
    pub(super) fn malformed(self, what: &'static str) -> Mat5Error {
        Mat5Error::Malformed {
            what,
            found: self.kind,
            bytes: self.bytes.len(),
        }
    }
}

/// Walks over consecutive elements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    order: Order,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8], order: Order) -> Self {
        Self { bytes, order }
    }

    pub(super) fn order(&self) -> Order {
        self.order
    }

    /// The next element; errors call it `what`.
    pub(super) fn element(&mut self, what: &'static str) -> Result<Element<'a>, Mat5Error> {
        let tag = self.take(8, what)?;
        let [first, second] = [&tag[..4], &tag[4..]];
        let word = self.word(first);
        let (small, kind) = ((word >> 16) as usize, word & 0xffff);
        if small > 0 {
            // Up to four bytes are stored within the tag itself.
            let bytes = second.get(..small).ok_or(Mat5Error::Malformed {
                what,
                found: kind,
                bytes: small,
            })?;
            return Ok(Element { kind, bytes });
        }
        let length = self.word(second) as usize;
        let bytes = self.take(length, what)?;
        // Elements are padded to a multiple of eight bytes, except perhaps the last.
        let padding = length.wrapping_neg() % 8;
        self.bytes = self.bytes.get(padding..).unwrap_or_default();
        Ok(Element { kind, bytes })
    }

    fn take(&mut self, length: usize, what: &'static str) -> Result<&'a [u8], Mat5Error> {
        let Some((taken, rest)) = self.bytes.split_at_checked(length) else {
            return Err(Mat5Error::Truncated {
                what,
                expected: length as u64,
                found: self.bytes.len() as u64,
            });
        };
        self.bytes = rest;
        Ok(taken)
    }

    fn word(&self, bytes: &[u8]) -> u32 {
        let word = bytes.first_chunk().copied().unwrap_or_default();
        self.order.word(word)
    }
}
