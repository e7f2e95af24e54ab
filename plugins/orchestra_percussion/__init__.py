"""Drums: one differentiable voice for kick, snare, tom, hat and clap, and scores to play on it."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
