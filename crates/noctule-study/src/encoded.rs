//! Samples of any kind as events.

use noctule_core::{Batch, EngineError, Real, Samples, SpikeBatch};

use crate::study::StudyError;

/// The events of the samples with these indices, in the precision asked for; images are encoded.
///
/// # Errors
/// If an image cannot be encoded, or the samples are of another kind.
pub(crate) fn events<T: Real>(
    batch: &Batch<f32>,
    samples: &[u32],
) -> Result<SpikeBatch<T>, StudyError> {
    match &batch.samples {
        Samples::Images(images) => Ok(images.encode(samples).map_err(EngineError::from)?),
        Samples::Events(events) => {
            let mut converted = SpikeBatch::new(events.population());
            for &sample in samples {
                let spikes = events.range(sample as usize);
                let spike = |spike| (events.precise_time(spike), events.neurons()[spike]);
                converted.push_precise_sample(spikes.map(spike))?;
            }
            Ok(converted)
        }
        _ => Err(StudyError::Unsupported("samples of this kind")),
    }
}
