"""The core's own sections of the report, one module each: ``section(result)`` gives an HTML fragment or None."""
