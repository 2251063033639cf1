//! Files of known data sets as people have them: elsewhere, padded, mistaken for others, or something else altogether.

#[expect(dead_code, reason = "other tests need more of it")]
mod common;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::thread;

use common::{Bench, images, labels};

const SMALL: [&str; 8] = [
    "--epochs",
    "1",
    "--threads",
    "1",
    "--set",
    "layers.0.neurons=5",
    "--set",
    "data.validation=0",
];

fn train(more: &[&'static str]) -> Vec<&'static str> {
    [&["train", "mnist-count"][..], &SMALL, more].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Writes MNIST's four files, each changed, into a folder below `data`.
fn write_set(
    bench: &Bench,
    folder: &str,
    name: fn(&str) -> String,
    change: fn(Vec<u8>) -> Vec<u8>,
) {
    let folder = bench.path("data").join(folder);
    fs::create_dir_all(&folder).unwrap();
    for (part, count) in [("train", 40), ("t10k", 20)] {
        for (kind, bytes) in [
            ("images-idx3", images(count)),
            ("labels-idx1", labels(count)),
        ] {
            let name = name(&format!("{part}-{kind}-ubyte"));
            fs::write(folder.join(name), change(bytes)).unwrap();
        }
    }
}

#[test]
fn files_are_found_where_people_have_them() {
    let dotted: fn(&str) -> String = |name| name.replace("-idx", ".idx");
    let packed: fn(&str) -> String = |name| format!("{name}.gz");
    let padded: fn(Vec<u8>) -> Vec<u8> = |bytes| [gzip(&bytes), vec![0; 1000]].concat();
    for (folder, name, change) in [
        (
            "mnist",
            dotted,
            std::convert::identity as fn(Vec<u8>) -> Vec<u8>,
        ),
        ("mnist", packed, padded),
        (
            "MNIST/raw",
            str::to_owned as fn(&str) -> String,
            std::convert::identity,
        ),
        ("", packed, gzip_of),
    ] {
        let bench = Bench::new();
        write_set(&bench, folder, name, change);
        bench.succeed(&train(&["--out", "run"]));
        if folder != "mnist" {
            // What lies elsewhere is not downloaded again.
            let told = bench.succeed(&["data", "fetch", "mnist"]);
            assert!(told.contains("nothing to download"), "{told}");
            let told = bench.succeed(&["data", "info", "mnist"]);
            assert!(told.contains("NOT the official file"), "{told}");
        }
    }
}

fn gzip_of(bytes: Vec<u8>) -> Vec<u8> {
    gzip(&bytes)
}

#[test]
fn what_is_no_data_file_is_named() {
    let bench = Bench::new();
    bench.write_mnist(40, 20);
    let name = "train-labels-idx1-ubyte";
    let train = train(&["--out", "run"]);
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n";
    for (contents, what, advice) in [
        (
            "<!DOCTYPE html><title>Log in</title>",
            "a web page (HTML)",
            "fetch",
        ),
        (pointer, "a pointer of Git LFS", "git lfs pull"),
        ("{\"error\": 404}", "a JSON document", "fetch"),
        ("", "this is empty", "fetch"),
    ] {
        bench.write_data(name, contents.as_bytes());
        bench.refuse(&train, &[name, what, advice]);
        let told = bench.succeed(&["data", "info", "mnist"]);
        let what = what.trim_start_matches("this is ");
        assert!(told.contains(&format!("it is {what}")), "{told}");
    }
}

#[test]
fn the_places_that_were_looked_at_are_listed() {
    let bench = Bench::new();
    fs::create_dir_all(bench.path("data/mnist")).unwrap();
    let places = ["data/mnist`", "data/MNIST/raw`", "data`; fetch"];
    bench.refuse(&train(&["--out", "run"]), &places);
    let told = bench.succeed(&["data", "info", "mnist"]);
    assert!(told.contains("MNIST/raw, "), "{told}");
}

/// A network that wants its users to log in answers every request with a page.
#[test]
fn a_captive_portal_is_named_and_leaves_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // Small as it is, the request comes in one piece.
            assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
            let page = "<!DOCTYPE html><title>Welcome</title>";
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n";
            stream
                .write_all(format!("{head}{page}").as_bytes())
                .unwrap();
        }
    });
    let bench = Bench::new();
    fs::create_dir_all(bench.path("data/mnist")).unwrap();
    let words = ["data", "fetch", "mnist", "--from", &address];
    bench.refuse(&words, &["a web page (HTML)", "log in", &address]);
    assert_eq!(fs::read_dir(bench.path("data/mnist")).unwrap().count(), 0);
}

/// The real MNIST, if this machine has it.
fn real_mnist() -> Option<PathBuf> {
    let folder = Path::new(&std::env::var_os("NOCTULE_DATA")?).join("mnist");
    folder.is_dir().then_some(folder)
}

#[test]
fn labels_of_another_set_are_noted() {
    let Some(mnist) = real_mnist() else {
        eprintln!("skipped: no MNIST in $NOCTULE_DATA");
        return;
    };
    let bench = Bench::new();
    let folder = bench.path("data/fashion-mnist");
    fs::create_dir_all(&folder).unwrap();
    for name in ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"] {
        let bytes = fs::read(mnist.join(name)).unwrap();
        fs::write(folder.join(name), &bytes).unwrap();
        fs::write(folder.join(name.replace("t10k", "train")), bytes).unwrap();
    }
    let note = "are those of mnist, not of fashion-mnist";
    let told = bench.succeed(&["data", "info", "fashion-mnist"]);
    assert!(told.contains(note), "{told}");
    let words = [
        &["train", "fashion-count", "--out", "run"][..],
        &SMALL,
        &["--set", "training.batch_size=5000"],
    ];
    let output = bench.run(&words.concat());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stderr.contains(note), "{stderr}");

    // Files of one's own are nobody else's.
    bench.write_mnist(40, 20);
    let output = bench.run(&train(&["--out", "own"]));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && !stderr.contains("note"),
        "{stderr}"
    );
}
