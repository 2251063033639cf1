//! The exceptions of the package: all are `ValueError`s, and which one says what was wrong.

use noctule::engines::BackendError;
use noctule_core::{
    EncodingError, EngineError, InitialiserError, LabelError, LayerError, NetworkError,
    NetworkFileError, SpikeError as CoreSpikeError, TensorError,
};
use noctule_data::{DataFileError, DatasetError, LoadError};
use noctule_train::{ExperimentError, TrainError};
use pyo3::create_exception;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

create_exception!(noctule, NoctuleError, PyValueError, "What Noctule refuses.");
create_exception!(
    noctule,
    ArrayError,
    NoctuleError,
    "An array has the wrong type or shape, or a value that is not allowed."
);
create_exception!(
    noctule,
    SpikeError,
    NoctuleError,
    "Spikes are not sorted, not finite, negative, or of neurons that do not exist."
);
create_exception!(
    noctule,
    NetworkError_,
    NoctuleError,
    "Layers do not fit one another, or a constant or a weight is out of range."
);
create_exception!(
    noctule,
    StateError,
    NoctuleError,
    "A call came before the one that it needs: `backward` before `forward`, for example."
);
create_exception!(
    noctule,
    DataError,
    NoctuleError,
    "A file or a data set cannot be read, or labels do not fit."
);
create_exception!(
    noctule,
    TrainingError,
    NoctuleError,
    "An experiment or a run directory is not valid, or a training diverged."
);
create_exception!(
    noctule,
    BackendError_,
    NoctuleError,
    "An engine is not part of this build, does not start, or lacks what was asked of it."
);
create_exception!(
    noctule,
    NirError,
    NoctuleError,
    "A graph in NIR cannot be read, or has something that a network cannot represent."
);

/// Adds the exceptions to the module.
pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    for (name, class) in [
        ("NoctuleError", py.get_type::<NoctuleError>()),
        ("ArrayError", py.get_type::<ArrayError>()),
        ("SpikeError", py.get_type::<SpikeError>()),
        ("NetworkError", py.get_type::<NetworkError_>()),
        ("StateError", py.get_type::<StateError>()),
        ("DataError", py.get_type::<DataError>()),
        ("TrainingError", py.get_type::<TrainingError>()),
        ("BackendError", py.get_type::<BackendError_>()),
        ("NirError", py.get_type::<NirError>()),
    ] {
        class.setattr("__name__", name)?;
        class.setattr("__qualname__", name)?;
        module.add(name, class)?;
    }
    Ok(())
}

/// An error on its way to Python.
#[derive(Debug)]
pub struct Error(PyErr);

/// What a function returns that Python calls.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An [`ArrayError`] with this message.
    pub fn array(message: impl Into<String>) -> Self {
        Self(ArrayError::new_err(message.into()))
    }

    /// A [`SpikeError`] with this message.
    pub fn spikes(message: impl Into<String>) -> Self {
        Self(SpikeError::new_err(message.into()))
    }

    /// A `NetworkError` with this message.
    pub fn network(message: impl Into<String>) -> Self {
        Self(NetworkError_::new_err(message.into()))
    }

    /// A [`StateError`] with this message.
    pub fn state(message: impl Into<String>) -> Self {
        Self(StateError::new_err(message.into()))
    }

    /// A [`DataError`] with this message.
    pub fn data(message: impl Into<String>) -> Self {
        Self(DataError::new_err(message.into()))
    }

    /// A `BackendError` with this message.
    pub fn backend(message: impl Into<String>) -> Self {
        Self(BackendError_::new_err(message.into()))
    }

    /// A [`NirError`] with this message.
    pub fn nir(message: impl Into<String>) -> Self {
        Self(NirError::new_err(message.into()))
    }

    /// A [`TrainingError`] with this message.
    pub fn training(message: impl Into<String>) -> Self {
        Self(TrainingError::new_err(message.into()))
    }
}

impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        error.0
    }
}

impl From<PyErr> for Error {
    fn from(error: PyErr) -> Self {
        Self(error)
    }
}

macro_rules! becomes {
    ($exception:ident: $($error:ty),+) => {
        $(impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Self($exception::new_err(error.to_string()))
            }
        })+
    };
}

becomes!(SpikeError: CoreSpikeError);
becomes!(ArrayError: TensorError, EncodingError);
becomes!(NetworkError_: NetworkError, NetworkFileError, LayerError, InitialiserError);
becomes!(DataError: LabelError, LoadError, DatasetError, DataFileError);

impl From<BackendError> for Error {
    /// In the words of Python where the command line has an option.
    fn from(error: BackendError) -> Self {
        Self::backend(match error {
            BackendError::NotBuilt(backend) => format!(
                "this build has no back end `{name}`; `MATURIN_PEP517_ARGS=\"--features {name}\" pip install ./python` builds \
                 one that has it",
                name = backend.name()
            ),
            BackendError::NoDevices(device) => format!(
                "device={device} needs a back end with devices: backend=\"gpu\", \"cuda\" or \"hip\""
            ),
            BackendError::SinglePrecision(backend) => format!(
                "the back end `{}` computes in single precision only; use dtype=\"float32\"",
                backend.name()
            ),
            other => other.to_string(),
        })
    }
}

impl From<EngineError> for Error {
    fn from(error: EngineError) -> Self {
        let message = error.to_string();
        Self(match error {
            EngineError::Order { .. } => StateError::new_err(message),
            EngineError::Network(_) | EngineError::Layer { .. } => NetworkError_::new_err(message),
            EngineError::Labels(_) => DataError::new_err(message),
            EngineError::Diverged { .. } => TrainingError::new_err(message),
            EngineError::Unsupported { .. }
            | EngineError::OutOfMemory { .. }
            | EngineError::Device(_) => BackendError_::new_err(message),
            _ => ArrayError::new_err(message),
        })
    }
}

impl From<TrainError> for Error {
    fn from(error: TrainError) -> Self {
        match error {
            TrainError::Engine(error) => error.into(),
            TrainError::Experiment(error) => error.into(),
            TrainError::Build(_) => Self(DataError::new_err(error.to_string())),
            error => Self::training(error.to_string()),
        }
    }
}

impl From<ExperimentError> for Error {
    fn from(error: ExperimentError) -> Self {
        match error {
            ExperimentError::Load(error) => error.into(),
            error => Self::training(error.to_string()),
        }
    }
}

impl From<anyhow::Error> for Error {
    /// The error with its causes; those of the libraries mostly quote their cause, which is then not said again.
    fn from(error: anyhow::Error) -> Self {
        let mut message = error.to_string();
        for cause in error.chain().skip(1).map(ToString::to_string) {
            if !message.contains(&cause) {
                message.push_str(": ");
                message.push_str(&cause);
            }
        }
        let is_data = error.chain().any(|cause| {
            cause.is::<LoadError>() || cause.is::<DataFileError>() || cause.is::<DatasetError>()
        });
        match is_data {
            true => Self::data(message),
            false => Self::training(message),
        }
    }
}
