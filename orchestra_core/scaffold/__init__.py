"""New plugins: a complete distribution written from templates."""

from orchestra_core.scaffold.distribution import write_distribution as write_distribution
from orchestra_core.scaffold.names import Names as Names
from orchestra_core.scaffold.names import check_free as check_free
