"""Records of pieces that were never composed, with marks that are known."""

from orchestra_battery.markers import Marker
from orchestra_battery.marking import Record
from orchestra_core import Dimension

LEVELS = (-0.8, -0.4, 0.0, 0.4, 0.8)
#: The oracle's scale: a request w asks for the reading mean + 2 sd w.
OBJECTIVE = (Dimension("arousal", -1, 1, mean=0.1, sd=0.2), Dimension("valence", -1, 1, mean=-0.1, sd=0.25))
NAMES = ("arousal", "valence")
JUDGED = (Dimension("arousal", -1, 1, mean=0.2, sd=0.4), Dimension("valence", -1, 1, mean=0.0, sd=0.5))


def judge(name="judge", dimensions=JUDGED, held_out=None):
    return Marker(name, "judge", dimensions, frozenset({"audio"}), lambda performance: {}, held_out or {})


def records(marks, levels=LEVELS, seeds=3, name="judge", cues=None):
    """Return a record for each cell and seed; `marks(arousal, valence, seed)`, in SD asked, gives marks by dimension."""
    found = []
    cells = [(a, v) for a in levels for v in levels]
    for cell, (arousal, valence) in enumerate(cells):
        for seed in range(seeds):
            requests = {"arousal": arousal, "valence": valence}
            targets = {one.name: one.mean + 2 * one.sd * requests[one.name] for one in OBJECTIVE}
            own = {} if cues is None else cues(2 * arousal, 2 * valence, seed)
            made = marks(2 * arousal, 2 * valence, seed)
            found.append(Record(len(found), cell, seed, requests, targets, f"p/{len(found)}", "", {name: made}, own))
    return tuple(found)
