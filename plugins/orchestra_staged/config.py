"""Configurations of the schedules: declarative stages, and the presets made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

OptimizerName = Literal["adam", "adamw", "rmsprop", "sgd"]
PresetName = Literal["default", "design", "reference"]


@dataclass(frozen=True)
class StageConfig:
    """One stage.

    Parameters
    ----------
    name : str
        For people and the history.
    groups : tuple of str
        Which groups move; ``"all"`` stands for every one.
    weights : mapping of str to float
        Weight by loss term; empty weighs every term 1.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"}
        Of `torch.optim`.
    learning_rate : float, > 0
        In free coordinates per step.
    steps : int, >= 0
        At most so many.
    clip : float, >= 0
        Largest norm of each item's gradient; 0 for no clipping.
    plateau_factor : float, in (0, 1]
        An item's step size is multiplied by it when its loss has not improved; 1 for never.
    plateau_patience : int, >= 0
        After so many steps without improvement.
    stop_patience : int, >= 0
        An item stops after so many steps without improvement; 0 for never.
    stop_loss : float, >= 0
        An item stops once its loss is lower than this.
    optional : bool
        Whether the stage is left out for an instrument that has none of its groups; otherwise that is refused.
    """

    name: str
    groups: tuple[str, ...] = ("all",)
    weights: Mapping[str, float] = field(default_factory=dict)
    optimizer: OptimizerName = "adam"
    learning_rate: float = 0.05
    steps: int = 100
    clip: float = 1.0
    plateau_factor: float = 1.0
    plateau_patience: int = 30
    stop_patience: int = 0
    stop_loss: float = 0.0
    optional: bool = False


@dataclass(frozen=True)
class StagedConfig:
    """Configuration of `staged`.

    Parameters
    ----------
    preset : {"default", "design", "reference"}
        Which stages, where none are given: tuned for quality and time; for a single sound, of which everything moves at once; or
        those of the published system.
    stages : tuple of StageConfig
        Your own stages, instead of the preset's.
    search : int, >= -1
        At most so many score choices are tried before the first stage; 0 for none, -1 for as many as the preset says.
    """

    preset: PresetName = "default"
    stages: tuple[StageConfig, ...] = ()
    search: int = -1


@dataclass(frozen=True)
class Preset:
    """The stages of a preset and how many score choices it tries first."""

    stages: tuple[StageConfig, ...]
    search: int


# Three stages: arousal, then valence with arousal held, then both.
REFERENCE = Preset(
    search=0,
    stages=(
        StageConfig("arousal", ("timing", "dynamics"), {"arousal": 1.0}, learning_rate=0.05, steps=120, stop_patience=60),
        StageConfig(
            "valence", ("timing", "envelope"), {"arousal": 1.0, "valence": 2.5}, learning_rate=0.03, steps=250, stop_patience=80
        ),
        StageConfig(
            "joint",
            ("all",),
            {"arousal": 1.0, "valence": 1.0},
            learning_rate=0.1,
            steps=320,
            plateau_factor=0.5,
            plateau_patience=30,
            stop_patience=120,
        ),
    ),
)

# The score is searched first: it reaches further than any gradient. Sound and dynamics come next, and timing last and only where
# the target is not met yet, so that the rhythm stays as it was written wherever it can.
DEFAULT = Preset(
    search=64,
    stages=(
        StageConfig(
            "expression",
            ("dynamics", "envelope", "timbre"),
            learning_rate=0.1,
            steps=60,
            plateau_factor=0.5,
            plateau_patience=8,
            stop_patience=25,
            stop_loss=0.02,
            optional=True,
        ),
        StageConfig(
            "timing",
            ("all",),
            learning_rate=0.03,
            steps=60,
            plateau_factor=0.5,
            plateau_patience=8,
            stop_patience=25,
            stop_loss=0.02,
        ),
    ),
)

# A single sound has no notes that a stage should leave as they were written: from the best of many starting points all groups
# move at once.
DESIGN = Preset(
    search=64,
    stages=(
        StageConfig(
            "design",
            ("all",),
            learning_rate=0.1,
            steps=80,
            plateau_factor=0.5,
            plateau_patience=8,
            stop_patience=20,
            stop_loss=0.02,
        ),
    ),
)

PRESETS: Mapping[str, Preset] = {"default": DEFAULT, "design": DESIGN, "reference": REFERENCE}

#: The stages of `search`: those of the preset `default`, which move timing last and only where the target is not met yet.
SEARCH_STAGES: tuple[StageConfig, ...] = DEFAULT.stages


@dataclass(frozen=True)
class SearchConfig:
    """Configuration of `search`.

    Parameters
    ----------
    candidates : int, >= 0
        Choices drawn for each item; 0 for no search.
    survivors : int, >= 1
        The best of them, whose neighbours are tried; halved in each round. Rounded down to a power of two.
    wave : int, >= 1
        Candidates of an item evaluated together.
    finalists : int, >= 1
        How many are moved by gradient before one is chosen.
    finalist_steps : int, >= 0
        So many steps each.
    prior : float, >= 0
        Loss that one nat of surprise is worth, where the score source has a prior.
    blind : bool
        Whether the prior of the score source is not looked at.
    stop_loss : float, >= 0
        An item stops searching once the loss of a candidate is lower than this.
    stages : tuple of StageConfig
        The gradient stages that follow.
    """

    candidates: int = 64
    survivors: int = 8
    wave: int = 8
    finalists: int = 2
    finalist_steps: int = 10
    prior: float = 0.1
    blind: bool = False
    stop_loss: float = 0.02
    stages: tuple[StageConfig, ...] = SEARCH_STAGES
