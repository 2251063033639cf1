//! Ranges of configured values, checked with the path of the key in every message.
//!
//! Values are configured in double precision but used in single precision, so "finite" and "positive" are checked after
//! rounding to `f32`: `1e300` would become infinite and `1e-60` zero.

use noctule_core::number_text;
use thiserror::Error;

/// A configured value lies outside its range.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{path}` is {value}, but must be {rule}")]
pub struct OutOfRange {
    /// Path of the key, as `--set` takes it, such as `layers.0.theta`.
    pub path: String,
    /// The value that was given.
    pub value: String,
    /// What would be accepted.
    pub rule: String,
}

impl OutOfRange {
    pub(crate) fn new(
        path: impl Into<String>,
        value: impl ToString,
        rule: impl Into<String>,
    ) -> Self {
        Self {
            path: path.into(),
            value: value.to_string(),
            rule: rule.into(),
        }
    }
}

type Check = Result<(), OutOfRange>;

pub(crate) fn require(fulfilled: bool, path: &str, value: impl ToString, rule: &str) -> Check {
    if fulfilled {
        Ok(())
    } else {
        Err(OutOfRange::new(path, value, rule))
    }
}

fn require_number(fulfilled: bool, path: &str, value: f64, rule: &str) -> Check {
    require(fulfilled, path, number_text(value), rule)
}

fn is_finite(value: f64) -> bool {
    (value as f32).is_finite()
}

pub(crate) fn finite(path: &str, value: f64) -> Check {
    require_number(
        is_finite(value),
        path,
        value,
        "a finite number (below 3e38 in size)",
    )
}

pub(crate) fn positive(path: &str, value: f64) -> Check {
    let fulfilled = is_finite(value) && value as f32 > 0.0;
    require_number(
        fulfilled,
        path,
        value,
        "a finite number greater than 0 (below 3e38)",
    )
}

pub(crate) fn not_negative(path: &str, value: f64) -> Check {
    let fulfilled = is_finite(value) && value >= 0.0;
    require_number(
        fulfilled,
        path,
        value,
        "a finite number, 0 or greater (below 3e38)",
    )
}

/// For decay factors: 0 <= value < 1, where values that round to 1 count as 1.
pub(crate) fn fraction_below_one(path: &str, value: f64) -> Check {
    let fulfilled = value >= 0.0 && (value as f32) < 1.0;
    require_number(fulfilled, path, value, "at least 0 and less than 1")
}

pub(crate) fn count(path: &str, value: usize, largest: usize) -> Check {
    let fulfilled = (1..=largest).contains(&value);
    require(fulfilled, path, value, &format!("from 1 to {largest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_in_single_precision() {
        assert!(positive("x", 1e-30).is_ok());
        assert!(positive("x", 1e-60).is_err());
        assert!(finite("x", 1e300).is_err());
        assert!(fraction_below_one("x", 0.999_999).is_ok());
        assert!(fraction_below_one("x", 1.0 - 1e-12).is_err());
    }

    #[test]
    fn refuses_nan_and_infinity() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for check in [finite, positive, not_negative, fraction_below_one] {
                assert!(check("x", value).is_err(), "{value}");
            }
        }
    }

    #[test]
    fn names_path_value_and_rule() {
        let message = count("layers.1.neurons", 0, 10).unwrap_err().to_string();
        assert_eq!(message, "`layers.1.neurons` is 0, but must be from 1 to 10");
    }
}
