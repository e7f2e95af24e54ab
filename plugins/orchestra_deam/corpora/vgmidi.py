"""Gives VGMIDI's pieces as clips of the common table; the reader of its files is `orchestra_deam.vgmidi`."""

from __future__ import annotations

from pathlib import Path

from orchestra_deam.corpora.table import Clip, Corpus, CorpusCard
from orchestra_deam.vgmidi import CITATION, Piece, read_vgmidi, reliability

HOME = "https://github.com/lucasnfe/vgmidi"


def read_vgmidi_corpus(folder: Path) -> Corpus:
    """Return a clip per piece, in groups by game.

    The mean curve hardly moves within a piece, so that every window of it has the piece's label; windows are drawn when
    the piece is played.

    Parameters
    ----------
    folder : Path
        A VGMIDI folder, see `orchestra_deam.vgmidi.read_vgmidi`.

    Returns
    -------
    Corpus

    Raises
    ------
    UsageError
        A file is missing or not what it should be.
    """
    pieces = read_vgmidi(folder)
    card = CorpusCard(
        name="vgmidi",
        title="VGMIDI (Ferreira and Whitehead 2019)",
        scale="va",
        emotion="perceived",
        units="arousal and valence in [-1, 1]",
        license="no licence stated: research use",
        citation=CITATION,
        home=HOME,
        reliability=reliability(pieces),
    )
    return Corpus(card, folder, tuple(_clip(piece, folder) for piece in pieces))


def _clip(piece: Piece, folder: Path) -> Clip:
    return Clip(
        corpus="vgmidi",
        song=piece.name,
        group=piece.game,
        stratum="",
        start=0.0,
        duration=0.0,
        arousal=piece.arousal,
        valence=piece.valence,
        arousal_variance=piece.arousal_variance,
        valence_variance=piece.valence_variance,
        raters=piece.raters,
        source=piece.midi.relative_to(folder).as_posix(),
        kind="midi",
    )
