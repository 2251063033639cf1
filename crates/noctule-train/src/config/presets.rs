//! The experiments that are built in.

pub(super) const PRESETS: &[(&str, &str)] = &[
    ("yinyang", include_str!("../../presets/yinyang.toml")),
    (
        "yinyang-paper",
        include_str!("../../presets/yinyang-paper.toml"),
    ),
    (
        "mnist-count",
        include_str!("../../presets/mnist-count.toml"),
    ),
    ("mnist-ttfs", include_str!("../../presets/mnist-ttfs.toml")),
];
