//! What is said about nodes that Noctule has no counterpart for.

/// What Noctule has in the place of a node.
pub(super) fn advice(kind: &str) -> &'static str {
    match kind {
        "LIF" | "IF" | "LI" | "I" | "CubaLI" | "Threshold" => {
            "Noctule's neurons are CubaLIF; other neurons cannot be represented"
        }
        "Delay" => "Noctule has no delays",
        "Conv1d" => "Noctule has Conv2d, of images",
        _ => {
            "Noctule has Input, Output, CubaLIF, Affine, Linear, Conv2d, SumPool2d, AvgPool2d, Flatten, Scale and NIRGraph"
        }
    }
}
