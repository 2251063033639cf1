//! How many samples are held out for validation: a number, or a share.

use std::fmt::{self, Display, Formatter};

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::range::{OutOfRange, require};

/// Samples that are held out: below 1 a share of all, else a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum HeldOut {
    /// This many; 0 for none.
    Number(usize),
    /// This share of all, greater than 0 and below 1.
    Share(f64),
}

impl Default for HeldOut {
    fn default() -> Self {
        Self::Number(0)
    }
}

impl HeldOut {
    /// Whether nothing is held out.
    pub fn is_none(self) -> bool {
        self == Self::default()
    }

    /// How many of `samples` samples are held out; a share is rounded, but at least one.
    pub fn of(self, samples: usize) -> usize {
        match self {
            Self::Number(number) => number,
            Self::Share(share) => ((share * samples as f64).round() as usize).max(1),
        }
    }

    pub(super) fn check(self, path: &str) -> Result<(), OutOfRange> {
        let Self::Share(share) = self else {
            return Ok(());
        };
        let rule = "a share, greater than 0 and less than 1, or a whole number of samples";
        require(0.0 < share && share < 1.0, path, share, rule)
    }
}

impl Display for HeldOut {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Share(share) => write!(f, "{share}"),
        }
    }
}

impl Serialize for HeldOut {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => number.serialize(serializer),
            Self::Share(share) => share.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for HeldOut {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(HeldOutVisitor)
    }
}

struct HeldOutVisitor;

impl Visitor<'_> for HeldOutVisitor {
    type Value = HeldOut;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a whole number of samples, or a share of them below 1")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<HeldOut, E> {
        match usize::try_from(number) {
            Ok(number) => Ok(HeldOut::Number(number)),
            Err(_) => Err(E::invalid_value(Unexpected::Unsigned(number), &self)),
        }
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<HeldOut, E> {
        match u64::try_from(number) {
            Ok(number) => self.visit_u64(number),
            Err(_) => Err(E::invalid_value(Unexpected::Signed(number), &self)),
        }
    }

    /// Whole numbers with a decimal point are numbers of samples, too.
    fn visit_f64<E: Error>(self, number: f64) -> Result<HeldOut, E> {
        match number {
            _ if number == 0.0 => Ok(HeldOut::Number(0)),
            _ if number >= 1.0 && number.fract() == 0.0 && number <= f64::from(u32::MAX) => {
                Ok(HeldOut::Number(number as usize))
            }
            _ if number >= 1.0 => Err(E::invalid_value(Unexpected::Float(number), &self)),
            share => Ok(HeldOut::Share(share)),
        }
    }
}
