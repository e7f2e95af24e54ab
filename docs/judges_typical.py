"""How far pieces lie from people's music, as the judges perceive it: fit, add to the shipped weights, and measure::

    python docs/judges_typical.py --data path/to/data --soundfont FluidR3_GM.sf2 --cache cache [JUDGE ...]

A Gaussian is fitted to spans of the part ``judges`` of VGMIDI; percentiles are those of spans of the part ``oracle``; the part
``final`` is never read. Run it after ``judges_train.py``: it leaves the models as they are. Writes ``docs/judges_typical.md``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from judges_audio import Data
from judges_nonsense import KINDS, LENGTH, performances, recorded_songs
from judges_spans import PARTS, Part, parts, spans
from judges_study import markdown_table
from judges_train import options

from orchestra_core import build
from orchestra_judges.typicality import PREFIX, HumanMusic, human_music_arrays, read_human_music
from orchestra_judges.weights import load_judge, save_judge, shipped_path

JUDGES = ("notes_judge", "harmony_judge", "cochlear_judge", "recurrent_judge")
#: A piece is outside above this percentile.
LIMIT = 99.0
#: Percentiles are kept at steps of 100 over this.
STEPS = 200
#: Spans to fit to, for every sound that a piece is played with.
_FITTED = 2
#: Of the others, every second is held out: two or three of the five sounds of a piece.
_EVERY = 2
SONGS = "recordings of Emotify"
_PAGE = Path(__file__).parent / "judges_typical.md"
_HEAD = """# How far from people's music

Made by `python docs/judges_typical.py`; [Judges](judges.md) says what it means. Inside is what lies within the
{limit:g}th percentile of held-out human spans in the features of a judge. The Gaussian was fitted to {fitted} spans of 41 pieces
(part `judges`), the percentiles are of {known} spans of {pieces} pieces of {games} games (part `oracle`), played with a grand
piano, this project's piano and programs drawn for each piece. Spans of fewer than one onset a second, 2 and 4 % of all, are left
out."""


def main() -> None:
    """Fit, write the weights, measure, write the page."""
    torch.set_num_threads(1)
    arguments = options(__doc__).parse_args()
    data = Data(arguments.data, arguments.soundfont, arguments.cache)
    for name in arguments.judges or JUDGES:
        known = heard(name, data, "oracle")
        human = fitted(heard(name, data, "judges"))
        ship(name, replace(human, **percentiles(human, known)))
        print(name, f"{shipped_path(name).stat().st_size} bytes", flush=True)
    _PAGE.write_text(page(data), encoding="utf-8")


def heard(name: str, data: Data, part: str) -> list[Part]:
    """Return parts of spans of the pieces of a part of VGMIDI, as a judge perceives them."""
    judge = build("judge", name).component
    chosen = spans(data.vgmidi(part), _FITTED) if part == "judges" else spans(data.vgmidi(part))[::_EVERY]
    return [one for span in chosen for one in parts(judge, span, data)]


def fitted(known: Iterable[Part], length: float = LENGTH) -> HumanMusic:
    """Return a Gaussian over the mean features of spans as long as a piece by default, without percentiles.

    The covariance is shrunk towards a sphere by as much as Ledoit and Wolf (2004) say for the means of pieces: spans of one piece
    are alike, and no samples of their own.
    """
    from sklearn.covariance import LedoitWolf

    some = [one for one in known if one.length == length]
    rows, pieces = np.stack([one.perceived.mean(axis=0) for one in some]).astype(np.float64), [one.span.piece for one in some]
    mean, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    standard = (rows - mean) / scale
    middles = np.stack([standard[np.array(pieces) == piece].mean(axis=0) for piece in sorted(set(pieces))])
    share = LedoitWolf().fit(middles).shrinkage_
    covariance = (1 - share) * np.cov(standard.T) + share * np.eye(len(mean))
    whitening = np.linalg.cholesky(np.linalg.inv(covariance)) / scale[:, None]
    nothing = np.zeros(0, dtype=np.float32)
    return HumanMusic(mean.astype(np.float32), whitening.astype(np.float32), nothing, nothing)


def percentiles(human: HumanMusic, known: Iterable[Part]) -> dict[str, np.ndarray]:
    """Return the lengths of spans, and for each their distances at percentiles from 0 to 100."""
    found = distances(human, known)
    steps = np.linspace(0.0, 1.0, STEPS + 1)
    table = np.stack([np.quantile([distance for _, distance in found[length]], steps) for length in PARTS])
    return {"lengths": np.array(list(PARTS), dtype=np.float32), "distances": table.astype(np.float32)}


def distances(human: HumanMusic, known: Iterable[Part]) -> dict[float, list[tuple[Part, float]]]:
    """Return parts and their distances by length."""
    found: dict[float, list[tuple[Part, float]]] = {length: [] for length in PARTS}
    for one in known:
        found[one.length].append((one, human.distance(one.perceived)))
    return found


def ship(name: str, human: HumanMusic) -> None:
    """Write a judge's weights with what it knows of people's music; its model and its marks stay as they are."""
    weights = load_judge(name)
    model = {key: array for key, array in weights.arrays.items() if not key.startswith(PREFIX)}
    told = {
        "fitted to": "VGMIDI, part judges",
        "percentiles of": "VGMIDI, part oracle, whose pieces it was not fitted to",
        "lengths_s": [float(length) for length in human.lengths],
        "method": "Mahalanobis distance of the mean features of a span, covariance shrunk by Ledoit and Wolf (2004)",
    }
    training = {**weights.card.training, "typicality": told}
    save_judge(shipped_path(name), {**model, **human_music_arrays(human)}, replace(weights.card, training=training))


def page(data: Data) -> str:
    """Return the page, measured with the shipped weights."""
    pieces = data.vgmidi("oracle")
    learned, known = ({name: heard(name, data, part) for name in JUDGES} for part in ("judges", "oracle"))
    counts = {
        "fitted": sum(one.length == LENGTH for one in learned[JUDGES[0]]),
        "known": sum(one.length == LENGTH for one in known[JUDGES[0]]),
        "pieces": len(pieces),
        "games": len({piece.group for piece in pieces}),
    }
    parts_of_page = (
        _HEAD.format(limit=LIMIT, **counts),
        people(known),
        of_sounds(known),
        others(data),
        seconds(data),
    )
    return "\n\n".join(parts_of_page) + "\n"


def people(known: Mapping[str, Sequence[Part]]) -> str:
    """Return the shares of people's spans that are inside, each game against percentiles of the other games alone."""
    rows = []
    for name, some in known.items():
        found = distances(_human(name), some)
        rows.append((name, *(_share([within for _, within in out_of_game(found[length])]) for length in PARTS)))
    title = "## People's spans inside, in percent, by length; each game held against the other games"
    return f"{title}\n\n" + markdown_table(("judge", *(f"{length:g} s" for length in PARTS)), rows)


