from .config import OneShotConfig as OneShotConfig
from .config import PatternConfig as PatternConfig
from .config import PercussionConfig as PercussionConfig
from .instrument import Percussion as Percussion
from .one_shot import OneShotScore as OneShotScore
from .pattern import PatternScore as PatternScore
