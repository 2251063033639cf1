//! Numbers of any type, as the bytes that a file has for them.

use std::fmt::{self, Display, Formatter};

use half::f16;
use hdf5_reader::{ByteOrder, Datatype};

/// The type of the numbers of an array.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct NumberType {
    kind: Kind,
    /// Bytes of a number: 1, 2, 4 or 8.
    size: usize,
    big_endian: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Float,
    Signed,
    Unsigned,
}

impl NumberType {
    /// The type that NumPy writes as `descriptor`, such as `<f4`; `None` if it is no real number, or has 16 bytes.
    pub fn of_npy(descriptor: &str) -> Option<Self> {
        let mut letters = descriptor.chars();
        let (order, kind) = (letters.next()?, letters.next()?);
        let size = letters.as_str().parse().ok()?;
        let kind = match kind {
            'f' => Kind::Float,
            'i' => Kind::Signed,
            'u' | 'b' => Kind::Unsigned,
            _ => return None,
        };
        Self::new(kind, size, order == '>')
    }

    /// The type that HDF5 calls `datatype`; `None` if it is not a number.
    pub fn of_hdf5(datatype: &Datatype) -> Option<Self> {
        match datatype {
            Datatype::FloatingPoint { size, byte_order } => {
                Self::new(Kind::Float, *size, *byte_order == ByteOrder::BigEndian)
            }
            Datatype::FixedPoint {
                size,
                signed,
                byte_order,
            } => {
                let kind = if *signed {
                    Kind::Signed
                } else {
                    Kind::Unsigned
                };
                Self::new(kind, *size, *byte_order == ByteOrder::BigEndian)
            }
            // Booleans, say.
            Datatype::Enum { base, .. } => Self::of_hdf5(base),
            _ => None,
        }
    }

    fn new(kind: Kind, size: u8, big_endian: bool) -> Option<Self> {
        let known = matches!(
            (kind, size),
            (_, 2 | 4 | 8) | (Kind::Signed | Kind::Unsigned, 1)
        );
        known.then_some(Self {
            kind,
            size: size.into(),
            big_endian,
        })
    }

    /// Bytes of a number.
    pub fn size(self) -> usize {
        self.size
    }

    pub fn is_integer(self) -> bool {
        self.kind != Kind::Float
    }

    /// Whether a number is a byte from 0 to 255.
    pub fn is_byte(self) -> bool {
        self.kind == Kind::Unsigned && self.size == 1
    }
}

/// The name in NumPy.
impl Display for NumberType {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Float => "float",
            Kind::Signed => "int",
            Kind::Unsigned => "uint",
        };
        write!(f, "{kind}{}", 8 * self.size)
    }
}

/// The numbers of an array.
#[derive(Clone, Debug)]
pub(super) struct Numbers {
    kind: NumberType,
    bytes: Vec<u8>,
}

impl Numbers {
    /// The numbers whose bytes are `bytes`; bytes after the last whole number are left out.
    pub fn new(kind: NumberType, bytes: Vec<u8>) -> Self {
        Self { kind, bytes }
    }

    pub fn kind(&self) -> NumberType {
        self.kind
    }

    pub fn len(&self) -> usize {
        self.bytes.len() / self.kind.size
    }

    /// The bytes as they are.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// A number, which must exist, as the nearest one in double precision.
    pub fn float(&self, index: usize) -> f64 {
        let bits = self.bits(index);
        match (self.kind.kind, self.kind.size) {
            (Kind::Float, 2) => f16::from_bits(bits as u16).to_f64(),
            (Kind::Float, 4) => f32::from_bits(bits as u32).into(),
            (Kind::Float, _) => f64::from_bits(bits),
            (Kind::Signed | Kind::Unsigned, _) => self.integer(index) as f64,
        }
    }

    /// An integer, which must exist; a floating-point number is cut off.
    pub fn integer(&self, index: usize) -> i128 {
        let bits = self.bits(index);
        let unused = 64 - 8 * self.kind.size as u32;
        match self.kind.kind {
            Kind::Unsigned => bits.into(),
            // Shifted up and down again, so that the sign fills the upper bits.
            Kind::Signed => (((bits << unused) as i64) >> unused).into(),
            Kind::Float => self.float(index) as i128,
        }
    }

    /// The bytes of a number as the lower bits of an integer.
    fn bits(&self, index: usize) -> u64 {
        let size = self.kind.size;
        let mut bytes = [0; 8];
        bytes[..size].copy_from_slice(&self.bytes[index * size..][..size]);
        if self.kind.big_endian {
            bytes[..size].reverse();
        }
        u64::from_le_bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(descriptor: &str, bytes: &[u8]) -> Numbers {
        Numbers::new(NumberType::of_npy(descriptor).unwrap(), bytes.to_vec())
    }

    #[test]
    fn all_sizes_and_both_byte_orders() {
        for (descriptor, bytes, value) in [
            ("<f2", &[0x00, 0x3e][..], 1.5),
            (">f2", &[0x3e, 0x00], 1.5),
            ("<f4", &1.5f32.to_le_bytes(), 1.5),
            (">f4", &1.5f32.to_be_bytes(), 1.5),
            ("<f8", &1.5f64.to_le_bytes(), 1.5),
            (">f8", &1.5f64.to_be_bytes(), 1.5),
            ("|i1", &[0xff], -1.0),
            ("|u1", &[0xff], 255.0),
            ("|b1", &[1], 1.0),
            ("<i2", &(-300i16).to_le_bytes(), -300.0),
            (">i4", &(-70_000i32).to_be_bytes(), -70_000.0),
            ("<i8", &(-1i64).to_le_bytes(), -1.0),
            (">u8", &7u64.to_be_bytes(), 7.0),
        ] {
            let twice = numbers(descriptor, &bytes.repeat(2));
            assert_eq!(twice.len(), 2, "{descriptor}");
            assert_eq!(twice.float(1), value, "{descriptor}");
            assert_eq!(twice.integer(0), value as i128, "{descriptor}");
        }
        let largest = numbers("<u8", &u64::MAX.to_le_bytes());
        assert_eq!(largest.integer(0), u64::MAX.into());
    }

    #[test]
    fn what_is_no_number_is_not_read() {
        for descriptor in [
            "<f16", "|f1", "<c8", "|O", "|S3", "<U5", "<M8[s]", "", "<", "<f",
        ] {
            assert_eq!(NumberType::of_npy(descriptor), None, "{descriptor}");
        }
        assert_eq!(NumberType::of_npy("<f2").unwrap().to_string(), "float16");
    }
}
