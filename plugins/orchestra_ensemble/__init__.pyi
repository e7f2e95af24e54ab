from .band import BandScore as BandScore
from .config import BandConfig as BandConfig
from .config import EnsembleConfig as EnsembleConfig
from .instrument import Ensemble as Ensemble
