//! Downloads from a small local server whose responses each test chooses.
#![cfg(feature = "download")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use noctule_data::{DownloadError, Downloader, Fetched, KnownFile, Progress, registry};

const NAME: &str = "images.gz";
/// SHA-256 of [`contents`].
const SHA256: &str = "2c4085b1ab9817526311b5a5b04451140dc922067c6922a59a77e1503918357b";
const SIZE: usize = 200_000;

/// Bytes with a long period, so that the test detects a misplaced part.
fn contents() -> Vec<u8> {
    (0..SIZE as u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect()
}

fn known() -> KnownFile {
    KnownFile {
        name: NAME,
        bytes: SIZE as u64,
        sha256: SHA256,
        unpacked_sha256: None,
    }
}

/// The server's response on one connection.
#[derive(Clone)]
enum Answer {
    /// The requested range, or everything.
    Whole(Vec<u8>),
    /// Everything, whatever range was requested.
    NoRange(Vec<u8>),
    /// As `Whole`, but the connection ends after this many bytes of the body.
    Cut(Vec<u8>, usize),
    /// This body without its length, whatever range was requested.
    Unmeasured(Vec<u8>),
    /// Only a status.
    Status(u16),
    /// This many bytes of the body, then silence on an open connection.
    Stall(Vec<u8>, usize),
}

struct Server {
    url: String,
    /// The range that was requested on each connection, if any.
    ranges: Arc<Mutex<Vec<Option<String>>>>,
}

impl Server {
    /// Serves one answer per connection, and the last one on all further connections.
    fn new(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/set/", listener.local_addr().expect("an address"));
        let ranges = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&ranges);
        thread::spawn(move || {
            for (count, stream) in listener.incoming().enumerate() {
                let answer = answers[count.min(answers.len() - 1)].clone();
                let stream = stream.expect("a connection");
                let range = read_range(&stream);
                seen.lock().expect("no panic").push(range.clone());
                thread::spawn(move || reply(stream, &answer, range.as_deref()));
            }
        });
        Self { url, ranges }
    }

    fn ranges(&self) -> Vec<Option<String>> {
        self.ranges.lock().expect("no panic").clone()
    }
}

fn read_range(stream: &TcpStream) -> Option<String> {
    let lines = BufReader::new(stream).lines().map_while(Result::ok);
    let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    assert!(
        headers[0].starts_with(&format!("GET /set/{NAME} ")),
        "{headers:?}"
    );
    headers.iter().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("range").then(|| value.to_owned())
    })
}

fn reply(mut stream: TcpStream, answer: &Answer, range: Option<&str>) {
    let start = range.map_or(0, |range| {
        let digits = range.trim_start_matches("bytes=").trim_end_matches('-');
        digits.parse().expect("an open range")
    });
    // Writing fails if the client closes the connection early, which it may do.
    let _ = match answer {
        Answer::Whole(body) => send(&mut stream, body, start, usize::MAX),
        Answer::NoRange(body) => send(&mut stream, body, 0, usize::MAX),
        Answer::Cut(body, limit) => send(&mut stream, body, start, *limit),
        Answer::Stall(body, limit) => {
            send(&mut stream, body, start, *limit).map(|()| thread::sleep(Duration::from_secs(20)))
        }
        Answer::Unmeasured(body) => write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            .and_then(|()| stream.write_all(body)),
        Answer::Status(status) => {
            write!(
                stream,
                "HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
        }
    };
}

fn send(stream: &mut TcpStream, body: &[u8], start: usize, limit: usize) -> std::io::Result<()> {
    let rest = &body[start..];
    if start > 0 {
        let last = body.len() - 1;
        write!(
            stream,
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {start}-{last}/{}\r\n",
            body.len()
        )?;
    } else {
        write!(stream, "HTTP/1.1 200 OK\r\n")?;
    }
    write!(
        stream,
        "Content-Length: {}\r\nConnection: close\r\n\r\n",
        rest.len()
    )?;
    stream.write_all(&rest[..limit.min(rest.len())])
}

fn fetch(server: &Server, folder: &Path) -> Result<Fetched, DownloadError> {
    Downloader::new(Duration::from_secs(10)).fetch(&known(), &server.url, folder, &mut ())
}

fn part(folder: &Path) -> std::path::PathBuf {
    folder.join(format!("{NAME}.part"))
}

/// Checks that the file is complete and the only one in the folder.
fn assert_complete(folder: &Path) {
    assert_eq!(fs::read(folder.join(NAME)).expect("the file"), contents());
    assert_eq!(fs::read_dir(folder).expect("the folder").count(), 1);
}

#[derive(Default)]
struct Recorder(Vec<String>);

impl Progress for Recorder {
    fn start(&mut self, file: &str, done: u64, total: u64) {
        self.0.push(format!("start {file} {done}/{total}"));
    }
    fn advance(&mut self, done: u64) {
        self.0.retain(|line| !line.starts_with("at"));
        self.0.push(format!("at {done}"));
    }
    fn finish(&mut self) {
        self.0.push("finish".to_owned());
    }
}

#[test]
fn downloads_a_file_into_a_new_folder_and_reports_progress() {
    let directory = tempfile::tempdir().expect("a folder");
    let folder = directory.path().join("new/set");
    let server = Server::new(vec![Answer::Whole(contents())]);
    let mut progress = Recorder::default();
    let downloader = Downloader::default();
    let fetched = downloader.fetch(&known(), &server.url, &folder, &mut progress);
    assert_eq!(fetched.expect("a download"), Fetched::Downloaded);
    assert_complete(&folder);
    assert_eq!(
        progress.0,
        ["start images.gz 0/200000", "at 200000", "finish"]
    );

    let again = fetch(&server, &folder).expect("nothing to do");
    assert_eq!(again, Fetched::AlreadyThere);
    assert_eq!(server.ranges().len(), 1);
}

#[test]
fn resumes_a_partial_file_of_an_earlier_run() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(part(folder.path()), &contents()[..70_000]).expect("a partial file");
    let server = Server::new(vec![Answer::Whole(contents())]);
    fetch(&server, folder.path()).expect("a download");
    assert_complete(folder.path());
    assert_eq!(server.ranges(), [Some("bytes=70000-".to_owned())]);
}

