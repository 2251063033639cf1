//! Mean and standard deviation.

/// The mean of one or more values.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The root of the unbiased variance of two or more values.
pub(crate) fn standard_deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (values.len() - 1) as f64).sqrt()
}

/// The standard error of the mean; 0 for fewer than two values.
pub(crate) fn standard_error(values: &[f64]) -> f64 {
    match values.len() {
        0 | 1 => 0.0,
        count => standard_deviation(values) / (count as f64).sqrt(),
    }
}
