//! Which samples are shown.

use std::collections::BTreeSet;

use super::data::Why;
use super::outcomes::Outcome;

/// Indices of samples with the reason why they were chosen: a third wrong ones, worst first; a third right ones that were
/// decided latest; and a third right ones of different classes. What there is too little of is made up by the others.
pub(super) fn choose(outcomes: &[Outcome], count: usize) -> Vec<(usize, Why)> {
    let count = count.min(outcomes.len());
    let wrong = worst(outcomes);
    let slow = slowest(outcomes);
    let right = outcomes.iter().filter(|outcome| outcome.is_right()).count();
    let third = count.div_ceil(3);
    // Right samples fill what wrong ones leave, and the reverse.
    let wrong_count = wrong.len().min(third.max(count.saturating_sub(right)));
    let slow_count = (count - wrong_count).min(right).div_ceil(2);
    let mut chosen: Vec<(usize, Why)> = Vec::new();
    chosen.extend(
        wrong
            .iter()
            .take(wrong_count)
            .map(|&index| (index, Why::Wrong)),
    );
    chosen.extend(
        slow.iter()
            .take(slow_count)
            .map(|&index| (index, Why::Slow)),
    );
    let taken: BTreeSet<usize> = chosen.iter().map(|&(index, _)| index).collect();
    let typical = of_different_classes(outcomes, &taken, count - chosen.len());
    chosen.extend(typical.into_iter().map(|index| (index, Why::Right)));
    chosen
}

/// The wrong samples, with the smallest margin first; among equals the lower index.
pub(super) fn worst(outcomes: &[Outcome]) -> Vec<usize> {
    let mut wrong: Vec<usize> = (0..outcomes.len())
        .filter(|&index| !outcomes[index].is_right())
        .collect();
    wrong.sort_by(|&one, &other| outcomes[one].margin.total_cmp(&outcomes[other].margin));
    wrong
}

/// The right samples, with the latest decision first.
fn slowest(outcomes: &[Outcome]) -> Vec<usize> {
    let decided = |index: usize| outcomes[index].decided().unwrap_or(0.0);
    let mut right: Vec<usize> = (0..outcomes.len())
        .filter(|&index| outcomes[index].is_right())
        .collect();
    right.sort_by(|&one, &other| decided(other).total_cmp(&decided(one)));
    right
}

/// The first right samples that are not taken, class by class in turn.
fn of_different_classes(outcomes: &[Outcome], taken: &BTreeSet<usize>, count: usize) -> Vec<usize> {
    let mut chosen = Vec::new();
    let mut taken = taken.clone();
    while chosen.len() < count {
        let mut seen = BTreeSet::new();
        let before = chosen.len();
        for (index, outcome) in outcomes.iter().enumerate() {
            let is_new = outcome.is_right() && !taken.contains(&index);
            if chosen.len() < count && is_new && seen.insert(outcome.label) {
                chosen.push(index);
                taken.insert(index);
            }
        }
        if chosen.len() == before {
            break;
        }
    }
    chosen.sort_by_key(|&index| (outcomes[index].label, index));
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::Decision;

    fn outcome(label: u32, class: u32, margin: f64, time: f64) -> Outcome {
        Outcome {
            label,
            prediction: Some(class),
            margin,
            decisions: vec![Decision { time, class }],
        }
    }

    #[test]
    fn wrong_slow_and_right_samples_are_chosen() {
        let outcomes = [
            outcome(0, 0, 1.0, 0.1),
            outcome(0, 1, -1.0, 0.1),
            outcome(1, 1, 1.0, 0.3),
            outcome(1, 0, -5.0, 0.1),
            outcome(1, 1, 2.0, 0.2),
        ];
        assert_eq!(
            choose(&outcomes, 3),
            [(3, Why::Wrong), (2, Why::Slow), (0, Why::Right)]
        );
        assert_eq!(choose(&outcomes, 9).len(), 5);
        assert_eq!(choose(&outcomes[..1], 4), [(0, Why::Slow)]);
        assert_eq!(choose(&outcomes[1..2], 4), [(0, Why::Wrong)]);
        assert_eq!(choose(&[], 4), []);
        assert_eq!(choose(&outcomes, 0), []);
    }
}
