//! Neurons with constants of their own.

use noctule_core::{
    Engine, Layer, LifParameters, Network, ParameterKind, Real, SpikingLayer, Window,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::central::{Compared, compare};
use crate::harness::{
    IMAGE, Runner, WITH_INPUT, assert_close, assert_spikes_close, assert_tensors_close,
    by_precision, dense_network, image_network, must, neuron, random_input, times_of, to_f64,
};

/// The network in which `constants` gives the layers with neurons constants of their own.
fn with_constants<T: Real>(
    network: &Network<T>,
    mut constants: impl FnMut(SpikingLayer<T>) -> SpikingLayer<T>,
) -> Network<T> {
    let mut changed = must(
        Network::image(network.input_shape()),
        "the image of a network",
    );
    for layer in network.layers() {
        let layer = match layer.spiking() {
            Some(layer) => Layer::from(constants(layer.clone())),
            None => layer.clone(),
        };
        changed = must(changed.layer(layer), "adding a layer");
    }
    changed
}

fn set<T: Real>(layer: SpikingLayer<T>, kind: ParameterKind, values: Vec<f64>) -> SpikingLayer<T> {
    let values = values.into_iter().map(T::of).collect();
    must(
        layer.with_constants(kind, values),
        "constants of single neurons",
    )
}

/// Constants within 30 % of those that the layer has.
fn random_constants_of<T: Real>(
    mut layer: SpikingLayer<T>,
    kinds: &[ParameterKind],
    random: &mut ChaCha8Rng,
) -> SpikingLayer<T> {
    let LifParameters {
        theta,
        reset,
        tau_m,
        tau_s,
        ..
    } = *layer.neuron();
    for &kind in kinds {
        let value = match kind {
            ParameterKind::Theta => theta,
            ParameterKind::Reset => reset,
            ParameterKind::TauM => tau_m,
            _ => tau_s,
        };
        let values = (0..layer.outputs())
            .map(|_| value * random.random_range(0.7..1.3))
            .collect();
        layer = set(layer, kind, values);
    }
    layer
}

/// Lists of constants that are all equal give what the shared constants give.
pub fn equal_constants_change_nothing<T: Real>(engine: &dyn Engine<T>) {
    for ratio in [1.0, 2.0, 3.0, 0.5] {
        let parameters = neuron(ratio);
        let shared = dense_network::<T>(&[4, 10, 3], &parameters, 151);
        let listed = with_constants(&shared, |mut layer| {
            let LifParameters {
                theta,
                reset,
                tau_m,
                tau_s,
                ..
            } = parameters;
            let values = [theta, reset, tau_m, tau_s];
            for (kind, value) in ParameterKind::CONSTANTS.into_iter().zip(values) {
                let neurons = layer.outputs();
                layer = set(layer, kind, vec![value; neurons]);
            }
            layer
        });
        let input = random_input(4, 6, 12, 152);
        let expected = Runner::new(engine, &shared).run(&input, WITH_INPUT);
        let found = Runner::new(engine, &listed).run(&input, WITH_INPUT);
        let what = format!("equal constants, tau_m/tau_s = {ratio}");
        for (found, expected) in found.spikes.iter().zip(&expected.spikes) {
            assert_spikes_close(found, expected, by_precision::<T>(1e-10, 1e-3), &what);
        }
        let allowed = by_precision::<T>(1e-8, 1e-2);
        assert_tensors_close(&found.gradient, &expected.gradient, allowed, &what);
        assert_close(
            &found.input_times,
            &to_f64(&expected.input_times),
            allowed,
            &what,
        );
    }
}

/// Each neuron of a layer spikes as in a layer in which all neurons have its constants.
pub fn neurons_are_independent<T: Real>(engine: &dyn Engine<T>) {
    let mut random = ChaCha8Rng::seed_from_u64(161);
    let window = Window {
        padding: 1,
        ..Window::square(3)
    };
    let filters = image_network::<T>(window, &neuron(2.0), 162);
    let image = must(Network::image(IMAGE), "the image of a network");
    let image = must(image.layer(filters.layers()[0].clone()), "adding a layer");
    let dense = dense_network::<T>(&[4, 12], &neuron(2.0), 163);
    for (shared, events) in [(dense, 12), (image, 40)] {
        let listed = with_constants(&shared, |layer| {
            random_constants_of(layer, &ParameterKind::CONSTANTS, &mut random)
        });
        let input = random_input(shared.inputs(), 4, events, 164);
        let found = Runner::new(engine, &listed).run(&input, WITH_INPUT);
        let Some(layer) = listed.layers()[0].spiking() else {
            unreachable!("the first layer has neurons");
        };
        let mut compared = 0;
        for neuron in (0..layer.outputs()).step_by(layer.outputs().div_ceil(12)) {
            let own = layer.neuron_parameters(neuron);
            let alone = with_constants(&shared, |mut layer| {
                let values = [own.theta, own.reset, own.tau_m, own.tau_s];
                for (kind, value) in ParameterKind::CONSTANTS.into_iter().zip(values) {
                    let neurons = layer.outputs();
                    layer = set(layer, kind, vec![value; neurons]);
                }
                layer
            });
            let expected = Runner::new(engine, &alone).run(&input, WITH_INPUT);
            for sample in 0..input.samples() {
                let found = times_of(&found.spikes[0], sample, neuron as u32);
                let expected = times_of(&expected.spikes[0], sample, neuron as u32);
                let what = format!("neuron {neuron}, sample {sample}");
                assert_eq!(found.len(), expected.len(), "{what}: the counts differ");
                for (found, expected) in found.iter().zip(&expected) {
                    let error = (found - expected).abs();
                    assert!(
                        error < by_precision::<T>(1e-9, 1e-3),
                        "{what}: off by {error:e} s"
                    );
                    compared += 1;
                }
            }
        }
        assert!(compared > 30, "only {compared} spikes were compared");
    }
}

/// Central differences of networks in which each constant, and all of them, differ from neuron to neuron.
pub fn random_constants(engine: &dyn Engine<f64>) {
    use ParameterKind::{Reset, TauM, TauS, Theta};
    let mut random = ChaCha8Rng::seed_from_u64(171);
    let mut compared = Compared::default();
    let window = Window {
        padding: 1,
        ..Window::square(3)
    };
    for kinds in [
        &[Theta][..],
        &[Reset],
        &[TauM],
        &[TauS],
        &[Theta, Reset, TauM, TauS],
    ] {
        for ratio in [1.0, 2.0, 3.0, 0.5] {
            let what = format!("individual {kinds:?}, tau_m/tau_s = {ratio}");
            let network = dense_network(&[3, 5, 3], &neuron(ratio), 172);
            let network = with_constants(&network, |layer| {
                random_constants_of(layer, kinds, &mut random)
            });
            let input = random_input(3, 1, 10, 173);
            compared.add(compare(engine, &network, &input, &what));
        }
        let what = format!("a convolution with individual {kinds:?}");
        let network = image_network(window, &neuron(2.0), 174);
        let network = with_constants(&network, |layer| {
            random_constants_of(layer, kinds, &mut random)
        });
        let input = random_input(IMAGE.neurons(), 1, 20, 175);
        compared.add(compare(engine, &network, &input, &what));
    }
    compared.assert_enough(500, "individual constants");
}
