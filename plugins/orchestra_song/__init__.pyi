from .compose import compose as compose
from .config import RulesConfig as RulesConfig
from .config import SongConfig as SongConfig
from .plan import Plan as Plan
from .rules import RulesScore as RulesScore
from .source import SongScore as SongScore
from .streams import Streams as Streams
