//! Sets that are published as an archive: downloaded from a local server, extracted and checked.
#![cfg(feature = "download")]

use std::fs;
use std::io::{BufRead, BufReader, Cursor, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use noctule_data::{
    DownloadError, Downloader, Fetched, KnownFile, KnownSet, NamePair, Source, Verdict, inspect,
    registry,
};
use sha2::{Digest, Sha256};
use zip::write::{SimpleFileOptions, ZipWriter};

const NAMES: [&str; 4] = ["a-images.gz", "a-labels.gz", "b-images.gz", "b-labels.gz"];

fn contents(name: &str) -> Vec<u8> {
    name.bytes().cycle().take(100_000).collect()
}

/// An archive with these files in the folder `inner`, and one more that is not needed.
fn archive(names: &[&str]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for name in names.iter().chain(&["c-images.gz"]) {
        let options = SimpleFileOptions::default();
        writer
            .start_file(format!("inner/{name}"), options)
            .expect("a member");
        writer.write_all(&contents(name)).expect("memory");
    }
    writer.finish().expect("memory").into_inner()
}

/// A known set whose files are in this archive.
fn set(archive: &[u8]) -> KnownSet {
    let digest = Sha256::digest(archive);
    let sum: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let [train, test] = [[NAMES[0], NAMES[1]], [NAMES[2], NAMES[3]]];
    let pair = |[images, labels]: [&'static str; 2]| NamePair { images, labels };
    KnownSet {
        name: "packed",
        source: Source::Emnist {
            base_url: "http://127.0.0.1:1/",
            archive: KnownFile {
                name: "all.zip",
                bytes: archive.len() as u64,
                sha256: Box::leak(sum.into_boxed_str()),
                unpacked_sha256: None,
            },
            folder: "inner/",
            train: pair(train),
            test: pair(test),
            matlab: "packed.mat",
        },
        ..*registry::find("emnist-balanced").expect("a known set")
    }
}

/// Serves `body` to every request, and counts the requests.
fn serve(body: Vec<u8>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            counted.fetch_add(1, Ordering::SeqCst);
            let lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let request: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            assert!(request[0].starts_with("GET /all.zip "), "{request:?}");
            let length = body.len();
            // Writing fails if the client closes the connection early, which it may do.
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            )
            .and_then(|()| stream.write_all(&body));
        }
    });
    (url, count)
}

fn fetch(
    set: &KnownSet,
    directory: &Path,
    url: &str,
) -> Result<Vec<(&'static str, Fetched)>, DownloadError> {
    Downloader::new(Duration::from_secs(10)).fetch_set(set, directory, Some(url), &mut ())
}

fn verdict(set: &KnownSet, directory: &Path) -> Verdict {
    let files = set.files();
    let [archive] = &files[..] else {
        panic!("{files:?} is not one archive");
    };
    inspect(archive, &set.folder(directory)).expect("a readable folder")
}

