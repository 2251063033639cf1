//! [`PrecisionResults`]: all that the study of precision has measured.

use super::single_neurons::NeuronMeasurement;
use super::trained_measurement::NetworkResults;

/// All that the study of precision has measured.
#[derive(Clone, Debug, PartialEq)]
pub struct PrecisionResults {
    /// The time that measuring took, in seconds.
    pub seconds: f64,
    /// Threads of the engines, which simulations in steps use, too: in single and in double precision.
    pub threads: [usize; 2],
    /// The exact engine in single precision on random neurons.
    pub single_neurons: NeuronMeasurement,
    /// Random neurons in steps of these widths in seconds, from the widest.
    pub neurons: Vec<(f64, NeuronMeasurement)>,
    /// The trained networks.
    pub networks: Vec<NetworkResults>,
}
