"""Compare the five networks of ``timbre_cnn`` on the same sounds, and write ``docs/timbre.md`` with its pictures.

Run it from the root of the checkout::

    python docs/timbre_study.py --data path/to/timbre --output out/timbre [--networks seven_filters small mid big log_mel]

Each network is trained by its recipe on all training sources and marked on the test sources, which nothing was chosen by, and on
the labels that AudioCommons published for some of the sounds. A training that was interrupted goes on; one that is finished is
only read. `--epochs big=3` bounds a network that is heavy on the machine at hand. The page also shows the shipped weights.
"""

from __future__ import annotations

import argparse
import json
import textwrap
from pathlib import Path

import numpy as np
import torch

from orchestra_timbre.contradictions import contradictions, read_statistics
from orchestra_timbre.corpus import prepare
from orchestra_timbre.descriptors import DESCRIPTORS, HIGHEST
from orchestra_timbre.evaluation import Marks, evaluate, marks, seconds_per_sound
from orchestra_timbre.oracle import weights_path
from orchestra_timbre.sounds import label_table, of_split, read_sounds
from orchestra_timbre.training import TrainingSettings, predict, published_recipe
from orchestra_timbre.weights import Card, load_weights
from orchestra_timbre.workflow import PUBLISHED, Data, train_on

HERE = Path(__file__).parent
#: Test errors that were published, in points (Ramires et al.'s set; mean absolute error over the seven).
FINDINGS = {"big": 4.6, "seven_filters": 4.7, "mid": 15.8, "small": 8.1, "median": 14.4}
NETWORKS = ("seven_filters", "small", "mid", "big", "log_mel")


