"""Settings of the whole test run, made before any test imports torch."""

import atexit
import os
import shutil
import tempfile

# Two workers on two cores: more threads than that only get in each other's way, and one thread gives the same bits anywhere.
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"
os.environ["MPLBACKEND"] = "Agg"
# What the environment of whoever runs the tests must not change.
for name in ("ORCHESTRA_STRICT", "ORCHESTRA_DEBUG", "PYTHONWARNINGS"):
    os.environ.pop(name, None)

# librosa's compiled functions are kept in files that processes write without a lock: two workers that compile the same one at the
# same time, in a fresh environment, leave a file behind that crashes whoever loads it. Each worker has files of its own.
os.environ["NUMBA_CACHE_DIR"] = tempfile.mkdtemp(prefix="numba-")
atexit.register(shutil.rmtree, os.environ["NUMBA_CACHE_DIR"], ignore_errors=True)
