"""Names of keys and the scales that they declare."""

import pytest

from orchestra_core import SCALES, TONICS, declared_scale, parse_key
from orchestra_core.errors import ParameterError
from orchestra_core.notation.keys import KEY_MODES


def test_keys_are_understood_in_every_spelling():
    assert [parse_key(name)[0] for name in TONICS] == list(range(12))
    assert [parse_key(name)[0] for name in ("Db", "D#", "Gb", "G#", "A#", "eb")] == [1, 3, 6, 8, 10, 3]
    assert [parse_key(name)[0] for name in ("Cb", "Fb", "E#", "B#")] == [11, 4, 5, 0]


@pytest.mark.parametrize(
    ("key", "expected"),
    [("C major", (0, "major")), ("F# Lydian", (6, "lydian")), ("Cb", (11, "")), (" A  harmonic minor ", (9, "harmonic minor"))],
)
def test_keys_are_a_tonic_and_a_mode(key, expected):
    assert parse_key(key) == expected


@pytest.mark.parametrize("key", ["H major", "C blues", "", "C##"])
def test_what_is_no_key_is_told_with_what_one_is(key):
    with pytest.raises(ParameterError, match="expected a tonic such as C, F# or Bb, alone or followed by one of lydian, major"):
        parse_key(key)


def test_a_mode_that_is_not_allowed_is_unknown():
    with pytest.raises(ParameterError, match="one of major, minor"):
        parse_key("D dorian", ("major", "minor"))


def test_a_scale_is_declared_by_every_mode_that_a_key_names():
    for mode in KEY_MODES:
        scale = declared_scale(mode)
        assert {0, 7} <= scale <= set(range(12))
        assert set(SCALES.get(mode, ())) <= scale
    assert declared_scale("") == frozenset(SCALES["major"])
    assert declared_scale("minor") == frozenset(SCALES["minor"]) | {11}
    assert declared_scale("mixture") == frozenset(SCALES["major"]) | frozenset(SCALES["minor"])


def test_the_modes_of_the_major_scale_are_its_rotations():
    major = SCALES["major"]
    for mode, degree in (("dorian", 1), ("phrygian", 2), ("lydian", 3), ("mixolydian", 4), ("minor", 5)):
        assert set(SCALES[mode]) == {(step - major[degree]) % 12 for step in major}