#[test]
fn starts_again_if_the_server_does_not_support_ranges() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(part(folder.path()), &contents()[..70_000]).expect("a partial file");
    let server = Server::new(vec![Answer::NoRange(contents())]);
    fetch(&server, folder.path()).expect("a download");
    assert_complete(folder.path());
}

#[test]
fn resumes_after_a_broken_connection() {
    let folder = tempfile::tempdir().expect("a folder");
    let cut = Answer::Cut(contents(), 60_000);
    let server = Server::new(vec![cut.clone(), cut, Answer::Whole(contents())]);
    fetch(&server, folder.path()).expect("a download");
    assert_complete(folder.path());
    let ranges = server.ranges();
    assert_eq!(ranges.len(), 3);
    assert_eq!(ranges[2].as_deref(), Some("bytes=120000-"));
}

#[test]
fn a_lasting_failure_keeps_the_partial_file_for_the_next_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::new(vec![
        Answer::Cut(contents(), 60_000),
        Answer::Cut(contents(), 0),
    ]);
    let error = fetch(&server, folder.path()).expect_err("no whole file");
    let DownloadError::Interrupted {
        received, expected, ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!((received, expected), (60_000, SIZE as u64));
    assert!(!folder.path().join(NAME).exists());

    let server = Server::new(vec![Answer::Whole(contents())]);
    fetch(&server, folder.path()).expect("the rest");
    assert_complete(folder.path());
    assert_eq!(server.ranges(), [Some("bytes=60000-".to_owned())]);
}

#[test]
fn a_missing_file_names_the_status_and_the_address() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::new(vec![Answer::Status(404)]);
    let error = fetch(&server, folder.path()).expect_err("no such file");
    assert!(
        matches!(error, DownloadError::Status { status: 404, .. }),
        "{error}"
    );
    assert!(
        error.to_string().contains(&format!("{}{NAME}", server.url)),
        "{error}"
    );
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0);
}

/// A captive portal, an expired link and a mirror on a Git host: nothing of these is taken for the file.
#[test]
fn answers_in_place_of_the_file_are_named_and_not_kept() {
    let mut page = b"<!DOCTYPE html><title>Please log in</title>".to_vec();
    let short = page.clone();
    page.resize(SIZE, b' ');
    let denied = b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>".to_vec();
    let json = b"{\"message\": \"rate limited\"}".to_vec();
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0".to_vec();
    for (answer, what) in [
        (Answer::Whole(short.clone()), "a web page (HTML)"),
        (Answer::Unmeasured(short), "a web page (HTML)"),
        (Answer::Whole(page), "a web page (HTML)"),
        (Answer::Unmeasured(denied), "an XML document"),
        (Answer::Unmeasured(json), "a JSON document"),
        (Answer::Unmeasured(pointer), "a pointer of Git LFS"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let server = Server::new(vec![answer.clone()]);
        let message = fetch(&server, folder.path()).expect_err(what).to_string();
        assert!(
            message.contains(what) && message.contains(&server.url),
            "{message}"
        );
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0);
    }
}

#[test]
fn a_page_in_place_of_the_rest_keeps_the_partial_file() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(part(folder.path()), &contents()[..70_000]).expect("a partial file");
    let server = Server::new(vec![Answer::Unmeasured(b"<html></html>".to_vec())]);
    let error = fetch(&server, folder.path()).expect_err("a web page");
    assert!(matches!(error, DownloadError::Answer { .. }), "{error}");
    let kept = fs::read(part(folder.path())).expect("the partial file");
    assert!(kept == contents()[..70_000]);
}

