"""What this plugin provides: the bass and the pad."""

from __future__ import annotations

from collections.abc import Iterable

from orchestra_core import Descriptor, hookimpl
from orchestra_voices.config import BassConfig, PadConfig

_CAPABILITIES = frozenset({"differentiable", "notes", "pitched", "rate_free"})


@hookimpl
def orchestra_instruments() -> Iterable[Descriptor]:
    """Return the voices."""
    return [
        Descriptor(
            name="bass",
            target="orchestra_voices.bass:Bass",
            summary="A plucked bass with a strong fundamental, that fades while it is held",
            config=BassConfig,
            capabilities=_CAPABILITIES,
            license="MIT",
        ),
        Descriptor(
            name="pad",
            target="orchestra_voices.pad:Pad",
            summary="A slow, sustained sound of detuned partials",
            config=PadConfig,
            capabilities=_CAPABILITIES,
            license="MIT",
        ),
    ]
