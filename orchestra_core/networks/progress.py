"""How far a training is, for people at a terminal."""

from __future__ import annotations


class TrainingBars:
    """A progress bar for the preparation of data and one for the training, on the standard error; a context manager.

    Away from a terminal nothing is shown.

    Parameters
    ----------
    preparing : str
        What the preparation is called.

    Examples
    --------
    >>> with TrainingBars("rendering") as bars:
    ...     bars.prepared(1, 2)
    ...     bars.trained("loss 0.31", 40, 100)
    """

    def __init__(self, preparing: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        console = Console(stderr=True)
        # Hidden bars would leave an empty line.
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._prepare = self._progress.add_task(preparing, total=None)
        self._train = self._progress.add_task("training", total=None, visible=False)

    def __enter__(self) -> TrainingBars:
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def prepared(self, done: int, total: int) -> None:
        """Show how many of how many things are prepared."""
        self._progress.update(self._prepare, completed=done, total=total)

    def trained(self, marks: str, done: int, total: int) -> None:
        """Show how many of how many steps, or epochs, are done, and in words how well it goes."""
        self._progress.update(self._train, visible=True, description=f"training, {marks}", completed=done, total=total)