def main() -> None:
    """Train what is missing, write page and pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, default=Path("out/timbre"))
    parser.add_argument("--networks", nargs="*", default=NETWORKS, choices=NETWORKS)
    parser.add_argument("--epochs", nargs="*", default=[], metavar="NETWORK=N")
    parser.add_argument("--bfloat16", nargs="*", default=[], metavar="NETWORK", help="Networks to train in bfloat16.")
    parser.add_argument("--page", type=Path, default=HERE / "timbre.md")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    epochs = {name: int(count) for name, count in (pair.split("=") for pair in arguments.epochs)}
    for network in arguments.networks:
        changes = {"bfloat16": True} if network in arguments.bfloat16 else {}
        changes |= {"epochs": epochs[network]} if network in epochs else {}
        train_network(network, arguments.data, arguments.output, changes)
    trained = {name: arguments.output / name / f"{name}.safetensors" for name in NETWORKS}
    study = Study(arguments.data, arguments.output / "features", {k: path for k, path in trained.items() if path.is_file()})
    study.draw(arguments.page.parent / "images")
    arguments.page.write_text(study.page(), encoding="utf-8")


def train_network(network: str, data: Path, output: Path, changes: dict) -> None:
    """Train a network on all training sources, unless it is there."""
    if (output / network / f"{network}.safetensors").is_file():
        return
    settings = TrainingSettings(**changes) if network == "log_mel" else published_recipe(network, **changes)
    train_on(Data((data,), None, output / "features"), settings, output / network, resume=True)


class Study:
    """Marks of every network on the test sounds and on the published labels."""

    def __init__(self, data: Path, cache: Path, trained: dict[str, Path]) -> None:
        sounds = read_sounds(data)
        self.sets = {"test": of_split(sounds, "test"), "published": read_sounds(data, PUBLISHED)}
        self.labels = {sound.file: sound.labels for sound in sounds}
        self.medians = np.median(label_table(of_split(sounds, "train")), axis=0)
        self.cache = cache
        self.files = {**trained, "default": weights_path("log_mel"), "judge": weights_path("log_mel", "judge")}
        self.rows = {name: self._row(path) for name, path in self.files.items()}

    def _row(self, path: Path) -> dict:
        architecture = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["architecture"]
        model, card = load_weights(path, architecture)
        corpora = {name: prepare(sounds, model, self.cache) for name, sounds in self.sets.items()}
        found = {name: evaluate(model, corpus, self.medians) for name, corpus in corpora.items()}
        return {"card": card, "marks": found, "seconds": seconds_per_sound(model)}

    def floor(self) -> Marks:
        """Return how far the labels of the files themselves are from the published ones."""
        labels = np.array([self.labels[sound.file] for sound in self.sets["published"]])
        return marks(labels, label_table(self.sets["published"]), self.medians)

    def draw(self, folder: Path) -> None:
        """Write a picture of the readings of the default network beside the labels."""
        from matplotlib.figure import Figure

        model, _ = load_weights(self.files["default"], "log_mel")
        corpus = prepare(self.sets["test"], model, self.cache)
        read, labels = HIGHEST * predict(model, corpus).numpy(), HIGHEST * corpus.labels.numpy()
        figure = Figure(figsize=(9.6, 5.2), layout="constrained")
        for k, (axes, name) in enumerate(zip(figure.subplots(2, 4).flat, (*DESCRIPTORS, None), strict=True)):
            if name is None:
                self._bars(axes)
                continue
            axes.plot([0, 100], [0, 100], color="0.75", linewidth=1)
            axes.plot(labels[:, k], read[:, k], ".", markersize=3, alpha=0.5)
            axes.set(title=name, xlabel="label", ylabel="reading", aspect="equal", xlim=(0, 100), ylim=(0, 100))
        folder.mkdir(parents=True, exist_ok=True)
        figure.savefig(folder / "timbre.png", dpi=90)

    def _bars(self, axes) -> None:
        errors = {name: row["marks"]["test"].mean_error for name, row in self.rows.items() if name != "judge"}
        errors["median"] = self.rows["default"]["marks"]["test"].mean_baseline
        axes.barh(list(errors), list(errors.values()))
        axes.invert_yaxis()
        axes.set(title="test error in points")

    def page(self) -> str:
        """Return the page."""
        default, judge = self.rows["default"], self.rows["judge"]
        return TEMPLATE.format(
            sounds=default["marks"]["test"].count,
            comparison=self._comparison(),
            findings=self._findings(),
            default=self._descriptors(default["marks"]),
            judge=self._descriptors(judge["marks"]),
            floor=f"{self.floor().mean_error:.2f}",
            floors=", ".join(f"{name} {error:.1f}" for name, error in self.floor().mae.items()),
            parts=self._parts(),
            note=textwrap.fill(default["card"].note, 125),
            remarks=self._remarks(),
            example="\n".join(contradictions({"brightness": 75, "boominess": 65})),
            count=f"{read_statistics().count:,}",
            reading=f"{1000 * default['seconds'][0]:.1f}",
            rate=f"{1 / default['seconds'][0]:.0f}",
            gradient=f"{1000 * default['seconds'][1]:.1f}",
        )

    def _comparison(self) -> str:
        head = (
            "network",
            "parameters",
            "learned from",
            "epochs",
            "s per epoch",
            "ms per sound",
            "test MAE",
            "r",
            "published labels",
        )
        rows = [head, ("---",) * len(head)]
        for name, row in self.rows.items():
            card, test = row["card"], row["marks"]["test"]
            r = f"{min(test.r.values()):.2f}..{max(test.r.values()):.2f}"
            epochs = f"{card.training['epochs_run']}"
            seconds = f"{card.training['seconds_per_epoch']:.0f}"
            label = f"`{name}`" if name in NETWORKS else f"**{name}** (`log_mel`)"
            errors = (f"{test.mean_error:.2f}", r, f"{row['marks']['published'].mean_error:.2f}")
            learned = f"{card.split['train']['sounds']:,} sounds"
            rows.append((label, f"{card.parameters:,}", learned, epochs, seconds, f"{1000 * row['seconds'][0]:.1f}", *errors))
        test, published = (self.rows["default"]["marks"][name].mean_baseline for name in ("test", "published"))
        rows.append(("median", "7", "", "", "", "", f"{test:.2f}", "", f"{published:.2f}"))
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)

    def _findings(self) -> str:
        lines = ["| network | published | here |", "| --- | --- | --- |"]
        here = {name: row["marks"]["test"].mean_error for name, row in self.rows.items()}
        here["median"] = self.rows["default"]["marks"]["test"].mean_baseline
        for name, error in FINDINGS.items():
            lines.append(f"| {name.replace('_', ' ')} | {error:.1f} | {f'{here[name]:.1f}' if name in here else 'not trained'} |")
        return "\n".join(lines)

    def _remarks(self) -> str:
        """Return in words which networks had fewer epochs than the recipe says, and which were left out."""
        short = [name for name, row in self.rows.items() if name in FINDINGS and row["card"].training["epochs"] < 20]
        said = [f"`{name}` was given {self.rows[name]['card'].training['epochs']} epochs here rather than 20." for name in short]
        here = {name: row["marks"]["test"].mean_error for name, row in self.rows.items()}
        if {"seven_filters", "big", "mid"} <= set(here):
            median = self.rows["default"]["marks"]["test"].mean_baseline
            filters = "as well as" if here["seven_filters"] <= here["big"] + 0.5 else "worse than"
            middle = "worse" if here["mid"] > median else "far better"
            said += [
                f"Here seven filters do {filters} `big`, and `mid` does {middle} than the median: its readings begin at the "
                "median label here, where the published ones may have died."
            ]
        absent = [name for name in FINDINGS if name not in (*self.rows, "median")]
        said += [f"`{name}` was not trained here." for name in absent]
        return " ".join(said)

    def _descriptors(self, found: dict[str, Marks]) -> str:
        lines = ["| descriptor | test MAE | r | median | published labels |", "| --- | --- | --- | --- | --- |"]
        for name in DESCRIPTORS:
            test, published = found["test"], found["published"]
            cells = (test.mae[name], test.r[name], test.baseline[name], published.mae[name])
            lines.append(f"| {name} | {cells[0]:.2f} | {cells[1]:.3f} | {cells[2]:.2f} | {cells[3]:.2f} |")
        means = (found["test"].mean_error, found["test"].mean_baseline, found["published"].mean_error)
        return "\n".join([*lines, f"| **mean** | **{means[0]:.2f}** | | {means[1]:.2f} | **{means[2]:.2f}** |"])

    def _parts(self) -> str:
        lines = ["| weights | part | sounds | sources | kinds |", "| --- | --- | --- | --- | --- |"]
        for name in ("default", "judge"):
            card: Card = self.rows[name]["card"]
            train = card.split["train"]
            kinds = ", ".join(f"{count:,} {kind}" for kind, count in train["kinds"].items())
            lines.append(f"| {name} | {card.part} | {train['sounds']:,} | {train['sources']:,} | {kinds} |")
        return "\n".join(lines)


TEMPLATE = """# Timbre

