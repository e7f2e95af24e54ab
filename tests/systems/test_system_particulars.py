"""What each of the systems is there to show beside what they share."""

import math

import evolution
import latent
import note_synth
import percussion
import pytest
import style
import torch

from orchestra_core import Brief
from orchestra_core.errors import IncompatibleError, ScoreError
from orchestra_staged.staged import Staged


def correlation(one, other):
    return float(torch.corrcoef(torch.stack([one, other]))[0, 1])


def test_a_search_leaves_items_with_scores_of_different_length_and_the_padding_is_silent():
    system = note_synth.system()
    problem = system.problem([1, 2])
    problem.adopt(problem.branch({"density": 3}), torch.tensor([True, False]))
    assert [len(score.notes) for score in problem.brief.scores] == [3, 6]
    batch = system.instrument.render(problem.values, problem.brief.canvas)
    for row in (0, 1):
        brief, _, values = problem.item(row)
        torch.testing.assert_close(system.instrument.render(values, brief.canvas)[0], batch[row], rtol=0, atol=1e-12)
        assert len(system.instrument.notes(values, brief.canvas)[0].notes) == (3, 6)[row]


def test_the_search_keeps_the_best_of_all_choices_for_each_item():
    system = note_synth.system()
    problem = system.problem([1, 2, 3, 4, 5])
    tried = []
    for mode in ("major", "minor"):
        for density in (6, 3):
            tried.append(system.loss(problem.branch({"mode": mode, "density": density})))
    from orchestra_staged.search import search

    search(problem, 4)
    torch.testing.assert_close(system.loss(problem), torch.stack(tried).amin(dim=0))
    assert len({choice["density"] for choice in problem.choices} | {choice["mode"] for choice in problem.choices}) > 2


def test_an_instrument_of_notes_without_a_score_says_what_to_do():
    with pytest.raises(ScoreError, match="name a score source"):
        note_synth.Additive().parameters(Brief(note_synth.CANVAS, {}, torch.tensor([1])))


def test_a_preset_made_for_notes_refuses_a_waveform_up_front():
    problem = style.system(style.RawWaveform(), 0.05).problem([1])
    with pytest.raises(IncompatibleError, match="timing, dynamics; the instrument has only samples"):
        Staged("reference").optimize(problem)


def test_the_drum_noise_follows_from_the_seed_and_is_never_moved():
    problem = percussion.system().solve([4, 9])
    initial = {p.name: p.initial for p in problem.parameters}
    assert torch.equal(problem.values["noise"], initial["noise"])
    assert not torch.equal(initial["noise"][0], initial["noise"][1])
    assert not torch.equal(problem.values["start"], initial["start"])


def test_the_drum_is_read_along_seven_descriptors_of_0_to_100():
    problem = percussion.system().problem([4, 9])
    readings = problem.evaluate().readings
    assert len(readings) == 7
    assert all(bool(((reading >= 0) & (reading <= 100)).all()) for reading in readings.values())


def test_the_descriptor_brightness_of_a_sine_is_its_frequency_over_half_the_rate():
    time = torch.arange(3200, dtype=torch.float64) / 8000
    reading = percussion.Timbre().read(torch.sin(2 * math.pi * 1000 * time)[None], 8000)
    assert float(reading["brightness"]) == pytest.approx(25.0, abs=0.01)
    assert float(reading["boominess"]) < 1e-3


@pytest.mark.parametrize(("instrument", "rate"), [(style.RawWaveform(), 0.05), (style.MelSpectrogram(), 0.1)])
def test_style_and_content_pull_against_each_other_as_they_are_weighed(instrument, rate):
    free, held = (style.system(instrument, rate, content).solve([1, 2]) for content in (0.02, 5.0))
    with torch.no_grad():
        free_terms, held_terms = free.evaluate().terms, held.evaluate().terms
    assert torch.all(held_terms["content"] < 0.7 * free_terms["content"])
    assert torch.all(free_terms["style"] < 0.7 * held_terms["style"])


def test_the_mel_instrument_starts_near_its_source_and_stays_non_negative():
    system = style.system(style.MelSpectrogram(), 0.1)
    start = system.problem([1])
    rendered = system.instrument.render(start.values, style.CANVAS)
    assert correlation(rendered[0], start.brief.source[0]) > 0.9
    assert float(system.solve([1]).values["mel"].min()) >= 0


def test_the_autoencoder_sampled_without_any_optimisation_follows_the_targets():
    system = latent.system()
    problem = system.problem(range(60))
    with torch.no_grad():
        readings = problem.evaluate().readings
    assert correlation(readings["arousal"], problem.brief.targets["arousal"]) > 0.6
    assert correlation(readings["valence"], problem.brief.targets["valence"]) > 0.7
    once, again = (system.problem([7]).values["latent"] for _ in range(2))
    assert torch.equal(once, again)
    assert not torch.equal(once, system.problem([8]).values["latent"])


def test_the_evolution_strategy_works_where_the_gradient_is_gone():
    problem = evolution.system().problem([1, 2])
    stage = problem.stage("probe", groups=("all",), weights={"crossings": 1.0}, steps=1)
    values = stage.to_values(stage.coordinates)
    assert not problem.evaluate(values).terms["crossings"].requires_grad


def test_sixteen_candidates_of_each_item_are_evaluated_at_once_and_counted():
    problem = evolution.system().problem([1, 2, 3])
    stage = problem.stage("probe", groups=("all",), weights={"crossings": 1.0, "loud": 1.0}, steps=1)
    rows = torch.arange(3).repeat_interleave(16)
    coordinates = {name: leaf[rows].detach() for name, leaf in stage.coordinates.items()}
    losses = stage.losses(coordinates, rows)
    assert losses.shape == (48,)
    assert problem.meter.counts.tolist() == [16, 16, 16]
    torch.testing.assert_close(losses, evolution.system().loss(problem)[rows])
