"""A run that is killed anywhere and resumed ends with the same bits and the same history."""

import pytest
import torch
from workshop import Counts, Melody, TotalOnly, make

from orchestra_core.errors import RunFolderError
from orchestra_core.problem.checkpoint import CheckpointFile
from orchestra_staged.config import StageConfig
from orchestra_staged.staged import Staged

SCHEDULE = Staged(
    stages=(
        StageConfig("first", steps=12, plateau_factor=0.5, plateau_patience=2),
        StageConfig("second", steps=11, optimizer="rmsprop", learning_rate=0.02, stop_loss=1e-3),
    ),
    search=4,
)


class Mortal(Melody):
    """Is killed in its n-th rendering."""

    def __init__(self, at):
        self.left = at

    def _render(self, values, canvas):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return super()._render(values, canvas)


def run(checkpoint=None, at=0):
    problem = make((0.7, 2.2, 1.4), Mortal(at), TotalOnly(), source=Counts(), checkpoint=checkpoint)
    SCHEDULE.optimize(problem)
    return problem


@pytest.fixture(scope="module")
def undisturbed():
    return run()


@pytest.mark.parametrize("at", [*range(1, 16, 3), *range(16, 56, 7)])
def test_a_kill_in_the_search_in_a_stage_or_between_stages_costs_nothing(undisturbed, tmp_path, at):
    path = tmp_path / "checkpoint.pt"
    with pytest.raises(KeyboardInterrupt):
        run(CheckpointFile(path, "run", interval=0), at)
    resumed = run(CheckpointFile(path, "run", interval=0))
    assert resumed.choices == undisturbed.choices
    assert resumed.brief.scores == undisturbed.brief.scores
    assert all(torch.equal(resumed.values[name], value) for name, value in undisturbed.values.items())
    assert resumed.state.rows == undisturbed.state.rows
    assert torch.equal(resumed.meter.counts, undisturbed.meter.counts)


def test_a_run_killed_twice_and_one_resumed_after_its_end_are_the_same_too(undisturbed, tmp_path):
    path = tmp_path / "checkpoint.pt"
    for at in (40, 20):
        with pytest.raises(KeyboardInterrupt):
            run(CheckpointFile(path, "run", interval=0), at)
    for _ in range(2):
        resumed = run(CheckpointFile(path, "run", interval=0))
        assert resumed.state.resumed
        assert torch.equal(resumed.values["level"], undisturbed.values["level"])
        assert resumed.state.rows == undisturbed.state.rows


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 cut short"])
def test_a_damaged_checkpoint_says_what_to_do(tmp_path, content):
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(content)
    with pytest.raises(RunFolderError, match=r"checkpoint.pt is not readable \(\w+\): .*Delete it to begin again"):
        run(CheckpointFile(path, "run"))


def test_a_truncated_checkpoint_is_damaged(tmp_path):
    path = tmp_path / "checkpoint.pt"
    CheckpointFile(path, "run").save({"x": torch.zeros(1000)})
    path.write_bytes(path.read_bytes()[:-700])
    with pytest.raises(RunFolderError, match="is not readable"):
        CheckpointFile(path, "run").load()


@pytest.mark.parametrize("saved", [[1, 2], {"format": 0, "fingerprint": "run", "state": {}}, torch.zeros(2)])
def test_a_file_of_another_kind_or_format_is_refused(tmp_path, saved):
    path = tmp_path / "checkpoint.pt"
    torch.save(saved, path)
    with pytest.raises(RunFolderError, match="belongs to another request or version"):
        CheckpointFile(path, "run").load()


def test_the_checkpoint_of_another_run_is_refused(tmp_path):
    path = tmp_path / "checkpoint.pt"
    CheckpointFile(path, "one").save({"x": 1})
    with pytest.raises(RunFolderError, match="belongs to another request or version; expected one of this run"):
        CheckpointFile(path, "other").load()
    assert CheckpointFile(path, "one").load() == {"x": 1}
    assert CheckpointFile(tmp_path / "none.pt", "one").load() is None


def test_a_checkpoint_that_would_run_code_is_not_read(tmp_path):
    class Harmful:
        def __reduce__(self):
            return (open, (str(tmp_path / "harm"), "w"))

    path = tmp_path / "checkpoint.pt"
    torch.save({"format": 1, "fingerprint": "run", "state": Harmful()}, path)
    with pytest.raises(RunFolderError, match="is not readable"):
        CheckpointFile(path, "run").load()
    assert not (tmp_path / "harm").exists()


def test_nothing_is_written_before_the_interval_is_over(tmp_path):
    path = tmp_path / "checkpoint.pt"
    CheckpointFile(path, "run", interval=1e6).save_if_due(lambda: {"x": 1})
    assert not path.exists()
