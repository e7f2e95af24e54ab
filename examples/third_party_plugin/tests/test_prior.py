"""The objective: its terms in closed form, and what the prior does to a piece."""

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor

from orchestra_core import Brief, Canvas, Dimension, Note, Oracle, Score, Take
from orchestra_core.errors import ParameterError
from orchestra_plucked.prior import MatchWithPrior

CANVAS = Canvas(duration=0.1, sample_rate=8_000)
SCORES = (Score((Note(60, 0.0, 0.5), Note(64, 0.5, 0.4))), Score((Note(60, 0.2, 0.5),)))


class Peak(Oracle):
    """Reads the highest sample."""

    sample_rates = (8_000,)
    dimensions = (Dimension("peak", 0.0, 2.0),)

    def _read(self, clips: Tensor, sample_rate: int) -> Mapping[str, Tensor]:
        return {"peak": clips.amax(dim=1)}


def evaluated(
    objective: MatchWithPrior, values: Mapping[str, Tensor], scores: tuple[Score, ...] | None = SCORES
) -> dict[str, Tensor]:
    brief = Brief(CANVAS, {"peak": torch.tensor([0.5, 0.5])}, torch.tensor([1, 2]), scores)
    audio = torch.full((2, CANVAS.samples), 0.25)
    return dict(objective.evaluate(Take(audio, 8_000, values, brief, brief.generator("objective"))).terms)


def played(onset: Tensor, amplitude: Tensor) -> dict[str, Tensor]:
    return {"onset": onset, "amplitude": amplitude, "mask": torch.tensor([[True, True], [True, False]])}


def test_terms_are_those_of_the_equations_and_padding_counts_for_nothing():
    values = played(torch.tensor([[0.1, 0.5], [0.25, 9.0]]), torch.tensor([[0.2, 0.6], [0.5, 9.0]]))
    terms = evaluated(MatchWithPrior(Peak(), scale=10.0, weight=2.0, tolerance=0.05, spread=0.2), values)
    torch.testing.assert_close(terms["peak"], torch.tensor([6.25, 6.25]))
    torch.testing.assert_close(terms["prior_timing"], torch.tensor([2 * (0.1**2 / 2) / 0.05**2, 2.0]))
    torch.testing.assert_close(terms["prior_evenness"], torch.tensor([2 * 0.2**2 / 0.2**2, 0.0]))


def test_the_gradient_leads_back_to_the_score_and_to_even_loudness():
    onset = torch.tensor([[0.1, 0.4], [0.2, 0.0]], requires_grad=True)
    amplitude = torch.tensor([[0.2, 0.6], [0.5, 0.0]], requires_grad=True)
    terms = evaluated(MatchWithPrior(Peak()), played(onset, amplitude))
    (terms["prior_timing"] + terms["prior_evenness"]).sum().backward()
    assert onset.grad is not None and amplitude.grad is not None
    assert onset.grad.sign().tolist() == [[1, -1], [0, 0]]
    assert amplitude.grad.sign().tolist() == [[-1, 1], [0, 0]]


def test_where_values_are_not_those_of_notes_or_nothing_is_written_there_is_no_prior():
    strangers = {"onset": torch.ones(2, 5), "amplitude": torch.ones(2)}
    for values, scores in (({}, SCORES), (strangers, SCORES), ({"onset": torch.ones(2, 2)}, None)):
        terms = evaluated(MatchWithPrior(Peak()), values, scores)
        assert terms["prior_timing"].tolist() == terms["prior_evenness"].tolist() == [0, 0]


@pytest.mark.parametrize("wrong", [{"scale": 0.0}, {"weight": -1.0}, {"tolerance": 0.0}, {"spread": -0.1}])
def test_a_weight_outside_its_range_is_refused(wrong):
    with pytest.raises(ParameterError, match=next(iter(wrong))):
        MatchWithPrior(Peak(), **wrong)


def test_an_oracle_whose_dimension_is_called_as_the_prior_is_refused():
    class Confusing(Peak):
        dimensions = (Dimension("prior_timing", 0.0, 1.0),)

    with pytest.raises(ParameterError, match="prior_timing"):
        MatchWithPrior(Confusing())
