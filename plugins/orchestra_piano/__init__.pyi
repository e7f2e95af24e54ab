from .adsr import Adsr as Adsr
from .config import AdsrConfig as AdsrConfig
from .config import PianoConfig as PianoConfig
from .config import published_envelope as published_envelope
from .config import published_piano as published_piano
from .instrument import PianoAdsr as PianoAdsr
