# %% [markdown]
# # A Noctule layer in a PyTorch model
#
# An ordinary `nn.Linear` turns points of the Yin-Yang symbol into spike times, two layers of
# spiking neurons follow, and an ordinary cross-entropy reads the first output spikes. All of it
# learns together with `torch.optim`: gradients of spike times are exact, with respect to weights
# and to times. This takes some ten seconds on two cores.
#
# Install with `pip install "./python[torch]"` from a clone.

# %%
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import noctule as nt

torch.manual_seed(0)
# Noctule has threads of its own, and PyTorch's tensors are small here. Where both have a thread for each core, they wait for each
# other.
torch.set_num_threads(1)

# %% [markdown]
# ## Spikes as tensors
#
# `nt.torch.Layer` is an `nn.Module`. Its input and its output are spike times in seconds of shape
# `[sample, neuron, spike]`, where `inf` stands for no spike. There is one axis for spikes and none
# for time.

# %%
# ANCHOR: layer
layer = nt.torch.Layer(3, nt.Dense(2, theta=1.0, max_spikes=4), tau_m=0.020, tau_s=0.010, t_max=0.1, dtype="float64")
times = torch.tensor([[[0.001], [0.005], [0.010]]], dtype=torch.float64, requires_grad=True)
with torch.no_grad():
    layer.weight.copy_(torch.tensor([[300.0, 200.0, 250.0], [150.0, 100.0, 50.0]]))
print(layer(times))
# ANCHOR_END: layer

# %% [markdown]
# PyTorch's own check compares its gradients with finite differences:

# %%
# ANCHOR: gradcheck


def finite_spikes(times):
    output = layer(times)
    return output[torch.isfinite(output)]


assert torch.autograd.gradcheck(finite_spikes, times, eps=1e-7, atol=1e-5)
# ANCHOR_END: gradcheck

# %% [markdown]
# ## A model
#
# The encoder chooses when each of 12 inputs spikes, between 10 and 40 ms, and it is trained like
# everything else. A thirteenth input, the bias, spikes at 20 ms in every sample.


# %%
# ANCHOR: model
class Model(nn.Module):
    def __init__(self, inputs=12, hidden=100, t_max=0.060):
        super().__init__()
        self.t_max = t_max
        self.encoder = nn.Linear(2, inputs)
        self.spiking = nt.torch.Layer(
            inputs + 1,
            [nt.Dense(hidden, theta=0.02, max_spikes=10), nt.Dense(3, theta=0.02, max_spikes=1)],
            tau_m=0.020,
            tau_s=0.010,
            t_max=t_max,
            max_inverse_slope=20.0,
            silent_boost=1.0,
        )

    def forward(self, points):
        times = 0.010 + 0.030 * torch.sigmoid(self.encoder(points))
        bias = times.new_full((len(times), 1), 0.020)
        spikes = self.spiking(torch.cat([times, bias], dim=1)[..., None])
        first = spikes[..., 0].clamp(max=self.t_max)  # a silent neuron counts as one that spikes in the end
        return -first / 0.001  # logits: the earlier, the larger


# ANCHOR_END: model
model = Model()
print(model)

# %% [markdown]
# ## Training
#
# Nothing here knows of spikes. Weights of spiking layers are parameters of the model; their unit
# differs from that of the encoder, so they get a learning rate of their own.


# %%
# ANCHOR: training
def tensors(samples):
    points = torch.from_numpy(samples.images[:, 0, :2, 0].copy())
    return TensorDataset(2 * points - 1, torch.from_numpy(samples.labels))


train, test = (tensors(part) for part in nt.data.yinyang())
epochs, loader = 30, DataLoader(train, batch_size=50, shuffle=True)
optimiser = torch.optim.Adam(
    [
        {"params": model.encoder.parameters(), "lr": 0.01},
        {"params": model.spiking.parameters(), "lr": 0.02},
    ]
)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs * len(loader))
for epoch in range(1, epochs + 1):
    for points, labels in loader:
        loss = nn.functional.cross_entropy(model(points), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    if epoch in (1, 2, 5, 10, 20, 30):
        with torch.no_grad():
            points, labels = test.tensors
            accuracy = (model(points).argmax(1) == labels).float().mean().item()
        print(f"epoch {epoch:2}: loss {loss.item():.3f}, {100 * accuracy:.1f} % of the test points are right")
# ANCHOR_END: training

# %% [markdown]
# ## And back
#
# The spiking part becomes a `nt.Network` again, which the rest of Noctule takes. `state_dict` has
# its weights, as of any module.

# %%
# ANCHOR: back
net = model.spiking.to_network()
print(net)
print(list(model.state_dict()))
# ANCHOR_END: back

# %%
assert accuracy > 0.93, accuracy
