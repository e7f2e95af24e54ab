"""The recipes of a training, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from orchestra_core.errors import ParameterError
from orchestra_deam.config import ModelName

#: Frames of a clip's mel bands; `orchestra_deam.front_end.FRAMES`, written here so that listing options imports no torch.
WHOLE = 431


@dataclass(frozen=True)
class TrainingSettings:
    """A recipe.

    Parameters
    ----------
    model : str
        The network.
    epochs : int
        Most passes over the songs; 0 leaves the network untrained, which is a control.
    draw : {"songs", "clips"}
        What an epoch is: `windows` clips of every song, drawn at random, so that songs count alike; or every clip once.
    windows : int
        Clips of a song per epoch.
    frames : int, in [32, 431]
        Length of the stretch of mel frames that a step sees of each clip, taken at random: half a clip costs half and
        varies more.
    batch : int
        Clips per step.
    rate, decay : float
        Learning rate at its highest, and weight decay: of Adam without decay, of AdamW with it.
    course : {"cosine", "constant"}
        Of the learning rate: a short rise and then a cosine to 0, or always the same.
    clip : float
        Most norm of the gradient of a step; 0 for no limit.
    average : float, in [0, 1)
        Decay per step of the exponential average of weights that is kept in the end; 0 keeps the last weights.
    standardise : bool
        Learn labels in standard deviations of their corpus; needed for several corpora. Readings are in its units anyway.
    concordance : float
        Weight of 1 - CCC beside the mean squared error; it works against shrinking to the mean.
    emphasis : float
        Weight of the loss of valence beside that of arousal: valence is the harder one to hear.
    rater_weights : bool
        Let labels count by how sure they are: the variance between raters over their number, beside a floor.
    pair_mode, pair_unmoved, pair_still : float
        Weights of pair losses, for corpora prepared with ``--versions``: in its parallel mode a clip shall differ in valence
        by `mode_effect` (major over minor), and not in arousal; a semitone higher it shall read the same.
    mode_effect : float
        Wanted difference in valence between major and parallel minor, in standard deviations of the labels. A penalty
        shrinks what comes of it.
    clearest : float
        Least contrast of modes of a pair that counts, see `orchestra_deam.parallel.mode_contrast`.
    penalty_arousal, penalty_valence : float
        Of models that are solved in closed form, for which nothing of epochs and steps applies: ridge penalty per input.
    varied_weight : float
        Of those models: weight of clips of varied renderings beside plain ones.
    phrases : int
        Of those models: how many phrases by rule, which nobody rated, are pairs of VGMIDI's head besides
        (`orchestra_deam.phrase_pairs`).
    calibrate : int
        Folds of the cross-validation by group that gives the line of ratings on readings of songs
        (`orchestra_deam.training.calibration`), which the card keeps; as many trainings more. 0 for none; controls have none.
    augment : bool
        Whether clips are changed at random.
    validation : float, in [0, 0.5]
        Share of the songs to learn from, whole groups, that is kept for validation.
    patience : int
        Epochs without a better validation after which training stops, and the best weights are kept; 0 never stops.
    watch_held_out : bool
        Without a validation share, draw the curves of the songs that are held out. Nothing is chosen by them.
    shuffle : bool
        Train on labels shuffled between songs: the control that must fail.
    bfloat16 : bool
        Compute in bfloat16 where it is safe; half the time on CPUs that have it.
    seed : int
        Of weights, draws and augmentation.

    Raises
    ------
    ParameterError
        A value is out of range.
    """

    model: ModelName = "three_conv"
    epochs: int = 100
    draw: Literal["songs", "clips"] = "songs"
    windows: int = 16
    frames: int = 216
    batch: int = 32
    rate: float = 8e-3
    decay: float = 1e-3
    course: Literal["cosine", "constant"] = "cosine"
    clip: float = 5.0
    average: float = 0.99
    standardise: bool = True
    concordance: float = 1.0
    emphasis: float = 2.0
    rater_weights: bool = False
    pair_mode: float = 0.0
    pair_unmoved: float = 0.0
    pair_still: float = 0.0
    mode_effect: float = 0.68
    clearest: float = 0.1
    penalty_arousal: float = 0.15
    penalty_valence: float = 2.5
    varied_weight: float = 0.1
    phrases: int = 0
    calibrate: int = 0
    augment: bool = True
    validation: float = 0.0
    patience: int = 0
    watch_held_out: bool = False
    shuffle: bool = False
    bfloat16: bool = False
    seed: int = 0

    @property
    def paired(self) -> bool:
        """Whether there are pair losses."""
        return bool(self.pair_mode or self.pair_unmoved or self.pair_still)

    def __post_init__(self) -> None:
        ranges: Mapping[str, tuple[float, float]] = {
            "epochs": (0, float("inf")),
            "windows": (1, float("inf")),
            "batch": (2, float("inf")),
            "frames": (32, WHOLE),
            "average": (0.0, 0.99999),
            "validation": (0.0, 0.5),
        }
        for name, (least, most) in ranges.items():
            if not least <= getattr(self, name) <= most:
                raise ParameterError(f"{name} is {getattr(self, name)}; expected at least {least:g}, and at most {most:g}.")
        if self.calibrate < 0 or self.calibrate == 1:
            raise ParameterError(f"calibrate is {self.calibrate}; expected 0 for none, or at least 2 folds.")
        if self.patience and not self.validation:
            raise ParameterError(f"patience is {self.patience} without a validation share; expected validation above 0.")


#: Recipes by name. `default` made the weights of the default oracle, `three_conv` those of that network. `reference` is the
#: published one: Adam at 1e-3, mean squared error, 30 epochs over all clips.
PRESETS: Mapping[str, TrainingSettings] = {
    "default": TrainingSettings(
        model="cues",
        epochs=1,
        standardise=False,
        augment=False,
        pair_mode=0.5,
        pair_unmoved=1.0,
        pair_still=0.3,
        mode_effect=1.1,
        phrases=600,
        calibrate=5,
    ),
    "three_conv": TrainingSettings(bfloat16=True),
    "reference": TrainingSettings(
        epochs=30,
        draw="clips",
        frames=WHOLE,
        rate=1e-3,
        decay=0.0,
        course="constant",
        clip=0.0,
        average=0.0,
        standardise=False,
        concordance=0.0,
        emphasis=1.0,
        augment=False,
        watch_held_out=True,
        seed=42,
    ),
}
