//! What a classifier decides with the spikes so far.

use noctule_core::{Prediction, Real, Spikes};

use serde::{Deserialize, Serialize};

/// A change of the decision.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// When it changes, in seconds.
    pub time: f64,
    /// The class from then on.
    pub class: u32,
}

/// Each change of the decision within a sample of `classes` output neurons. The last is the prediction of the whole
/// sample; there is none if no output neuron spikes.
///
/// Spikes at the very same time count together.
pub fn decisions<T: Real>(
    rule: Prediction,
    output: Spikes<'_, T>,
    classes: usize,
) -> Vec<Decision> {
    let mut lead = Lead {
        rule,
        spikes: vec![(0, f64::INFINITY); classes],
        best: None,
    };
    let mut changes: Vec<Decision> = Vec::new();
    let times = output.times.iter().map(|&time| Real::to_f64(time));
    let mut spikes = times.zip(output.neurons).peekable();
    while let Some((time, &neuron)) = spikes.next() {
        lead.add(neuron, time);
        if spikes.peek().is_some_and(|&(next, _)| next == time) {
            continue;
        }
        let Some(class) = lead.best else { continue };
        if changes.last().is_none_or(|last| last.class != class) {
            changes.push(Decision { time, class });
        }
    }
    changes
}

/// The class that is ahead.
struct Lead {
    rule: Prediction,
    /// For each class its spikes, and the time of the first.
    spikes: Vec<(u32, f64)>,
    best: Option<u32>,
}

impl Lead {
    /// Adds a spike, after which only the class of that spike can overtake the one that was ahead.
    fn add(&mut self, neuron: u32, time: f64) {
        let entry = &mut self.spikes[neuron as usize];
        entry.0 += 1;
        entry.1 = entry.1.min(time);
        let is_ahead = self.best.is_none_or(|best| self.beats(neuron, best));
        if is_ahead {
            self.best = Some(neuron);
        }
    }

    fn beats(&self, challenger: u32, best: u32) -> bool {
        let (count, first) = self.spikes[challenger as usize];
        let (most, earliest) = self.spikes[best as usize];
        let is_earlier = first < earliest || (first == earliest && challenger < best);
        match self.rule {
            Prediction::MostSpikes => count > most || (count == most && is_earlier),
            Prediction::FirstSpike => is_earlier,
        }
    }
}

/// By how much the class `label` is ahead of the best other one at the end of a sample: in spikes, or in seconds of the
/// first spike, where a silent neuron counts as spiking at `silent_time`.
pub(crate) fn margin<T: Real>(
    rule: Prediction,
    output: Spikes<'_, T>,
    classes: usize,
    label: u32,
    silent_time: f64,
) -> f64 {
    let mut scores = match rule {
        Prediction::MostSpikes => vec![0.0; classes],
        Prediction::FirstSpike => vec![-silent_time; classes],
    };
    for (&time, &neuron) in output.times.iter().zip(output.neurons) {
        let score = &mut scores[neuron as usize];
        match rule {
            Prediction::MostSpikes => *score += 1.0,
            Prediction::FirstSpike => *score = score.max(-Real::to_f64(time)),
        }
    }
    let others = scores.iter().enumerate();
    let others = others.filter(|&(class, _)| class != label as usize);
    let best = others
        .map(|(_, &score)| score)
        .fold(f64::NEG_INFINITY, f64::max);
    let own = scores.get(label as usize).copied().unwrap_or_default();
    // A network with one output neuron has no other class.
    if best.is_finite() { own - best } else { own }
}

#[cfg(test)]
mod tests {
    use noctule_core::SpikeBatch;

    use super::*;

    fn changes(rule: Prediction, spikes: &[(f64, u32)]) -> Vec<(f64, u32)> {
        let mut batch = SpikeBatch::new(4);
        batch.push_sample(spikes.iter().copied()).unwrap();
        let found = decisions(rule, batch.sample(0), 4);
        let last = found.last().map(|last| last.class);
        assert_eq!(last, rule.of(batch.sample(0), 4), "{spikes:?}");
        found
            .iter()
            .map(|change| (change.time, change.class))
            .collect()
    }

    #[test]
    fn the_class_with_most_spikes_leads_and_ties_go_to_the_earlier_one() {
        let spikes = [(1.0, 2), (2.0, 1), (3.0, 1), (4.0, 2), (5.0, 3)];
        assert_eq!(
            changes(Prediction::MostSpikes, &spikes),
            [(1.0, 2), (3.0, 1), (4.0, 2)]
        );
        assert_eq!(changes(Prediction::FirstSpike, &spikes), [(1.0, 2)]);
        assert_eq!(changes(Prediction::MostSpikes, &[]), []);
    }

    #[test]
    fn spikes_at_the_same_time_count_together() {
        let together = [(1.0, 3), (1.0, 1), (1.0, 2)];
        assert_eq!(changes(Prediction::FirstSpike, &together), [(1.0, 1)]);
        assert_eq!(changes(Prediction::MostSpikes, &together), [(1.0, 1)]);
    }

    #[test]
    fn the_margin_is_in_spikes_or_seconds() {
        let mut batch = SpikeBatch::<f64>::new(3);
        batch.push_sample([(1.0, 2), (2.0, 1), (3.0, 1)]).unwrap();
        let of = |rule, label| margin(rule, batch.sample(0), 3, label, 10.0);
        assert_eq!(of(Prediction::MostSpikes, 1), 1.0);
        assert_eq!(of(Prediction::MostSpikes, 0), -2.0);
        assert_eq!(of(Prediction::FirstSpike, 2), 1.0);
        assert_eq!(of(Prediction::FirstSpike, 0), -9.0);
    }
}
