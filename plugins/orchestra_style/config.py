"""Configuration of the parts of orchestra_style."""

from __future__ import annotations

from typing import Literal

#: Names of shipped weights: the network trained on the four genres of Emotify with segments of 5 s and of 3 s.
SHIPPED = ("emotify_5s", "emotify_3s")
#: What a training can begin with: the filters of shipped weights, or (the empty name) random ones.
StartName = Literal["", "emotify_5s", "emotify_3s"]
#: What a feature network can be called: shipped weights, or untrained random filters.
WeightsName = Literal["emotify_5s", "emotify_3s", "random"]
