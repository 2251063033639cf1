//! [`Backend`] and [`Choice`]: which engine is to compute, and on which device.

use clap::ValueEnum;
use noctule_core::EngineError;
use thiserror::Error;

/// The name of an engine. All names are known to every build, which need not have their engines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// The processor.
    #[default]
    Cpu,
    /// A graphics card through Vulkan, or Metal on a Mac.
    Gpu,
    /// An NVIDIA graphics card through CUDA.
    Cuda,
    /// An AMD graphics card through ROCm.
    Hip,
}

impl Backend {
    /// Its name on the command line, in checkpoints and in [`EngineInfo::backend`](noctule_core::EngineInfo::backend).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Gpu => "gpu",
            Self::Cuda => "cuda",
            Self::Hip => "hip",
        }
    }

    /// The back end of this name, if there is one.
    pub fn named(name: &str) -> Option<Self> {
        let all = Self::value_variants().iter().copied();
        all.into_iter().find(|backend| backend.name() == name)
    }

    /// Whether this build has its engine.
    pub const fn is_built(self) -> bool {
        match self {
            Self::Cpu => true,
            Self::Gpu => cfg!(feature = "gpu"),
            Self::Cuda => cfg!(feature = "cuda"),
            Self::Hip => cfg!(feature = "hip"),
        }
    }

    /// Whether it has devices to choose from.
    pub const fn has_devices(self) -> bool {
        !matches!(self, Self::Cpu)
    }
}

/// A back end, and which of its devices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The back end.
    pub backend: Backend,
    /// The index of the device; 0 for the processor.
    pub device: usize,
}

impl Choice {
    /// A back end of this build, with the device that is named, or its first one.
    ///
    /// # Errors
    /// [`BackendError::NotBuilt`], or [`BackendError::NoDevices`] if a device is named that is not a device's back end's.
    pub fn new(backend: Backend, device: Option<usize>) -> Result<Self, BackendError> {
        match device {
            _ if !backend.is_built() => Err(BackendError::NotBuilt(backend)),
            Some(device) if !backend.has_devices() => Err(BackendError::NoDevices(device)),
            device => Ok(Self {
                backend,
                device: device.unwrap_or(0),
            }),
        }
    }
}

impl From<Backend> for Choice {
    /// The first device of a back end.
    fn from(backend: Backend) -> Self {
        Self { backend, device: 0 }
    }
}

/// An engine that cannot be opened.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum BackendError {
    /// This build does not have the engine.
    #[error("this build has no back end `{name}`; build it with `--features {name}`", name = .0.name())]
    NotBuilt(Backend),
    /// A device of the processor is asked for.
    #[error(
        "--device {0} needs a back end with devices; name it with --backend gpu, cuda or hip (see noctule devices)"
    )]
    NoDevices(usize),
    /// Double precision of an engine that has none.
    #[error("the back end `{name}` computes in single precision only; use --precision f32", name = .0.name())]
    SinglePrecision(Backend),
    /// The engine does not start.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_command_line() {
        for &backend in Backend::value_variants() {
            let typed = backend.to_possible_value().unwrap();
            assert_eq!(typed.get_name(), backend.name());
            assert_eq!(Backend::named(backend.name()), Some(backend));
        }
        assert_eq!(Backend::named("tpu"), None);
    }

    #[test]
    fn the_processor_has_no_devices() {
        let refused = Choice::new(Backend::Cpu, Some(0));
        assert_eq!(refused, Err(BackendError::NoDevices(0)));
        assert_eq!(Choice::new(Backend::Cpu, None), Ok(Choice::default()));
    }
}
