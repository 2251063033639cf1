//! What is measured of one trained network, unit by unit.

use std::sync::Arc;

use noctule_core::{Batch, Engine, Network, Real};
use noctule_train::experiment;
use serde::{Deserialize, Serialize};

use super::converted;
use super::network_gradients::{self, GradientSamples, NetworkGradients, Source};
use super::network_measurement::{self, NetworkMeasurement, TestSamples};
use super::plan::{NetworkPlan, StepPlan};
use super::simulation::{Exact, InSteps, Simulation};
use super::units::Units;
use crate::study::{StudyContext, StudyError, TrainedNetwork, trained_network};

/// All that was measured of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkResults {
    /// Its name.
    pub name: String,
    /// Its spiking layers, from input to output.
    pub layers: Vec<String>,
    /// Samples of a gradient.
    pub batch: usize,
    /// The accuracy of the exact engine on all test samples that were used, in double precision, and its cost.
    pub double: NetworkMeasurement,
    /// The exact engine in single precision.
    pub single: NetworkMeasurement,
    /// The gradients of the exact engine in single precision.
    pub single_gradients: Option<NetworkGradients>,
    /// The simulations in steps, from the widest.
    pub steps: Vec<StepResults>,
}

/// What was measured with one width of steps.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct StepResults {
    /// The width in seconds.
    pub step: f64,
    /// In double precision.
    pub double: NetworkMeasurement,
    /// In single precision.
    pub single: NetworkMeasurement,
    /// Gradients at the spikes in double precision.
    pub gradients: Option<NetworkGradients>,
}

/// The number of units that measuring a network takes, its training included.
pub(super) fn units(plan: &NetworkPlan) -> usize {
    let gradients = plan.steps.iter().filter(|step| step.batches > 0).count();
    1 + 2 + usize::from(plan.batches > 0) + 2 * plan.steps.len() + gradients
}

/// Trains and measures a network; `None` if the study is to stop.
pub(super) fn measure(
    context: &StudyContext<'_>,
    units: &mut Units<'_>,
    exact: &Arc<dyn Engine<f64>>,
    plan: &NetworkPlan,
) -> Result<Option<NetworkResults>, StudyError> {
    units.begin(&format!("training {}", plan.name));
    let trained = trained_network(context, plan.name, plan.preset, &plan.overrides)?;
    let Some(trained) = trained else {
        return Ok(None);
    };
    let network = Measured::new(context, &**exact, plan, &trained)?;
    let Some(double) = units.unit(plan.name, "exact, f64", || {
        network.exact(&**exact, &network.double, plan.together)
    })?
    else {
        return Ok(None);
    };
    let Some(single) = units.unit(plan.name, "exact, f32", || {
        network.exact(&*context.engine, &trained.network, plan.together)
    })?
    else {
        return Ok(None);
    };
    let mut single_gradients = None;
    if plan.batches > 0 {
        let measured = units.unit(plan.name, "gradients, exact, f32", || {
            let mut single = Exact::open(&*context.engine, &trained.network)?;
            network.gradients(
                plan.batches,
                plan.together,
                &mut Source::Single(&mut single),
            )
        })?;
        if measured.is_none() {
            return Ok(None);
        }
        single_gradients = measured;
    }
    let mut steps = Vec::new();
    for step in &plan.steps {
        let Some(results) = network.steps(units, step)? else {
            return Ok(None);
        };
        steps.push(results);
    }
    Ok(Some(NetworkResults {
        name: plan.name.to_owned(),
        layers: network.layer_names(),
        batch: plan.batch,
        double,
        single,
        single_gradients,
        steps,
    }))
}

/// A trained network that is measured.
struct Measured<'a> {
    context: &'a StudyContext<'a>,
    exact: &'a dyn Engine<f64>,
    plan: &'a NetworkPlan,
    trained: &'a TrainedNetwork,
    double: Network<f64>,
    batch: Batch<f32>,
    /// The layers that spike.
    layers: Vec<usize>,
}

