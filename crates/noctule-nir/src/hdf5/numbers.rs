//! Numbers of any type, as the bytes that a file has for them.

use half::f16;
use hdf5_reader::{ByteOrder, Datatype};

use crate::graph::array::Precision;

/// The type of the numbers of an array.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct NumberType {
    kind: Kind,
    /// Bytes of a number: 1, 2, 4 or 8.
    size: usize,
    is_big_endian: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Float,
    Signed,
    Unsigned,
}

impl NumberType {
    /// The type that HDF5 calls `datatype`; `None` if it is not a number, or has another size than those of NumPy.
    pub fn of(datatype: &Datatype) -> Option<Self> {
        let (kind, size, order) = match datatype {
            Datatype::FloatingPoint { size, byte_order } => (Kind::Float, *size, byte_order),
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
                (kind, *size, byte_order)
            }
            // Booleans, say.
            Datatype::Enum { base, .. } => return Self::of(base),
            _ => return None,
        };
        let is_known = matches!(
            (kind, size),
            (_, 2 | 4 | 8) | (Kind::Signed | Kind::Unsigned, 1)
        );
        is_known.then_some(Self {
            kind,
            size: size.into(),
            is_big_endian: *order == ByteOrder::BigEndian,
        })
    }

    pub fn is_integer(self) -> bool {
        self.kind != Kind::Float
    }

    /// In which precision an array keeps such numbers: that of integers is double, which is exact up to 2^53.
    pub fn precision(self) -> Precision {
        match (self.kind, self.size) {
            (Kind::Float, 2 | 4) => Precision::Single,
            _ => Precision::Double,
        }
    }

    /// The numbers of these bytes, each as the nearest one in double precision.
    pub fn floats(self, bytes: &[u8]) -> Vec<f64> {
        let numbers = bytes.chunks_exact(self.size);
        let float = |bytes: &[u8]| {
            let bits = self.bits(bytes);
            match (self.kind, self.size) {
                (Kind::Float, 2) => f16::from_bits(bits as u16).to_f64(),
                (Kind::Float, 4) => f32::from_bits(bits as u32).into(),
                (Kind::Float, _) => f64::from_bits(bits),
                (Kind::Signed | Kind::Unsigned, _) => self.integer(bits) as f64,
            }
        };
        numbers.map(float).collect()
    }

    /// The whole numbers of these bytes; of the type of a float, those that are whole, and `None` if one is not.
    pub fn integers(self, bytes: &[u8]) -> Option<Vec<i64>> {
        if self.is_integer() {
            let numbers = bytes.chunks_exact(self.size);
            let integer = |bytes| i64::try_from(self.integer(self.bits(bytes))).ok();
            return numbers.map(integer).collect();
        }
        // Exactly representable in both types.
        const LARGEST: f64 = (1u64 << 53) as f64;
        let whole = |value: f64| value.fract() == 0.0 && value.abs() <= LARGEST;
        let floats = self.floats(bytes).into_iter();
        floats
            .map(|value| whole(value).then_some(value as i64))
            .collect()
    }

    fn integer(self, bits: u64) -> i128 {
        let unused = 64 - 8 * self.size as u32;
        match self.kind {
            // Shifted up and down again, so that the sign fills the upper bits.
            Kind::Signed => (((bits << unused) as i64) >> unused).into(),
            _ => bits.into(),
        }
    }

    /// The bytes of a number as the lower bits of an integer.
    fn bits(self, number: &[u8]) -> u64 {
        let mut bytes = [0; 8];
        bytes[..self.size].copy_from_slice(number);
        if self.is_big_endian {
            bytes[..self.size].reverse();
        }
        u64::from_le_bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn float(size: u8, byte_order: ByteOrder) -> NumberType {
        NumberType::of(&Datatype::FloatingPoint { size, byte_order }).unwrap()
    }

    fn integer(size: u8, signed: bool, byte_order: ByteOrder) -> NumberType {
        let datatype = Datatype::FixedPoint {
            size,
            signed,
            byte_order,
        };
        NumberType::of(&datatype).unwrap()
    }

    #[test]
    fn all_sizes_and_both_byte_orders() {
        use ByteOrder::{BigEndian, LittleEndian};
        assert_eq!(float(2, LittleEndian).floats(&[0x00, 0x3e]), [1.5]);
        assert_eq!(float(4, BigEndian).floats(&1.5f32.to_be_bytes()), [1.5]);
        assert_eq!(
            float(8, LittleEndian).floats(&1.5f64.to_le_bytes().repeat(2)),
            [1.5; 2]
        );
        assert_eq!(integer(1, true, LittleEndian).floats(&[0xff]), [-1.0]);
        let short = integer(2, true, BigEndian);
        assert_eq!(short.integers(&(-300i16).to_be_bytes()), Some(vec![-300]));
        let long = integer(8, false, LittleEndian);
        assert_eq!(long.integers(&7u64.to_le_bytes()), Some(vec![7]));
        assert_eq!(long.integers(&u64::MAX.to_le_bytes()), None);
    }

    #[test]
    fn only_whole_floats_are_integers() {
        let double = float(8, ByteOrder::LittleEndian);
        assert_eq!(double.integers(&3.0f64.to_le_bytes()), Some(vec![3]));
        for value in [0.5, f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(double.integers(&value.to_le_bytes()), None);
        }
        let odd = Datatype::FloatingPoint {
            size: 10,
            byte_order: ByteOrder::LittleEndian,
        };
        assert_eq!(NumberType::of(&odd), None);
    }
}
