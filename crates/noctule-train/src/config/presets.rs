//! The experiments that are built in.

/// Names and texts of the files in `presets/`.
macro_rules! presets {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../presets/", $name, ".toml"))),)+]
    };
}

pub(super) const PRESETS: &[(&str, &str)] = presets![
    "yinyang",
    "yinyang-paper",
    "yinyang-ttfs",
    "mnist-count",
    "mnist-count-paper",
    "mnist-count-augmented",
    "mnist-count-small-batch",
    "mnist-count-sparse",
    "mnist-count-wide",
    "mnist-ttfs",
    "mnist-ttfs-paper",
    "mnist-conv",
    "mnist-conv-paper",
    "mnist-conv-ttfs",
    "fashion-count",
    "fashion-count-paper",
    "fashion-ttfs",
    "fashion-conv",
    "emnist-count",
    "emnist-count-paper",
    "emnist-ttfs",
    "convergence",
    "convergence-ttfs",
];
