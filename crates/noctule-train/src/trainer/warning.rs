//! What a run survives, but its user should know.

use std::fmt::{self, Display, Formatter};

use noctule_core::Network;

use crate::metrics::EpochRecord;

/// Fewer spikes per neuron and sample than this are silence.
const FEWEST_SPIKES: f64 = 0.05;
/// Fewer spikes per sample than this are silence of the last layer, where they are fewer still for each neuron.
const FEWEST_OUTPUT_SPIKES: f64 = 0.5;

/// What a run survives, but its user should know: learning that does not get anywhere, mostly. Its text names remedies.
///
/// [`Progress::warning`](crate::Progress::warning) receives these.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// A batch is the whole training set.
    LargeBatch {
        /// Samples of a batch.
        batch_size: usize,
        /// Training samples.
        samples: usize,
    },
    /// No input comes before the end of the sample, so no neuron can spike.
    LateInputs {
        /// The earliest input of all, in seconds; `None` if the training samples have no inputs at all.
        earliest: Option<f64>,
        /// End of the sample for the first layer, in seconds.
        t_max: f64,
    },
    /// All inputs come at once, measured by the time constants: units are confused, mostly.
    EarlyInputs {
        /// The latest input of all, in seconds.
        latest: f64,
        /// The smaller time constant of the first layer, in seconds.
        time_constant: f64,
    },
    /// A layer hardly spikes. Neurons without spikes have no gradient.
    SilentLayer {
        /// Index of the layer.
        layer: usize,
        /// Its mean spikes per neuron and sample.
        spikes_per_neuron: f64,
    },
    /// The first steps of training hardly changed the weights of a layer.
    StillWeights {
        /// Index of the layer.
        layer: usize,
        /// Number of steps.
        steps: usize,
        /// Root mean square of the changes, as a fraction of the standard deviation of the initial weights.
        change: f64,
    },
}

impl Warning {
    /// The first layer of a network that hardly spiked in what was recorded, if there is one. Layers after it have no input
    /// then. Pooling layers do not count.
    pub fn silent_layer(network: &Network<f32>, record: &EpochRecord) -> Option<Self> {
        let layers = network.layers();
        let mut spikes = layers.iter().zip(&record.spikes_per_neuron).enumerate();
        spikes.find_map(|(index, (layer, &spikes_per_neuron))| {
            layer.spiking()?;
            let fewest = match index + 1 == layers.len() {
                true => FEWEST_SPIKES.min(FEWEST_OUTPUT_SPIKES / layer.outputs() as f64),
                false => FEWEST_SPIKES,
            };
            (spikes_per_neuron < fewest).then_some(Self::SilentLayer {
                layer: index,
                spikes_per_neuron,
            })
        })
    }
}

impl Display for Warning {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::LargeBatch {
                batch_size,
                samples,
            } => write!(
                f,
                "a batch of {batch_size} samples is larger than the training set ({samples} samples), so an epoch is a \
                 single step: lower `training.batch_size`"
            ),
            Self::LateInputs {
                earliest: Some(earliest),
                t_max,
            } => write!(
                f,
                "no input comes before `t_max` ({t_max} s), the earliest at {earliest} s, so no neuron can spike: raise \
                 `t_max`, or make inputs earlier (`encoder.earliest`, `data.time_unit`)"
            ),
            Self::LateInputs {
                earliest: None,
                t_max: _,
            } => write!(
                f,
                "the training samples have no input events, so no neuron can spike"
            ),
            Self::EarlyInputs {
                latest,
                time_constant,
            } => write!(
                f,
                "all inputs come within {latest} s, less than a hundredth of the time constants ({time_constant} s), so that \
                 their order hardly matters: give both in seconds (`data.time_unit`)"
            ),
            Self::SilentLayer {
                layer,
                spikes_per_neuron,
            } => write!(
                f,
                "layer {layer} is silent ({spikes_per_neuron:.3} spikes per neuron and sample), and silent neurons do not \
                 learn: leave out `init` or give larger weights, lower `theta`, set `silent_boost` in the layer, make \
                 inputs earlier, or raise `t_max`"
            ),
            Self::StillWeights {
                layer,
                steps,
                change,
            } => write!(
                f,
                "{steps} steps changed the weights of layer {layer} by only {:.2} % of their spread: leave out \
                 `optimiser.learning_rate`, or raise it",
                100.0 * change
            ),
        }
    }
}
