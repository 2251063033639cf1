//! Random numbers: each purpose has its own stream, so that none depends on what another drew.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What random numbers are drawn for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    Weights = 1,
    Shuffle = 2,
    Dropout = 3,
}

/// The random numbers of one purpose and index (a layer, an epoch).
pub(crate) fn random(seed: u64, purpose: Purpose, index: u64) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(((purpose as u64) << 48) | index);
    random
}
