//! From a matrix or a convolution to how a layer is connected.

use noctule_core::{Shape, Window};

use super::error::ImportError;
use super::population::Population;
use super::sizes::{equal, pair, refused};
use crate::graph::array::Array;
use crate::graph::nodes::{Conv2d, Padding};
use crate::layout::places_in_nir;

const NO_BIAS: &str = "0: Noctule's neurons have no constant current";

/// Weights that wait for their neurons.
pub(super) struct Connection<'a> {
    /// The node.
    pub node: &'a str,
    /// The weights, a row for each output or filter, in the order of Noctule.
    pub weights: Vec<f64>,
    /// Length of each dimension of them.
    pub shape: Vec<usize>,
    /// Where they lie; `None` for a matrix.
    pub window: Option<Window>,
    /// What arrives.
    pub input: Shape,
    /// What the neurons form.
    pub output: Population,
}

/// A matrix.
pub(super) fn dense<'a>(
    node: &'a str,
    weight: &Array,
    bias: Option<&Array>,
    input: Population,
) -> Result<Connection<'a>, ImportError> {
    let inputs = input.shape.neurons();
    let shape_error = |expected: String| ImportError::Shape {
        node: node.to_owned(),
        field: "weight",
        found: weight.shape().to_vec(),
        expected,
    };
    let outputs = match *weight.shape() {
        [outputs, columns] if columns == inputs && outputs > 0 => outputs,
        _ => return Err(shape_error(format!("[outputs, {inputs}]"))),
    };
    check_weights(node, weight, bias)?;
    let mut weights = Vec::with_capacity(weight.values().len());
    for row in weight.values().chunks_exact(inputs) {
        weights.extend(places_in_nir(input.shape).map(|place| row[place]));
    }
    Ok(Connection {
        node,
        weights,
        shape: vec![outputs, inputs],
        window: None,
        input: input.shape,
        output: Population::list(outputs),
    })
}

/// A convolution.
pub(super) fn conv2d<'a>(
    node: &'a str,
    conv: &Conv2d,
    image: Shape,
) -> Result<Connection<'a>, ImportError> {
    let channels = image.channels;
    let (filters, height, width) = match *conv.weight.shape() {
        [filters, found, height, width] if found == channels && filters > 0 => {
            (filters, height, width)
        }
        _ => {
            return Err(ImportError::Shape {
                node: node.to_owned(),
                field: "weight",
                found: conv.weight.shape().to_vec(),
                expected: format!("[filters, {channels}, rows, columns]"),
            });
        }
    };
    if conv.groups != 1 {
        let rule = "1: in Noctule every filter sees all channels";
        return Err(refused(node, "groups", conv.groups, rule));
    }
    let rule = "1: the pixels of Noctule's windows lie side by side";
    if equal(node, "dilation", &conv.dilation, rule)? != 1 {
        return Err(refused(node, "dilation", &conv.dilation, rule));
    }
    if let Some(shape) = &conv.input_shape
        && pair(node, "input_shape", shape)? != [image.height, image.width]
    {
        let rule = "the rows and columns of the image that arrives";
        return Err(refused(node, "input_shape", shape, rule));
    }
    check_weights(node, &conv.weight, Some(&conv.bias))?;
    let stride = equal(
        node,
        "stride",
        &conv.stride,
        "the same for rows and columns",
    )?;
    let window = Window {
        height,
        width,
        stride,
        padding: padding(node, &conv.padding, stride, [height, width])?,
    };
    let output = window
        .output(image, filters)
        .map_err(|source| ImportError::Layer {
            node: node.to_owned(),
            source: source.into(),
        })?;
    let patch = Shape {
        height,
        width,
        channels,
    };
    let mut weights = Vec::with_capacity(conv.weight.values().len());
    for filter in conv.weight.values().chunks_exact(patch.neurons().max(1)) {
        weights.extend(places_in_nir(patch).map(|place| filter[place]));
    }
    Ok(Connection {
        node,
        weights,
        shape: vec![filters, height, width, channels],
        window: Some(window),
        input: image,
        output: Population::image(output),
    })
}

fn padding(
    node: &str,
    padding: &Padding,
    stride: usize,
    window: [usize; 2],
) -> Result<usize, ImportError> {
    const EQUAL: &str = "the same for rows and columns";
    match padding {
        Padding::Sizes(sizes) => equal(node, "padding", sizes, EQUAL),
        Padding::Named(name) if name == "valid" => Ok(0),
        Padding::Named(name) if name == "same" => match window {
            [height, width] if height == width && height % 2 == 1 && stride == 1 => Ok(height / 2),
            _ => {
                let rule = "a number where the window is not square, has even sides, or has another stride than 1";
                Err(refused(node, "padding", name, rule))
            }
        },
        Padding::Named(name) => Err(refused(
            node,
            "padding",
            name,
            "`same`, `valid` or a number",
        )),
    }
}

/// Checks that weights are finite and that nothing is added to them.
fn check_weights(node: &str, weight: &Array, bias: Option<&Array>) -> Result<(), ImportError> {
    refuse_first(
        node,
        "weight",
        weight,
        |value| value.is_finite(),
        "a finite number",
    )?;
    match bias {
        Some(bias) => refuse_first(node, "bias", bias, |value| value == 0.0, NO_BIAS),
        None => Ok(()),
    }
}

/// Refuses the first number of an array that is not accepted.
pub(super) fn refuse_first(
    node: &str,
    field: &'static str,
    array: &Array,
    accepts: impl Fn(f64) -> bool,
    rule: &'static str,
) -> Result<(), ImportError> {
    let mut values = array.values().iter();
    match values.position(|&value| !accepts(value)) {
        None => Ok(()),
        Some(position) => Err(ImportError::Value {
            node: node.to_owned(),
            field,
            index: array.index_of(position),
            value: array.values()[position],
            rule,
        }),
    }
}
