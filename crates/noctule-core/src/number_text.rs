//! [`number_text`]: how messages write a number.

/// A number as messages write it: with an exponent where its digits would fill lines.
///
/// ```
/// use noctule_core::number_text;
///
/// assert_eq!(number_text(0.02), "0.02");
/// assert_eq!(number_text(-1e300), "-1e300");
/// ```
pub fn number_text(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || !size.is_finite() || (1e-6..1e15).contains(&size) {
        value.to_string()
    } else {
        format!("{value:e}")
    }
}
