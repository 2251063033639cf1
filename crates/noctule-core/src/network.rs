//! [`Network`]: a feed-forward network as data, and its files. An [`Engine`](crate::Engine) runs it.

pub(crate) mod error;
pub(crate) mod feed_forward;
mod file;
mod replace;

pub use error::NetworkError;
pub use feed_forward::Network;
pub use file::NetworkFileError;
pub use replace::replace_file;
