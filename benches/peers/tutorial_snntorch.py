#!/usr/bin/env python3
"""snnTorch's tutorial 5 in short: a 784-1000-10 network of leaky neurons learns MNIST for one epoch.

Network, constants, loss, optimiser and batches are those of the tutorial. Its plots and its evaluation every 50 batches are left
out, and images come from memory, which is faster than torchvision's files. The last line is JSON.
"""

from tutorial_options import finish, options, started

# ANCHOR: data
import torch
import torch.nn as nn
import snntorch as snn
from torch.utils.data import DataLoader, TensorDataset

from common import mnist

given = options(__doc__)
torch.manual_seed(given.seed)
torch.set_num_threads(given.threads)


def images(split):
    pixels, labels = mnist(given.data, split)
    return TensorDataset(torch.tensor(pixels) / 255, torch.tensor(labels).long())


batch_size = 128
train_loader = DataLoader(images("train"), batch_size=batch_size, shuffle=True, drop_last=True)
test_loader = DataLoader(images("t10k"), batch_size=batch_size)
# ANCHOR_END: data

# ANCHOR: network
num_inputs, num_hidden, num_outputs = 28 * 28, 1000, 10
num_steps = 25
beta = 0.95


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(num_inputs, num_hidden)
        self.lif1 = snn.Leaky(beta=beta)
        self.fc2 = nn.Linear(num_hidden, num_outputs)
        self.lif2 = snn.Leaky(beta=beta)

    def forward(self, x):
        mem1 = self.lif1.init_leaky()
        mem2 = self.lif2.init_leaky()
        spk2_rec, mem2_rec = [], []
        for step in range(num_steps):
            cur1 = self.fc1(x)
            spk1, mem1 = self.lif1(cur1, mem1)
            cur2 = self.fc2(spk1)
            spk2, mem2 = self.lif2(cur2, mem2)
            spk2_rec.append(spk2)
            mem2_rec.append(mem2)
        return torch.stack(spk2_rec, dim=0), torch.stack(mem2_rec, dim=0)


net = Net()
# ANCHOR_END: network

# ANCHOR: training
loss = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=5e-4, betas=(0.9, 0.999))

start = started()
for batch, (data, targets) in enumerate(train_loader):
    if batch == given.batches:
        break
    net.train()
    spk_rec, mem_rec = net(data.view(batch_size, -1))
    loss_val = torch.zeros(1)
    for step in range(num_steps):
        loss_val += loss(mem_rec[step], targets)
    optimizer.zero_grad()
    loss_val.backward()
    optimizer.step()
# ANCHOR_END: training
speed = start.samples_per_second(min(len(train_loader), given.batches or len(train_loader)) * batch_size)

# ANCHOR: test
correct = 0
with torch.no_grad():
    net.eval()
    for data, targets in test_loader:
        spk_rec, _ = net(data.view(data.size(0), -1))
        _, predicted = spk_rec.sum(dim=0).max(1)
        correct += (predicted == targets).sum().item()
accuracy = correct / len(test_loader.dataset)
# ANCHOR_END: test
finish(given, "snntorch", snn.__version__, accuracy, speed)
