//! [`Prediction`]: from the output events of a sample to a class.

use crate::label::Label;
use crate::loss::summary::summarise;
use crate::real::Real;
use crate::spikes::Spikes;

/// The rule that predicts a class from the output events.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Prediction {
    /// The neuron with the most spikes; among equals the one that spiked first, among these the lowest index.
    MostSpikes,
    /// The neuron that spikes first; among equals the lowest index.
    FirstSpike,
}

impl Prediction {
    /// The predicted class of a sample of `classes` output neurons; `None` if none of them spiked.
    pub fn of<T: Real>(self, output: Spikes<'_, T>, classes: usize) -> Option<Label> {
        let class = match self {
            Self::MostSpikes => most_spikes(output, classes),
            Self::FirstSpike => first_to_spike(output),
        };
        class.map(|class| class as Label)
    }
}

/// The neuron with the most spikes; among equals the one that spiked first, among these the lowest index.
fn most_spikes<T: Real>(output: Spikes<'_, T>, classes: usize) -> Option<usize> {
    let mut best: Option<(usize, u32, T)> = None;
    for (class, summary) in summarise(output, classes).into_iter().enumerate() {
        let Some(first) = summary.first else { continue };
        let (count, time) = (summary.count, output.times[first]);
        if best.is_none_or(|(_, most, earliest)| count > most || (count == most && time < earliest))
        {
            best = Some((class, count, time));
        }
    }
    best.map(|(class, ..)| class)
}

/// The neuron that spikes first; among equals the lowest index.
fn first_to_spike<T: Real>(output: Spikes<'_, T>) -> Option<usize> {
    let first = output.times.first()?;
    let together = output.times.iter().take_while(|time| *time == first);
    output.neurons[..together.count()]
        .iter()
        .min()
        .map(|&neuron| neuron as usize)
}