impl<'a> Measured<'a> {
    fn new(
        context: &'a StudyContext<'a>,
        exact: &'a dyn Engine<f64>,
        plan: &'a NetworkPlan,
        trained: &'a TrainedNetwork,
    ) -> Result<Self, StudyError> {
        let layers = trained.network.layers().iter().enumerate();
        let layers = layers.filter_map(|(index, layer)| layer.spiking().map(|_| index));
        Ok(Self {
            context,
            exact,
            plan,
            trained,
            double: converted::network(&trained.network)?,
            batch: trained
                .data
                .test
                .batch(experiment::encoding(&trained.config)?),
            layers: layers.collect(),
        })
    }

    /// The exact engine in any precision, beside that in double precision.
    fn exact<T: Real>(
        &self,
        engine: &dyn Engine<T>,
        network: &Network<T>,
        together: usize,
    ) -> Result<Option<NetworkMeasurement>, StudyError> {
        let mut simulation = Exact::open(engine, network)?;
        self.compared(self.plan.samples, together, &mut simulation)
    }

    fn compared<T: Real>(
        &self,
        count: usize,
        together: usize,
        simulation: &mut dyn Simulation<T>,
    ) -> Result<Option<NetworkMeasurement>, StudyError> {
        let samples = TestSamples {
            batch: &self.batch,
            prediction: experiment::loss(&self.trained.config).prediction(),
            layers: &self.layers,
            count,
            together,
        };
        let mut reference = Exact::open(self.exact, &self.double)?;
        network_measurement::measure(self.context, &samples, &mut reference, simulation)
    }

    fn gradients(
        &self,
        batches: usize,
        together: usize,
        source: &mut Source<'_, '_>,
    ) -> Result<Option<NetworkGradients>, StudyError> {
        let samples = GradientSamples {
            batch: &self.batch,
            loss: experiment::loss(&self.trained.config),
            max_inverse_slope: self.trained.config.training.max_inverse_slope,
            batches,
            batch_size: self.plan.batch,
            together,
        };
        let mut exact = Exact::open(self.exact, &self.double)?;
        network_gradients::measure(self.context, &samples, &mut exact, source)
    }

    /// All units of one width of steps.
    fn steps(
        &self,
        units: &mut Units<'_>,
        plan: &StepPlan,
    ) -> Result<Option<StepResults>, StudyError> {
        let (step, together) = (plan.step, {
            let threads = self.context.engine.info().threads;
            plan.together(self.plan.together, threads)
        });
        let name = self.plan.name;
        let Some(double) = units.unit(name, &format!("steps of {step:e} s, f64"), || {
            let mut simulation = InSteps::new(self.exact, &self.double, step)?;
            self.compared(plan.samples, together, &mut simulation)
        })?
        else {
            return Ok(None);
        };
        let Some(single) = units.unit(name, &format!("steps of {step:e} s, f32"), || {
            let engine = &*self.context.engine;
            let mut simulation = InSteps::new(engine, &self.trained.network, step)?;
            self.compared(plan.samples, together, &mut simulation)
        })?
        else {
            return Ok(None);
        };
        let mut gradients = None;
        if plan.batches > 0 {
            gradients = units.unit(name, &format!("gradients, steps of {step:e} s"), || {
                let mut simulation = InSteps::new(self.exact, &self.double, step)?;
                self.gradients(
                    plan.batches,
                    together,
                    &mut Source::Recorded(&mut simulation),
                )
            })?;
            if gradients.is_none() {
                return Ok(None);
            }
        }
        Ok(Some(StepResults {
            step,
            double,
            single,
            gradients,
        }))
    }

    /// Names of the spiking layers: their kind, and their number of neurons.
    fn layer_names(&self) -> Vec<String> {
        let last = self.layers.len().saturating_sub(1);
        let layers = self.layers.iter().enumerate();
        let names = layers.map(|(position, &layer)| {
            let layer = &self.double.layers()[layer];
            let neurons = layer.outputs();
            match layer.input_shape() {
                _ if position == last => format!("output ({neurons})"),
                Some(_) => format!("convolution {} ({neurons})", position + 1),
                None => format!("dense {} ({neurons})", position + 1),
            }
        });
        names.collect()
    }
}
