//! Numbers as they are shown.

use crate::precision::spike_errors::SpikeErrors;

/// A time in seconds with a unit that makes it readable.
pub(super) fn time(seconds: f64) -> String {
    if seconds == 0.0 {
        return "0".to_owned();
    }
    let units = [(1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns")];
    // Rounding to three digits must not leave 1,000 of a unit.
    let fits = |size: f64| seconds.abs() >= 0.9995 * size;
    let (size, unit) = units
        .into_iter()
        .find(|&(size, _)| fits(size))
        .unwrap_or((1e-12, "ps"));
    format!("{} {unit}", digits(seconds / size))
}

/// Three significant digits, without an exponent.
pub(super) fn digits(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    let places = (2 - value.abs().log10().floor() as i32).clamp(0, 12) as usize;
    let text = format!("{value:.places$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A part of a whole in percent, with two places.
pub(super) fn percent(part: f64, whole: f64) -> String {
    format!("{:.2}", 100.0 * part / whole.max(1.0))
}

/// A small part of a whole, in percent with three digits; the number itself if it is below ten.
pub(super) fn rare(part: u64, whole: u64) -> String {
    match part {
        0 => "0".to_owned(),
        1..10 => format!("{part} of {whole}"),
        _ => format!("{} %", digits(100.0 * part as f64 / whole.max(1) as f64)),
    }
}

/// The cells of spike errors: median, 99 %, within 1 us, missed, extra.
pub(super) fn error_cells(errors: &SpikeErrors) -> Vec<String> {
    vec![
        time(errors.median),
        time(errors.high),
        format!("{:.2}", 100.0 * errors.within),
        rare(errors.missed, errors.spikes),
        rare(errors.extra, errors.spikes),
    ]
}

/// The columns of [`error_cells`].
pub(super) const ERROR_COLUMNS: [&str; 5] = [
    "median error",
    "99 % of errors up to",
    "spikes within 1 us, %",
    "missed",
    "extra",
];

/// Owned copies of texts.
pub(super) fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        let times = [5e-3, 1e-6, 9.999e-7, 1.234e-8, 2.5, 0.0, -3e-4, 1e-13].map(time);
        let expected = [
            "5 ms", "1 us", "1 us", "12.3 ns", "2.5 s", "0", "-300 us", "0.1 ps",
        ];
        assert_eq!(times, expected);
        assert_eq!(rare(3, 100_000), "3 of 100000");
        assert_eq!(rare(25, 1_000), "2.5 %");
        assert_eq!(
            [digits(1234.5), digits(0.00123), digits(20.0)],
            ["1234", "0.00123", "20"]
        );
    }
}
