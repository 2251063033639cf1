//! Random single neurons: their spikes and gradients in steps, and in single precision, beside the exact ones.

use std::sync::Arc;

use noctule_core::{
    Batch, Engine, Initialiser, LifParameters, Metrics, Network, ParameterKind, Pass, Real,
    Regularisation, Session, SpikeBatch, SpikingLayer, TensorGroup, TensorName,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::converted;
use super::gradient_errors::{GradientErrors, GradientPairs};
use super::network_measurement::seconds_per_sample;
use super::plan::NeuronPlan;
use super::simulation::{Exact, InSteps, Simulation};
use super::spike_errors::{SpikeDifferences, SpikeErrors};
use crate::study::{StudyContext, StudyError};

/// Number of inputs of a neuron; each spikes once.
pub const INPUTS: usize = 40;
/// The end of the time in which inputs spike, in seconds.
pub const INPUT_TIME: f64 = 0.040;
/// Time constants of membrane and synapse in seconds; a third of the neurons has each pair.
pub const TIME_CONSTANTS: [(f64, f64); 3] = [(0.020, 0.010), (0.010, 0.010), (0.024, 0.006)];
/// The neurons. The reset is not the threshold, so that rests of the potential stay.
const NEURON: LifParameters = LifParameters {
    tau_m: 0.020,
    tau_s: 0.010,
    theta: 1.0,
    reset: 0.8,
    max_spikes: 30,
    t_max: 0.060,
};
const SEED: u64 = 20_250_101;

/// Random neurons beside the exact engine in double precision.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct NeuronMeasurement {
    /// Neurons times draws of their input.
    pub trains: u64,
    /// Their spikes.
    pub spikes: SpikeErrors,
    /// The gradient of the sum of a neuron's spike times by its weights, train by train.
    pub gradients: GradientErrors,
    /// Recorded spikes at which the model's potential does not rise.
    pub without_rise: u64,
    /// Seconds per train.
    pub seconds: f64,
}

/// What simulates the neurons.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Simulated {
    /// The exact engine in single precision.
    Single,
    /// Steps of this width in seconds, in double precision.
    InSteps(f64),
}

/// Measures the neurons; `None` if the study is to stop.
pub(super) fn measure(
    context: &StudyContext<'_>,
    exact: &Arc<dyn Engine<f64>>,
    plan: &NeuronPlan,
    simulated: Simulated,
) -> Result<Option<NeuronMeasurement>, StudyError> {
    let single = network(plan.neurons)?;
    let double = converted::network::<f64>(&single)?;
    let mut reference = Exact::open(&**exact, &double)?;
    let input = inputs(plan.draws)?;
    match simulated {
        Simulated::Single => {
            let mut engine = Exact::open(&*context.engine, &single)?;
            let gradient = |input: &SpikeBatch<f32>, engine: &mut Exact<'_, f32>| {
                engine.with_session(|session| summed_times(session, input, None))
            };
            compare(
                context,
                plan,
                &input,
                &mut reference,
                &mut engine,
                |_, engine, input| gradient(input, engine),
            )
        }
        Simulated::InSteps(step) => {
            let mut steps = InSteps::new(&**exact, &double, step)?;
            compare(
                context,
                plan,
                &input,
                &mut reference,
                &mut steps,
                |reference, steps, input| {
                    let recorded = steps.layers()?;
                    reference.with_session(|session| summed_times(session, input, Some(&recorded)))
                },
            )
        }
    }
}

/// The gradient of the sum of spike times by the weights, shape `[neurons, inputs]`, and the number of spikes without a
/// rise of the potential.
type SummedTimes = (Vec<f64>, u64);