/// Checks that the folder has the four files and the list of their sums, and nothing else.
fn assert_complete(folder: &Path) {
    for name in NAMES {
        assert_eq!(fs::read(folder.join(name)).expect(name), contents(name));
    }
    let entries = fs::read_dir(folder).expect("the folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let others: Vec<_> = names
        .filter(|name| !NAMES.iter().any(|n| name == n))
        .collect();
    assert_eq!(others, ["all.zip.sha256"]);
}

/// A downloaded set, its data directory and its folder.
fn fetched() -> (KnownSet, tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a folder");
    let body = archive(&NAMES);
    let set = set(&body);
    let folder = set.folder(directory.path());
    let (url, _) = serve(body);
    let done = fetch(&set, directory.path(), &url).expect("a download");
    assert_eq!(done, NAMES.map(|name| (name, Fetched::Downloaded)));
    (set, directory, folder)
}

#[test]
fn the_needed_files_are_extracted_and_the_archive_is_deleted() {
    let (set, directory, folder) = fetched();
    assert_complete(&folder);
    assert_eq!(verdict(&set, directory.path()), Verdict::OfficialContents);
    let sums = fs::read_to_string(folder.join("all.zip.sha256")).expect("the list");
    let sum = Sha256::digest(contents(NAMES[0]));
    let sum: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(sums.contains(&format!("\n{sum}  {}\n", NAMES[0])), "{sums}");

    let closed = "http://127.0.0.1:1/";
    let again = fetch(&set, directory.path(), closed).expect("nothing to do");
    assert_eq!(again, NAMES.map(|name| (name, Fetched::AlreadyThere)));
}

#[test]
fn only_what_is_missing_is_extracted_again() {
    let (set, directory, folder) = fetched();
    fs::remove_file(folder.join(NAMES[2])).expect("the file");
    assert_eq!(verdict(&set, directory.path()), Verdict::Missing);
    let (url, requests) = serve(archive(&NAMES));
    let done = fetch(&set, directory.path(), &url).expect("a download");
    assert_eq!(requests.load(Ordering::SeqCst), 1);
    let downloaded = done.iter().filter(|(_, how)| *how == Fetched::Downloaded);
    assert_eq!(
        downloaded.collect::<Vec<_>>(),
        [&(NAMES[2], Fetched::Downloaded)]
    );
    assert_complete(&folder);
}

#[test]
fn an_archive_in_the_folder_is_used() {
    let directory = tempfile::tempdir().expect("a folder");
    let body = archive(&NAMES);
    let set = set(&body);
    let folder = set.folder(directory.path());
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("all.zip"), &body).expect("a file");
    assert_eq!(verdict(&set, directory.path()), Verdict::Official);
    fetch(&set, directory.path(), "http://127.0.0.1:1/").expect("no download needed");
    assert_complete(&folder);
}

#[test]
fn changed_and_unknown_files_are_not_overwritten() {
    let (set, directory, folder) = fetched();
    let closed = "http://127.0.0.1:1/";
    fs::write(folder.join(NAMES[1]), "changed").expect("a file");
    assert_eq!(verdict(&set, directory.path()), Verdict::Different);
    let error = fetch(&set, directory.path(), closed).expect_err("a changed file");
    assert!(matches!(error, DownloadError::Occupied { .. }), "{error}");
    assert!(error.to_string().contains(NAMES[1]), "{error}");

    fs::remove_file(folder.join("all.zip.sha256")).expect("the list");
    let error = fetch(&set, directory.path(), closed).expect_err("files of unknown origin");
    assert!(matches!(error, DownloadError::Unproven { .. }), "{error}");
    assert_eq!(fs::read(folder.join(NAMES[1])).expect("kept"), b"changed");
}

#[test]
fn sums_of_another_archive_prove_nothing() {
    let (_, directory, _) = fetched();
    let other = set(&archive(&NAMES[..3]));
    assert_eq!(verdict(&other, directory.path()), Verdict::Missing);
}

#[test]
fn wrong_archives_leave_nothing_behind() {
    let directory = tempfile::tempdir().expect("a folder");
    let body = archive(&NAMES);
    let known = set(&body);
    let mut wrong = body.clone();
    wrong[body.len() / 2] ^= 1;
    let (url, _) = serve(wrong);
    let error = fetch(&known, directory.path(), &url).expect_err("a wrong checksum");
    assert!(matches!(error, DownloadError::Checksum { .. }), "{error}");
    let folder = known.folder(directory.path());
    assert_eq!(fs::read_dir(&folder).expect("the folder").count(), 0);

    for bad in [archive(&NAMES[..3]), b"not an archive".to_vec()] {
        let directory = tempfile::tempdir().expect("a folder");
        let set = set(&bad);
        let (url, _) = serve(bad);
        let error = fetch(&set, directory.path(), &url).expect_err("a bad archive");
        assert!(error.to_string().contains("all.zip"), "{error}");
        let folder = set.folder(directory.path());
        assert!(NAMES.iter().all(|name| !folder.join(name).exists()));
        assert_eq!(verdict(&set, directory.path()), Verdict::Official);
    }
}
