//! `noctule export` and `noctule import`.

mod common;

use std::fs;

use common::{Bench, names};
use noctule::core::{Initialiser, LifParameters, Network, ParameterKind};
use noctule::nir::{ExportOptions, Graph, NodeKind, Value, to_graph, write};
use serde_json::Value as Json;

const NEURON: LifParameters = LifParameters {
    tau_m: 0.02,
    tau_s: 0.01,
    theta: 1.0,
    reset: 1.0,
    max_spikes: 20,
    t_max: 0.1,
};

fn network() -> Network<f32> {
    let weights = Initialiser::normal(60.0, 40.0).unwrap();
    let network = Network::new(5).unwrap();
    let network = network.dense(8, &NEURON, weights, 1).unwrap();
    network.dense(3, &NEURON, weights, 2).unwrap()
}

/// What `eval` says, without what depends on the clock and the name.
fn evaluated(bench: &Bench, run: &str) -> Json {
    let mut record: Json = serde_json::from_str(&bench.succeed(&["eval", run, "--json"])).unwrap();
    for key in ["run", "seconds", "samples_per_second"] {
        record.as_object_mut().unwrap().remove(key).unwrap();
    }
    record
}

/// A graph as somebody else would write it: nothing of Noctule is in it.
fn foreign(network: &Network<f32>) -> Graph {
    let mut graph = to_graph(network, &ExportOptions::default()).unwrap();
    graph.metadata.clear();
    for node in graph.nodes.values_mut() {
        node.metadata.clear();
    }
    graph
}

#[test]
fn a_run_comes_back_as_it_was() {
    let bench = Bench::new();
    bench.train("run", &[]);
    for (options, name) in [(vec![], "dirac"), (vec!["--dt", "1e-4"], "stepped")] {
        let file = format!("{name}.nir");
        let said = bench.succeed(&[&["export", "run", "-o", &file], &options[..]].concat());
        assert!(said.contains("2 layers, 5 inputs to 3 outputs"), "{said}");
        bench.succeed(&["import", &file, "-o", name]);
        assert_eq!(
            names(&bench.path(name)),
            ["config.toml", "last.safetensors"]
        );
        assert_eq!(evaluated(&bench, name), evaluated(&bench, "run"));
        let config = |run: &str| bench.read(&format!("{run}/config.toml"));
        assert_eq!(config(name), config("run"));
        bench.succeed(
            &[
                "export",
                name,
                "-o",
                "again.nir",
                options.first().unwrap_or(&"--dt=1e-3"),
            ]
            .into_iter()
            .chain(options.get(1).copied())
            .collect::<Vec<_>>(),
        );
    }
    // Everything that a run is for, but to be resumed.
    bench.succeed(&["predict", "dirac", "-o", "predictions.npz"]);
    bench.train("further", &["--init", "dirac"]);
    bench.succeed(&["export", "further", "--best", "-o", "best.nir"]);
    bench.succeed(&["export", "further/best.safetensors", "-o", "same.nir"]);
    assert_eq!(bench.read("best.nir"), bench.read("same.nir"));
    bench.succeed(&["export", "dirac", "-o", "same.nir"]);
    assert_eq!(bench.read("dirac.nir"), bench.read("same.nir"));
    bench.refuse(&["train", "--resume", "dirac"], &["weights only", "--init"]);
}

#[test]
fn a_convolutional_run_comes_back_as_it_was() {
    let bench = Bench::new();
    bench.write_mnist(60, 40);
    let words = [
        "train",
        "mnist-conv",
        "--out",
        "run",
        "--epochs",
        "1",
        "--no-report",
    ];
    let smaller = [
        "layers.0.filters=3",
        "layers.2.filters=4",
        "layers.4.neurons=12",
        "data.validation=0",
    ];
    let smaller = smaller.iter().flat_map(|value| ["--set", value]);
    bench.succeed(&words.into_iter().chain(smaller).collect::<Vec<_>>());
    bench.succeed(&["export", "run", "-o", "net.nir"]);
    bench.succeed(&["import", "net.nir", "-o", "again"]);
    assert_eq!(evaluated(&bench, "again"), evaluated(&bench, "run"));
    assert_eq!(
        bench.read("again/config.toml"),
        bench.read("run/config.toml")
    );
}

