"""Oracles, objectives, schedules and score sources that break one rule each."""

from __future__ import annotations

import itertools

import torch
from kit_references import Descend, Height, Near, SavedWarmth, Walk, Warmth, Weight

from orchestra_core import Dimension
from orchestra_core.errors import ParameterError


class ClampsInPlace(Near):
    def prior(self, take):
        amplitude = take.values["amplitude"]
        held = amplitude.clamp(max=0.5) if amplitude.requires_grad else amplitude.clamp_(max=0.5)
        return held.square().mean(dim=1)


class SavesHalf(SavedWarmth):
    def state_dict(self):
        return {"weight": self.head.weight}

    def load_state_dict(self, state):
        self.head.load_state_dict(state, strict=False)


class MeanWithoutSd(Warmth):
    @property
    def dimensions(self):
        return (Dimension("warmth", 0.0, 1.0, mean=0.5),)


class ColumnsOfOne(Warmth):
    def _read(self, clips, sample_rate):
        return {name: reading[:, None] for name, reading in super()._read(clips, sample_rate).items()}

    def _read_all(self, audio, sample_rate, hop):
        sound = Warmth.__new__(Warmth)
        sound.head = self.head
        return sound._read_all(audio, sample_rate, hop)


class BeyondItsRange(Warmth):
    def squash(self, share):
        return 3 * super().squash(share)


class Trainable(Warmth):
    def __init__(self):
        super().__init__()
        self.head.requires_grad_(True)


class Learns(Warmth):
    """Keeps a running mean, which it does not use."""

    def __init__(self):
        super().__init__()
        self.norm = torch.nn.BatchNorm1d(1).eval().requires_grad_(False)

    def squash(self, share):
        self.norm.running_mean += share.detach().float().mean()
        return super().squash(share)


class CutsTheAudio(Warmth):
    def squash(self, share):
        return super().squash(share.detach())


class CountsBins(Warmth):
    def low(self, frequency):
        index = torch.arange(len(frequency), dtype=frequency.dtype, device=frequency.device)
        return torch.sigmoid((len(index) / 30 - index) / 10)


