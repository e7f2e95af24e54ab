"""Instruments together: layers of any instruments under one mix, and scores that several sources write."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
