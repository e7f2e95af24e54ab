"""How each judge that learns from VGMIDI is made: what it learns from, how its model is fitted, and how that is read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from judges_audio import HELD_OUT, LEARNED, Data, Heard, hear, sounds_of
from judges_data import Rated, Sound, cached
from judges_marks import DIMENSIONS
from judges_recurrent import fit_recurrent
from sklearn.ensemble import ExtraTreesRegressor

from orchestra_judges import kernel, recurrent
from orchestra_judges.audio_judges import AudioJudge, CochlearJudge, HarmonyJudge, RecurrentJudge
from orchestra_judges.cochlea import cochlear_features
from orchestra_judges.forest import ARRAYS, Forest, forest_arrays, pack_forest
from orchestra_judges.harmonic_profile import harmonic_features
from orchestra_judges.note_features import note_features
from orchestra_judges.notes import NoteArrays, notes_of
from orchestra_judges.notes_judge import WINDOW, note_table

SEED = 0
Arrays = Mapping[str, np.ndarray]

# Directions that Eerola, Friberg and Bresin (2013) found, as constraints on the forest of notes.
_RISING = {
    "arousal": ("onsets_per_s", "notes_per_s", "bass_notes_per_s", "treble_notes_per_s", "log_onsets", "log_notes", "staccato"),
    "valence": ("mode", "parallel_mode", "bass_mode", "third", "sixth", "seventh", "chord_major", "chord_mode", "thirds_major"),
}
_FALLING = {
    "arousal": ("interval_median", "interval_shortest", "duration_mean", "articulation"),
    "valence": ("flat_second", "chord_minor", "chord_diminished"),
}


class Recipe(ABC):
    """What one judge is made of."""

    name: str
    front_end: str
    training: Mapping[str, Any]

    @property
    @abstractmethod
    def features(self) -> tuple[str, ...]:
        """Names of the inputs, in order."""

    @abstractmethod
    def learned(self, data: Data) -> Heard:
        """Return what it learns from: the part ``judges``."""

    @abstractmethod
    def heard(self, data: Data, pieces: Sequence[Rated], sound: Sound) -> Heard:
        """Return what it is given of pieces that it is marked on."""

    @abstractmethod
    def fit(self, heard: Heard) -> Arrays:
        """Return the arrays of a model; every piece weighs the same."""

    @abstractmethod
    def predict(self, arrays: Arrays, values: np.ndarray) -> np.ndarray:
        """Return arousal and valence of windows, shape (windows, 2)."""


class NotesRecipe(Recipe):
    """A forest over features of notes, in windows of 5 and 10 s."""

    name = "notes_judge"
    front_end = f"features of the notes in windows of {WINDOW:g} s"
    training = {
        "model": "60 extremely randomised trees of 32 leaves; half of the features may move arousal or valence in one direction "
        "only, that of the cues of Eerola et al. 2013",
        "windows_s": (WINDOW / 2, WINDOW),
    }

    @property
    def features(self) -> tuple[str, ...]:
        return tuple(note_features(NoteArrays(np.array([60.0, 64.0, 67.0]), np.arange(3.0), np.ones(3), np.full(3, 0.8))))

    def learned(self, data: Data) -> Heard:
        return self._heard(data, data.vgmidi("judges"), (WINDOW / 2, WINDOW))

    def heard(self, data: Data, pieces: Sequence[Rated], sound: Sound) -> Heard:
        return self._heard(data, pieces, (WINDOW,), sound.semitones)

    def fit(self, heard: Heard) -> Arrays:
        constraints = {
            dimension: [int(name in _RISING[dimension]) - int(name in _FALLING[dimension]) for name in self.features]
            for dimension in DIMENSIONS
        }
        return forest_arrays({d: fit_forest(heard, d, 0.4, 3, constraints[d]) for d in DIMENSIONS})

    def predict(self, arrays: Arrays, values: np.ndarray) -> np.ndarray:
        return predict_forests(arrays, values)

    def _heard(self, data: Data, pieces: Sequence[Rated], lengths: Sequence[float], semitones: int = 0) -> Heard:
        def table(piece: Rated) -> np.ndarray:
            notes = _moved(piece, semitones)
            return cached(
                data.cache / self.name,
                f"{piece.name} {lengths} {semitones}",
                lambda: np.concatenate([note_table(notes, length) for length in lengths]),
            )

        tables = [table(piece) for piece in pieces]
        number = np.repeat(np.arange(len(pieces)), [len(table) for table in tables])
        labels, groups = np.stack([piece.labels for piece in pieces]), np.array([piece.group for piece in pieces])
        return Heard(np.concatenate(tables), number, labels, groups)


class AudioRecipe(Recipe):
    """What the judges of sound share: pieces played with several sounds, some transposed."""

    judge: type[AudioJudge]

    def learned(self, data: Data) -> Heard:
        pieces = data.vgmidi("judges")
        return hear(self.judge, pieces, [sounds_of(piece) for piece in pieces], LEARNED, data)

    def heard(self, data: Data, pieces: Sequence[Rated], sound: Sound) -> Heard:
        return hear(self.judge, pieces, [(sound,)] * len(pieces), HELD_OUT, data)


class HarmonyRecipe(AudioRecipe):
    """A forest over harmonic pitch-class profiles."""

    name, judge = "harmony_judge", HarmonyJudge
    front_end = "spectral peaks: harmonic pitch-class profiles, tonal centroids, roughness, onsets; 5 s at 22.05 kHz"
    training = {"model": "60 extremely randomised trees of 32 leaves, at least 10 windows each"}

    @property
    def features(self) -> tuple[str, ...]:
        return tuple(harmonic_features(_noise()))

    def fit(self, heard: Heard) -> Arrays:
        return forest_arrays({dimension: fit_forest(heard, dimension, 0.7, 10) for dimension in DIMENSIONS})

    def predict(self, arrays: Arrays, values: np.ndarray) -> np.ndarray:
        return predict_forests(arrays, values)


class CochlearRecipe(AudioRecipe):
    """Kernel regression over a gammatone filterbank."""

    name, judge = "cochlear_judge", CochlearJudge
    front_end = "gammatone filterbank, its modulations, pitches by summed harmonics of a whitened spectrum; 5 s at 22.05 kHz"
    training = {"model": "kernel ridge regression", "centres": 200, "width": 1.5, "ridge": 1e-4}

    @property
    def features(self) -> tuple[str, ...]:
        return tuple(cochlear_features(_noise()))

    def fit(self, heard: Heard) -> Arrays:
        centres = np.random.default_rng(SEED).permutation(len(heard.values))[: self.training["centres"]]
        row_labels = heard.labels[heard.piece]
        model = kernel.fit_kernel(heard.values, row_labels, heard.piece, centres, self.training["width"], self.training["ridge"])
        return {name: getattr(model, name) for name in kernel.ARRAYS}

    def predict(self, arrays: Arrays, values: np.ndarray) -> np.ndarray:
        return kernel.KernelRegression(**arrays).predict(values)


class RecurrentRecipe(AudioRecipe):
    """Small recurrent networks over constant-Q frames."""

    name, judge = "recurrent_judge", RecurrentJudge
    front_end = "constant-Q frames every 93 ms: two chromas above the tonic, octaves and their rises; 5 s at 22.05 kHz"
    training = {"model": "gated recurrent units", "units": 16, "epochs": 12, "networks": 3}

    @property
    def features(self) -> tuple[str, ...]:
        chromas = [f"{part}_degree_{degree}" for part in ("bass", "treble") for degree in range(12)]
        return (*chromas, *(f"octave_{k}" for k in range(6)), *(f"rise_{k}" for k in range(6)), "fine_onset")

    def fit(self, heard: Heard) -> Arrays:
        return fit_recurrent(
            heard, networks=self.training["networks"], units=self.training["units"], epochs=self.training["epochs"]
        )

    def predict(self, arrays: Arrays, values: np.ndarray) -> np.ndarray:
        return recurrent.RecurrentEnsemble(**arrays).predict(values)


RECIPES: tuple[Recipe, ...] = (NotesRecipe(), HarmonyRecipe(), CochlearRecipe(), RecurrentRecipe())


def fit_forest(heard: Heard, dimension: str, share: float, least: int, constraints: Sequence[int] | None = None) -> Forest:
    """Return a forest for one dimension."""
    model = ExtraTreesRegressor(
        60, max_leaf_nodes=32, min_samples_leaf=least, max_features=share, monotonic_cst=constraints, random_state=SEED
    )
    weights = 1 / np.bincount(heard.piece)[heard.piece]
    model.fit(heard.values, heard.labels[heard.piece, DIMENSIONS.index(dimension)], sample_weight=weights)
    return pack_forest(model.estimators_)


def predict_forests(arrays: Arrays, values: np.ndarray) -> np.ndarray:
    """Return what the forests of both dimensions say."""
    forests = [Forest(*(arrays[f"{dimension}_{name}"] for name in ARRAYS)) for dimension in DIMENSIONS]
    return np.stack([forest.predict(values) for forest in forests], axis=1)


def _moved(piece: Rated, semitones: int) -> NoteArrays:
    if piece.score is None:
        raise ValueError(f"{piece.name} has no notes.")
    notes = notes_of(piece.score)
    return NoteArrays(notes.pitch + semitones, notes.onset, notes.duration, notes.velocity)


def _noise() -> np.ndarray:
    return np.random.default_rng(0).standard_normal(110_250).astype(np.float32)
