"""The score source in the documentation of the search offers its choice, and is searched."""

import pytest
from doc_blocks import captioned

from orchestra_core import Canvas, Pipeline


@pytest.fixture
def source():
    """Return the score source of the page."""
    namespace = {"__name__": "slow_or_fast"}
    exec(captioned("docs/search.md")["slow_or_fast.py"], namespace)  # the documentation is ours
    return namespace["SlowOrFast"]()


@pytest.mark.parametrize(("arousal", "per_second"), [(-0.5, 1.0), (0.5, 4.0)])
def test_the_score_source_of_the_page_is_first_written_as_its_prior_says(source, arousal, per_second):
    result = Pipeline(score=source).compose(arousal=arousal, seed=1, canvas=Canvas(duration=2.0, sample_rate=22_050), budget=1)
    assert len(result.notes.notes) == 2 * per_second
