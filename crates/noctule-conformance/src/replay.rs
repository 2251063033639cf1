//! Replays reference cases: certifies a build, a precision, a back end or a machine.
//!
//! The cases are JSON: networks with their weights, input spikes, and `dL/dt` of each output spike. [`run`] computes the
//! spikes and gradients in the shapes of the file and compares them with what the file says.

mod gradients;
mod outcome;

use noctule_core::{
    Batch, Engine, EngineError, Metrics, Network, Pass, Real, Regularisation, Session,
    SessionOptions, SpikeBatch, TensorGroup,
};
use serde_json::Value;

use crate::build;
use crate::cases::{Case, Cases};
use crate::error::{Reason, ReplayError};
use crate::unsupported::Unsupported;
use crate::verdict::{Problem, Tolerances, Verdict};
use gradients::{Found, compare_gradients};
pub use outcome::{Outcome, Outcomes};

/// What a replay found.
#[derive(Clone, Debug)]
pub struct Replay {
    /// What was computed for each case.
    pub outcomes: Outcomes,
    /// The verdict on each case, in the same order.
    pub verdicts: Vec<Verdict>,
    /// Cases with a feature that the engine does not have.
    pub unsupported: Vec<Unsupported>,
}

impl Replay {
    /// The cases that were judged.
    pub fn judged(&self) -> impl Iterator<Item = &Verdict> {
        self.verdicts.iter().filter(|verdict| verdict.judged)
    }

    /// The cases that failed.
    pub fn failed(&self) -> impl Iterator<Item = &Verdict> {
        self.verdicts.iter().filter(|verdict| verdict.failed())
    }

    /// The largest error of a spike time over all cases, in units of `tau_s`; `None` if no time was compared.
    pub fn time_error(&self) -> Option<f64> {
        let errors = self
            .verdicts
            .iter()
            .filter_map(|verdict| verdict.time_error);
        errors.reduce(f64::max)
    }

    /// The largest relative error of a gradient over all cases; `None` if none was compared.
    pub fn gradient_error(&self) -> Option<f64> {
        let errors = self
            .verdicts
            .iter()
            .filter_map(|verdict| verdict.gradient_error);
        errors.reduce(f64::max)
    }
}

/// Replays all cases in the precision `T`.
///
/// # Errors
/// If a case is not a valid network, its lists do not fit its network, its errors do not fit the output spikes although
/// these are as expected (or nothing is expected), or the engine fails.
pub fn run<T: Real>(engine: &dyn Engine<T>, cases: &Cases) -> Result<Replay, ReplayError> {
    let mut replay = Replay {
        outcomes: Outcomes::default(),
        verdicts: Vec::new(),
        unsupported: Vec::new(),
    };
    for case in &cases.cases {
        match run_case(engine, case) {
            Ok((outcome, verdict)) => {
                replay.outcomes.cases.push(outcome);
                replay.verdicts.push(verdict);
            }
            Err(Reason::Engine(EngineError::Unsupported { what, .. })) => {
                replay.unsupported.push(Unsupported {
                    case: case.name.clone(),
                    features: vec![what],
                });
            }
            Err(reason) => {
                return Err(ReplayError {
                    case: case.name.clone(),
                    reason,
                });
            }
        }
    }
    Ok(replay)
}

fn run_case<T: Real>(engine: &dyn Engine<T>, case: &Case) -> Result<(Outcome, Verdict), Reason> {
    let network = build::network::<T>(case)?;
    let input = build::input(case, network.inputs())?;
    let mut session = engine.open(&network, &SessionOptions::default())?;
    session.load(&Batch::events(input, Vec::new()))?;
    let mut verdict = Verdict {
        case: case.name.clone(),
        judged: !case.expected.is_empty(),
        ..Verdict::default()
    };
    let mut outcome = Outcome::without_gradients(case);
    let allowed = Tolerances::new::<T>(case.recorded_spikes.is_some());
    let output = match &case.recorded_spikes {
        Some(recorded) => {
            let layers = build::recorded(recorded)?;
            session.forward_recorded(&layers)?;
            outcome.spikes.clone_from(recorded);
            layers.into_iter().last().unwrap_or_default()
        }
        None => {
            outcome.spikes = forward(&mut *session, &network)?;
            if !compare_spikes(case, &network, &outcome.spikes, allowed, &mut verdict)? {
                return Ok((outcome, verdict));
            }
            let last = network.layers().len() - 1;
            session.spikes(last)?.into_owned()
        }
    };
    let found = backward(&mut *session, &network, case, &output)?;
    if let Some(what) = found.not_finite() {
        if !verdict.judged {
            let what = format!("the gradient of {what}");
            return Err(Reason::NotFinite { what });
        }
        verdict.problems.push(Problem::NotFinite { what });
        return Ok((outcome, verdict));
    }
    compare_gradients(&case.expected, &network, &found, allowed, &mut verdict)?;
    outcome.set_gradients(case, &network, &found);
    Ok((outcome, verdict))
}

