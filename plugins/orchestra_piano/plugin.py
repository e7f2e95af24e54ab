"""What this plugin provides: the piano, its envelope, the scores it can be played with, and the pieces it began with."""

from __future__ import annotations

from collections.abc import Iterable

from orchestra_core import Descriptor, Preset, ReportSection, hookimpl
from orchestra_piano.config import AdsrConfig, MelodyConfig, PianoConfig, ScaleConfig

_CITATION = "Fletcher, Blackham and Stratton, Quality of piano tones, JASA 34 (6), 1962 (stiff strings)"


@hookimpl
def orchestra_instruments() -> Iterable[Descriptor]:
    """Return the piano."""
    return [
        Descriptor(
            name="piano_adsr",
            target="orchestra_piano.instrument:PianoAdsr",
            summary="Piano-like notes of several partials under an envelope",
            config=PianoConfig,
            capabilities=frozenset({"differentiable", "notes", "pitched", "rate_free"}),
            default=True,
            license="MIT",
            citation=_CITATION,
        )
    ]


@hookimpl
def orchestra_envelopes() -> Iterable[Descriptor]:
    """Return the envelope."""
    return [
        Descriptor(
            name="adsr",
            target="orchestra_piano.adsr:Adsr",
            summary="Attack, decay, sustain, release: continuous, or literally as published",
            config=AdsrConfig,
            capabilities=frozenset({"differentiable", "rate_free"}),
            default=True,
            license="MIT",
        )
    ]


@hookimpl
def orchestra_scores() -> Iterable[Descriptor]:
    """Return the score sources."""
    return [
        Descriptor(
            name="melody",
            target="orchestra_piano.melody:MelodyScore",
            summary="A melody over a chord progression; choices: density, mode, register",
            config=MelodyConfig,
            license="MIT",
        ),
        Descriptor(
            name="scale",
            target="orchestra_piano.sources:ScaleScore",
            summary="A named scale up and down; choices: scale, root, register",
            config=ScaleConfig,
            license="MIT",
        ),
        Descriptor(
            name="reference",
            target="orchestra_piano.sources:ReferenceScore",
            summary="The 48 notes of the published generator in random order",
            license="MIT",
        ),
    ]


@hookimpl
def orchestra_presets() -> Iterable[Preset]:
    """Return the preset of short pieces."""
    parts = {
        "instrument": "piano_adsr",
        "objective": {"name": "match", "config": {"oracle": "deam_cnn"}},
        "schedule": "staged",
        "score": "melody",
    }
    return [
        Preset(
            name="reference",
            summary="Five seconds of a melody on the piano, moved in stages",
            settings={"pipeline": parts, "canvas": {"duration": 5.0}},
        )
    ]


@hookimpl
def orchestra_report_sections() -> Iterable[ReportSection]:
    """Return the picture of the envelope."""
    return [ReportSection("envelope", "orchestra_piano.report:envelope_section", "Envelope", order=650)]
