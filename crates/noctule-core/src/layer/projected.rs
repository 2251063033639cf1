//! What layers of neurons have in common: shapes are checked once, then the engine does the work.

use super::{ShapeError, Tape, TimeErrors, Weights};
use crate::engine::project::{OutputErrors, Projection};
use crate::{Real, SpikeBatch};

pub(super) fn forward<T: Real>(
    projection: Projection<'_, T>,
    inputs: usize,
    input: &SpikeBatch<T>,
    tape: &mut Tape<T>,
) -> Result<(), ShapeError> {
    if input.population() != inputs {
        return Err(ShapeError::Inputs {
            layer: 0,
            expected: inputs,
            found: input.population(),
        });
    }
    // Of the layer that used the tape before.
    tape.thinned = None;
    tape.input_offsets.clear();
    tape.input_offsets.extend_from_slice(input.offsets());
    projection.forward(input, &mut tape.trace, &mut tape.output);
    Ok(())
}

pub(super) fn backward<T: Real>(
    projection: Projection<'_, T>,
    tape: &mut Tape<T>,
    errors: TimeErrors<'_, T>,
    gradient: &mut Weights<T>,
    want_input: bool,
) -> Result<Option<Vec<T>>, ShapeError> {
    errors.check(tape, projection.outputs())?;
    if gradient.outputs() != projection.neurons || gradient.inputs() != projection.rows() {
        return Err(ShapeError::Gradient);
    }
    let errors = OutputErrors {
        events: &tape.output,
        d_times: errors.d_times,
        max_inverse_slope: errors.max_inverse_slope,
    };
    let offsets = match &tape.thinned {
        Some(thinned) => thinned.events.offsets(),
        None => &tape.input_offsets,
    };
    let offsets = want_input.then_some(offsets);
    Ok(projection.backward(&mut tape.trace, errors, gradient.lanes_mut(), offsets))
}
