from .pipeline import Pipeline as Pipeline
from .request import Request as Request
from .result import Result as Result
from .run import Run as Run
