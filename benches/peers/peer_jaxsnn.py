#!/usr/bin/env python3
"""jaxsnn: from event to event, the gradient of the closed form of the next spike time (tau_m = 2 tau_s).

Yin-Yang, 5-100-3; network, encoding, loss and optimiser follow its documented Yin-Yang example. The reset of -1000
leaves one spike per neuron. Batches are run one at a time; jaxsnn's training loop and its test pass are not used.
"""

from functools import partial
from importlib.metadata import version

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxsnn.event.encode import spatio_temporal_encode, target_temporal_encode
from jaxsnn.event.loss import first_spike, mse_loss
from jaxsnn.event.modules import LIF, LIFParameters, Linear, Source
from jaxsnn.event.topology import Topology
from jaxsnn.event.training import update
from jaxsnn.event.types import OptState

from common import INFERENCE_BATCH, batches, measure, options, report, yin_yang

BATCH, HIDDEN = 64, 100
TAU_M, TAU_S = 0.010, 0.005
# Room for events: 5 inputs and the hidden layer's spikes.
EVENTS_HIDDEN, EVENTS_OUTPUT = 50, 53
SAMPLES = 4992


def main() -> None:
    given = options(__doc__, ["yinyang"])
    jax.config.update("jax_platforms", given.device)
    neuron = LIFParameters(v_reset=-1000.0, v_th=1.0, tau_syn=TAU_S, tau_mem=TAU_M)
    topology = Topology(t_max=4 * TAU_S)
    topology.add({
        "input": Source(5),
        "to_hidden": Linear(mean=3.0, std=1.6, min_delay=0.0),
        "hidden": LIF(HIDDEN, EVENTS_HIDDEN, neuron),
        "to_output": Linear(mean=0.5, std=0.8, min_delay=0.0),
        "output": LIF(3, EVENTS_OUTPUT, neuron),
    })  # fmt: skip
    topology.connect([
        ("input", "to_hidden"), ("to_hidden", "hidden"), ("hidden", "to_output"), ("to_output", "output")
    ])  # fmt: skip
    initialise, apply = topology.done()

    encode = jax.vmap(partial(spatio_temporal_encode, t_late=2 * TAU_S, duplication=1, duplicate_neurons=False))
    targets = jax.vmap(partial(
        target_temporal_encode, correct_target_time=0.9 * TAU_S, wrong_target_time=1.1 * TAU_S, n_classes=3
    ))  # fmt: skip

    def first_spikes(weights, values):
        events = apply({"input": encode(values)}, weights)
        return jax.vmap(partial(first_spike, n_outputs=3))(events["output"])

    def loss(weights, batch):
        values, labels = batch
        times = first_spikes(weights, values)
        return jax.vmap(partial(mse_loss, tau_mem=TAU_M))(times, targets(labels)).mean(), times

    weights = initialise(jax.random.PRNGKey(0))
    optimiser = optax.chain(optax.scale(1 / TAU_S), optax.clip(0.01), optax.adam(0.005))
    state = OptState(optimiser.init(weights), weights, jax.random.PRNGKey(1))
    step = jax.jit(partial(update, optimiser, loss))
    classify = jax.jit(lambda weights, values: first_spikes(weights, values).argmin(-1))

    points, labels = yin_yang(SAMPLES, seed=0)
    values = np.concatenate([points, 1 - points, np.zeros((SAMPLES, 1), np.float32)], axis=1)

    def train(indices=batches(SAMPLES, BATCH)) -> int:
        nonlocal state
        chosen = next(indices)
        state, (value, _) = step(state, (jnp.asarray(values[chosen]), jnp.asarray(labels[chosen])))
        jax.block_until_ready((state, value))
        return BATCH

    def infer(indices=batches(SAMPLES, INFERENCE_BATCH)) -> int:
        classify(state.params, jnp.asarray(values[next(indices)])).block_until_ready()
        return INFERENCE_BATCH

    report(given, "jaxsnn", version("jaxsnn"), BATCH, measure(given, train, infer))


if __name__ == "__main__":
    main()