/// Simulates and returns the spikes of all layers.
fn forward<T: Real>(
    session: &mut dyn Session<T>,
    network: &Network<T>,
) -> Result<Vec<Vec<Vec<f64>>>, Reason> {
    session.forward(Pass {
        input_gradients: true,
        ..Pass::default()
    })?;
    let layers = 0..network.layers().len();
    let spikes = layers.map(|layer| Ok(build::by_neuron(&*session.spikes(layer)?)));
    spikes.collect()
}

fn backward<T: Real>(
    session: &mut dyn Session<T>,
    network: &Network<T>,
    case: &Case,
    output: &SpikeBatch<T>,
) -> Result<Found<T>, Reason> {
    let d_times = build::align(&case.output_time_gradient, output)?;
    session.set_time_gradients(&d_times, 0.0, &[])?;
    session.backward(&Regularisation::default(), 1.0)?;
    let mut metrics = Metrics::new(network);
    session.take_metrics(&mut metrics)?;
    let input_times = session.input_time_gradients()?.into_owned();
    Ok(Found {
        input_times: input_times.into_iter().map(Real::to_f64).collect(),
        tensors: session.read(TensorGroup::Gradient)?,
        spikes_without_rise: metrics.spikes_without_rise(),
    })
}

/// Compares the spikes of all layers; returns whether all counts agree.
fn compare_spikes<T: Real>(
    case: &Case,
    network: &Network<T>,
    found: &[Vec<Vec<f64>>],
    allowed: Tolerances,
    verdict: &mut Verdict,
) -> Result<bool, Reason> {
    let Some(expected) = &case.expected.spikes else {
        return Ok(true);
    };
    if expected.len() != found.len() {
        return Err(Reason::Expected {
            what: "list of spikes".to_owned(),
            shape: vec![found.len()],
        });
    }
    for (layer, expected) in expected.iter().enumerate() {
        let neurons = network.layers()[layer].outputs();
        if expected.len() != neurons {
            return Err(Reason::Expected {
                what: format!("list of spikes of layer {layer}"),
                shape: vec![neurons],
            });
        }
        let tau_s = time_scale(case, layer);
        if !verdict.compare_times(layer, tau_s, &found[layer], expected, allowed.times) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The smallest `tau_s` of a layer in seconds; of the nearest layer with neurons before it, or else after it, if it is a
/// pooling layer; 1 if no layer has neurons.
fn time_scale(case: &Case, layer: usize) -> f64 {
    let (before, after) = case.network.split_at(layer + 1);
    let nearest = before.iter().rev().chain(after);
    let mut neurons = nearest.filter_map(|layer| layer.neuron());
    neurons.next().map_or(1.0, |neuron| neuron.tau_s.smallest())
}

impl Outcome {
    /// What is known of a case before it is computed; its gradients are null.
    fn without_gradients(case: &Case) -> Self {
        let null = || Some(Value::Null);
        let (weights, named) = match case.names_gradients() {
            true => (None, null()),
            false => (null(), None),
        };
        Self {
            name: case.name.clone(),
            spikes: Vec::new(),
            weight_gradients: weights,
            gradients: named,
            input_time_gradient: None,
            spikes_without_rise: None,
        }
    }

    fn set_gradients<T: Real>(&mut self, case: &Case, network: &Network<T>, found: &Found<T>) {
        if case.names_gradients() {
            self.gradients = Some(found.named(network));
        } else {
            self.weight_gradients = Some(found.weights(network));
        }
        self.input_time_gradient = Some(found.input_times.clone());
        let is_recorded = case.recorded_spikes.is_some();
        self.spikes_without_rise = is_recorded.then_some(found.spikes_without_rise);
    }
}