The oracle `timbre_cnn` reads seven descriptors of a one-shot, in points of 0 to 100: hardness, depth, brightness, roughness,
warmth, sharpness and boominess, as AudioCommons' extractor defines them. Sounds can be designed by these words and numbers:

```sh
orchestra timbre read kick.wav
orchestra compose --oracle timbre_cnn --instrument percussion --target brightness=70 --target boominess=10 -o drum
```

It hears the first second at 16 kHz; shorter sounds are padded with silence, longer ones cut, other rates resampled. A
reading of one sound takes {reading} ms of one core ({rate} a second), one with its gradient {gradient} ms.

## What it hears

The default network, `log_mel`, brings a clip to a fixed loudness first, as the extractor does (gated K-weighting, ITU-R
BS.1770), so that gain changes no reading. It then sees two log-mel spectrograms: 96 bands in windows of 64 ms, which resolve
the lowest modes, and 24 bands in windows of 16 ms, 4 ms apart, which follow the attack. Convolutions join the two; pooling
over time takes the mean, the highest, and the mean weighted by power, as the extractor weighs its windows.

The extractor itself cannot be followed by gradients: it picks onsets and peaks, and thresholds. That is why a network stands
in for it.

## What it was trained on

One-shots made of CC0 samples (Sonic Pi) and public-domain samples (uzu-drumkit), seeded variations of them, and synthesised
hits, each labelled with AudioCommons' `timbral_models` 0.4.0. Sounds are split by source. `docs/timbre_more.py` makes more
of them, in the same way and from training sources only, and labels them with the extractor.

