//! [`Point`]: how imprecise the chips are in one measurement.

use serde::{Deserialize, Serialize};

use crate::chip::{ChipModel, Mismatch, TrialNoise};

/// How imprecise the chips are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Bits of a weight, the sign included.
    pub bits: u32,
    /// Relative standard deviation of thresholds, time constants and weights.
    pub mismatch: f64,
    /// Share of the synapses that do not work.
    pub dead_synapses: f64,
    /// Standard deviation of spike times from trial to trial, in units of the synaptic time constant.
    pub jitter: f64,
}

impl Point {
    /// Chips with bits and mismatch only.
    pub fn new(bits: u32, mismatch: f64) -> Self {
        Self {
            bits,
            mismatch,
            dead_synapses: 0.0,
            jitter: 0.0,
        }
    }

    /// The chips of this point, for neurons with the synaptic time constant `tau_s` in seconds.
    pub fn model(&self, tau_s: f64) -> ChipModel {
        ChipModel {
            bits: Some(self.bits),
            mismatch: Mismatch::of_everything(self.mismatch),
            dead_synapses: self.dead_synapses,
            noise: TrialNoise {
                jitter: self.jitter * tau_s,
                ..TrialNoise::default()
            },
        }
    }

    /// The point in words, such as `6 bits, mismatch 10 %`.
    pub fn words(&self) -> String {
        let mut words = format!(
            "{} bits, mismatch {:.0} %",
            self.bits,
            100.0 * self.mismatch
        );
        if self.dead_synapses > 0.0 {
            words += &format!(", {:.0} % dead synapses", 100.0 * self.dead_synapses);
        }
        if self.jitter > 0.0 {
            words += &format!(", jitter {} tau_s", self.jitter);
        }
        words
    }

    /// A name for records.
    pub fn key(&self) -> String {
        format!(
            "bits-{}-mismatch-{}-dead-{}-jitter-{}",
            self.bits, self.mismatch, self.dead_synapses, self.jitter
        )
    }
}
