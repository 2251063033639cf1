//! [`DecisionTimes`]: what a network decides with the output spikes so far, over the time within a sample.

use noctule_core::{Label, Prediction, SpikeBatch};

use super::changes::decisions;

/// How the decisions of many samples develop.
#[derive(Clone, Debug, PartialEq)]
pub struct DecisionTimes {
    /// Times at which the accuracy is taken, ascending, in seconds; shape `[times]`.
    times: Vec<f64>,
    /// Correct decisions at each time; shape `[times]`.
    correct: Vec<u64>,
    /// When the decision of each sample with one became final, in seconds.
    finals: Vec<f64>,
    samples: u64,
}

impl DecisionTimes {
    /// No samples yet; the accuracy is taken at `times`, which must ascend, in seconds.
    pub fn new(times: Vec<f64>) -> Self {
        Self {
            correct: vec![0; times.len()],
            finals: Vec::new(),
            samples: 0,
            times,
        }
    }

    /// Adds the samples of a batch: the output spikes, and one label per sample.
    pub fn add(&mut self, output: &SpikeBatch<f32>, labels: &[Label], rule: Prediction) {
        for (sample, &label) in labels.iter().enumerate() {
            let changes = decisions(rule, output.sample(sample), output.population());
            let mut coming = changes.iter().peekable();
            let mut decision = None;
            for (&time, correct) in self.times.iter().zip(&mut self.correct) {
                while let Some(change) = coming.next_if(|change| change.time <= time) {
                    decision = Some(change.class);
                }
                *correct += u64::from(decision == Some(label));
            }
            self.finals.extend(changes.last().map(|change| change.time));
            self.samples += 1;
        }
    }

    /// The times at which the accuracy is taken, in seconds; shape `[times]`.
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// The accuracy with the output spikes up to each time; shape `[times]`.
    pub fn accuracy(&self) -> Vec<f64> {
        let samples = self.samples.max(1) as f64;
        let correct = self.correct.iter();
        correct.map(|&correct| correct as f64 / samples).collect()
    }

    /// The first time, in seconds, from which on the accuracy is at least this fraction of that at the last time.
    pub fn time_to(&self, fraction: f64) -> Option<f64> {
        let accuracy = self.accuracy();
        let wanted = fraction * accuracy.last()?;
        let below = accuracy.iter().rposition(|&value| value < wanted);
        self.times.get(below.map_or(0, |below| below + 1)).copied()
    }

    /// The mean time at which the decision of a sample became final, in seconds; `None` if no sample has a decision.
    pub fn mean_final(&self) -> Option<f64> {
        let count = self.finals.len();
        (count > 0).then(|| self.finals.iter().sum::<f64>() / count as f64)
    }

    /// When the decision of each sample with one became final, in seconds.
    pub fn finals(&self) -> &[f64] {
        &self.finals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output() -> SpikeBatch<f32> {
        let mut output = SpikeBatch::new(3);
        // Class 1 first; class 2 overtakes it at 0.3 s.
        let spikes = [(0.1, 1), (0.2, 2), (0.3, 2), (0.4, 1)];
        output.push_sample(spikes).unwrap();
        output.push_sample([]).unwrap();
        output.push_sample([(0.25, 0)]).unwrap();
        output
    }

    #[test]
    fn decisions_change_with_the_spikes() {
        let mut decisions = DecisionTimes::new(vec![0.05, 0.15, 0.35, 0.5]);
        // At 0.4 s class 1 has as many spikes as class 2, and the earlier first one.
        decisions.add(&output(), &[1, 0, 0], Prediction::MostSpikes);
        let third = 1.0 / 3.0;
        assert_eq!(decisions.accuracy(), [0.0, third, third, 2.0 * third]);
        assert_eq!(decisions.finals().len(), 2);
        let mean = decisions.mean_final().unwrap();
        assert!((mean - 0.325).abs() < 1e-6, "{mean}");
        assert_eq!(decisions.time_to(0.5), Some(0.15));
        assert_eq!(decisions.time_to(0.99), Some(0.5));
    }

    #[test]
    fn the_first_spike_is_final() {
        let mut decisions = DecisionTimes::new(vec![0.15, 0.5]);
        decisions.add(&output(), &[1, 0, 0], Prediction::FirstSpike);
        assert_eq!(decisions.accuracy(), [1.0 / 3.0, 2.0 / 3.0]);
        let mean = decisions.mean_final().unwrap();
        assert!((mean - 0.175).abs() < 1e-6, "{mean}");
    }
}
