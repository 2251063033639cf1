//! What the process needs in its environment before any library looks there.

/// Names a folder for the sockets of a desktop where there is none. Vulkan's libraries look for one, though nothing is
/// drawn, and would complain on standard error.
///
/// To be called before there are other threads.
#[cfg(all(feature = "gpu", target_os = "linux"))]
#[expect(unsafe_code, reason = "there is no other way into the environment")]
pub fn prepare() {
    const SOCKETS: &str = "XDG_RUNTIME_DIR";
    if std::env::var_os(SOCKETS).is_none() {
        // SAFETY: this is the only thread, so nobody reads the environment meanwhile.
        unsafe { std::env::set_var(SOCKETS, "/nonexistent") };
    }
}

/// Nothing.
#[cfg(not(all(feature = "gpu", target_os = "linux")))]
pub fn prepare() {}
