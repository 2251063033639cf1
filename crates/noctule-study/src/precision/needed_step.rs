//! Which step an error needs, and what it costs.

/// A number that is read off a measured curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// The number.
    pub value: f64,
    /// Where it comes from.
    pub source: Source,
}

/// Where a number that was read off a curve comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Between two measured points, on a power law through them.
    Between,
    /// Beyond the last point, with the first order of Euler's method.
    Extrapolated,
    /// The curve is beyond it everywhere: the value is the first point's.
    AtLeast,
}

impl Source {
    /// The source in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Between => "between measured steps",
            Self::Extrapolated => "extrapolated",
            Self::AtLeast => "the widest measured step",
        }
    }
}

/// The widest step with an error of `target`. `curve` has pairs of step and error, from the widest step; errors of 0 are
/// left out. `None` without a point.
pub fn needed_step(curve: &[(f64, f64)], target: f64) -> Option<Reading> {
    let curve: Vec<(f64, f64)> = curve
        .iter()
        .copied()
        .filter(|point| point.1 > 0.0)
        .collect();
    let (&(widest, largest), &(narrowest, smallest)) = (curve.first()?, curve.last()?);
    if largest <= target {
        return Some(Reading {
            value: widest,
            source: Source::AtLeast,
        });
    }
    for pair in curve.windows(2) {
        let [(wide, large), (narrow, small)] = [pair[0], pair[1]];
        if large > target && target >= small {
            let part = (target / small).ln() / (large / small).ln();
            return Some(Reading {
                value: narrow * (wide / narrow).powf(part),
                source: Source::Between,
            });
        }
    }
    Some(Reading {
        value: narrowest * target / smallest,
        source: Source::Extrapolated,
    })
}

/// The cost at `step`, on power laws through the measured points; beyond them cost and step are inversely proportional.
/// `curve` has pairs of step and seconds, from the widest step. `None` without a point.
pub fn cost_at(curve: &[(f64, f64)], step: f64) -> Option<f64> {
    for pair in curve.windows(2) {
        let [(wide, cheap), (narrow, dear)] = [pair[0], pair[1]];
        if (narrow..=wide).contains(&step) {
            let part = (step / narrow).ln() / (wide / narrow).ln();
            return Some(dear * (cheap / dear).powf(part));
        }
    }
    let (widest, cheapest) = *curve.first()?;
    let (narrowest, dearest) = *curve.last()?;
    Some(if step > widest {
        cheapest * widest / step
    } else {
        dearest * narrowest / step
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CURVE: [(f64, f64); 3] = [(1e-3, 2e-3), (1e-4, 2e-4), (1e-5, 2e-5)];

    fn is_near(found: f64, expected: f64) -> bool {
        (found / expected - 1.0).abs() < 1e-9
    }

    #[test]
    fn a_step_is_read_between_points_and_extrapolated_beyond_them() {
        let read = |target| needed_step(&CURVE, target).unwrap();
        assert!(is_near(read(4e-5).value, 2e-5) && read(4e-5).source == Source::Between);
        assert!(is_near(read(1e-6).value, 5e-7) && read(1e-6).source == Source::Extrapolated);
        assert!(read(1.0).value == 1e-3 && read(1.0).source == Source::AtLeast);
        assert_eq!(needed_step(&[], 1e-6), None);
        assert_eq!(needed_step(&[(1e-3, 0.0)], 1e-6), None);
    }

    #[test]
    fn cost_grows_as_the_step_shrinks() {
        let costs = [(1e-3, 1.0), (1e-4, 10.0)];
        for (step, cost) in [(1e-3, 1.0), (1e-4, 10.0), (2e-4, 5.0), (1e-6, 1e3)] {
            assert!(is_near(cost_at(&costs, step).unwrap(), cost));
        }
        assert_eq!(cost_at(&[], 1.0), None);
    }
}
