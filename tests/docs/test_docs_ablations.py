"""The parts of the ablations do what the page says of them, and its figures are those of scipy."""

import itertools
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import expit
from scipy.stats import linregress, pearsonr

from orchestra_core import Brief, Canvas, Dimension, Note, Oracle, Score, Take
from orchestra_core.contracts.randomness import ItemGenerator
from orchestra_staged.config import REFERENCE

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))

import ablations
import ablations_page
import ablations_parts as parts

RATE = 8_000
#: A chord of two notes under a tune of three, with a rest in it.
SCORE = Score((Note(48, 0.0, 0.6), Note(52, 0.0, 0.6), Note(60, 0.0, 0.2), Note(62, 0.2, 0.2, 0.5), Note(64, 0.5, 0.1)))


class Level(Oracle):
    """Reads the mean square as arousal, and valence as nothing."""

    sample_rates = (RATE,)

    @property
    def dimensions(self):
        return (Dimension("arousal", -1.0, 1.0, mean=0.1, sd=0.2), Dimension("valence", -1.0, 1.0, mean=0.0, sd=0.5))

    def _read(self, clips, sample_rate):
        return {"arousal": clips.square().mean(dim=1), "valence": 0 * clips.sum(dim=1)}


class Blind(Level):
    """Has a gradient that is not finite."""

    def _read(self, clips, sample_rate):
        return {name: (0 * clips.square().sum(dim=1)).sqrt() for name in ("arousal", "valence")}


def values_of(instrument, score, canvas):
    brief = Brief(canvas, {}, torch.tensor([0]), scores=(score,))
    return {p.name: p.initial for p in instrument.parameters(brief)}


def test_gated_sines_are_the_published_equation_without_its_envelope():
    canvas = Canvas(duration=1.0, sample_rate=RATE)
    score = Score((Note(60, 0.03, 0.2, 0.7), Note(67, 0.5, 0.6, 0.4)))
    audio = parts.GatedSines().render(values_of(parts.GatedSines(), score, canvas), canvas)[0]
    t, expected = np.arange(RATE) / RATE, np.zeros(RATE)
    for note in score.notes:
        edges = expit(100 * (t - note.onset)) * expit(100 * (note.onset + note.duration - t))
        expected += note.velocity * edges * np.sin(2 * np.pi * 440 * 2 ** ((note.pitch - 69) / 12) * t)
    assert np.abs(audio.numpy() - expected).max() < 1e-4


def test_on_a_canvas_lengths_have_the_gradient_of_finite_differences_and_laid_end_to_end_they_have_not():
    canvas, piano = Canvas(duration=0.8, sample_rate=RATE), parts.GatedSines()
    values = values_of(piano, SCORE, canvas)
    amplitude, weights = values["amplitude"][0], torch.linspace(0, 1, 2 * RATE)

    def on_canvas(length):
        return (piano.render({**values, "duration": length[None]}, canvas)[0].square() * weights[: canvas.samples]).sum()

    def free(length):
        audio = parts.render_lengths(SCORE, length, amplitude, RATE)
        return (audio.square() * weights[: len(audio)]).sum()

    kept, lost = (ablations.both_gradients(loss, values["duration"][0]) for loss in (on_canvas, free))
    assert kept["torch"] == pytest.approx(kept["differences"], rel=0.03, abs=0.02)
    assert lost["torch"] != pytest.approx(lost["differences"], rel=0.5)


def test_the_distance_is_euclidean_and_has_no_finite_gradient_on_its_target():
    audio = torch.full((2, RATE), 0.5, requires_grad=True)
    targets = {"arousal": torch.tensor([0.55, 0.25]), "valence": torch.tensor([0.4, 0.0])}
    brief = Brief(Canvas(1.0, RATE), targets, torch.tensor([0, 1]))
    term = parts.Distance(Level()).evaluate(Take(audio, RATE, {}, brief, ItemGenerator(brief.seeds, "x"))).terms["distance"]
    assert term.tolist() == pytest.approx([0.5, 0.0])
    (gradient,) = torch.autograd.grad(term.sum(), audio)
    assert torch.isfinite(gradient[0]).all()
    assert not torch.isfinite(gradient[1]).all()


def test_every_note_follows_those_of_its_own_voice():
    assert parts.voices_of(SCORE) == [[0], [1], [2, 3, 4]]


def test_the_shape_of_the_sound_follows_from_the_lengths():
    written = torch.tensor([note.duration for note in SCORE.notes])
    ones = torch.ones(5)
    assert len(parts.render_lengths(SCORE, written, ones, RATE)) == round(0.6 * RATE)
    assert len(parts.render_lengths(SCORE, written + 0.1, ones, RATE)) == round(0.9 * RATE)


def test_notes_begin_where_the_score_says_that_they_are_played():
    length, silent = [0.6, 0.6, 0.3, 0.1, 0.2], torch.tensor([0.0, 0, 0, 0, 1])
    audio = parts.render_lengths(SCORE, torch.tensor(length), silent, RATE)
    (last,) = (note for note in parts.played(SCORE, length, [0.5] * 5).notes if note.pitch == 64)
    sounding = np.flatnonzero(audio.abs().numpy() > 1e-6)
    assert sounding[0] / RATE == pytest.approx(last.onset, abs=2 / RATE)
    assert sounding[-1] / RATE == pytest.approx(last.onset + last.duration, abs=2 / RATE)


