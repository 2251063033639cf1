//! Numbers with as many digits as they are worth, which keeps a page small.

/// Rounds times of samples of one length.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rounding {
    scale: f64,
}

impl Rounding {
    /// For times up to `longest` seconds: eight digits behind the first, which is 1 ns for a sample of 0.2 s.
    pub fn of_times(longest: f64) -> Self {
        let magnitude = match longest.is_normal() {
            true => longest.abs().log10().floor(),
            false => 0.0,
        };
        Self {
            scale: 10f64.powi(8 - magnitude as i32),
        }
    }

    /// Nine digits behind the first of a quantity around 1 would be too many: `digits` behind the point.
    pub fn behind_point(digits: i32) -> Self {
        Self {
            scale: 10f64.powi(digits),
        }
    }

    /// The nearest number with these digits.
    pub fn round(self, value: f64) -> f64 {
        let rounded = (value * self.scale).round() / self.scale;
        if rounded.is_finite() { rounded } else { value }
    }

    /// As [`round`](Self::round), for a list.
    pub fn round_all(self, values: impl IntoIterator<Item = f64>) -> Vec<f64> {
        values.into_iter().map(|value| self.round(value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_nine_digits_whatever_their_unit_is() {
        let text = |longest: f64, time: f64| format!("{}", Rounding::of_times(longest).round(time));
        assert_eq!(text(0.2, 0.012_345_678_912_3), "0.012345679");
        assert_eq!(text(260.0, 123.456_789_123_4), "123.456789");
        assert_eq!(text(2e-6, 1.234_567_891_2e-6), "0.00000123456789");
        assert_eq!(text(0.0, 0.5), "0.5");
    }
}