#[test]
fn a_refused_access_is_no_moved_file() {
    let folder = tempfile::tempdir().expect("a folder");
    for (status, advice) in [(404, "moved"), (511, "log in"), (503, "later")] {
        let server = Server::new(vec![Answer::Status(status)]);
        let message = fetch(&server, folder.path()).expect_err(advice).to_string();
        assert!(message.contains(advice), "{message}");
    }
}

#[test]
fn a_server_error_keeps_the_partial_file() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(part(folder.path()), &contents()[..70_000]).expect("a partial file");
    let server = Server::new(vec![Answer::Status(503)]);
    fetch(&server, folder.path()).expect_err("no file today");
    assert_eq!(
        fs::metadata(part(folder.path())).expect("kept").len(),
        70_000
    );
}

#[test]
fn wrong_bytes_are_deleted() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut wrong = contents();
    wrong[SIZE / 2] ^= 1;
    let server = Server::new(vec![Answer::Whole(wrong)]);
    let error = fetch(&server, folder.path()).expect_err("a wrong checksum");
    assert!(matches!(error, DownloadError::Checksum { .. }), "{error}");
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0);
}

#[test]
fn a_wrong_partial_file_is_discarded_once() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(part(folder.path()), vec![0; 70_000]).expect("a partial file");
    let server = Server::new(vec![Answer::Whole(contents())]);
    fetch(&server, folder.path()).expect("a download");
    assert_complete(folder.path());
    assert_eq!(server.ranges(), [Some("bytes=70000-".to_owned()), None]);
}

#[test]
fn a_file_of_another_size_is_refused_before_it_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::new(vec![Answer::Whole(vec![0; SIZE + 1])]);
    let error = fetch(&server, folder.path()).expect_err("too long");
    assert!(matches!(error, DownloadError::OtherFile { .. }), "{error}");
    assert!(!part(folder.path()).exists());
}

#[test]
fn a_silent_server_is_a_timeout() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::new(vec![Answer::Stall(contents(), 0)]);
    let downloader = Downloader::new(Duration::from_millis(200));
    let error = downloader
        .fetch(&known(), &server.url, folder.path(), &mut ())
        .expect_err("no answer");
    assert!(matches!(error, DownloadError::Timeout { .. }), "{error}");
}

#[test]
fn resumes_after_a_timeout_in_the_middle() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::new(vec![
        Answer::Stall(contents(), 50_000),
        Answer::Whole(contents()),
    ]);
    Downloader::new(Duration::from_millis(500))
        .fetch(&known(), &server.url, folder.path(), &mut ())
        .expect("a download");
    assert_complete(folder.path());
    assert_eq!(server.ranges(), [None, Some("bytes=50000-".to_owned())]);
}

#[test]
fn a_closed_port_is_unreachable() {
    let folder = tempfile::tempdir().expect("a folder");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    drop(listener);
    let error = Downloader::default()
        .fetch(&known(), &url, folder.path(), &mut ())
        .expect_err("a closed port");
    assert!(
        matches!(error, DownloadError::Unreachable { .. }),
        "{error}"
    );
}

#[test]
fn another_file_of_the_name_is_not_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join(NAME), "my own").expect("a file");
    let server = Server::new(vec![Answer::Whole(contents())]);
    let error = fetch(&server, folder.path()).expect_err("the name is taken");
    assert!(matches!(error, DownloadError::Occupied { .. }), "{error}");
    assert_eq!(
        fs::read(folder.path().join(NAME)).expect("the file"),
        b"my own"
    );
    assert!(server.ranges().is_empty());
    for (contents, what) in [("<html>", "a web page (HTML)"), ("", "empty")] {
        fs::write(folder.path().join(NAME), contents).expect("a file");
        let message = fetch(&server, folder.path()).expect_err(what).to_string();
        assert!(message.contains(what), "{message}");
    }
}

#[test]
fn a_folder_that_cannot_be_created_is_named() {
    let directory = tempfile::tempdir().expect("a folder");
    let file = directory.path().join("file");
    fs::write(&file, "").expect("a file");
    let server = Server::new(vec![Answer::Whole(contents())]);
    let error = fetch(&server, &file.join("set")).expect_err("not a folder");
    assert!(matches!(error, DownloadError::Storage { .. }), "{error}");
    assert!(error.to_string().contains("file"), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::symlink("/dev/full", part(folder.path())).expect("a link");
    let server = Server::new(vec![Answer::Whole(contents())]);
    let error = fetch(&server, folder.path()).expect_err("no space");
    assert!(matches!(error, DownloadError::DiskFull { .. }), "{error}");
    assert!(!folder.path().join(NAME).exists());
}

#[test]
fn a_generated_set_needs_no_download() {
    let folder = tempfile::tempdir().expect("a folder");
    let set = registry::find("yin-yang").expect("a known set");
    let fetched = Downloader::default()
        .fetch_set(set, folder.path(), Some("http://127.0.0.1:1/"), &mut ())
        .expect("nothing to do");
    assert!(fetched.is_empty());
}
