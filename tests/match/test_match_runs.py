"""Runs under `robust` and `consensus` keep what the fixed transforms say is best, and items stay separate."""

import pytest
import torch

from orchestra_core import Brief, Canvas, Dimension, Note, Oracle, Pipeline, Request, Score, Take
from orchestra_match.consensus import Consensus
from orchestra_match.match import Match
from orchestra_match.robust import Robust

RATE = 8_000
CANVAS = Canvas(duration=0.5, sample_rate=RATE)
SCORE = Score(tuple(Note(60.0 + 4 * i, 0.1 * i, 0.2, 0.5 + 0.1 * i) for i in range(4)))
STAGE = {"name": "all", "groups": ["all"], "steps": 8, "learning_rate": 0.2}
SCHEDULE = {"name": "staged", "config": {"stages": [STAGE], "search": 0}}


class Late(Oracle):
    """Reads how much louder the second half of a clip is, over a band of its own."""

    capabilities = frozenset({"differentiable"})
    sample_rates = (RATE,)

    def __init__(self, share=1.0):
        self.share = share

    @property
    def dimensions(self):
        return (Dimension("arousal", -1.0, 1.0, mean=0.0, sd=0.5),)

    def _read(self, clips, sample_rate):
        kept = round(self.share * clips.shape[1])
        power = clips[:, :kept].square()
        half = power[:, kept // 2 :].sum(dim=1) / (power.sum(dim=1) + 1e-9)
        return {"arousal": 2 * half - 1}


def compose(objective, **changes):
    pipeline = Pipeline(instrument="piano_adsr", objective=objective, schedule=SCHEDULE, score=SCORE)
    return pipeline.compose(**{"targets": {"arousal": 0.6}, "seed": 3, "canvas": CANVAS, "scale": "reading", **changes})


def loss_of(objective, result):
    audio = torch.from_numpy(result.audio)[None]
    brief = Brief(CANVAS, {"arousal": torch.tensor([0.6])}, torch.tensor([99]))
    return float(objective.evaluate(Take(audio, RATE, {}, brief, brief.generator("objective"))).terms["arousal"])


def test_what_a_robust_run_keeps_is_as_good_as_it_says_whatever_is_drawn_next():
    objective = Robust(Match(Late()), draws=1)
    result = compose(objective)
    best = result.history["loss"].min()
    assert loss_of(objective, result) == pytest.approx(best, rel=1e-3)
    assert best < result.history["loss"].iloc[0]


def test_a_run_repeats_bit_for_bit_and_an_item_alone_is_that_of_a_batch():
    objective = Robust(Consensus([Late(), Late(0.8)]))
    alone, again = compose(objective), compose(objective)
    assert alone.audio.tobytes() == again.audio.tobytes()
    pipeline = Pipeline(instrument="piano_adsr", objective=objective, schedule=SCHEDULE, score=SCORE)
    requests = [Request({"arousal": 0.6}, seed) for seed in (1, 3)]
    batch = pipeline.compose_many(requests, canvas=CANVAS, scale="reading")
    assert batch[1].audio.tobytes() == alone.audio.tobytes()
    assert batch[0].audio.tobytes() != alone.audio.tobytes()


def test_a_run_under_a_consensus_records_what_each_oracle_reads():
    result = compose(Consensus([Late(), Late(0.8)]))
    assert {"reading.arousal", "reading.arousal_1", "reading.arousal_2"} <= set(result.history.columns)
    assert result.readings["arousal"] == pytest.approx((result.readings["arousal_1"] + result.readings["arousal_2"]) / 2)
    assert set(result.targets) == {"arousal"}