fn compare<T: Real, S: Simulation<T>>(
    context: &StudyContext<'_>,
    plan: &NeuronPlan,
    input: &SpikeBatch<f64>,
    reference: &mut Exact<'_, f64>,
    simulation: &mut S,
    mut gradient: impl FnMut(
        &mut Exact<'_, f64>,
        &mut S,
        &SpikeBatch<T>,
    ) -> Result<SummedTimes, StudyError>,
) -> Result<Option<NeuronMeasurement>, StudyError> {
    let mut spikes = SpikeDifferences::default();
    let mut gradients = GradientPairs::default();
    let mut without_rise = 0;
    let mut times = Vec::new();
    for draw in 0..input.samples() {
        if context.is_stopped() {
            return Ok(None);
        }
        let input = input.subset(&[draw as u32]);
        let same = in_precision(&input)?;
        times.push(simulation.simulate(&same)?);
        reference.simulate(&input)?;
        spikes.add(&reference.layers()?[0], &simulation.layers()?[0]);
        let (measured, flat) = gradient(reference, simulation, &same)?;
        let (exactly, _) = reference.with_session(|session| summed_times(session, &input, None))?;
        without_rise += flat;
        for (exactly, measured) in exactly.chunks(INPUTS).zip(measured.chunks(INPUTS)) {
            gradients.add(exactly, measured);
        }
    }
    let first = in_precision(&input.subset(&[0]))?;
    let Some(seconds) = seconds_per_sample(context, &first, times, simulation)? else {
        return Ok(None);
    };
    Ok(Some(NeuronMeasurement {
        trains: (plan.neurons * plan.draws) as u64,
        spikes: spikes.statistics(),
        gradients: gradients.statistics(),
        without_rise,
        seconds: seconds / plan.neurons as f64,
    }))
}

fn summed_times<T: Real>(
    session: &mut dyn Session<T>,
    input: &SpikeBatch<T>,
    recorded: Option<&[SpikeBatch<T>]>,
) -> Result<SummedTimes, StudyError> {
    session.load(&Batch::events(input.clone(), Vec::new()))?;
    match recorded {
        Some(layers) => session.forward_recorded(layers)?,
        None => session.forward(Pass::default())?,
    }
    let spikes = session.spikes(0)?.spikes();
    session.set_time_gradients(&vec![T::one(); spikes], 0.0, &[])?;
    session.backward(&Regularisation::default(), 1.0)?;
    let gradient = session.read(TensorGroup::Gradient)?;
    session.clear_gradient()?;
    let mut metrics = Metrics::default();
    session.take_metrics(&mut metrics)?;
    let values = gradient[&TensorName::weights(0)].as_slice().iter();
    let values = values.map(|&value| Real::to_f64(value)).collect();
    Ok((values, metrics.spikes_without_rise()))
}

/// A layer of unconnected neurons.
fn network(neurons: usize) -> Result<Network<f32>, StudyError> {
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    // In units of the weight with which one spike lifts the potential to the threshold.
    let unit = NEURON.theta / NEURON.psp_peak();
    let weights = Initialiser::normal(0.15 * unit, 0.3 * unit)
        .unwrap_or_else(|error| unreachable!("the constants are fixed: {error}"))
        .draw(&[neurons, INPUTS], &mut random);
    let constant = |of: fn((f64, f64)) -> f64| {
        let constants =
            (0..neurons).map(|neuron| of(TIME_CONSTANTS[neuron % TIME_CONSTANTS.len()]));
        constants.map(|value| value as f32).collect::<Vec<f32>>()
    };
    let layer = SpikingLayer::dense(NEURON, weights)?
        .with_constants(ParameterKind::TauM, constant(|(tau_m, _)| tau_m))?
        .with_constants(ParameterKind::TauS, constant(|(_, tau_s)| tau_s))?;
    Ok(Network::new(INPUTS)?.layer(layer)?)
}

/// Draws of input spikes, one of each input at a uniformly drawn time.
fn inputs(draws: usize) -> Result<SpikeBatch<f64>, StudyError> {
    let mut random = ChaCha8Rng::seed_from_u64(SEED + 1);
    let mut batch = SpikeBatch::new(INPUTS);
    for _ in 0..draws {
        let spikes = 0..INPUTS as u32;
        let mut spikes: Vec<(f64, u32)> = spikes
            .map(|input| (INPUT_TIME * random.random::<f64>(), input))
            .collect();
        spikes.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        batch.push_sample(spikes)?;
    }
    Ok(batch)
}

fn in_precision<T: Real>(from: &SpikeBatch<f64>) -> Result<SpikeBatch<T>, StudyError> {
    let mut batch = SpikeBatch::new(from.population());
    for sample in 0..from.samples() {
        let spikes = from.sample(sample);
        let times = spikes.times.iter().map(|&time| T::of(time));
        batch.push_sample(times.zip(spikes.neurons.iter().copied()))?;
    }
    Ok(batch)
}
