"""Pieces in bars: a score source with a grammar, the rules that every other way has to beat, and what checks a piece."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
