"""Configuration: strictly validated, names and values only."""

from orchestra_core.config.files import read_config
from orchestra_core.config.plain import to_plain
from orchestra_core.config.validation import validate

__all__ = ["read_config", "to_plain", "validate"]
