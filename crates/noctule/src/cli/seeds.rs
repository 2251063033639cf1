//! A list of seeds.

use std::str::FromStr;

/// The most seeds of a list.
const MOST: u64 = 10_000;

/// Seeds in ascending order, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seeds(pub Vec<u64>);

impl FromStr for Seeds {
    type Err = String;

    /// Reads seeds and ranges of seeds, ends included, with commas between them: `0..4` or `0,3,7` or `0..2,10`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut seeds = Vec::new();
        for part in text.split(',') {
            let (first, last) = match part.split_once("..") {
                Some((first, last)) => (seed(first)?, seed(last.trim_start_matches('='))?),
                None => (seed(part)?, seed(part)?),
            };
            if first > last {
                return Err(format!("the range `{part}` ends before it begins"));
            }
            if last - first >= MOST || seeds.len() as u64 + (last - first) >= MOST {
                return Err(format!("there are more than {MOST} seeds"));
            }
            seeds.extend(first..=last);
        }
        seeds.sort_unstable();
        match seeds.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(format!("the seed {} is named twice", pair[0])),
            None => Ok(Self(seeds)),
        }
    }
}

fn seed(text: &str) -> Result<u64, String> {
    let digits = text.trim();
    digits.parse().map_err(|_| {
        format!(
            "`{digits}` is not a whole number from 0 to {}; write seeds as 0..4 (ends included) or 0,3,7",
            u64::MAX
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_lists_are_read() {
        for (text, expected) in [
            ("0..4", vec![0, 1, 2, 3, 4]),
            ("7", vec![7]),
            ("7, 0, 3", vec![0, 3, 7]),
            ("0..=1,10..11", vec![0, 1, 10, 11]),
            ("18446744073709551615", vec![u64::MAX]),
            (
                "18446744073709551614..18446744073709551615",
                vec![u64::MAX - 1, u64::MAX],
            ),
        ] {
            assert_eq!(text.parse(), Ok(Seeds(expected)), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for (text, reason) in [
            ("", "not a whole number"),
            ("a..b", "`a` is not"),
            ("0...4", "`.4` is not"),
            ("-1..4", "`-1` is not"),
            ("0..", "`` is not"),
            ("4..0", "ends before"),
            ("0..4,2", "2 is named twice"),
            ("0..10000", "more than 10000"),
            ("0..18446744073709551615", "more than"),
        ] {
            let refused = text.parse::<Seeds>().unwrap_err();
            assert!(refused.contains(reason), "{text}: {refused}");
        }
    }
}
