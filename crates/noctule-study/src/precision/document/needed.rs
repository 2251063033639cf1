//! Which step is needed for spikes within 1 us, and what it costs.

use super::numbers::{digits, owned, time};
use crate::precision::needed_step::{Reading, Source, cost_at, needed_step};
use crate::precision::network_measurement::NetworkMeasurement;
use crate::precision::spike_errors::{SpikeErrors, TARGET};
use crate::precision::trained_measurement::{NetworkResults, StepResults};
use crate::study::{Section, Table};

/// The step that a network needs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Needed {
    /// The network.
    pub network: String,
    /// Which spikes are to be within [`TARGET`].
    pub criterion: &'static str,
    /// The step in f64.
    pub step: Reading,
    /// Seconds per sample in f64 with that step.
    pub seconds: f64,
    /// Step and seconds per sample in f32; `None` if none of the measured steps is as accurate in f32.
    pub single: Option<(f64, f64)>,
    /// Seconds per sample of the exact engine: f32, f64.
    pub exact: [f64; 2],
    /// The error of the exact engine in f32, by the same criterion.
    pub exact_error: f64,
}

impl Needed {
    /// How many times as fast the exact engine in f32 is as the cheapest simulation in steps that meets the criterion.
    pub(super) fn factor(&self) -> f64 {
        let single = self.single.map_or(f64::INFINITY, |(_, seconds)| seconds);
        self.seconds.min(single) / self.exact[0]
    }

    /// The same in f64 alone.
    pub(super) fn factor_in_double(&self) -> f64 {
        self.seconds / self.exact[1]
    }
}

/// A criterion: its name, and the error that must not exceed the target.
type Criterion = (&'static str, fn(&SpikeErrors) -> f64);

/// The criteria.
const CRITERIA: [Criterion; 2] = [
    ("half of the spikes", |errors| errors.median),
    ("99 % of the spikes", |errors| errors.high),
];

/// What a network needs for each criterion.
pub(super) fn of(network: &NetworkResults) -> Vec<Needed> {
    let criteria = CRITERIA.iter();
    let needed = criteria.filter_map(|(criterion, error)| {
        let double = Curves::of(network, *error, |step| &step.double);
        let single = Curves::of(network, *error, |step| &step.single);
        let step = needed_step(&double.errors, TARGET)?;
        // Rounding stops the errors of f32 from falling: nothing can be extrapolated.
        let in_single = needed_step(&single.errors, TARGET)
            .filter(|reading| reading.source != Source::Extrapolated)
            .and_then(|reading| Some((reading.value, cost_at(&single.costs, reading.value)?)));
        Some(Needed {
            network: network.name.clone(),
            criterion,
            step,
            seconds: cost_at(&double.costs, step.value)?,
            single: in_single,
            exact: [network.single.seconds, network.double.seconds],
            exact_error: error(&network.single.all),
        })
    });
    needed.collect()
}

/// Errors and costs over the step, from the widest.
struct Curves {
    errors: Vec<(f64, f64)>,
    costs: Vec<(f64, f64)>,
}

impl Curves {
    fn of(
        network: &NetworkResults,
        error: fn(&SpikeErrors) -> f64,
        measured: fn(&StepResults) -> &NetworkMeasurement,
    ) -> Self {
        let steps = network.steps.iter();
        let errors = steps
            .clone()
            .map(|step| (step.step, error(&measured(step).all)));
        let costs = steps.map(|step| (step.step, measured(step).seconds));
        Self {
            errors: errors.collect(),
            costs: costs.collect(),
        }
    }
}

/// The table.
pub(super) fn section(needed: &[Needed]) -> Section {
    let columns = owned(&[
        "network",
        "within 1 us",
        "step, f64",
        "where from",
        "time per sample, f64",
        "step and time per sample, f32",
        "exact, f32: error and time",
        "exact, f64: time",
        "exact f32 is faster by",
        "exact f64 is faster by (both f64)",
    ]);
    let rows = needed.iter().map(|needed| {
        vec![
            needed.network.clone(),
            needed.criterion.to_owned(),
            time(needed.step.value),
            needed.step.source.words().to_owned(),
            time(needed.seconds),
            needed
                .single
                .map_or("not reached".to_owned(), |(step, seconds)| {
                    format!("{}, {}", time(step), time(seconds))
                }),
            format!("{}, {}", time(needed.exact_error), time(needed.exact[0])),
            time(needed.exact[1]),
            digits(needed.factor()),
            digits(needed.factor_in_double()),
        ]
    });
    Section {
        title: "The step that spikes within 1 us need, and its cost".to_owned(),
        text: "The step is read off the measured errors of paired spikes of all layers, between neighbouring steps on a \
               power law. Where the narrowest measured step is not narrow enough, it is extrapolated with the first order \
               of Euler's method, and the cost in inverse proportion; the table says so. In f32 the errors stop falling \
               where rounding of a narrow step's small changes sets in, so nothing is extrapolated there. The exact engine \
               is compared with the cheaper of the two precisions."
            .to_owned(),
        tables: vec![Table {
            title: "Steps for spikes within 1 us".to_owned(),
            columns,
            rows: rows.collect(),
        }],
        charts: Vec::new(),
    }
}
