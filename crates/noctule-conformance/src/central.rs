//! Exact gradients against central differences.

use noctule_core::{
    Engine, Network, ParameterKind, Pass, SpikeBatch, TensorGroup, TensorName, Tensors,
};

use crate::harness::{Runner, WITH_INPUT, must, ranked_errors};

/// How many gradients were compared.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Compared {
    /// Compared gradients that are not 0.
    pub nonzero: usize,
    /// Gradients that cannot be differenced: a spike appears, vanishes or moves too steeply.
    pub skipped: usize,
}

impl Compared {
    pub fn add(&mut self, other: Self) {
        self.nonzero += other.nonzero;
        self.skipped += other.skipped;
    }

    /// Checks that enough gradients were compared for the test to mean something.
    pub fn assert_enough(&self, least: usize, what: &str) {
        let Self { nonzero, skipped } = *self;
        assert!(
            nonzero >= least && skipped < nonzero,
            "{what}: only {nonzero} gradients could be compared, {skipped} could not"
        );
    }
}

/// The steps of the two central differences, in units of a weight or in seconds.
const STEPS: [f64; 2] = [1e-5, 5e-6];

/// The loss that [`ranked_errors`] differentiates, and the spike counts of all layers.
type Evaluation = (f64, Vec<Vec<u32>>);

struct Differences<'a> {
    runner: Runner<f64>,
    input: &'a SpikeBatch<f64>,
    counts: Vec<Vec<u32>>,
    compared: Compared,
}

/// Compares the gradients of all weights and input times with central differences. `what` names the network.
pub(crate) fn compare(
    engine: &dyn Engine<f64>,
    network: &Network<f64>,
    input: &SpikeBatch<f64>,
    what: &str,
) -> Compared {
    let mut runner = Runner::new(engine, network);
    let exact = runner.run(input, WITH_INPUT);
    let (_, counts) = evaluate(&mut runner, input);
    let mut differences = Differences {
        runner,
        input,
        counts,
        compared: Compared::default(),
    };
    for (&name, tensor) in &exact.gradient {
        if name.kind == ParameterKind::Weights {
            differences.compare_weights(name, tensor.as_slice(), what);
        }
    }
    differences.compare_input_times(&exact.input_times, what);
    differences.compared
}

fn evaluate(runner: &mut Runner<f64>, input: &SpikeBatch<f64>) -> Evaluation {
    runner.forward(input, Pass::default());
    let layers = runner.spikes();
    let output = &layers[layers.len() - 1];
    let errors = ranked_errors(output);
    let loss = output
        .times()
        .iter()
        .zip(errors)
        .map(|(time, error)| time * error)
        .sum();
    let samples = 0..input.samples();
    let counts = layers
        .iter()
        .flat_map(|layer| samples.clone().map(|sample| layer.counts(sample)));
    (loss, counts.collect())
}

impl Differences<'_> {
    fn compare_weights(&mut self, name: TensorName, exact: &[f64], what: &str) {
        let parameters = self.runner.read(TensorGroup::Parameters);
        for (index, &exact) in exact.iter().enumerate() {
            let input = self.input;
            let difference = self.difference(|runner, step| {
                let mut changed = parameters.clone();
                if let Some(tensor) = changed.get_mut(&name) {
                    tensor.as_mut_slice()[index] += step;
                }
                write(runner, &changed);
                Some(evaluate(runner, input))
            });
            self.note(exact, difference, &format!("{what}: {name}, value {index}"));
        }
        write(&mut self.runner, &parameters);
    }

    fn compare_input_times(&mut self, exact: &[f64], what: &str) {
        for (event, &exact) in exact.iter().enumerate() {
            let input = self.input;
            let difference = self.difference(|runner, step| {
                let changed = shifted(input, event, step)?;
                Some(evaluate(runner, &changed))
            });
            self.note(exact, difference, &format!("{what}: input event {event}"));
        }
    }

    /// The central difference of the loss under `change`; `None` if it cannot be trusted.
    fn difference(
        &mut self,
        change: impl Fn(&mut Runner<f64>, f64) -> Option<Evaluation>,
    ) -> Option<f64> {
        let mut slopes = [0.0; 2];
        for (slope, step) in slopes.iter_mut().zip(STEPS) {
            let (above, counts_above) = change(&mut self.runner, step)?;
            let (below, counts_below) = change(&mut self.runner, -step)?;
            if counts_above != self.counts || counts_below != self.counts {
                return None;
            }
            *slope = (above - below) / (2.0 * step);
        }
        // Two steps that disagree: a spike only just reaches the threshold.
        let [coarse, fine] = slopes;
        ((coarse - fine).abs() < 1e-5 * (1.0 + fine.abs())).then_some(fine)
    }

    fn note(&mut self, exact: f64, difference: Option<f64>, what: &str) {
        let Some(difference) = difference else {
            self.compared.skipped += 1;
            return;
        };
        assert!(
            (exact - difference).abs() < 1e-4 * (1.0 + difference.abs()),
            "{what}: the gradient is {exact}, the central difference {difference}"
        );
        self.compared.nonzero += usize::from(difference != 0.0);
    }
}

fn write(runner: &mut Runner<f64>, parameters: &Tensors<f64>) {
    let written = runner.session.write(TensorGroup::Parameters, parameters);
    must(written, "writing parameters");
}

/// The input with one event moved; `None` if it would pass another event, or come before 0.
fn shifted(input: &SpikeBatch<f64>, event: usize, step: f64) -> Option<SpikeBatch<f64>> {
    let mut changed = SpikeBatch::new(input.population());
    for sample in 0..input.samples() {
        let range = input.range(sample);
        let spikes = range.map(|index| {
            let shift = if index == event { step } else { 0.0 };
            (input.times()[index] + shift, input.neurons()[index])
        });
        changed.push_sample(spikes).ok()?;
    }
    Some(changed)
}
