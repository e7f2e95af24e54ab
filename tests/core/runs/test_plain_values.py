"""Plain values and hashes."""

import json
from pathlib import Path

import numpy as np
import pytest

from orchestra_core.errors import ParameterError
from orchestra_core.runs.plain import finite, plain, sha256, to_json


def test_plain_values_come_back_from_json_the_same():
    value = {"a": (1, 2.5, None, True), "b": {"c": np.float32(0.5), "d": np.int64(3)}, 4: frozenset({"y", "x"}), "p": Path("a/b")}
    made = plain(value)
    assert made == {"a": [1, 2.5, None, True], "b": {"c": 0.5, "d": 3}, "4": ["x", "y"], "p": "a/b"}
    assert json.loads(to_json(made)) == made


@pytest.mark.parametrize("value", [object(), float("nan"), float("inf"), np.float64("-inf"), lambda: 1, np.zeros(2), b"bytes"])
def test_what_json_cannot_hold_is_refused_with_its_place(value):
    with pytest.raises(ParameterError, match=r"recipe\.pipeline\.weights\[1\] is .* expected"):
        plain({"pipeline": {"weights": [1, value]}})


def test_numbers_that_are_none_are_none():
    assert (finite(1.5), finite(float("nan")), finite(float("inf"))) == (1.5, None, None)


def test_the_hash_is_sha_256(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")  # FIPS 180-2, appendix B.1
    assert sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
