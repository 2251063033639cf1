//! A request on a thread of its own, so that whoever waits for it can be asked to stop at any time.
//!
//! The thread ends when its connection does, or when nobody receives what it sends any more.

use std::io::{self, ErrorKind, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use ureq::http::{HeaderMap, header};
use ureq::{Agent, Body};

/// How often a waiting reader looks whether it was asked to stop.
const GLANCE: Duration = Duration::from_millis(50);
/// Bytes that are handed over together.
const PIECE: usize = 1 << 16;
/// Pieces that may wait to be written.
const PIECES: usize = 16;

/// The reader was asked to stop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopped;

/// The beginning of a response.
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// Bytes of the body, if the server says so.
    pub(super) length: Option<u64>,
}

/// A request that was sent.
pub(super) struct Connection<'a> {
    head: Receiver<Result<Head, ureq::Error>>,
    body: Receiver<io::Result<Vec<u8>>>,
    stop: &'a AtomicBool,
}

impl<'a> Connection<'a> {
    /// Asks for what is at `url`, from byte `start` on.
    ///
    /// # Errors
    /// If there can be no further thread.
    pub(super) fn open(
        agent: &Agent,
        url: &str,
        start: u64,
        stop: &'a AtomicBool,
    ) -> io::Result<Self> {
        let mut request = agent.get(url);
        if start > 0 {
            request = request.header(header::RANGE, format!("bytes={start}-"));
        }
        let (head_sender, head) = sync_channel(1);
        let (body_sender, body) = sync_channel(PIECES);
        thread::Builder::new().spawn(move || match request.call() {
            Err(error) => drop(head_sender.send(Err(error))),
            Ok(response) => {
                let (parts, body) = response.into_parts();
                let head = Head {
                    status: parts.status.as_u16(),
                    headers: parts.headers,
                    length: body.content_length(),
                };
                if head_sender.send(Ok(head)).is_ok() {
                    hand_over(body, &body_sender);
                }
            }
        })?;
        Ok(Self { head, body, stop })
    }

    /// Waits for the beginning of the response; `None` if there will be none.
    pub(super) fn head(&self) -> Result<Option<Result<Head, ureq::Error>>, Stopped> {
        wait(&self.head, self.stop)
    }

    /// Waits for the next bytes of the body; `None` at its end.
    pub(super) fn next(&self) -> Result<Option<io::Result<Vec<u8>>>, Stopped> {
        wait(&self.body, self.stop)
    }
}

/// Sends a body piece by piece, to its end or until nobody wants more.
fn hand_over(body: Body, sender: &SyncSender<io::Result<Vec<u8>>>) {
    let mut body = body.into_reader();
    loop {
        let mut piece = vec![0; PIECE];
        let read = match body.read(&mut piece) {
            Ok(0) => return,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            read => read,
        };
        let failed = read.is_err();
        let read = read.map(|count| {
            piece.truncate(count);
            piece
        });
        if sender.send(read).is_err() || failed {
            return;
        }
    }
}

fn wait<T>(receiver: &Receiver<T>, stop: &AtomicBool) -> Result<Option<T>, Stopped> {
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(Stopped);
        }
        match receiver.recv_timeout(GLANCE) {
            Ok(message) => return Ok(Some(message)),
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}
