//! The two orders of the neurons of an image.
//!
//! Noctule has the channels of a pixel side by side: neuron `(y * width + x) * channels + c`. NIR has the pixels of a channel
//! side by side: `(c * height + y) * width + x`.

use noctule_core::Shape;

/// The shape as NIR has it: `[channels, height, width]`.
pub(crate) fn nir_shape(shape: Shape) -> [usize; 3] {
    [shape.channels, shape.height, shape.width]
}

/// For each neuron in the order of Noctule, its place in the order of NIR.
pub(crate) fn places_in_nir(shape: Shape) -> impl Iterator<Item = usize> {
    let pixels = shape.height * shape.width;
    let neurons = 0..shape.neurons();
    neurons.map(move |neuron| (neuron % shape.channels) * pixels + neuron / shape.channels)
}

/// Values in the order of NIR, from those in the order of Noctule.
pub(crate) fn to_nir<T: Copy + Default>(shape: Shape, values: &[T]) -> Vec<T> {
    let mut ordered = vec![T::default(); values.len()];
    for (&value, place) in values.iter().zip(places_in_nir(shape)) {
        ordered[place] = value;
    }
    ordered
}

/// Values in the order of Noctule, from those in the order of NIR, of which there is one for each neuron.
pub(crate) fn from_nir<T: Copy>(shape: Shape, values: &[T]) -> Vec<T> {
    places_in_nir(shape).map(|place| values[place]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_of_nir_is_every_third_neuron_of_noctule() {
        let shape = Shape {
            height: 1,
            width: 2,
            channels: 3,
        };
        let (noctule, nir) = ([0, 1, 2, 10, 11, 12], [0, 10, 1, 11, 2, 12]);
        assert_eq!(to_nir(shape, &noctule), nir);
        assert_eq!(from_nir(shape, &nir), noctule);
        assert_eq!(nir_shape(shape), [3, 1, 2]);
    }

    #[test]
    fn without_a_layout_both_orders_are_one() {
        let values = [3, 1, 4, 1, 5];
        assert_eq!(to_nir(Shape::flat(5), &values), values);
    }
}
