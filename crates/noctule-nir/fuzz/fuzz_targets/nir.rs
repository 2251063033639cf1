//! Feeds arbitrary bytes to the reader of NIR files: it must return a graph or an error, and never panic; what becomes a network
//! must be the same when it is written and read again. Start it with the files in `tests/fixtures`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use noctule_nir::{ExportOptions, Graph, ImportOptions, from_graph, to_graph};

fuzz_target!(|bytes: &[u8]| {
    // Without the signature nothing would be read.
    let file = [b"\x89HDF\r\n\x1a\n", bytes].concat();
    for bytes in [bytes, &file] {
        let Ok(graph) = Graph::parse(bytes) else {
            continue;
        };
        let options = ImportOptions {
            t_max: Some(0.1),
            ..ImportOptions::default()
        };
        let Ok(imported) = from_graph::<f64>(&graph, &options) else {
            continue;
        };
        let dt = imported.dt;
        let options = ExportOptions {
            dt,
            ..ExportOptions::default()
        };
        // A convolution may be given a list of one pixel.
        let Ok(written) = to_graph(&imported.network, &options) else {
            continue;
        };
        let read = from_graph::<f64>(&written, &ImportOptions::default());
        let read = read.expect("what was written can be read");
        for (layer, weights) in imported.network.indexed_weights() {
            assert_eq!(read.network.weights(layer), Some(weights));
        }
    }
});
