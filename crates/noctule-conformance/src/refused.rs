//! Calls that an engine must refuse, each with one kind of error.

use std::fmt::Debug;

use noctule_core::{EncodingError, EngineError, LabelError};

/// Panics unless the call fails with an error that `is_expected` accepts and that has a message.
pub(crate) fn refused<V>(
    result: Result<V, EngineError>,
    is_expected: impl FnOnce(&EngineError) -> bool,
    what: &str,
) {
    let Err(error) = result else {
        panic!("{what} is not refused");
    };
    assert!(
        !error.to_string().is_empty(),
        "{what}: an error without a message"
    );
    assert!(
        is_expected(&error),
        "{what} is refused with another kind of error: {error:?}"
    );
}

/// The value, or `None` if the call came too early; a panic for any other error.
pub(crate) fn unless_too_early<V: Debug>(result: Result<V, EngineError>, what: &str) -> Option<V> {
    match result {
        Ok(value) => Some(value),
        Err(error) if order(&error) => None,
        Err(error) => panic!("{what}: neither done nor refused as too early, but {error:?}"),
    }
}

pub(crate) fn network(error: &EngineError) -> bool {
    matches!(error, EngineError::Network(_))
}

pub(crate) fn inputs(error: &EngineError) -> bool {
    matches!(error, EngineError::Inputs { .. })
}

pub(crate) fn no_such_sample(error: &EngineError) -> bool {
    matches!(error, EngineError::NoSuchSample { .. })
}

pub(crate) fn no_such_layer(error: &EngineError) -> bool {
    matches!(error, EngineError::NoSuchLayer { .. })
}

pub(crate) fn no_such_set(error: &EngineError) -> bool {
    matches!(error, EngineError::NoSuchSet { .. })
}

pub(crate) fn label_count(error: &EngineError) -> bool {
    matches!(error, EngineError::Labels(LabelError::Count { .. }))
}

pub(crate) fn label_range(error: &EngineError) -> bool {
    matches!(error, EngineError::Labels(LabelError::Range { .. }))
}

pub(crate) fn intensity(error: &EngineError) -> bool {
    matches!(
        error,
        EngineError::Encoding(EncodingError::Intensity { .. })
    )
}

pub(crate) fn recorded(error: &EngineError) -> bool {
    matches!(error, EngineError::Recorded { .. })
}

pub(crate) fn length(error: &EngineError) -> bool {
    matches!(error, EngineError::Length { .. })
}

pub(crate) fn tensor(error: &EngineError) -> bool {
    matches!(error, EngineError::Tensor { .. })
}

pub(crate) fn tensors(error: &EngineError) -> bool {
    matches!(error, EngineError::Tensors { .. })
}

pub(crate) fn order(error: &EngineError) -> bool {
    matches!(error, EngineError::Order { .. })
}

pub(crate) fn shard(error: &EngineError) -> bool {
    matches!(error, EngineError::Shard { .. })
}

pub(crate) fn max_norm(error: &EngineError) -> bool {
    matches!(error, EngineError::MaxNorm { .. })
}
