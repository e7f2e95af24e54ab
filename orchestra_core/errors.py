"""The exception tree: every error that orchestra raises on purpose derives from `OrchestraError`."""

from __future__ import annotations


class OrchestraError(Exception):
    """Base of every error raised on purpose; ``exit_code`` is what the command line returns for it."""

    exit_code = 1


class UsageError(OrchestraError):
    """A request that cannot be carried out as it was worded: a bad option, target, word, file or configuration."""

    exit_code = 2


class ParameterError(UsageError):
    """A value handed to a public function has the wrong type, shape, range or unit."""


class ConfigurationError(UsageError):
    """A configuration holds an unknown key, a value of the wrong type, or is not readable."""


class UnknownNameError(UsageError):
    """A component, emotion word, dimension or group of that name does not exist."""


class TargetError(UsageError):
    """A target names a dimension that the objective does not have, or lies outside its range."""


class IncompatibleError(UsageError):
    """Two parts of a pipeline do not fit together; raised before any work is done."""


class AudioFileError(UsageError):
    """An audio file is missing, unreadable, empty or too short."""


class ScoreError(UsageError):
    """A score or MIDI file is missing, unreadable, empty or cannot be played on this canvas."""


class RunFolderError(UsageError):
    """An output folder is not empty, is not a run, or cannot be resumed."""


class PluginError(OrchestraError):
    """A plugin is broken, conflicts with another, or broke its contract."""

    exit_code = 3


class ConflictError(PluginError):
    """Two plugins provide a component of the same kind and name, or two call themselves the default."""


class ContractError(PluginError):
    """A component returned something that its contract does not allow."""


class WeightsError(PluginError):
    """A weights file is missing, truncated, altered, or does not fit the model."""


class RunError(OrchestraError):
    """An optimisation could not go on."""


class NonFiniteError(RunError):
    """A loss or gradient is NaN or infinite and there is no earlier finite state to go back to."""