A third of the training sources, by the SHA-256 of their names, is kept from the default network and trains the *judge*
(`weights="judge"`). What the one designs, the other can mark.

{parts}

{note}

## How well it reads

On the {sounds} test sounds, whose sources nothing was trained on or chosen by. *Published labels* are those that
AudioCommons published for 34 of the recordings.

### Default

{default}

### Judge

{judge}

![Readings of the default network beside the labels](images/timbre.png)

The published labels describe each sound without the silence at its end; the labels of the data set, and so the oracle, describe
the second that is heard. The extractor's own labels of these files are {floor} points from the published ones on average:
{floors}. A network that read the files without any error would be that far off. Of the files without the silence at their ends,
the extractor's labels are 1.4 points from the published ones (`python docs/timbre_more.py --check`): roughness, warmth and
boominess are averages over a sound's length. Most of the 34 recordings lie in the training split, with the extractor's label of
the file; the published labels were looked at last.

## The published networks

Four networks were published for this task, all of the raw waveform: convolutions of length 7, ReLU and max pooling by 2,
then dense layers. They were trained here on all training sources with Adam at 1e-3, batches of 16 and the mean absolute
error of labels over 100, and stopped by the validation sources. Errors are in points; the time of an epoch is by the clock,
on one core of a machine that did much else, the time of a sound is processor time.

{comparison}

The published finding is that the network of seven filters does as well as one six times its size, that `mid` does worse than
the median, and that `small` lies between. Errors in points; the published ones are of another data set:

{findings}

{remarks}

## Targets that contradict one another

The seven descriptors hang together: what is bright is seldom boomy. The labels of {count} percussive sounds (Freesound
One-Shot Percussive Sounds) tell how. Their ranks, as normal scores, have a correlation matrix, from which follows what each
descriptor is expected to be given the others that are asked for. A target farther from that than 99 in 100 of those sounds
are is named in the result's messages:

```text
{example}
```

## Train your own

```sh
orchestra timbre train --data path/to/sounds -o trained
orchestra timbre evaluate --data path/to/sounds --weights trained/log_mel.safetensors -o marks
```

A data set is a folder with `labels.csv` (file, kind, source, split, and the seven descriptors) and the files it names; more
`--data` folders add training sounds. The Freesound One-Shot Percussive Sounds are read as they are, where
[mirdata](https://mirdata.readthedocs.io) downloaded them (`pip install "orchestra-music[freesound]"`); they are split by
uploader. Training is seeded, stops early on the validation sounds, goes on with `--resume`, and writes `log.csv`. Features
lie in a file that is mapped into memory, so that the size of the data set does not matter.

Made by `python docs/timbre_study.py`.

- Pearce, A., Safavi, S., Brookes, T., Mason, R., Wang, W., and Plumbley, M. (2019). Release of timbral characterisation tools for
  semantically annotating non-musical content. AudioCommons deliverable D5.8.
- Ramires, A., Chandna, P., Favory, X., Gomez, E., and Serra, X. (2020). Neural percussive synthesis parameterised by high-level
  timbral features. *ICASSP*.
"""


if __name__ == "__main__":
    main()
