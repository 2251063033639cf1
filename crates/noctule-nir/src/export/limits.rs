//! [`limits`]: what other simulators will not know of a network.

use noctule_core::{Network, Real};

/// What a graph says of a network, but other simulators do not heed, or cannot be told: a sentence for each.
pub fn limits<T: Real>(network: &Network<T>) -> Vec<String> {
    let mut limits = Vec::new();
    let layers = network.layers().iter().enumerate();
    let spiking = layers.filter_map(|(index, layer)| Some((index, layer.spiking()?)));
    for (index, layer) in spiking {
        let differs = (0..layer.outputs()).any(|neuron| {
            let neuron = layer.neuron_parameters(neuron);
            neuron.reset != neuron.theta
        });
        if differs {
            limits.push(format!(
                "layer {index} resets to another potential than 0 (v_reset), which snnTorch and Norse do not heed"
            ));
        }
        if layer.neuron().max_spikes == 1 {
            limits.push(format!(
                "neurons of layer {index} spike once (max_spikes); NIR cannot say so, and other simulators let them spike again"
            ));
        }
    }
    limits
}
