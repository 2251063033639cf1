//! [`Device`]: what is known of a device before it is opened.

use super::backend::Backend;

/// A device that this build could use.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    /// The back end.
    pub backend: Backend,
    /// The index among the devices of the back end.
    pub index: usize,
    /// Its name, for people.
    pub name: String,
    /// Its memory in bytes, where it is known.
    pub memory_bytes: Option<u64>,
    /// The driver and its version.
    pub driver: String,
    /// What is missing to use it, and how to get it; `None` if it can be used.
    pub missing: Option<String>,
}

impl Device {
    /// Whether nothing is missing to use it.
    pub fn usable(&self) -> bool {
        self.missing.is_none()
    }
}

/// The devices of one back end.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The back end.
    pub backend: Backend,
    /// Its devices, in the order of their indices.
    pub devices: Vec<Device>,
    /// Why there are none, and what to do; `None` if there are some.
    pub why_none: Option<String>,
}

impl Found {
    /// No device, and why.
    pub(super) fn none(backend: Backend, why: impl Into<String>) -> Self {
        Self {
            backend,
            devices: Vec::new(),
            why_none: Some(why.into()),
        }
    }
}
