"""orchestra: name an emotion, and it writes and plays music that carries it, and shows why.

Importing this package imports neither torch nor any plugin; public names are loaded when they are first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

#: Version of the distribution ``orchestra-music``.
__version__ = "0.1.0"