#[test]
fn a_graph_of_others_gets_an_experiment() {
    let bench = Bench::new();
    foreign(&network()).save(bench.path("net.nir")).unwrap();
    bench.refuse(
        &["import", "net.nir", "-o", "run"],
        &["net.nir", "`neurons_0`", "--t-max"],
    );
    let output = bench.run(&["import", "net.nir", "--t-max", "0.05", "-o", "run"]);
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("data are to be named"), "{said}");
    let note = String::from_utf8(output.stderr).unwrap();
    assert!(note.contains("Dirac") && note.contains("--dt"), "{note}");
    let config = String::from_utf8(bench.read("run/config.toml")).unwrap();
    for part in [
        "# ",
        "units (0 to 4)",
        "population = 5",
        "t_max = 0.05",
        "max_spikes = 65535",
    ] {
        assert!(config.contains(part), "{part}: {config}");
    }
    bench.refuse(&["eval", "run"], &["data.test", "test.npz"]);
    // With the data of Yin-Yang; the bias is its fifth input.
    bench.succeed(&[
        "import",
        "net.nir",
        "--experiment",
        "yinyang",
        "--max-spikes",
        "9",
        "-o",
        "yy",
    ]);
    let config = String::from_utf8(bench.read("yy/config.toml")).unwrap();
    assert!(
        config.contains("max_spikes = 9") && config.contains("set = \"yin-yang\""),
        "{config}"
    );
    bench.succeed(&["eval", "yy"]);
    bench.refuse(
        &[
            "import",
            "net.nir",
            "--experiment",
            "mnist-count",
            "-o",
            "mnist",
        ],
        &["784 inputs", "5 inputs"],
    );
    bench.refuse(
        &[
            "import",
            "net.nir",
            "--experiment",
            "spike-order.toml",
            "-o",
            "other",
        ],
        &["--experiment", "spike-order.toml"],
    );
    bench.refuse(
        &["import", "net.nir", "--t-max", "0", "-o", "zero"],
        &["t_max = 0"],
    );
    bench.refuse(
        &[
            "import",
            "net.nir",
            "--t-max",
            "1",
            "--max-spikes",
            "70000",
            "-o",
            "many",
        ],
        &["max_spikes = 70000"],
    );
    bench.refuse(
        &[
            "import", "net.nir", "--t-max", "1", "--dt", "-1", "-o", "back",
        ],
        &["dt is -1"],
    );
    bench.refuse(
        &["import", "net.nir", "--t-max", "1", "-o", "run"],
        &["run", "already"],
    );
}

#[test]
fn networks_alone() {
    let bench = Bench::new();
    let network = network();
    network.save(bench.path("net.safetensors")).unwrap();
    bench.succeed(&["export", "net.safetensors", "-o", "net.nir"]);
    bench.succeed(&["import", "net.nir", "-o", "again.safetensors"]);
    assert_eq!(
        bench.read("again.safetensors"),
        bench.read("net.safetensors")
    );
    // In double precision, and with constants of its own for each neuron.
    let weights = Initialiser::normal(60.0, 40.0).unwrap();
    let individual = Network::<f64>::new(4)
        .unwrap()
        .dense(3, &NEURON, weights, 1)
        .unwrap();
    let mut layer = individual.layers()[0].spiking().unwrap().clone();
    layer = layer
        .with_constants(ParameterKind::TauM, vec![0.02, 0.021, 0.0222])
        .unwrap();
    let individual = Network::new(4).unwrap().layer(layer).unwrap();
    write(
        &individual,
        bench.path("own.nir"),
        &ExportOptions::default(),
    )
    .unwrap();
    bench.succeed(&["import", "own.nir", "-o", "own.safetensors"]);
    let read = Network::<f64>::load(bench.path("own.safetensors")).unwrap();
    assert_eq!(read.weights(0), individual.weights(0));
    bench.succeed(&["export", "own.safetensors", "-o", "again.nir"]);
    assert_eq!(bench.read("again.nir"), bench.read("own.nir"));
    bench.refuse(
        &["import", "own.nir", "-o", "run"],
        &["`neurons_0`", "different constants", "FILE.safetensors"],
    );
    bench.refuse(
        &[
            "import",
            "net.nir",
            "--experiment",
            "yinyang",
            "-o",
            "x.safetensors",
        ],
        &["--experiment", "are for runs"],
    );
    bench.refuse(
        &["export", "net.safetensors", "--best", "-o", "x.nir"],
        &["--best is for runs"],
    );
    bench.refuse(
        &["export", "net.safetensors", "-o", "net.safetensors"],
        &["-o names `net.safetensors`"],
    );
    bench.refuse(
        &["export", "net.safetensors", "--dt", "0", "-o", "x.nir"],
        &["dt is 0"],
    );
    bench.refuse(
        &["export", "net.nir", "-o", "x.nir"],
        &["net.nir", "not a safetensors file"],
    );
    bench.refuse(
        &["export", "nothing", "-o", "x.nir"],
        &["nothing of that name"],
    );
    bench.refuse(
        &["export", "net.safetensors", "-o", "no/x.nir"],
        &["there is no folder `no`"],
    );
}

#[test]
fn what_is_no_network_is_refused() {
    let bench = Bench::new();
    let import = |name: &str, parts: &[&str]| {
        bench.refuse(&["import", name, "-o", "run"], &[&[name], parts].concat());
    };
    import("nothing.nir", &["cannot read"]);
    fs::write(bench.path("text.nir"), "a text").unwrap();
    import("text.nir", &["not an HDF5 file"]);
    let graph = to_graph(&network(), &ExportOptions::default()).unwrap();
    let bytes = graph.to_bytes().unwrap();
    fs::write(bench.path("cut.nir"), &bytes[..bytes.len() / 3]).unwrap();
    import("cut.nir", &["truncated or damaged"]);
    let changed = |name: &str, change: &dyn Fn(&mut Graph)| {
        let mut graph = graph.clone();
        change(&mut graph);
        graph.save(bench.path(name)).unwrap();
    };
    changed("lif.nir", &|graph| {
        let lif = NodeKind::Other {
            name: "LIF".to_owned(),
        };
        graph.nodes.insert("neurons_1".to_owned(), lif.into());
    });
    import("lif.nir", &["node `neurons_1` is of the type LIF"]);
    changed("circle.nir", &|graph| {
        graph
            .edges
            .push(("neurons_1".to_owned(), "dense_0".to_owned()));
    });
    import("circle.nir", &["closes a circle"]);
    changed("toml.nir", &|graph| {
        let text = Value::Text("name = ".to_owned());
        graph.metadata.insert("noctule_experiment".to_owned(), text);
    });
    import("toml.nir", &["noctule_experiment"]);
}
