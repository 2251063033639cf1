//! Whether all ranks were started with the same run.

use thiserror::Error;

use super::interface::Collective;

/// Ranks that were started with different experiments or data.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "the ranks disagree{}: rank {rank} has {found}, but rank 0 has {expected}; start every rank with the same \
     experiment and the same data", section.as_ref().map_or(String::new(), |section| format!(" in {section}"))
)]
pub struct Disagreement {
    /// The first rank that differs from rank 0.
    pub rank: usize,
    /// The heading above the line that differs, if there is one.
    pub section: Option<String>,
    /// The line of that rank.
    pub found: String,
    /// The line of rank 0.
    pub expected: String,
}

/// Compares a description of the run, in lines, over all ranks.
///
/// # Errors
/// [`Disagreement`], the same on every rank, names the first line that differs.
pub fn agree(collective: &mut dyn Collective, description: &str) -> Result<(), Disagreement> {
    if collective.is_single() {
        return Ok(());
    }
    let all = collective.gather_bytes(description.as_bytes());
    let expected = String::from_utf8_lossy(&all[0]);
    for (rank, found) in all.iter().enumerate().skip(1) {
        if *found != all[0] {
            return Err(difference(rank, &String::from_utf8_lossy(found), &expected));
        }
    }
    Ok(())
}

fn difference(rank: usize, found: &str, expected: &str) -> Disagreement {
    let (mut found, mut expected) = (found.lines(), expected.lines());
    let mut section = None;
    loop {
        match (found.next(), expected.next()) {
            (Some(same), Some(line)) if same == line => {
                if line.starts_with('[') {
                    section = Some(line.to_owned());
                }
            }
            (found, expected) => {
                let quote =
                    |line: Option<&str>| line.map_or("nothing".into(), |line| format!("`{line}`"));
                return Disagreement {
                    rank,
                    section,
                    found: quote(found),
                    expected: quote(expected),
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_named() {
        let ours = "seed = 0\n[optimiser]\nlearning_rate = 0.1\n[data]\nset = \"a\"\n";
        let error = difference(2, &ours.replace("0.1", "0.2"), ours);
        assert_eq!(
            error.to_string(),
            "the ranks disagree in [optimiser]: rank 2 has `learning_rate = 0.2`, but rank 0 has `learning_rate = 0.1`; \
             start every rank with the same experiment and the same data"
        );
        let error = difference(1, "seed = 0", ours);
        assert_eq!((error.section, error.found.as_str()), (None, "nothing"));
    }
}
