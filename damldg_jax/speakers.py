"""Utterances labelled with who speaks them, for a network to be pre-trained on.

What an utterance is said to feel does not count here, so that recordings without any
label of emotion take part. Speakers are told apart by corpus and name.
"""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from damldg_jax.corpora.files import first_few
from damldg_jax.corpora.folders import UNKNOWN_SPEAKER
from damldg_jax.errors import InputError
from damldg_jax.labelling import Annotated, Labelled

# With fewer, one to validate on and one to test on leave next to nothing.
MIN_UTTERANCES = 8


def speakers_of(
    corpora: Mapping[str, Sequence[Annotated]], least: int
) -> tuple[str, ...]:
    """The speakers who have enough utterances to be told apart.

    Args:
      corpora: utterances of each corpus.
      least: how many a speaker must have.

    Returns:
      Their names, such as ``"emodb 03"``, sorted.

    Raises:
      InputError: there are fewer than two.
    """
    counts = [_counts(name, given) for name, given in corpora.items()]
    names = sorted(name for each in counts for name in each if each[name] >= least)
    if len(names) < 2:
        there = Counter(dict(itertools.chain(*(each.items() for each in counts))))
        most = [f"{name} ({number})" for name, number in there.most_common(3)]
        raise InputError(
            f"{len(names)} speaker(s) of {', '.join(corpora)} have {least} utterances "
            "or more, and telling speakers apart takes two. Those with the most: "
            f"{', '.join(most) or 'none is known'}. Add corpora by --corpora, or lower "
            "--min_utterances."
        )
    return tuple(names)


def label_speakers(
    classes: Sequence[str], least: int, corpus: str, utterances: Sequence[Annotated]
) -> Labelled:
    """Labels utterances with their speakers.

    Args:
      classes: of ``speakers_of``.
      least: utterances that each of these has, for the notices.
      corpus: its name.
      utterances: of the corpus.

    Returns:
      Those of the speakers who are among the classes.

    Raises:
      InputError: there is none.
    """
    number = {name: place for place, name in enumerate(classes)}
    found = [number.get(_name(corpus, each)) for each in utterances]
    places = np.array([n for n, label in enumerate(found) if label is not None], int)
    counts = _counts(corpus, utterances)
    unknown = len(utterances) - counts.total()
    few = sorted(name for name in counts if name not in number)
    if not len(places):
        raise _nobody(corpus, counts, least)
    notices = []
    if unknown:
        notices.append(
            f"{corpus}: {unknown} of {len(utterances)} utterances are left out: it is "
            "not known who speaks them."
        )
    if few:
        notices.append(
            f"{corpus}: {len(few)} speaker(s) with fewer than {least} utterances are "
            f"left out (--min_utterances): {first_few(few)}."
        )
    return Labelled(
        places=places,
        labels=np.array([found[place] for place in places], np.int32),
        counts={name: counts[name] for name in sorted(counts) if name in number},
        notices=tuple(notices),
    )


def _name(corpus: str, utterance: Annotated) -> str:
    return f"{corpus} {utterance.speaker}"


def _counts(corpus: str, utterances: Sequence[Annotated]) -> Counter[str]:
    known = (each for each in utterances if each.speaker != UNKNOWN_SPEAKER)
    return Counter(_name(corpus, each) for each in known)


def _nobody(corpus: str, counts: Counter[str], least: int) -> InputError:
    if not counts:
        return InputError(
            f"It is not known who speaks in '{corpus}'. Leave it out, or name its "
            f"speakers in a manifest: --corpora={corpus}=path/to/manifest.csv."
        )
    return InputError(
        f"No speaker of '{corpus}' has {least} utterances; the most are "
        f"{max(counts.values())}. Leave it out, or lower --min_utterances."
    )
