"""Emotion words placed on the circumplex of affect: which valence and arousal a word asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType

from orchestra_core.emotions.cues import HINTS, NO_HINTS, CueHints
from orchestra_core.errors import UnknownNameError


@dataclass(frozen=True)
class EmotionWord:
    """A word and what it asks for.

    Parameters
    ----------
    word : str
        Lower case.
    valence, arousal : float, in [-1, 1]
        Requests on the request scale: 1 is as pleasant, or as lively, as what people rated.
    """

    word: str
    valence: float
    arousal: float

    @property
    def cues(self) -> CueHints:
        """What the word asks for beside valence and arousal; nothing for most words."""
        return HINTS.get(self.word, NO_HINTS)


#: The words, in order of their angle: from pleasant through activated, unpleasant and deactivated, and back.
WORDS: tuple[EmotionWord, ...] = (
    EmotionWord("pleased", 0.75, 0.05),
    EmotionWord("hopeful", 0.55, 0.18),
    EmotionWord("happy", 0.82, 0.35),
    EmotionWord("delighted", 0.78, 0.50),
    EmotionWord("playful", 0.58, 0.52),
    EmotionWord("triumphant", 0.64, 0.68),
    EmotionWord("excited", 0.52, 0.82),
    EmotionWord("energetic", 0.32, 0.86),
    EmotionWord("astonished", 0.12, 0.84),
    EmotionWord("tense", -0.30, 0.70),
    EmotionWord("alarmed", -0.36, 0.88),
    EmotionWord("furious", -0.58, 0.80),
    EmotionWord("angry", -0.66, 0.66),
    EmotionWord("anxious", -0.46, 0.50),
    EmotionWord("afraid", -0.70, 0.50),
    EmotionWord("frustrated", -0.62, 0.34),
    EmotionWord("distressed", -0.82, 0.34),
    EmotionWord("bitter", -0.66, 0.10),
    EmotionWord("miserable", -0.90, -0.14),
    EmotionWord("lonely", -0.52, -0.36),
    EmotionWord("gloomy", -0.66, -0.52),
    EmotionWord("sad", -0.43, -0.36),
    EmotionWord("depressed", -0.64, -0.68),
    EmotionWord("melancholic", -0.36, -0.48),
    EmotionWord("bored", -0.36, -0.68),
    EmotionWord("tired", -0.10, -0.80),
    EmotionWord("sleepy", 0.10, -0.92),
    EmotionWord("dreamy", 0.32, -0.52),
    EmotionWord("calm", 0.48, -0.72),
    EmotionWord("relaxed", 0.66, -0.60),
    EmotionWord("tender", 0.56, -0.36),
    EmotionWord("serene", 0.80, -0.42),
    EmotionWord("content", 0.74, -0.22),
    EmotionWord("neutral", 0.0, 0.0),
)

#: Other words for the same places.
SYNONYMS: Mapping[str, str] = MappingProxyType(
    {
        "joyful": "happy",
        "joyous": "happy",
        "cheerful": "happy",
        "merry": "happy",
        "glad": "pleased",
        "elated": "delighted",
        "ecstatic": "excited",
        "thrilled": "excited",
        "lively": "energetic",
        "aroused": "energetic",
        "surprised": "astonished",
        "amused": "playful",
        "funny": "playful",
        "proud": "triumphant",
        "heroic": "triumphant",
        "optimistic": "hopeful",
        "nervous": "anxious",
        "worried": "anxious",
        "stressed": "tense",
        "suspenseful": "tense",
        "scared": "afraid",
        "fearful": "afraid",
        "frightened": "afraid",
        "terrified": "alarmed",
        "mad": "angry",
        "aggressive": "angry",
        "enraged": "furious",
        "annoyed": "frustrated",
        "upset": "distressed",
        "sorrowful": "sad",
        "unhappy": "sad",
        "grieving": "miserable",
        "dark": "gloomy",
        "melancholy": "melancholic",
        "wistful": "melancholic",
        "exhausted": "tired",
        "weary": "tired",
        "drowsy": "sleepy",
        "romantic": "tender",
        "loving": "tender",
        "gentle": "tender",
        "peaceful": "serene",
        "tranquil": "serene",
        "quiet": "calm",
        "satisfied": "content",
    }
)


def lookup(word: str) -> EmotionWord:
    """Return where an emotion word lies.

    Parameters
    ----------
    word : str
        In any case; synonyms are understood.

    Returns
    -------
    EmotionWord
        The word of the table: ``lookup("Joyful").word`` is ``"happy"``.

    Raises
    ------
    UnknownNameError
        The word is not known; the message has close matches and all words.

    Notes
    -----
    The table is this project's own. The order of the words around the circle follows Russell (1980); words that his raters
    placed close to an axis although listeners use them of distinctly pleasant or unpleasant music (*angry*, *calm*) were
    moved towards the diagonal, as in the ratings of affective word lists (Paltoglou & Thelwall 2013). Distances from the
    middle say how intense the state is. *sad* lies where listeners put sad music and not where they put sad people: the twenty
    saddest of the two hundred settings of Eerola et al. (2013) are 0.86 SD below the mean in valence, -0.43 on the request scale.

    Words that differ in more than valence and arousal (*angry*, *afraid*) lie close together, and the plane does not tell them
    apart; `EmotionWord.cues` does. Two fears are told apart: that of a person (*afraid*: soft, irregular, staccato, dissonant,
    with soft attacks and a soft timbre) and the threat of a scene (*alarmed*: loud, low, dissonant). The first, anger (loud,
    regular, with sharp attacks, a sharp timbre and noise in it), sadness and tenderness are signs of the features that
    Juslin & Laukka (2004) list by emotion, from many studies of performance; the second and *serene* are signs of a regression of
    the ratings of Eerola et al. (scary: register -0.39, major mode -0.30, level +0.28; peaceful: level -0.38, register +0.26;
    standard deviations). Anger was not rated there. Sizes are 0.5, or 1 for what the emotion is known by; they are fitted to
    nothing.

    References
    ----------
    .. [1] Russell, J. A. (1980). A circumplex model of affect. Journal of Personality and Social Psychology, 39(6), 1161-1178.
    .. [2] Paltoglou, G., & Thelwall, M. (2013). Seeing stars of valence and arousal in blog posts. IEEE Transactions on
       Affective Computing, 4(1), 116-123.
    .. [3] Juslin, P. N., & Laukka, P. (2004). Expression, perception, and induction of musical emotions: a review and a
       questionnaire study of everyday listening. Journal of New Music Research, 33(3), 217-238.
    .. [4] Eerola, T., Friberg, A., & Bresin, R. (2013). Emotional expression in music: contribution, linearity, and additivity
       of primary musical cues. Frontiers in Psychology, 4, 487.

    Examples
    --------
    >>> lookup("happy").valence > 0.5 > lookup("sad").valence
    True
    >>> lookup("angry").cues.level, lookup("afraid").cues.level
    (0.5, -0.5)
    """
    table = {entry.word: entry for entry in WORDS}
    key = word.strip().lower()
    found = table.get(SYNONYMS.get(key, key))
    if found is None:
        raise UnknownNameError(_unknown(word, table))
    return found


def _unknown(word: str, table: Mapping[str, EmotionWord]) -> str:
    close = get_close_matches(word.strip().lower(), [*table, *SYNONYMS], n=3, cutoff=0.6)
    hint = f" Did you mean {' or '.join(repr(name) for name in close)}?" if close else ""
    return f"Unknown emotion word {word!r}.{hint} Known: {', '.join(sorted(table))}; or give --valence and --arousal."
