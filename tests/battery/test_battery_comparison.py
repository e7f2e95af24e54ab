"""Two ways of composing, held against each other piece by piece."""

import numpy as np
import pytest
from battery_records import NAMES, OBJECTIVE, judge, records

from orchestra_battery.comparison import compare, paired
from orchestra_core.errors import UsageError

NOISE = np.random.default_rng(4).normal(size=(5, 5, 3))


def way(gain, noise=0.3):
    def marks(arousal, valence, seed):
        place = round(arousal / 0.8 + 2), round(valence / 0.8 + 2), seed
        return {"arousal": 0.2 + 0.4 * (gain * arousal + noise * NOISE[place]), "valence": 0.1 * NOISE[place]}

    return records(marks)


def test_what_follows_more_is_better():
    found = compare(judge(), way(0.9), way(0.2), NAMES, OBJECTIVE)["arousal"]
    assert found.better
    assert found.r.low > 0
    assert found.slope.value == pytest.approx(0.7)
    assert found.error.high < 0
    assert found.nearer
    assert found.pieces == 75


def test_the_other_way_round_it_is_not():
    there, back = (compare(judge(), *pair, NAMES, OBJECTIVE)["arousal"] for pair in ((way(0.9), way(0.2)), (way(0.2), way(0.9))))
    assert (back.better, back.nearer) == (False, False)
    assert back.r.value == pytest.approx(-there.r.value)


def test_what_is_the_same_is_no_better():
    found = compare(judge(), way(0.5), way(0.5), NAMES, OBJECTIVE)["valence"]
    assert (found.r.value, found.r.low, found.r.high, found.better) == (0.0, 0.0, 0.0, False)


def test_only_pieces_that_were_asked_the_same_with_the_same_seed_are_paired():
    first, second = way(0.9), way(0.2)
    pairs = paired(first[:40], second[10:])
    assert [(a.number, b.number) for a, b in pairs] == [(index, index) for index in range(10, 40)]
    with pytest.raises(UsageError, match="no piece in common"):
        compare(judge(), first[:10], second[10:], NAMES, OBJECTIVE)


def test_a_judge_that_marked_one_of_them_alone_tells_nothing():
    assert compare(judge("another"), way(0.9), way(0.2), NAMES, OBJECTIVE) == {}
