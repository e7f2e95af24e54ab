"""The page of objectives shows configurations that build what it says."""

import tomllib

from doc_blocks import blocks

from orchestra_core import build
from orchestra_match.consensus import Consensus
from orchestra_match.robust import Robust


def test_the_configurations_build_what_they_say():
    agreed, firm = (tomllib.loads(block)["pipeline"]["objective"] for block in blocks("docs/objectives.md", "toml"))
    consensus, robust = (build("objective", spec).component for spec in (agreed, firm))
    assert isinstance(consensus, Consensus)
    assert [oracle.card.architecture for oracle in consensus.oracles][1] == "three_conv"
    assert isinstance(robust, Robust)
    assert isinstance(robust.objective, Consensus)
    assert len(robust.objective.oracles) == 2
