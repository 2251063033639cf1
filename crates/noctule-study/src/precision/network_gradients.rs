//! Gradients of a trained network at spikes that are not exact, beside those at the exact spikes.

use noctule_core::{
    Batch, Loss, Metrics, Pass, Real, Regularisation, Session, SpikeBatch, TensorGroup,
};
use serde::{Deserialize, Serialize};

use super::gradient_errors::{GradientErrors, GradientPairs, flattened};
use super::simulation::{Exact, Simulation};
use crate::encoded::events;
use crate::study::{StudyContext, StudyError};

/// Gradients of batches beside those of the exact engine in double precision.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct NetworkGradients {
    /// With the bound on the inverse slope with which the network was trained.
    pub bounded: GradientErrors,
    /// Without a bound.
    pub unbounded: GradientErrors,
    /// Recorded spikes, of all.
    pub spikes: u64,
    /// Recorded spikes at which the model's potential does not rise.
    pub without_rise: u64,
}

/// What gradients are measured on.
pub(super) struct GradientSamples<'a> {
    /// The samples with their labels.
    pub batch: &'a Batch<f32>,
    /// The loss.
    pub loss: Loss,
    /// The bound on the inverse slope with which the network was trained.
    pub max_inverse_slope: Option<f64>,
    /// Number of batches.
    pub batches: usize,
    /// Samples of a batch.
    pub batch_size: usize,
    /// How many of them are simulated at once.
    pub together: usize,
}

/// Where the gradients that are compared come from.
pub(super) enum Source<'a, 'e> {
    /// Spikes of a simulation, at which the exact engine computes the gradient.
    Recorded(&'a mut dyn Simulation<f64>),
    /// The engine in single precision.
    Single(&'a mut Exact<'e, f32>),
}

/// Measures gradients; `None` if the study is to stop.
pub(super) fn measure(
    context: &StudyContext<'_>,
    samples: &GradientSamples<'_>,
    exact: &mut Exact<'_, f64>,
    source: &mut Source<'_, '_>,
) -> Result<Option<NetworkGradients>, StudyError> {
    let bounds = [samples.max_inverse_slope, None];
    let mut pairs = bounds.map(|_| GradientPairs::default());
    let (mut spikes, mut without_rise) = (0, 0);
    let all: Vec<u32> = (0..samples.batch.len() as u32).collect();
    for batch in all.chunks(samples.batch_size).take(samples.batches) {
        // Sums over the parts of the batch, for each bound.
        let mut reference = bounds.map(|_| Vec::new());
        let mut measured = bounds.map(|_| Vec::new());
        for indices in batch.chunks(samples.together) {
            if context.is_stopped() {
                return Ok(None);
            }
            let weight = indices.len() as f64 / batch.len() as f64;
            let part = Part::new(samples, indices, weight)?;
            let exactly = exact.with_session(|session| part.gradients(session, None, &bounds))?;
            add(&mut reference, &exactly);
            let otherwise = match source {
                Source::Recorded(simulation) => {
                    simulation.simulate(&events(samples.batch, indices)?)?;
                    let layers = simulation.layers()?;
                    spikes += layers
                        .iter()
                        .map(|layer| layer.spikes() as u64)
                        .sum::<u64>();
                    exact.with_session(|session| part.gradients(session, Some(&layers), &bounds))?
                }
                Source::Single(single) => {
                    let part = Part::new(samples, indices, weight)?;
                    single.with_session(|session| part.gradients(session, None, &bounds))?
                }
            };
            without_rise += otherwise.without_rise;
            add(&mut measured, &otherwise);
        }
        for ((pairs, reference), measured) in pairs.iter_mut().zip(&reference).zip(&measured) {
            pairs.add(reference, measured);
        }
    }
    let [bounded, unbounded] = pairs.map(|pairs| pairs.statistics());
    Ok(Some(NetworkGradients {
        bounded,
        unbounded,
        spikes,
        without_rise,
    }))
}

/// Samples of a batch that are simulated at once.
struct Part<T> {
    batch: Batch<T>,
    loss: Loss,
    /// Their share of the batch.
    weight: f64,
}

/// The gradient of a part with each bound on the inverse slope.
struct PartGradients {
    gradients: Vec<Vec<f64>>,
    without_rise: u64,
}

impl<T: Real> Part<T> {
    fn new(
        samples: &GradientSamples<'_>,
        indices: &[u32],
        weight: f64,
    ) -> Result<Self, StudyError> {
        let labels = indices.iter();
        let labels = labels.map(|&index| samples.batch.labels[index as usize]);
        let events = events::<T>(samples.batch, indices)?;
        Ok(Self {
            batch: Batch::events(events, labels.collect()),
            loss: samples.loss,
            weight,
        })
    }

    /// The gradients at the spikes that the session computes, or at those that are given for each layer.
    fn gradients(
        &self,
        session: &mut dyn Session<T>,
        recorded: Option<&[SpikeBatch<T>]>,
        bounds: &[Option<f64>],
    ) -> Result<PartGradients, StudyError> {
        let mut gradients = Vec::new();
        let mut without_rise = 0;
        session.load(&self.batch)?;
        for &max_inverse_slope in bounds {
            match recorded {
                Some(layers) => session.forward_recorded(layers)?,
                None => session.forward(Pass::default())?,
            }
            session.loss(&self.loss)?;
            let regularisation = Regularisation {
                max_inverse_slope,
                layers: Vec::new(),
            };
            session.backward(&regularisation, self.weight)?;
            gradients.push(flattened(&session.read(TensorGroup::Gradient)?));
            session.clear_gradient()?;
            let mut metrics = Metrics::default();
            session.take_metrics(&mut metrics)?;
            // The same for all bounds.
            without_rise = metrics.spikes_without_rise();
        }
        Ok(PartGradients {
            gradients,
            without_rise,
        })
    }
}

/// Adds the gradients of a part to their sums over the batch, which are empty before the first part.
fn add(sums: &mut [Vec<f64>], part: &PartGradients) {
    for (sum, gradient) in sums.iter_mut().zip(&part.gradients) {
        sum.resize(gradient.len(), 0.0);
        for (sum, value) in sum.iter_mut().zip(gradient) {
            *sum += value;
        }
    }
}
