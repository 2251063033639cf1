//! Several downloads into one folder, and downloads that are stopped.
#![cfg(feature = "download")]

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use noctule_data::folder_lock::FolderLock;
use noctule_data::{DownloadError, Downloader, Fetched, KnownFile, Progress};

const NAME: &str = "words.gz";
const CONTENTS: &[u8] = b"as published";

fn known() -> KnownFile {
    KnownFile {
        name: NAME,
        bytes: CONTENTS.len() as u64,
        sha256: "e358f48ff7b4154f3d9e4354c6229db7a89bd0af0d8d92a99b69f4e94e139d10",
        unpacked_sha256: None,
    }
}

/// The address of a server that sends the contents, or never answers, and the number of its connections.
fn serve(answers: bool) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 4096]);
            if answers {
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
                    CONTENTS.len()
                );
                stream.write_all(head.as_bytes()).unwrap();
                stream.write_all(CONTENTS).unwrap();
            }
            open.push(stream);
        }
    });
    (url, connections)
}

/// Asks for an end as soon as it is told to wait.
struct Impatient(Arc<AtomicBool>);

impl Progress for Impatient {
    fn wait(&mut self, why: &str) {
        assert!(why.contains("is being written by process"), "{why}");
        self.0.store(true, Ordering::SeqCst);
    }
    fn start(&mut self, _: &str, _: u64, _: u64) {}
    fn advance(&mut self, _: u64) {}
    fn finish(&mut self) {}
}

#[test]
fn those_that_come_later_find_what_the_first_one_fetched() {
    let folder = tempfile::tempdir().unwrap();
    let (url, connections) = serve(true);
    let fetch = || Downloader::default().fetch(&known(), &url, folder.path(), &mut ());
    let fetched: Vec<Fetched> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(fetch)).collect();
        let join = |thread: thread::ScopedJoinHandle<'_, Result<_, DownloadError>>| {
            thread.join().unwrap().unwrap()
        };
        threads.into_iter().map(join).collect()
    });
    let downloaded = fetched.iter().filter(|how| **how == Fetched::Downloaded);
    assert_eq!(downloaded.count(), 1);
    assert_eq!(connections.load(Ordering::SeqCst), 1);
    assert_eq!(fs::read(folder.path().join(NAME)).unwrap(), CONTENTS);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn what_an_earlier_download_left_goes_when_the_file_is_there() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(NAME), CONTENTS).unwrap();
    fs::write(folder.path().join(format!("{NAME}.part")), "as pub").unwrap();
    let fetched =
        Downloader::default().fetch(&known(), "http://127.0.0.1:9", folder.path(), &mut ());
    assert_eq!(fetched.unwrap(), Fetched::AlreadyThere);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_download_that_gets_no_answer_can_be_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let (url, connections) = serve(false);
    let stop = Arc::new(AtomicBool::new(false));
    let downloader = Downloader::default().with_stop(Arc::clone(&stop));
    let fetched = thread::scope(|scope| {
        let download = scope.spawn(|| downloader.fetch(&known(), &url, folder.path(), &mut ()));
        while connections.load(Ordering::SeqCst) == 0 {
            thread::yield_now();
        }
        stop.store(true, Ordering::SeqCst);
        download.join().unwrap()
    });
    assert!(matches!(fetched, Err(DownloadError::Stopped { .. })));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_download_that_waits_for_another_can_be_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let _other = FolderLock::acquire(folder.path()).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let downloader = Downloader::default().with_stop(Arc::clone(&stop));
    let url = "http://127.0.0.1:9";
    let fetched = downloader.fetch(&known(), url, folder.path(), &mut Impatient(stop));
    assert!(matches!(fetched, Err(DownloadError::Stopped { .. })));
}
