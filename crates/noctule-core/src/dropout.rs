//! [`DroppedInputs`]: the inputs that a layer loses in training.

/// The inputs that dropout takes from a layer in one sample, each with all of its events.
///
/// Whether an input is dropped depends on the seed of the pass, the layer, the index of the sample in the whole batch and
/// the index of the input alone. So every engine, and every division of a batch among ranks, drops the same inputs.
///
/// ```
/// use noctule_core::DroppedInputs;
///
/// let dropped = DroppedInputs::new(0.25, 7, 0, 3);
/// let share = (0..10_000).filter(|&input| dropped.contains(input)).count();
/// assert!((2_300..2_700).contains(&share));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DroppedInputs {
    seed: u64,
    below: u64,
}

impl DroppedInputs {
    /// The inputs that layer `layer`, which drops the fraction `share` of its inputs, loses in sample `sample` of the whole
    /// batch. `seed` is [`Pass::dropout`](crate::Pass::dropout).
    pub fn new(share: f64, seed: u64, layer: usize, sample: usize) -> Self {
        // Layers with equally many inputs must not drop the same ones.
        let seed = seed.wrapping_add(layer as u64);
        Self {
            seed: scramble(seed ^ scramble(sample as u64)),
            below: (share * 2.0_f64.powi(64)) as u64,
        }
    }

    /// Whether an input is dropped: whether the SplitMix64 hash of [`seed`](Self::seed) xor `input` is below
    /// [`below`](Self::below).
    pub fn contains(&self, input: u32) -> bool {
        scramble(self.seed ^ u64::from(input)) < self.below
    }

    /// The seed of the sample's hashes, for engines that compute them elsewhere.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The hash below which an input is dropped; the same for all samples.
    pub fn below(&self) -> u64 {
        self.below
    }
}

/// The finaliser of SplitMix64: each bit of the input changes about half of the bits of the output.
fn scramble(mut bits: u64) -> u64 {
    bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
