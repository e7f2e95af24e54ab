from .bass import Bass as Bass
from .config import BassConfig as BassConfig
from .config import PadConfig as PadConfig
from .pad import Pad as Pad
