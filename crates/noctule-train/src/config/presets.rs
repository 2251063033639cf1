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
    "mnist-count",
    "mnist-ttfs",
    "convergence",
    "convergence-ttfs",
];
