#!/usr/bin/env python3
"""eventax: from event to event, with an ODE solver in between and the gradient through it.

Yin-Yang, 5-100-3: Noctule's preset `yinyang` in milliseconds, with the solver and its step as in eventax's documented
Yin-Yang example. The reset of -1000 leaves one spike per neuron.
"""

from importlib.metadata import version

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from eventax.evnn import FFEvNN
from eventax.neuron_models import LIF

from common import INFERENCE_BATCH, batches, measure, options, report, yin_yang

BATCH, HIDDEN = 64, 100
EARLIEST, LATEST, BIAS, T_MAX = 10.0, 40.0, 20.0, 60.0
TEMPERATURE = 0.5
SAMPLES = 4992


def main() -> None:
    given = options(__doc__, ["yinyang"])
    jax.config.update("jax_platforms", given.device)
    # A row for every neuron, then one for every input; connections that the layers do not have are masked.
    to_hidden, to_output, key = jax.random.split(jax.random.PRNGKey(0), 3)
    weights = jnp.zeros((HIDDEN + 3 + 5, HIDDEN + 3))
    weights = weights.at[HIDDEN + 3 :, :HIDDEN].set(1.5 + 0.78 * jax.random.normal(to_hidden, (5, HIDDEN)))
    weights = weights.at[:HIDDEN, HIDDEN:].set(0.93 + 0.1 * jax.random.normal(to_output, (HIDDEN, 3)))
    network = FFEvNN(
        layers=[HIDDEN, 3], in_size=5, neuron_model=LIF, max_solver_time=T_MAX, solver_stepsize=0.05,
        # A spike each, the inputs, and the pseudo-events that let integration go on.
        max_event_steps=2 * (HIDDEN + 3 + 5) + 10,
        thresh=1.0, tsyn=10.0, tmem=20.0, vreset=-1000.0, init_weights=weights, init_bias=0.0, key=key,
    )  # fmt: skip
    optimiser = optax.adam(0.005)
    state = optimiser.init(eqx.filter(network, eqx.is_inexact_array))

    def first_spikes(network, times):
        found = jax.vmap(network.ttfs)(times)
        return jnp.where(jnp.isinf(found), T_MAX, found)

    @eqx.filter_value_and_grad
    def loss(network, times, labels):
        logits = -first_spikes(network, times) / TEMPERATURE
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    @eqx.filter_jit
    def step(network, state, times, labels):
        value, gradient = loss(network, times, labels)
        updates, state = optimiser.update(gradient, state)
        return eqx.apply_updates(network, updates), state, value

    @eqx.filter_jit
    def classify(network, times):
        return first_spikes(network, times).argmin(-1)

    points, labels = yin_yang(SAMPLES, seed=0)
    times = EARLIEST + (LATEST - EARLIEST) * np.concatenate([points, 1 - points], axis=1)
    times = np.concatenate([times, np.full((SAMPLES, 1), BIAS, np.float32)], axis=1)[..., None]

    def train(indices=batches(SAMPLES, BATCH)) -> int:
        nonlocal network, state
        chosen = next(indices)
        network, state, value = step(network, state, jnp.asarray(times[chosen]), jnp.asarray(labels[chosen]))
        value.block_until_ready()
        return BATCH

    def infer(indices=batches(SAMPLES, INFERENCE_BATCH)) -> int:
        classify(network, jnp.asarray(times[next(indices)])).block_until_ready()
        return INFERENCE_BATCH

    report(given, "eventax", version("eventax"), BATCH, measure(given, train, infer))


if __name__ == "__main__":
    main()
