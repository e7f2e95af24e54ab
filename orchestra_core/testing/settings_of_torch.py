"""The global states that a component may not touch, as plain values: random numbers, and settings of torch."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def random_state() -> dict[str, str]:
    """Return a digest of each global random state."""
    name, keys, *rest = np.random.get_state(legacy=True)
    states = {
        "Python": repr(random.getstate()).encode(),
        "NumPy": repr((name, rest)).encode() + np.asarray(keys).tobytes(),
        "torch": torch.get_rng_state().numpy().tobytes(),
    }
    return {owner: hashlib.sha256(state).hexdigest() for owner, state in states.items()}


@contextmanager
def left_alone() -> Iterator[None]:
    """Put random states and settings of torch back at the end of a block, whatever a component has done to them."""
    python, numpy, drawn = random.getstate(), np.random.get_state(), torch.get_rng_state()
    dtype, threads, enabled = torch.get_default_dtype(), torch.get_num_threads(), torch.is_grad_enabled()
    deterministic, precision = torch.are_deterministic_algorithms_enabled(), torch.get_float32_matmul_precision()
    anomaly, benchmark = torch.is_anomaly_enabled(), torch.backends.cudnn.benchmark
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        torch.set_rng_state(drawn)
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(enabled)
        torch.use_deterministic_algorithms(deterministic)
        torch.set_float32_matmul_precision(precision)
        torch.autograd.set_detect_anomaly(anomaly)
        torch.backends.cudnn.benchmark = benchmark
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)


def torch_settings() -> dict[str, str]:
    """Return the global settings of torch."""
    return {
        "default dtype": str(torch.get_default_dtype()),
        "default device": str(torch.get_default_device()),
        "gradients enabled": str(torch.is_grad_enabled()),
        "threads": str(torch.get_num_threads()),
        "deterministic algorithms": str(torch.are_deterministic_algorithms_enabled()),
        "matmul precision": torch.get_float32_matmul_precision(),
        "anomaly detection": str(torch.is_anomaly_enabled()),
        "cudnn benchmark": str(torch.backends.cudnn.benchmark),
    }
