"""Settings of the whole test run, made before any test imports torch."""

import os

# Two workers on two cores: more threads than that only get in each other's way, and one thread gives the same bits anywhere.
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"
os.environ["MPLBACKEND"] = "Agg"
# What the environment of whoever runs the tests must not change.
for name in ("ORCHESTRA_STRICT", "ORCHESTRA_DEBUG", "PYTHONWARNINGS"):
    os.environ.pop(name, None)
