"""What one trial does: plain PyTorch, no scheduler. Only `trainables.ray_train` knows Ray."""

from trainables.datasets_package import claim

claim()
