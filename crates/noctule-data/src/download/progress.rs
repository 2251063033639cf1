//! What a download reports while it runs, and what it did.

/// Receives the progress of a download, for example to draw a progress bar.
pub trait Progress {
    /// Another process downloads into the folder, which is waited for; `why` names it.
    fn wait(&mut self, why: &str) {
        let _ = why;
    }
    /// A file starts, or resumes after a broken connection: `done` of its `total` bytes have been received.
    fn start(&mut self, file: &str, done: u64, total: u64);
    /// `done` bytes have been received in all.
    fn advance(&mut self, done: u64);
    /// The file is complete, checked and in place.
    fn finish(&mut self);
}

/// No progress bar.
impl Progress for () {
    fn start(&mut self, _file: &str, _done: u64, _total: u64) {}
    fn advance(&mut self, _done: u64) {}
    fn finish(&mut self) {}
}

/// What was done to get a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fetched {
    /// It was downloaded, or the missing rest of it.
    Downloaded,
    /// It was already present with the published contents.
    AlreadyThere,
}