def of_sounds(known: Mapping[str, Sequence[Part]]) -> str:
    """Return the same for spans of the usual length, by what plays them."""
    rows = []
    for name, some in known.items():
        if name == "notes_judge":  # of what plays, it hears nothing
            continue
        found = out_of_game(distances(_human(name), some)[LENGTH])
        sounds = {"grand piano": 0, "piano_adsr": -1}
        shares = [_share([within for one, within in found if one.span.sound.program == program]) for program in sounds.values()]
        rest = [within for one, within in found if one.span.sound.program > 0]
        rows.append((name, *shares, _share(rest)))
    head = ("judge", "grand piano", "piano_adsr", "other programs")
    return f"## The same, {LENGTH:g} s, by what plays\n\n" + markdown_table(head, rows)


def out_of_game(found: Sequence[tuple[Part, float]]) -> list[tuple[Part, bool]]:
    """Return for each part whether it is inside, by percentiles of the parts of other games alone."""
    told = []
    for game in sorted({one.span.group for one, _ in found}):
        limit = np.percentile([distance for one, distance in found if one.span.group != game], LIMIT)
        told += [(one, bool(distance <= limit)) for one, distance in found if one.span.group == game]
    return told


def others(data: Data) -> str:
    """Return the shares of what is no music, of what is made by rules and of real recordings that are outside."""
    judges = {name: build("judge", name).component for name in JUDGES}
    pieces = data.vgmidi("oracle")[::2]
    rows = []
    for kind, some in (*((kind, performances(kind, pieces, data)) for kind in KINDS), (SONGS, recorded_songs(data, LENGTH))):
        told: dict[str, list[float]] = {name: [] for name in judges}
        for performance in some:
            for name, judge in judges.items():
                if judge.can_mark(performance):
                    told[name].append(judge.typicality(performance))
        rows.append((kind, *(_outside(values) for values in told.values())))
    title = f"## What is outside, in percent of {LENGTH:g} s each; and the median percentile"
    return f"{title}\n\n" + markdown_table(("", *judges), rows)


def seconds(data: Data) -> str:
    """Return how long a typicality takes."""
    performance = next(performances("rules", data.vgmidi("oracle")[:1], data))
    rows = []
    for name in JUDGES:
        judge = build("judge", name).component
        took = [_seconds(lambda judge=judge: judge.typicality(performance)) for _ in range(5)]
        rows.append((name, f"{np.median(took):.3f}"))
    return f"## Seconds that it takes for a piece of {LENGTH:g} s, in one thread\n\n" + markdown_table(("judge", "s"), rows)


def _human(name: str) -> HumanMusic:
    human = read_human_music(load_judge(name))
    if human is None:
        raise ValueError(f"The weights of {name} hold nothing of people's music; expected that this script wrote them.")
    return human


def _share(inside: Sequence[bool]) -> str:
    return f"{100 * np.mean(inside):.1f}"


def _outside(told: Sequence[float]) -> str:
    return f"{100 * np.mean(np.array(told) > LIMIT):.0f} ({np.median(told):.0f})" if told else ""


def _seconds(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
