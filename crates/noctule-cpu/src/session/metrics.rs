//! [`SessionMetrics`]: the metrics of a session until they are read.

use noctule_core::{
    BatchRecord, EngineError, Evaluation, Label, Metrics, Network, Real, SpikeBatch,
};

/// The metrics of the last batch, and the unread metrics of earlier batches.
#[derive(Clone, Debug)]
pub(crate) struct SessionMetrics {
    batch: Metrics,
    /// Whether the metrics of the last batch are unread.
    is_unread: bool,
    /// The records of earlier batches, in order, and their summed spikes.
    unread: Vec<BatchRecord>,
    unread_spikes: Metrics,
}

impl SessionMetrics {
    pub fn new<T: Real>(network: &Network<T>) -> Self {
        Self {
            batch: Metrics::new(network),
            is_unread: false,
            unread: Vec::new(),
            unread_spikes: Metrics::new(network),
        }
    }

    /// Begins the metrics of a batch, to which the caller adds. With `again` it is the last batch: its metrics are
    /// replaced, and not counted twice if they were read already.
    pub fn begin(&mut self, again: bool) -> &mut Metrics {
        if !again {
            if self.is_unread {
                self.unread.push(self.batch.as_batch());
                self.unread_spikes.merge_spikes(&self.batch);
            }
            self.is_unread = true;
        }
        self.batch.clear();
        &mut self.batch
    }

    /// The metrics of the last batch.
    pub fn batch(&self) -> &Metrics {
        &self.batch
    }

    /// Lets `visit` replace the numbers of the last batch by their sums over all ranks.
    pub fn exchange(&mut self, visit: &mut dyn FnMut(&mut [f64])) -> Result<(), EngineError> {
        if !self.is_unread {
            return Err(EngineError::Order {
                call: "`exchange_metrics`",
                needs: "`loss`",
            });
        }
        self.batch.exchange(visit);
        Ok(())
    }

    /// Adds all unread metrics to `total`, batch by batch.
    pub fn take(&mut self, total: &mut Metrics) {
        for record in self.unread.drain(..) {
            total.add_batch(record);
        }
        total.merge_spikes(&self.unread_spikes);
        self.unread_spikes.clear();
        if self.is_unread {
            total.add_batch(self.batch.as_batch());
            total.merge_spikes(&self.batch);
            self.is_unread = false;
        }
    }
}

/// The record of a batch, from its mean loss and its predictions.
pub(crate) fn record_of(
    loss: f64,
    predictions: &[Option<Label>],
    labels: &[Label],
    samples: usize,
) -> BatchRecord {
    let pairs = predictions.iter().zip(labels);
    let correct = pairs.filter(|&(&prediction, &label)| prediction == Some(label));
    BatchRecord {
        samples: samples as u64,
        correct: correct.count() as u64,
        // The loss of no samples may be NaN.
        loss: if samples == 0 {
            0.0
        } else {
            loss * samples as f64
        },
    }
}

/// Adds an evaluation to the metrics of its batch.
pub(crate) fn add_evaluation<T>(
    metrics: &mut Metrics,
    evaluation: &Evaluation<T>,
    labels: &[Label],
    samples: usize,
) {
    let predictions = &evaluation.predictions;
    metrics.add_batch(record_of(evaluation.loss, predictions, labels, samples));
}

/// Adds the output events of a layer to the metrics.
pub(crate) fn add_spikes<T: Real>(metrics: &mut Metrics, layer: usize, output: &SpikeBatch<T>) {
    let layer = metrics.layer_mut(layer, output.population());
    layer.add_spikes(output.neurons());
}
