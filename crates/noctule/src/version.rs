//! Which build this is.

/// The commit that this program was built from, with `-modified` behind it if its sources were changed since; `None` if it
/// was built without a repository.
pub const COMMIT: Option<&str> = option_env!("NOCTULE_COMMIT");

/// The version with the commit: `0.1.0 (b55c47a...)`.
pub const VERSION: &str = env!("NOCTULE_VERSION");
