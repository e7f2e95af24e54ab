"""Pipeline: parts by name, by configuration and by hand; requests; batches; recipes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from small_pipeline import Tone

from orchestra_core import Canvas, Dimension, Note, Pipeline, Ref, Schedule, Score
from orchestra_core.errors import (
    ConfigurationError,
    ContractError,
    IncompatibleError,
    ParameterError,
    RunFolderError,
    TargetError,
    UnknownNameError,
    UsageError,
)
from orchestra_core.pipeline import Request
from orchestra_core.pipeline.request import make_request, to_readings
from orchestra_core.pipeline.settings import load_settings

CANVAS = Canvas(duration=0.5, sample_rate=16_000)


def test_a_request_is_met_in_the_units_of_the_oracle(registry):
    result = Pipeline(registry=registry).compose(targets={"centroid": 1_000.0}, scale="reading", canvas=CANVAS)
    assert result.readings["centroid"] == pytest.approx(1_000.0, abs=20.0)
    assert result.errors["centroid"] == result.readings["centroid"] - 1_000.0


def test_the_request_scale_is_the_corpus_mean_and_two_standard_deviations(registry):
    result = Pipeline(registry=registry).compose(targets={"centroid": 0.5}, canvas=CANVAS)
    assert result.targets == {"centroid": 600.0 + 2 * 100.0 * 0.5}


@pytest.mark.parametrize("value", [-1.1, 1.5, float("nan")])
def test_a_request_outside_its_scale_is_refused(registry, value):
    with pytest.raises(TargetError, match=r"expected a request in \[-1, 1\]"):
        Pipeline(registry=registry).compose(targets={"centroid": value}, canvas=CANVAS)


def test_an_unknown_dimension_gets_close_matches(registry):
    with pytest.raises(TargetError, match="Did you mean 'centroid'"):
        Pipeline(registry=registry).compose(targets={"centroit": 0.1}, canvas=CANVAS)


def test_a_word_needs_an_oracle_that_hears_emotion(registry):
    with pytest.raises(TargetError, match=r"The word 'happy' asks for valence and arousal, .* asked for: centroid"):
        Pipeline(registry=registry).compose("happy", canvas=CANVAS)


def test_a_target_that_is_unknown_is_named_beside_a_word_too():
    hears = [Dimension("valence", -1.0, 1.0), Dimension("arousal", -1.0, 1.0)]
    with pytest.raises(TargetError, match=r"'foo'.*Known: arousal, valence"):
        to_readings(make_request("happy", None, None, {"foo": 1.0}, 0), hears, "request")


def test_asking_for_nothing_names_what_can_be_asked(registry):
    with pytest.raises(TargetError, match="centroid"):
        Pipeline(registry=registry).compose(canvas=CANVAS)


@pytest.mark.parametrize("seed", [-1, 1.5, True, "7"])
def test_a_seed_is_a_natural_number(registry, seed):
    with pytest.raises(ParameterError, match="seed"):
        Pipeline(registry=registry).compose(targets={"centroid": 0.0}, seed=seed, canvas=CANVAS)


def test_a_target_beyond_the_corpus_and_one_not_reached_are_said(registry):
    pipeline = Pipeline(registry=registry, schedule={"name": "descent", "config": {"steps": 1}})
    messages = pipeline.compose(targets={"centroid": 3_000.0}, scale="reading", canvas=CANVAS).messages
    assert "outside what the oracle has heard" in messages[0]
    assert "was not reached: the result reads" in messages[1]


def test_parts_by_name_by_table_by_ref_and_by_hand_compose_the_same(registry):
    from small_pipeline import Descent

    specs = ["descent", {"name": "descent", "config": {"steps": 40}}, Ref("schedule", "descent", {"steps": 40}), Descent(40)]
    results = [Pipeline(registry=registry, schedule=s).compose(targets={"centroid": 0.3}, canvas=CANVAS) for s in specs]
    assert all(np.array_equal(results[0].audio, other.audio) for other in results[1:])


def test_replace_swaps_one_part_and_leaves_the_pipeline_as_it_was(registry):
    pipeline = Pipeline(registry=registry)
    other = pipeline.replace(instrument={"name": "tone", "config": {"overtone": 0.0}})
    assert other.parts.instrument.overtone == 0.0
    assert pipeline.parts.instrument.overtone == 0.3
    with pytest.raises(ParameterError, match="part of a pipeline 'mixer'"):
        pipeline.replace(mixer="tone")


def test_an_oracle_by_hand_is_short_for_the_objective_that_holds_it(registry):
    from small_pipeline import Centroid

    pipeline = Pipeline(registry=registry, oracle=Centroid())
    assert isinstance(pipeline.parts.objective.oracle, Centroid)
    assert pipeline.parts.by_hand


def test_an_oracle_beside_an_objective_by_hand_is_refused(registry):
    objective = Pipeline(registry=registry).parts.objective
    with pytest.raises(IncompatibleError, match="Give one of the two"):
        Pipeline(registry=registry, objective=objective, oracle="centroid")


def test_a_score_for_an_instrument_without_notes_is_refused(registry):
    with pytest.raises(IncompatibleError, match="plays no notes"):
        Pipeline(registry=registry, score=Score((Note(60, 0.0, 0.5),)))


def test_a_schedule_that_follows_gradients_refuses_an_instrument_without(registry):
    from small_pipeline import Tone

    class Quantised(Tone):
        capabilities = frozenset({"rate_free"})

    with pytest.raises(IncompatibleError, match="follows gradients"):
        Pipeline(registry=registry, instrument=Quantised())


def test_unknown_names_and_configuration_keys_are_refused(registry):
    with pytest.raises(UnknownNameError, match="Did you mean 'tone'"):
        Pipeline(registry=registry, instrument="tune")
    with pytest.raises(ConfigurationError, match="overtones"):
        Pipeline(registry=registry, instrument={"name": "tone", "config": {"overtones": 0.1}})


def test_an_item_alone_equals_the_item_in_a_batch(registry):
    requests = [Request({"centroid": value}, seed) for seed, value in enumerate((-0.5, -0.1, 0.2, 0.6, 0.9))]
    pipeline = Pipeline(registry=registry)
    batch = pipeline.compose_many(requests, canvas=CANVAS)
    for request, together in zip(requests, batch, strict=True):
        alone = pipeline.compose_many([request], canvas=CANVAS)[0]
        assert np.abs(alone.audio - together.audio).max() < 1e-4
        assert alone.history.shape == together.history.shape


def test_a_batch_must_ask_for_the_same_dimensions(registry):
    with pytest.raises(ParameterError, match="different dimensions"):
        Pipeline(registry=registry).compose_many([Request({"centroid": 0.1}), Request({})], canvas=CANVAS)
    with pytest.raises(ParameterError, match="at least one"):
        Pipeline(registry=registry).compose_many([], canvas=CANVAS)


def test_an_unusable_device_is_refused(registry):
    with pytest.raises(ParameterError, match="'nonsense'"):
        Pipeline(registry=registry).compose(targets={"centroid": 0.1}, canvas=CANVAS, device="nonsense")


def test_the_folder_alone_makes_the_same_bytes_again(registry, tmp_path):
    table = tmp_path / "overtone.txt"
    table.write_text("0.2")
    pipeline = Pipeline(registry=registry, instrument={"name": "tone", "config": {"table": str(table)}})
    pipeline.compose(targets={"centroid": 0.4}, seed=3, canvas=CANVAS, directory=tmp_path / "a")
    table.unlink()
    load_settings(tmp_path / "a").perform(registry, tmp_path / "b")
    assert (tmp_path / "a" / "audio.wav").read_bytes() == (tmp_path / "b" / "audio.wav").read_bytes()
    load_settings(tmp_path / "b" / "run.json").perform(registry, tmp_path / "c")
    assert (tmp_path / "a" / "audio.wav").read_bytes() == (tmp_path / "c" / "audio.wav").read_bytes()


def test_a_run_with_a_part_by_hand_says_that_it_cannot_be_made_again(registry, tmp_path):
    from small_pipeline import Tone

    Pipeline(registry=registry, instrument=Tone()).compose(targets={"centroid": 0.4}, canvas=CANVAS, directory=tmp_path / "a")
    with pytest.raises(RunFolderError, match=r"Tone.* was made by hand"):
        load_settings(tmp_path / "a")


@pytest.mark.parametrize("kill", [2, 9, 25, 39])
def test_a_run_killed_anywhere_and_resumed_ends_with_the_same_bits(registry, tmp_path, monkeypatch, kill):
    from small_pipeline import Tone

    from orchestra_core.problem.checkpoint import CheckpointFile

    monkeypatch.setattr(CheckpointFile, "save_if_due", lambda self, state: self.save(state()))
    ask = {"targets": {"centroid": 0.4}, "canvas": CANVAS}
    whole = Pipeline(registry=registry).compose(**ask, directory=tmp_path / "whole")
    render, count = Tone._render, 0

    def dying(self, values, canvas):
        nonlocal count
        count += 1
        if count == kill:
            raise KeyboardInterrupt
        return render(self, values, canvas)

    monkeypatch.setattr(Tone, "_render", dying)
    with pytest.raises(KeyboardInterrupt):
        Pipeline(registry=registry).compose(**ask, directory=tmp_path / "part")
    monkeypatch.setattr(Tone, "_render", render)
    with pytest.raises(RunFolderError, match="--resume"):
        Pipeline(registry=registry).compose(**ask, directory=tmp_path / "part")
    resumed = Pipeline(registry=registry).compose(**ask, directory=tmp_path / "part", resume=True)
    assert np.array_equal(whole.audio, resumed.audio)
    assert whole.history.equals(resumed.history)
    assert (tmp_path / "whole" / "audio.wav").read_bytes() == (tmp_path / "part" / "audio.wav").read_bytes()


def test_a_finished_run_is_not_resumed(registry, tmp_path):
    ask = {"targets": {"centroid": 0.4}, "canvas": CANVAS, "directory": tmp_path / "a"}
    Pipeline(registry=registry).compose(**ask)
    with pytest.raises(RunFolderError, match="finished"):
        Pipeline(registry=registry).compose(**ask, resume=True)


def test_a_schedule_that_cannot_use_the_groups_is_refused_before_any_work(registry):
    from small_pipeline import Descent

    class NeedsTiming(Descent):
        def check(self, groups, terms):
            if "timing" not in groups:
                raise IncompatibleError("no timing group to move")

    with pytest.raises(IncompatibleError, match="timing"):
        Pipeline(registry=registry, schedule=NeedsTiming()).compose(targets={"centroid": 0.4}, canvas=CANVAS)


def test_a_budget_ends_the_run_early(registry):
    result = Pipeline(registry=registry).compose(targets={"centroid": 0.4}, canvas=CANVAS, budget=7)
    assert len(result.history) == 7


def test_life_cycle_hooks_are_told_in_order(registry):
    from orchestra_core import hookimpl

    told = []

    class Listener:
        @hookimpl
        def orchestra_run_started(self, run):
            told.append(("run", run.targets[0]["centroid"]))

        @hookimpl
        def orchestra_stage_started(self, stage, steps):
            told.append((stage, steps))

        @hookimpl
        def orchestra_steps_finished(self, rows):
            told.extend(row.step for row in rows)

        @hookimpl
        def orchestra_run_finished(self, results):
            told.append(results[0].readings["centroid"])

    schedule = {"name": "descent", "config": {"steps": 3}}
    with registry.registered(Listener()):
        result = Pipeline(registry=registry, schedule=schedule).compose(targets={"centroid": 0.0}, canvas=CANVAS)
    assert told == [("run", 600.0), ("descent", 3), 0, 1, 2, result.readings["centroid"]]


def test_a_schedule_that_is_no_schedule_is_refused(registry):
    from small_pipeline import Tone

    with pytest.raises(IncompatibleError, match="schedule"):
        Pipeline(registry=registry, schedule=Tone())
    assert not issubclass(Tone, Schedule)


def test_results_do_not_depend_on_the_global_random_state(registry):
    torch.manual_seed(1)
    first = Pipeline(registry=registry).compose(targets={"centroid": 0.4}, canvas=CANVAS)
    torch.manual_seed(2)
    assert np.array_equal(first.audio, Pipeline(registry=registry).compose(targets={"centroid": 0.4}, canvas=CANVAS).audio)


def test_recoveries_are_summed_up_by_stage_and_listed_in_the_history(registry, monkeypatch):
    from small_pipeline import Centroid

    read, count = Centroid._read, 0

    def faulty(self, clips, sample_rate):
        nonlocal count
        count += 1
        readings = read(self, clips, sample_rate)
        return {"centroid": readings["centroid"] * (float("nan") if count in (5, 8, 11) else 1.0)}

    monkeypatch.setattr(Centroid, "_read", faulty)
    result = Pipeline(registry=registry).compose(targets={"centroid": 0.4}, canvas=CANVAS)
    (message,) = [message for message in result.messages if "not finite" in message]
    assert "Stage 'descent', step 3, item 0" in message
    assert message.endswith("(2 more in this stage.)")
    assert (result.history.event != "").sum() == 3
    assert result.readings["centroid"] == pytest.approx(result.targets["centroid"], abs=20.0)


def test_a_part_that_cuts_the_gradient_it_declares_is_named_with_what_to_look_for(registry):
    from small_pipeline import Tone

    class Cut(Tone):
        def _render(self, values, canvas):
            return super()._render(values, canvas).detach()

    with pytest.raises(ContractError, match=r"depends on pitch in no way that torch can follow.*detach"):
        Pipeline(registry=registry, instrument=Cut()).compose(targets={"centroid": 0.4}, canvas=CANVAS)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        ({"canvas": 5.0}, "expected a Canvas"),
        ({"targets": {"centroid": "0.4"}}, "expected a number"),
        ({"duration": "3"}, "a number of s"),
    ],
)
def test_values_of_the_wrong_type_are_refused_in_words(registry, ask, message):
    with pytest.raises(UsageError, match=message):
        Pipeline(registry=registry).compose(**{"targets": {"centroid": 0.4}, **ask})
    with pytest.raises(ParameterError, match="expected a Request"):
        Pipeline(registry=registry).compose_many(["happy"])


def test_a_torch_module_is_told_to_be_wrapped(registry):
    with pytest.raises(ConfigurationError, match=r"type Linear; .* derives from"):
        Pipeline(registry=registry, objective={"name": "match", "config": {"oracle": torch.nn.Linear(2, 2)}})


def test_duration_is_short_for_a_canvas_and_a_result_shows_itself_in_a_line(registry):
    result = Pipeline(registry=registry).compose(targets={"centroid": 0.4}, duration=0.25, budget=3)
    assert result.canvas == Canvas(duration=0.25)
    assert repr(result).startswith("<Result centroid +")
    assert len(repr(result)) < 120


def test_a_piece_is_as_long_as_what_the_oracle_hears_where_no_length_is_asked(registry):
    result = Pipeline(registry=registry).compose(targets={"centroid": 0.0}, budget=1)
    assert result.canvas == Canvas(duration=0.5)
    assert Pipeline(registry=registry).compose(targets={"centroid": 0.0}, budget=1, duration=0.7).canvas.duration == 0.7


class Octave(Tone):
    """A tone that is exported an octave higher than it is optimised."""

    def _finish(self, values, canvas):
        return self._render({"pitch": values["pitch"] + 12}, canvas)


def test_what_is_exported_and_read_at_the_end_is_what_the_instrument_finishes(registry):
    tone = Pipeline(instrument=Octave(0.0), registry=registry).compose(targets={"centroid": 0.0}, canvas=CANVAS)
    assert tone.readings["centroid"] == pytest.approx(2 * 600.0, rel=0.05)
    assert "was not reached" in tone.messages[0]


class Patient(Tone):
    """A tone that is best played with few steps."""

    defaults = {"schedule": {"name": "descent", "config": {"steps": 3}}, "score": "none of that name"}


def test_an_instrument_names_what_it_is_best_played_with_and_others_go_before_it(registry):
    pipeline = Pipeline(instrument=Patient(), registry=registry)
    assert pipeline.parts.schedule.steps == 3
    assert pipeline.parts.plain["schedule"]["config"] == {"steps": 3}
    assert pipeline.replace(schedule="descent").parts.schedule.steps == 40
    assert pipeline.replace(instrument=None).parts.schedule.steps == 40


class Adventurous(Tone):
    """A tone that is best played with a schedule that nobody has."""

    defaults = {"schedule": "annealing"}


def test_what_is_not_installed_is_passed_over(registry):
    assert Pipeline(instrument=Adventurous(), registry=registry).parts.schedule.steps == 40
