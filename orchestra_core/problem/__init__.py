"""The problem: what a schedule works in, with stages, best values, recovery, history and checkpoints."""

from orchestra_core.problem.evaluator import Evaluator as Evaluator
from orchestra_core.problem.problem import Problem as Problem
from orchestra_core.problem.stage import Stage as Stage
from orchestra_core.problem.step import Step as Step
