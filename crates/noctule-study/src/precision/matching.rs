//! Which spike of one train is which spike of another.

/// How the spikes of a measured train differ from those of a reference.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matching {
    /// Measured minus reference time of each pair, in seconds, in order.
    pub errors: Vec<f64>,
    /// Reference spikes without a partner.
    pub missed: u64,
    /// Measured spikes without a partner.
    pub extra: u64,
}

impl Matching {
    /// Pairs the spikes of two trains of one neuron, given as ascending times in seconds: in order, one to one, as many
    /// as possible, and among such pairings with the least sum of distances. So a neuron never has missed and extra
    /// spikes at once, and a spike that came far too late counts as one large error.
    pub fn of(reference: &[f64], measured: &[f64]) -> Self {
        if reference.len() > measured.len() {
            let swapped = Self::of(measured, reference);
            return Self {
                errors: swapped.errors.iter().map(|error| -error).collect(),
                missed: swapped.extra,
                extra: 0,
            };
        }
        Self {
            errors: nearest(reference, measured),
            missed: 0,
            extra: (measured.len() - reference.len()) as u64,
        }
    }
}

/// `long` minus `short` of each pair: the partners of all of `short` with the least sum of distances, in order.
fn nearest(short: &[f64], long: &[f64]) -> Vec<f64> {
    let spare = long.len() - short.len();
    if spare == 0 {
        return difference(short, long.iter());
    }
    // Row `i`, column `s`: the least cost of the first `i` of `short` with at most `s` of `long` skipped before the last
    // partner; and whether that partner is the one with exactly `s` skipped.
    let mut costs = vec![0.0; spare + 1];
    let mut chosen = vec![vec![false; spare + 1]; short.len()];
    for (i, chosen) in chosen.iter_mut().enumerate() {
        let mut best = f64::INFINITY;
        for skipped in 0..=spare {
            let cost = costs[skipped] + (long[i + skipped] - short[i]).abs();
            if cost < best {
                best = cost;
                chosen[skipped] = true;
            }
            costs[skipped] = best;
        }
    }
    let mut skipped = spare;
    let mut partners = vec![0; short.len()];
    for i in (0..short.len()).rev() {
        while !chosen[i][skipped] {
            skipped -= 1;
        }
        partners[i] = i + skipped;
    }
    difference(short, partners.iter().map(|&partner| &long[partner]))
}

fn difference<'a>(short: &[f64], partners: impl Iterator<Item = &'a f64>) -> Vec<f64> {
    let pairs = short.iter().zip(partners);
    pairs.map(|(short, long)| long - short).collect()
}
