"""The default recipe: heads solved at once from prepared cues, with pairs, weights and controls."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from deam_cues import cue_store

from orchestra_core import build
from orchestra_core.errors import ConfigurationError, UsageError
from orchestra_deam.evaluation.sources import weights_readings
from orchestra_deam.models import Cues
from orchestra_deam.preparation.several import open_corpora
from orchestra_deam.ridge import CuePairs, RatedCues, RidgeSettings, fit_head
from orchestra_deam.training.loop import read_all, train
from orchestra_deam.training.settings import PRESETS
from orchestra_deam.weights import load_weights
from orchestra_deam.workflow import train_on

DEFAULT = replace(PRESETS["default"], phrases=0, calibrate=0)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return open_corpora([cue_store(tmp_path_factory.mktemp("cues"))])


def test_the_default_recipe_solves_the_head_as_ridge_does(data, tmp_path):
    reader = train(data, DEFAULT, tmp_path)
    clips = data.clips
    plain = (clips["version"] == "").to_numpy()
    rows = {name: np.flatnonzero(clips["version"] == name) for name in ("", "semitone", "parallel")}
    cues = {name: torch.from_numpy(data.read(own)["cues"]) for name, own in rows.items()}
    labels = torch.tensor(clips.loc[plain, ["arousal", "valence"]].to_numpy()).float()
    # Four clips a song, and varied renderings count a tenth.
    weights = torch.tensor(np.where(clips.loc[plain, "variant"] == "piano-1", 0.1, 1.0) / 4).float()
    contrast = torch.tensor(clips.loc[plain, "mode"].to_numpy()).float()
    expected = Cues()
    pairs = CuePairs(cues[""], cues["parallel"], cues["semitone"], contrast)
    fit_head(expected, "vgmidi", RatedCues(cues[""], labels, weights), pairs, RidgeSettings())
    torch.testing.assert_close(reader.network.readers["vgmidi"].state_dict(), expected.readers["vgmidi"].state_dict())


def test_the_mode_moves_valence_by_what_was_asked_and_a_semitone_little(data, tmp_path):
    settings = replace(DEFAULT, pair_mode=30.0, pair_unmoved=30.0, pair_still=30.0, mode_effect=1.0, penalty_valence=0.15)
    read = read_all(train(data, settings, tmp_path), data)
    version, mode = data.clips["version"].to_numpy(), data.clips["mode"].to_numpy()
    sd = data.clips.groupby("song")[["arousal", "valence"]].first().std(ddof=0).to_numpy()
    effect = (read[version == ""] - read[version == "parallel"]) * np.sign(mode[version == ""])[:, None] / sd
    assert effect[:, 1].mean() == pytest.approx(1.0, abs=0.15)
    assert abs(effect[:, 0].mean()) < 0.1
    assert np.abs(read[version == ""] - read[version == "semitone"]).max() < 0.15


def test_phrases_are_pairs_of_vgmidis_head_too(data, tmp_path):
    from orchestra_deam.phrase_pairs import phrase_pairs
    from orchestra_deam.rendering import InstrumentRenderer

    heads = [train(data, replace(DEFAULT, phrases=count), tmp_path / str(count)).network.readers["vgmidi"] for count in (0, 2)]
    assert not torch.equal(heads[0].linear.weight, heads[1].linear.weight)
    torch.testing.assert_close(heads[0].centre, heads[1].centre)  # they have no ratings
    phrases = phrase_pairs(InstrumentRenderer(build("instrument", None).component), 2)
    asked = [(head(phrases.plain) - head(phrases.parallel))[:, 1] * phrases.contrast for head in heads]
    assert asked[1].mean() > asked[0].mean()


def test_training_resumes_shuffles_and_leaves_untrained(data, tmp_path):
    learned = train(data, DEFAULT, tmp_path / "a")
    again = train(data, DEFAULT, tmp_path / "a", resume=True)
    same = zip(learned.state_dict().values(), again.state_dict().values(), strict=True)
    assert all(torch.equal(one, other) for one, other in same)
    with pytest.raises(UsageError, match="--resume"):
        train(data, DEFAULT, tmp_path / "a")
    labels = data.clips[["arousal", "valence"]].to_numpy()
    errors = {}
    for name, changes in {"learned": {}, "shuffled": {"shuffle": True}, "untrained": {"epochs": 0}}.items():
        read = read_all(train(data, replace(DEFAULT, **changes), tmp_path / name), data)
        errors[name] = float(np.mean((read - labels) ** 2))
    assert errors["learned"] < 0.5 * min(errors["shuffled"], errors["untrained"])


def test_one_file_reads_both_corpora_in_their_units(tmp_path):
    stores = [cue_store(tmp_path / "v"), cue_store(tmp_path / "e", "emotify", versions=False)]
    parts = ["oracle", "oracle", "judges"]
    data = open_corpora(stores)
    clips = data.clips.copy()
    emotify = clips["corpus"] == "emotify"
    clips.loc[emotify, "part"] = [parts[int(song[-3:]) % 3] for song in clips.loc[emotify, "song"]]
    clips.loc[emotify, ["arousal", "valence"]] *= 5.0
    outcome = train_on(replace(data, clips=clips), DEFAULT, tmp_path / "out")
    (path,) = outcome.paths.values()
    assert path.name == "cues.safetensors"
    from orchestra_deam.oracle import DeamCNN

    oracle = DeamCNN(model="cues", weights=path)
    assert oracle.card.scale("emotify")[1]["arousal"] > 3 * oracle.card.scale("vgmidi")[1]["arousal"]
    assert DeamCNN(model="cues", weights=path, head="emotify").dimensions[0].sd == oracle.card.scale("emotify")[1]["arousal"]
    assert set(oracle.card.split) == {"vgmidi", "emotify"}
    assert "VGMIDI, EMOTIFY" in oracle.card.license


def test_notes_without_versions_say_how_to_make_them(tmp_path):
    data = open_corpora([cue_store(tmp_path / "v", versions=False)])
    with pytest.raises(UsageError, match=r"--versions.*--pair-mode 0"):
        train(data, DEFAULT, tmp_path / "a")
    unpaired = replace(DEFAULT, pair_mode=0.0, pair_unmoved=0.0, pair_still=0.0)
    assert np.isfinite(read_all(train(data, unpaired, tmp_path / "b"), data)).all()


def test_a_corpus_without_a_head_of_its_own_takes_the_main_one(data, tmp_path):
    deam = open_corpora([cue_store(tmp_path / "d", "deam", versions=False)])
    outcome = train_on(deam, DEFAULT, tmp_path / "out")
    path = outcome.paths["deam"]
    readings = weights_readings(path, "cues", deam)
    from orchestra_deam.oracle import DeamCNN

    clips = deam.read(range(len(deam.clips)))["cues"]
    network = load_weights(path, "cues")[0]
    with torch.inference_mode():
        np.testing.assert_allclose(readings, network({"cues": torch.from_numpy(clips)})["vgmidi"].numpy(), atol=1e-6)
    assert DeamCNN(model="cues", weights=path).dimensions[0].sd == pytest.approx(deam.clips["arousal"].std(ddof=0), abs=1e-5)
    with pytest.raises(ConfigurationError, match="no heads for vgmidi and deam at once"):
        train(open_corpora([cue_store(tmp_path / "v"), tmp_path / "d"]), DEFAULT, tmp_path / "both")


def test_cues_are_not_trained_on_mel_features(data, tmp_path):
    with pytest.raises(ConfigurationError, match="--features mel"):
        train_on(data, PRESETS["reference"], tmp_path)