def test_lengths_are_moved_until_one_is_no_length_and_the_best_are_kept():
    short = Score((Note(60, 0.0, 0.5), Note(62, 0.5, 0.03)))
    found = parts.optimise_lengths(short, Level(), {"arousal": -1.0, "valence": 0.0}, 50, (0.05, 0.1))
    assert found.broke == len(found.samples) < 50
    assert min(found.length) >= 0.0


def test_nothing_guards_an_optimisation_of_lengths_from_what_is_not_finite():
    found = parts.optimise_lengths(SCORE, Blind(), {"arousal": 0.5, "valence": 0.0}, 5, (0.01, 0.1))
    assert (found.broke, len(found.samples)) == (0, 1)
    assert list(found.length) == pytest.approx([note.duration for note in SCORE.notes])


def test_steps_are_shared_out_as_published():
    assert sum(stage.steps for stage in ablations.SHARES) == ablations.STEPS
    assert [stage.steps / ablations.STEPS for stage in ablations.SHARES] == pytest.approx(
        [120 / 690, 250 / 690, 320 / 690], abs=0.01
    )
    assert [(s.groups, s.weights, s.learning_rate) for s in ablations.SHARES] == [
        (s.groups, s.weights, s.learning_rate) for s in REFERENCE.stages
    ]


def test_all_systems_play_the_same_melody():
    (stage,) = ablations.joint()
    still = [ablations.replace(stage, steps=1)]  # of which the best is where it started
    played = ablations.fixed("piano_adsr", "match", still)({"arousal": 0.0, "valence": 0.0}, 2).performance.score
    written = ablations.melody(2)
    for name in ("pitch", "onset", "duration"):
        expected = sorted(getattr(note, name) for note in written.notes)
        assert sorted(getattr(note, name) for note in played.notes) == pytest.approx(expected, abs=0.011)


def test_what_was_measured_is_not_measured_again(tmp_path):
    rows = ablations.Rows(tmp_path / "rows.jsonl")
    rows.get("a", lambda: {"value": 1})
    again = ablations.Rows(tmp_path / "rows.jsonl")
    assert again.get("a", lambda: pytest.fail("measured twice")) == {"name": "a", "value": 1}
    assert [row["name"] for row in again] == ["a"]


def made_rows():
    generator = np.random.default_rng(0)
    rows = []
    for cell in range(9):
        for seed in range(3):
            requests = {"arousal": cell // 3 - 1.0, "valence": cell % 3 - 1.0}
            targets = {"arousal": 0.1 + 0.4 * requests["arousal"], "valence": 0.4 * requests["valence"]}
            marks = {name: target / 2 + 0.1 * generator.standard_normal() for name, target in targets.items()}
            lost = [4, 5] if seed == 1 else []
            row = {"cell": cell, "seed": seed, "requests": requests, "targets": targets, "marks": {"oracle": marks}}
            scale = {"arousal": [0.1, 0.2], "valence": [0.0, 0.2]}
            rows.append({**row, "scale": scale, "steps": 10, "lost": lost, "duration": 5.0, "seconds": 2.0})
    return rows


def test_the_figures_of_the_oracle_are_those_of_scipy():
    rows = made_rows()
    found = ablations_page.marked(rows, ablations_page.oracle_of(rows))
    for name in ("arousal", "valence"):
        targets = np.array([row["targets"][name] for row in rows])
        marks = np.array([row["marks"]["oracle"][name] for row in rows])
        assert found[name].r.value == pytest.approx(pearsonr(targets, marks).statistic)
        assert found[name].slope.value == pytest.approx(linregress(targets, marks).slope, rel=1e-6)
        assert found[name].error.value == pytest.approx(np.abs(marks - targets).mean())
        assert found[name].r.low < found[name].r.value < found[name].r.high


def test_lost_steps_are_counted_by_run():
    assert ablations_page.failures("C", made_rows()) == ["**C**", "9 of 27", "5", "10", "0.7", "5", "2.0"]


def test_systems_are_compared_piece_by_piece():
    rows = made_rows()
    nearer = [{**row, "marks": {"oracle": row["targets"]}} for row in rows]
    measured = ablations_page.Measured({"A": rows, "B": nearer}, (), (), (), 3)
    (found,) = [line for line in ablations_page.changes(measured, [("A", "B")]) if "after" in line]
    errors = [
        np.mean([abs(row["marks"]["oracle"][name] - row["targets"][name]) for row in rows]) for name in ("arousal", "valence")
    ]
    assert found.startswith(f"| **B** after **A** | {-errors[0] / 0.2:+.2f} (")
    assert f"| {-errors[1] / 0.2:+.2f} (" in found


def test_the_page_has_every_system_that_was_measured(tmp_path):
    rows = [{**row, "system": name, "samples": [4, 5, 5, 6]} for name in ("A", "B", "present") for row in made_rows()]
    ablations_page.write_page(tmp_path / "page.md", rows, (), 3)
    lines = (tmp_path / "page.md").read_text().splitlines()
    assert [sum(line.startswith(f"| **{name}** |") for line in lines) for name in ("A", "B", "C", "present")] == [3, 3, 1, 3]
    assert max(len(line) for line in lines if not line.startswith(("|", "orchestra"))) <= 130


def test_the_page_names_the_commands_that_train_as_the_script_does():
    words = ablations_page._TRAIN.split()
    told = {word.removeprefix("--"): value for word, value in itertools.pairwise(words) if word.startswith("--")}
    assert {name: told[name] for name in ablations.TRAINING} == {name: str(value) for name, value in ablations.TRAINING.items()}
    assert told["preset"] == "three_conv"
