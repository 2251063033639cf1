//! Values counted in intervals of equal width.

use super::data::Histogram;
use super::rounding::Rounding;

impl Histogram {
    /// `intervals` empty intervals from `start` to `end`, of which the last is open if `is_open`.
    pub(super) fn over(start: f64, end: f64, intervals: usize, is_open: bool) -> Self {
        let width = (end - start) / intervals as f64;
        Self {
            start,
            width: if width > 0.0 { width } else { 1.0 },
            counts: vec![0; intervals],
            is_open,
            mean: None,
        }
    }

    /// Counts the values, over an interval that has them all; one of no width becomes wider.
    pub(super) fn of(values: &[f64], intervals: usize) -> Self {
        let finite = values.iter().copied().filter(|value| value.is_finite());
        let least = finite.clone().fold(f64::INFINITY, f64::min);
        let most = finite.clone().fold(f64::NEG_INFINITY, f64::max);
        if least > most {
            return Self::default();
        }
        let margin = match most - least {
            extent if extent > 0.0 => 0.0,
            _ => most.abs().max(1.0) / 2.0,
        };
        let mut histogram = Self::over(least - margin, most + margin, intervals, false);
        for value in finite.clone() {
            histogram.add(value, 1);
        }
        let count = finite.clone().count() as f64;
        histogram.mean = Some(Rounding::behind_point(6).round(finite.sum::<f64>() / count));
        histogram
    }

    /// Adds `count` times the value; one outside goes into the first or the last interval.
    pub(super) fn add(&mut self, value: f64, count: u64) {
        let last = self.counts.len() - 1;
        let index = ((value - self.start) / self.width).floor();
        self.counts[(index.max(0.0) as usize).min(last)] += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_counted() {
        let histogram = Histogram::of(&[0.0, 0.1, 0.5, 1.0], 2);
        assert_eq!(histogram.counts, [2, 2]);
        assert_eq!((histogram.start, histogram.width), (0.0, 0.5));
        assert_eq!(histogram.mean, Some(0.4));
        assert_eq!(Histogram::of(&[3.0, 3.0], 3).counts, [0, 2, 0]);
        assert_eq!(Histogram::of(&[], 3), Histogram::default());
    }
}
