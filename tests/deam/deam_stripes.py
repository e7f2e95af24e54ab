"""A prepared corpus made by hand: songs of bars in time and bands whose labels are easily heard."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from orchestra_deam.corpora.table import COLUMNS, Clip
from orchestra_deam.preparation.store import FORMAT


def stripes(folder: Path, name: str = "deam", songs: int = 12, scale: float = 1.0, versions: bool = False) -> Path:
    """Write songs of three clips: the denser in time the more aroused, the closer the bands the more valent."""
    rng, rows = np.random.default_rng(0), []
    for index in range(songs):
        density, closeness = index % 4, index // 4 % 3
        clip = Clip(
            name,
            str(index + 2),
            str(index + 2),
            "",
            0.0,
            5.0,
            scale * (density * 0.25 - 0.4),
            scale * (closeness * 0.3 - 0.3),
            0.04,
            0.09,
            30,
        )
        for version in ("", "parallel", "semitone") if versions else ("",):
            bands = 9 - 3 * closeness + 4 * (version == "parallel")
            file = f"recording{'-' * bool(version)}{version}/{clip.song}.npy"
            path = folder / "features" / "mel" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, bars(density, bands, rng))
            for row in range(3):
                start = {"start": 5.0 * row, "begin": 5.0 * row, "file": file, "row": row, "variant": "", "scale": name}
                rows.append({**vars(clip), **start, "version": version, "mode": 1.0 if index % 2 else 0.0})
    columns = [*COLUMNS, "variant", "version", "mode", "begin", "file", "row", "scale"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "clips.csv", index=False)
    card = {"name": name, "title": f"{name}, stripes", "scale": "va", "citation": "none", "reliability": {"arousal": 0.81}}
    manifest = {"format": FORMAT, "corpus": card, "settings": {"features": "mel"}, "arrays": ["mel"]}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def bars(density: int, bands: int, rng: np.random.Generator) -> np.ndarray:
    """Three clips of bars, shape (3, 128, 431), in dB."""
    windows = np.full((3, 128, 431), -60.0) + rng.normal(0, 3, (3, 128, 431))
    windows[:, :, :: 12 - 3 * density] = -20.0
    windows[:, ::bands] = -5.0
    return np.clip(windows, -80, 0).astype(np.float16)
