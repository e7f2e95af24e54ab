"""Voices of an arrangement: a bass and a pad, starting points of one differentiable equation."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