class RepeatsShortClips(Warmth):
    def _lengthen(self, audio, length, rate):
        return audio.repeat(1, -(-length // audio.shape[1]))[:, :length]


class AcceptsAnything(Warmth):
    def read(self, audio, sample_rate):
        return self.read_unchecked(audio, sample_rate)


class NoFloor(Warmth):
    def floor(self):
        return 0.0


class ComparesFrames(Warmth):
    """Divides by the median of the frames' energies, which is 0 where most of them are empty."""

    def _read(self, clips, sample_rate):
        frames = clips.unfold(1, 1000, 1000).square().sum(dim=2)
        frames = frames + (frames.sum(dim=1, keepdim=True) == 0)
        loud = (frames / frames.median(dim=1, keepdim=True).values).mean(dim=1)
        return {"warmth": super()._read(clips, sample_rate)["warmth"] * (0.9 + 0.01 * torch.tanh(0.1 * loud))}


class Standardises(Warmth):
    def _read(self, clips, sample_rate):
        silent = (clips.abs().amax(dim=1) == 0).to(clips.dtype)[:, None]
        centred = clips - clips.mean(dim=1, keepdim=True)
        power = centred.square().mean(dim=1, keepdim=True) + silent
        return super()._read(clips + 0 * centred / power, sample_rate)


class Unsquashes(Warmth):
    def _read(self, clips, sample_rate):
        return super()._read(torch.tanh(torch.atanh(clips)), sample_rate)


class ComparesItems(Near):
    def prior(self, take):
        prior = super().prior(take)
        return prior + 0.1 * (take.audio.square().mean(dim=1) - take.audio.square().mean())


class AdvisesInOneString(Warmth):
    def advise(self, targets):
        return "Hardly anything is that warm."


class ListsOtherTerms(Near):
    @property
    def terms(self):
        return ("loudness", "calm")

    def evaluate(self, take):
        audio = take.audio
        if audio.ndim != 2 or 0 in audio.shape or take.sample_rate <= 0 or not torch.isfinite(audio).all():
            raise ParameterError("no audio")
        return self._evaluate(take)


class TellsNoReadings(Near):
    def told(self, loudness):
        return {}


class Decibels(Near):
    def level(self, audio):
        return 1 + 0.05 * torch.log10(audio.square().mean(dim=1))


class CutsItsTerms(Near):
    def level(self, audio):
        return super().level(audio).detach()

    def prior(self, take):
        return super().prior(take).detach()


class IgnoresTheTarget(Near):
    def target(self, take, loudness):
        return torch.full_like(loudness, 0.3)


class InsistsOnATarget(Near):
    def target(self, take, loudness):
        return take.targets["loudness"]


class HearsAnything(Near):
    def evaluate(self, take):
        return self._evaluate(take)


class UntilItIsBetter(Descend):
    """Goes on until every item is better than at first."""

    def _optimize(self, problem):
        weights = dict.fromkeys(problem.terms, 1.0)
        with torch.no_grad():
            first = sum(problem.evaluate().terms.values())
        for attempt in itertools.count():
            stage = problem.stage(f"try {attempt}", groups=("all",), weights=weights, steps=self.steps)
            self.descend(stage)
            if bool((stage.best_loss < first).all()):
                return


class IgnoresTheBudget(Descend):
    def _optimize(self, problem):
        super()._optimize(problem)
        with torch.no_grad():
            for _ in range(150):
                problem.evaluate()


class Timid(Descend):
    rate = 0.005


class OnlyBowls(Descend):
    """Gives up where a landscape is not a bowl."""

    def descend(self, stage):
        rows = torch.arange(len(stage.rate))
        for base in torch.linspace(0, 0.5, 11):
            low, middle, high = (
                stage.losses({name: leaf.detach() + base + shift for name, leaf in stage.coordinates.items()}, rows)
                for shift in (-0.1, 0.0, 0.1)
            )
            stage.stop(middle > 0.5 * (low + high))
        super().descend(stage)


class MovesWhatIsFixed(Descend):
    def _optimize(self, problem):
        super()._optimize(problem)
        problem.values = {**problem.values, "pinned": problem.values["pinned"] + 1}


class KeepsNothing(Descend):
    def keep(self, stage, optimizer):
        pass


class PicksByChance(Descend):
    """Draws a score outside of any step, where a resumed run draws another."""

    def _optimize(self, problem):
        if problem.choice_values:
            drawn = problem.generator.rand(1)[:, 0].mul(3).long().tolist()
            branch = problem.branch([{"offset": offset} for offset in drawn])
            problem.adopt(branch, torch.ones(len(drawn), dtype=torch.bool))
        super()._optimize(problem)


class FeedsNaNToAdam(Descend):
    rate = 0.05

    def backward(self, step, loss):
        loss.sum().backward()


class SecretGradients(Descend):
    capabilities = frozenset()


class RemembersItsFirstRoot(Walk):
    def __init__(self):
        self.first = None

    def root(self, generator):
        drawn = int(generator.integers(50, 70))
        self.first = self.first or drawn
        return self.first


class CannotWriteMinor(Walk):
    @property
    def choices(self):
        return {"mode": ("major", "minor"), "density": (4, 8, 0)}


class ForgetsAMode(Walk):
    """Knows modes to like only where something is asked, and then of one too few."""

    def prior(self, brief):
        return {"density": [1.0]} if brief.requests else {}


class AlwaysEightSeconds(Walk):
    def gap(self, duration, density):
        return 0.3


class WaitsABit(Walk):
    def start(self, duration):
        return 0.09 * duration if duration < 5 else 0.15 * duration


class AboveThePiano(Walk):
    def root(self, generator):
        return 98


class WritesAnything(Walk):
    def write(self, brief, choice, generator):
        return self._write(brief, {**self.default_choice, **choice}, generator)


#: The rule, what breaks it, and the rules that cannot but break with it.
class QualifiesOnOthers(Height):
    """Qualifies on what is none of its dimensions."""

    @property
    def qualified(self):
        return frozenset({"height", "depth"})


class AsksTooLate(Height):
    """Says that it needs audio, and reads the notes."""

    needs = frozenset({"audio"})


class LastBar(Height):
    """Marks the note at 4 s."""

    def _mark(self, performance):
        (note, *_) = [note for note in performance.score.notes if note.onset >= 4.0]
        return {**super()._mark(performance), "height": (note.pitch - 60) / 48}


class DividesByPower(Weight):
    """Divides by a power that may be zero."""

    def share(self, low, whole):
        return low / whole


class LikesEverything(Height):
    """Marks without listening."""

    def _mark(self, performance):
        return {"height": 0.5, "fullness": 1.0}


BROKEN = [
    ("component.inputs", ClampsInPlace, ()),
    ("component.stateless", RemembersItsFirstRoot, ()),
    ("component.batch", ComparesItems, ()),
    ("component.state", SavesHalf, ()),
    ("oracle.dimensions", MeanWithoutSd, ()),
    ("oracle.shape", ColumnsOfOne, ()),
    ("oracle.range", BeyondItsRange, ()),
    ("oracle.frozen", Trainable, ()),
    ("oracle.frozen", Learns, ()),
    ("oracle.gradient", CutsTheAudio, ()),
    ("oracle.rates", CountsBins, ()),
    ("oracle.short", RepeatsShortClips, ()),
    ("oracle.errors", AcceptsAnything, ()),
    ("oracle.silence", NoFloor, ()),
    ("oracle.impulse", ComparesFrames, ()),
    ("oracle.dc", Standardises, ()),
    ("oracle.full_scale", Unsquashes, ()),
    ("oracle.advice", AdvisesInOneString, ()),
    ("objective.terms", ListsOtherTerms, ()),
    ("objective.readings", TellsNoReadings, ()),
    ("objective.finite", Decibels, ()),
    ("objective.gradient", CutsItsTerms, ()),
    ("objective.targets", IgnoresTheTarget, ()),
    ("objective.unknown_targets", InsistsOnATarget, ()),
    ("objective.errors", HearsAnything, ()),
    ("schedule.terminates", UntilItIsBetter, ()),
    ("schedule.budget", IgnoresTheBudget, ()),
    ("schedule.convex", Timid, ()),
    ("schedule.rugged", OnlyBowls, ()),
    ("schedule.groups", MovesWhatIsFixed, ()),
    ("schedule.resume", KeepsNothing, ()),
    ("schedule.resume", PicksByChance, ()),
    ("schedule.nan", FeedsNaNToAdam, ()),
    ("schedule.gradient_free", SecretGradients, ()),
    ("score.choices", CannotWriteMinor, ()),
    ("score.prior", ForgetsAMode, ()),
    ("score.canvas", AlwaysEightSeconds, ()),
    ("score.leading_silence", WaitsABit, ()),
    ("score.ranges", AboveThePiano, ()),
    ("score.errors", WritesAnything, ()),
    ("judge.dimensions", QualifiesOnOthers, ()),
    ("judge.needs", AsksTooLate, ()),
    ("judge.lengths", LastBar, ()),
    ("judge.silence", DividesByPower, ()),
    ("judge.listens", LikesEverything, ()),
]
