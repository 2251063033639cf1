//! [`Backend`]: a way to reach a device.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use thiserror::Error;

/// A way to reach a device.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Backend {
    /// Vulkan, or Metal on a Mac, through wgpu.
    Gpu,
    /// NVIDIA's CUDA.
    Cuda,
    /// AMD's ROCm.
    Hip,
}

impl Backend {
    /// All back ends, whether or not this build has them.
    pub const ALL: [Self; 3] = [Self::Gpu, Self::Cuda, Self::Hip];

    /// Its name, which is also the cargo feature that it is built with.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gpu => "gpu",
            Self::Cuda => "cuda",
            Self::Hip => "hip",
        }
    }

    /// Whether this build has it.
    pub const fn is_built(self) -> bool {
        match self {
            Self::Gpu => cfg!(feature = "gpu"),
            Self::Cuda => cfg!(feature = "cuda"),
            Self::Hip => cfg!(feature = "hip"),
        }
    }
}

impl Display for Backend {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that no back end has.
#[derive(Clone, Debug, Error, Eq, PartialEq)]
#[error("there is no back end `{0}`; the back ends are gpu, cuda and hip")]
pub struct UnknownBackend(pub String);

impl FromStr for Backend {
    type Err = UnknownBackend;

    fn from_str(name: &str) -> Result<Self, UnknownBackend> {
        let found = Self::ALL.into_iter().find(|backend| backend.name() == name);
        found.ok_or_else(|| UnknownBackend(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for backend in Backend::ALL {
            assert_eq!(backend.to_string().parse(), Ok(backend));
        }
        let refused = "CUDA".parse::<Backend>().unwrap_err();
        assert_eq!(
            refused.to_string(),
            "there is no back end `CUDA`; the back ends are gpu, cuda and hip"
        );
    }
}
