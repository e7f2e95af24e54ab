"""The piano's components against the conformance kit; the literal forms with the faults that they keep."""

from typing import ClassVar

from orchestra_core.testing import EnvelopeSuite, InstrumentSuite, ScoreSuite
from orchestra_piano import Adsr, MelodyScore, PianoAdsr, ReferenceScore, ScaleScore


class TestPiano(InstrumentSuite):
    def make_component(self):
        return "piano_adsr"  # by name once: then the plugin around it is checked too


class TestAdsr(EnvelopeSuite):
    def make_component(self):
        return Adsr()


class TestMelody(ScoreSuite):
    def make_component(self):
        return MelodyScore()


class TestScale(ScoreSuite):
    def make_component(self):
        return ScaleScore()


class TestReference(ScoreSuite):
    def make_component(self):
        return ReferenceScore()


class TestLiteralAdsr(EnvelopeSuite):
    expected_failures: ClassVar[dict[str, str]] = {
        "envelope.continuity": "the published envelope is cut off at the end of the note",
        "envelope.short": "the published envelope does not know notes shorter than its attack",
    }

    def make_component(self):
        return Adsr(form="literal")


class TestLiteralPiano(InstrumentSuite):
    expected_failures: ClassVar[dict[str, str]] = {
        "instrument.effect": "in notes shorter than A + D + R the published release never comes",
        "instrument.aliasing": "the published cut at the end of a note is a click at all frequencies",
        "instrument.gradient": "the published level jumps at d - R and at d",
    }

    def make_component(self):
        return PianoAdsr(partials=1, envelope=Adsr(form="literal"), edges="literal")
