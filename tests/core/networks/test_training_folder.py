"""The folder of a training resumes it, and refuses what is another training's."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pytest
import torch
from torch import nn

from orchestra_core import TrainingFolder
from orchestra_core.errors import ConfigurationError, UsageError
from orchestra_core.networks.training import rise_and_cosine


@dataclass(frozen=True)
class Recipe:
    """Two settings."""

    rate: float = 1e-3
    seed: int = 0


def test_there_is_nothing_to_restore_before_the_first_save(tmp_path):
    folder = TrainingFolder(tmp_path / "new", Recipe())
    assert folder.restore(resume=True) is None and folder.restore(resume=False) is None
    assert not (tmp_path / "new").exists()


def test_what_was_saved_comes_back(tmp_path):
    network = nn.Linear(2, 2)
    TrainingFolder(tmp_path / "a", Recipe()).save({"network": network.state_dict(), "epoch": 3})
    state = TrainingFolder(tmp_path / "a", Recipe()).restore(resume=True)
    assert state["epoch"] == 3 and torch.equal(state["network"]["weight"], network.weight)


def test_a_training_is_neither_overwritten_nor_resumed_with_another_recipe(tmp_path):
    TrainingFolder(tmp_path, Recipe()).save({})
    with pytest.raises(UsageError, match="holds a training already; add --resume"):
        TrainingFolder(tmp_path, Recipe()).restore(resume=False)
    with pytest.raises(ConfigurationError, match=r"other settings: \{'rate': 0.001\}; resume with the same"):
        TrainingFolder(tmp_path, Recipe(rate=0.1)).restore(resume=True)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04"])
def test_a_damaged_checkpoint_is_said(tmp_path, content):
    folder = TrainingFolder(tmp_path, Recipe())
    folder.checkpoint.write_bytes(content)
    with pytest.raises(UsageError, match=r"checkpoint\.pt is damaged .*; delete it to begin again"):
        folder.restore(resume=True)


def test_a_checkpoint_that_is_no_training_is_said(tmp_path):
    folder = TrainingFolder(tmp_path, Recipe())
    torch.save({"weights": torch.zeros(2)}, folder.checkpoint)
    with pytest.raises(UsageError, match=r"damaged \(KeyError\)"):
        folder.restore(resume=True)


def test_the_log_is_a_table_that_is_written_anew(tmp_path):
    folder = TrainingFolder(tmp_path / "a", Recipe())
    folder.write_log(("epoch", "loss"), [(1, "0.5")])
    folder.write_log(("epoch", "loss"), [(1, "0.5"), (2, "0.25")])
    assert folder.log.read_text() == "epoch,loss\n1,0.5\n2,0.25\n"


def test_the_rate_rises_and_then_falls_without_a_jump():
    rates = [rise_and_cosine(i / 1000) for i in range(1001)]
    assert max(rates) == 1.0 and rates[0] == 0.0 and rates[-1] == pytest.approx(0.0)
    assert rates.index(1.0) == 50
    assert rates[:51] == sorted(rates[:51]) and rates[50:] == sorted(rates[50:], reverse=True)
    assert max(abs(b - a) for a, b in pairwise(rates)) < 0.03
