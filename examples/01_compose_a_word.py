"""Compose a word: name an emotion, and get a folder with music that carries it.

    python examples/01_compose_a_word.py [FOLDER]

The same on the command line: orchestra compose happy -o happy
"""

import sys
import tempfile
from pathlib import Path

from orchestra_core import Pipeline

folder = Path(sys.argv[1] if sys.argv[1:] else tempfile.mkdtemp()) / "happy"

# The defaults: a piano, a piece in bars, an oracle trained on human ratings, and a search that ends in gradient descent.
# Everything random follows from the seed: the same seed writes the same bytes.
result = Pipeline().compose("happy", seed=7, directory=folder)

print("asked:", {name: round(value, 2) for name, value in result.targets.items()})
print("reads:", {name: round(value, 2) for name, value in result.readings.items()})
for message in result.messages:
    print("note: ", message)
print("wrote:", ", ".join(sorted(path.name for path in folder.iterdir())), "in", folder)
