"""A prepared corpus of cues that tell arousal, valence and mode, for tests of what is solved from them."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from orchestra_deam.corpora.table import COLUMNS, Clip
from orchestra_deam.cues import COUNT
from orchestra_deam.preparation.store import FORMAT

GAMES = ("Banjo-Kazooie", "Secret of Mana", "Final Fantasy VII", "Star Fox", "Xenogears", "Chrono Trigger")


def cue_store(folder, corpus="vgmidi", versions=True, songs=12):
    """Songs of six games, two clips of two variants each: cue 0 tells arousal, cue 1 valence, cue 2 the mode."""
    rng, rows = np.random.default_rng(0), []
    for index in range(songs):
        group = GAMES[index * len(GAMES) // songs] if corpus == "vgmidi" else f"rock_{index + 1:03d}"
        label = rng.uniform(-0.5, 0.5, 2)
        clip = Clip(corpus, f"song {index}" if corpus == "vgmidi" else group, group, "", 0.0, 5.0, *label, 0.04, 0.09, 30)
        for variant in ("piano-0", "piano-1") if corpus == "vgmidi" else ("",):
            plain = rng.normal(0, 0.3, (2, COUNT)).astype(np.float32)
            plain[:, :2] += 3 * label
            plain[:, 2] = 1.0 if index % 3 else -1.0
            for version in ("", "semitone", "parallel") if versions else ("",):
                cues = plain + (version == "semitone") * rng.normal(0, 0.1, plain.shape).astype(np.float32)
                cues[:, 2] *= -1 if version == "parallel" else 1
                file = f"{variant or 'recording'}{version}/{index}.npy"
                path = folder / "features" / "cues" / file
                path.parent.mkdir(parents=True, exist_ok=True)
                np.save(path, cues)
                place = {"variant": variant, "version": version, "mode": 0.5 if index % 3 else -0.5, "file": file, "scale": "va"}
                rows += [{**vars(clip), **place, "start": 5.0 * row, "begin": 5.0 * row, "row": row} for row in (0, 1)]
    columns = [*COLUMNS, "variant", "version", "mode", "begin", "file", "row", "scale"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "clips.csv", index=False)
    card = {"name": corpus, "title": corpus.upper(), "scale": "va" if corpus == "vgmidi" else corpus, "citation": "none"}
    manifest = {"format": FORMAT, "corpus": card, "settings": {"features": "cues"}, "arrays": ["cues"]}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder
