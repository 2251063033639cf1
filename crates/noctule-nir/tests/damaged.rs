//! Damaged files are refused, or read as something else; nothing panics and nothing takes much memory.

#[expect(dead_code, reason = "other tests need more of it")]
mod common;

use std::path::Path;

use common::{convolutional, dense, individual};
use noctule_core::Real;
use noctule_nir::{ExportOptions, FileProblem, Graph, ImportOptions, from_graph, to_graph};
use proptest::prelude::*;

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name);
    std::fs::read(path).unwrap()
}

/// Reads a file, and a network from it, as far as that goes.
fn try_all(bytes: &[u8]) -> Result<(), FileProblem> {
    let graph = Graph::parse(bytes)?;
    let options = ImportOptions {
        t_max: Some(0.1),
        ..ImportOptions::default()
    };
    from_graph::<f32>(&graph, &options).ok();
    from_graph::<f64>(&graph, &options).ok();
    Ok(())
}

fn bytes_of<T: Real>(network: &noctule_core::Network<T>) -> Vec<u8> {
    let graph = to_graph(network, &ExportOptions::default()).unwrap();
    graph.to_bytes().unwrap()
}

fn files() -> Vec<Vec<u8>> {
    vec![
        bytes_of(&dense::<f32>(1)),
        bytes_of(&convolutional::<f32>(1)),
        bytes_of(&individual::<f64>(1)),
        fixture("nested.nir"),
        fixture("conv.nir"),
        fixture("snntorch.nir"),
    ]
}

#[test]
fn truncated_files_are_refused() {
    for bytes in files() {
        let lengths = (0..bytes.len()).step_by(bytes.len() / 300 + 1);
        for length in lengths.chain([bytes.len() - 1]) {
            match try_all(&bytes[..length]) {
                Err(FileProblem::NotHdf5) => assert!(length < 8),
                Err(FileProblem::Damaged { .. }) => {}
                // What is cut off may be unused.
                other => assert!(length > bytes.len() / 2, "{length}: {other:?}"),
            }
        }
    }
}

#[test]
fn flipped_bytes_do_no_harm() {
    for bytes in files() {
        // Every byte of the headers at the front and at the end, and some of those between.
        let step = bytes.len() / 700 + 1;
        for place in (0..bytes.len()).filter(|place| *place < 300 || place % step == 0) {
            for flip in [0xff, 0x01, 0x80] {
                let mut damaged = bytes.clone();
                damaged[place] ^= flip;
                try_all(&damaged).ok();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn overwritten_parts_do_no_harm(
        file in 0usize..6,
        place in 0.0..1.0,
        part in proptest::collection::vec(any::<u8>(), 1..24),
    ) {
        let mut bytes = files().swap_remove(file);
        let place = (place * bytes.len() as f64) as usize;
        let end = bytes.len().min(place + part.len());
        bytes[place..end].copy_from_slice(&part[..end - place]);
        try_all(&bytes).ok();
    }

    #[test]
    fn any_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(try_all(&bytes).is_err());
        let signed = [b"\x89HDF\r\n\x1a\n".as_slice(), &bytes].concat();
        prop_assert!(try_all(&signed).is_err());
    }
}
