//! Latency coding: the brighter a pixel, the earlier its spike.
//!
//! ```
//! use noctule_core::{LatencyEncoding, SpikeBatch};
//!
//! let encoding = LatencyEncoding::new(0.0, 0.1)?.with_silent_zero(true);
//! let mut spikes = SpikeBatch::<f32>::new(3);
//! encoding.encode_values(&[0.0, 0.5, 1.0], &mut spikes)?;
//! assert_eq!(spikes.sample(0).neurons, &[2, 1]);
//! assert_eq!(spikes.sample(0).times, &[0.0, 0.05]);
//! # Ok::<(), noctule_core::EncodingError>(())
//! ```

pub(crate) mod byte_sorter;
pub(crate) mod encoding;

pub use byte_sorter::ByteSorter;
pub use encoding::{EncodingError, LatencyEncoding};
