"""Values to render from, shared by the tests of the piano."""

import torch

SHARED = {"attack": 0.012, "decay": 0.18, "sustain": 0.7, "release": 0.3, "brightness": -10.0, "partial_decay": 0.8}
FREE = ("onset", "duration", "amplitude", *SHARED)


def values_of(notes, dtype=torch.float32, **shared):
    """Return the values of one item from rows of (pitch, onset, duration, amplitude)."""
    columns = torch.tensor(notes, dtype=torch.float64).T
    values = {
        name: column[None].to(dtype) for name, column in zip(("pitch", "onset", "duration", "amplitude"), columns, strict=True)
    }
    values["mask"] = torch.ones_like(values["pitch"], dtype=torch.bool)
    return values | {name: torch.tensor([value], dtype=dtype) for name, value in (SHARED | shared).items()}


def random_notes(count, latest, seed=0, pitches=(36, 84)):
    """Return rows of (pitch, onset, duration, amplitude) with onsets up to `latest`."""
    generator = torch.Generator().manual_seed(seed)
    u = torch.rand(count, 4, generator=generator, dtype=torch.float64)
    low, high = pitches
    pitch = (low + (high - low) * u[:, 0]).round()
    return torch.stack([pitch, 0.01 + latest * u[:, 1], 0.1 + 0.8 * u[:, 2], 0.2 + 0.7 * u[:, 3]], 1).tolist()


def batch_of(items):
    """Return the values of several items as one batch, the shorter ones padded with masked notes."""
    longest = max(item["pitch"].shape[1] for item in items)
    batch = {}
    for name in items[0]:
        rows = [item[name] for item in items]
        if rows[0].ndim == 2:
            fill = {"mask": False, "pitch": 99.0, "duration": 0.7}.get(name, 0.5)
            rows = [torch.cat([row, row.new_full((1, longest - row.shape[1]), fill)], 1) for row in rows]
        batch[name] = torch.cat(rows)
    return batch
