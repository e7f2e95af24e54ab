"""x"""


def test_x(evaluated):
    assert evaluated
