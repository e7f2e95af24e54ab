"""Every component against the rules of its contract, by name: the plugin around it is checked too."""

from orchestra_core.testing import EnvelopeSuite, InstrumentSuite, ObjectiveSuite, OracleSuite, ScheduleSuite


class TestPlucked(InstrumentSuite):
    def make_component(self) -> str:
        return "plucked"


class TestPercussive(EnvelopeSuite):
    def make_component(self) -> str:
        return "percussive"


class TestLibrosaFeatures(OracleSuite):
    def make_component(self) -> str:
        return "librosa_features"


class TestMatchWithPrior(ObjectiveSuite):
    def make_component(self) -> str:
        return "match_with_prior"


class TestCmaEs(ScheduleSuite):
    def make_component(self) -> str:
        return "cma_es"
