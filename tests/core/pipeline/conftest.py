"""Makes the small pipeline of `small_pipeline` a fixture of this folder."""

from small_pipeline import registry as registry
