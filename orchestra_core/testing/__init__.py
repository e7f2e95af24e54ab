"""The conformance kit: one table of rules for plugins, usable in code, in pytest and on the command line.

Importing this package imports neither torch nor pytest; its names are loaded when they are first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
