//! What is minimised: one of the losses of the engines, or one of the caller's own.

use std::fmt;

use noctule_core::{EngineError, Label, Loss, Prediction, Session, SpikeBatch};

/// What a loss of the caller's own says of a batch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OwnLoss {
    /// `dL/dt` of each output event, aligned with the events; of the mean over the samples.
    pub d_times: Vec<f32>,
    /// The mean loss of the samples.
    pub loss: f64,
    /// The predicted class of each sample, `None` where there is no prediction; empty if the loss predicts nothing.
    pub predictions: Vec<Option<Label>>,
}

/// A loss of the caller's own: from the output events of a batch and the labels of its samples to errors. It is never
/// called without samples.
pub type LossFunction = dyn FnMut(&SpikeBatch<f32>, &[Label]) -> OwnLoss + Send;

/// What is minimised.
#[non_exhaustive]
pub enum TrainingLoss {
    /// A loss that the engine evaluates.
    Engine(Loss),
    /// A loss of the caller's own. The output events of every batch are read from the engine for it.
    Own(Box<LossFunction>),
}

impl TrainingLoss {
    /// Evaluates the loss on the last forward pass, whose last layer is `output`; `labels` gives the labels of the batch.
    ///
    /// Without samples the loss is 0: a mean over nothing would be NaN, and so would the sum over all ranks.
    pub(super) fn evaluate(
        &mut self,
        session: &mut dyn Session<f32>,
        output: usize,
        labels: impl FnOnce() -> Vec<Label>,
    ) -> Result<(), EngineError> {
        match self {
            Self::Engine(loss) => session.loss(loss),
            Self::Own(function) => {
                let events = session.spikes(output)?;
                let own = match events.samples() {
                    0 => OwnLoss::default(),
                    _ => function(&events, &labels()),
                };
                drop(events);
                session.set_time_gradients(&own.d_times, own.loss, &own.predictions)
            }
        }
    }

    /// The rule by which a network that was trained with this loss predicts, unless another is chosen.
    pub(super) fn prediction(&self) -> Prediction {
        match self {
            Self::Engine(loss) => loss.prediction(),
            Self::Own(_) => Prediction::MostSpikes,
        }
    }
}

impl From<Loss> for TrainingLoss {
    fn from(loss: Loss) -> Self {
        Self::Engine(loss)
    }
}

impl From<Box<LossFunction>> for TrainingLoss {
    fn from(function: Box<LossFunction>) -> Self {
        Self::Own(function)
    }
}

impl fmt::Debug for TrainingLoss {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Engine(loss) => loss.fmt(formatter),
            Self::Own(_) => formatter.write_str("a loss of the caller's own"),
        }
    }
}
