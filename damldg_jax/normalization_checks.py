"""Refuses normalisations that would leave nothing of an utterance, or cannot be."""

from collections.abc import Hashable

import numpy as np

from damldg_jax.corpora.folder_speakers import UNKNOWN_SPEAKER
from damldg_jax.dataset import Dataset
from damldg_jax.errors import InputError
from damldg_jax.normalization import Normalization, labelled, recordings


def check_normalization(
    dataset: Dataset,
    normalization: Normalization | None,
    training: np.ndarray,
    pools_inputs: bool,
    prior_utterances: float = 0.0,
) -> None:
    """Refuses a normalisation that would leave nothing of an utterance.

    Args:
      dataset: all corpora of a command.
      normalization: a row of ``NORMALIZATIONS``.
      training: [n] indices of the utterances that the run trains on.
      pools_inputs: whether the network sees nothing of an utterance but mean and
        deviation over time.
      prior_utterances: that the prior of a transductive rule weighs.

    Raises:
      InputError: an utterance would be normalised by a single frame, its own; or, where
        statistics are pooled, by itself alone. It names the utterance. Or nobody knows
        who speaks; it names the corpus.
    """
    if normalization is None:
        return
    if normalization.of_speakers:
        _check_speakers(dataset, normalization)
    if normalization.transductive and prior_utterances:
        return
    if normalization.past_only:
        raise InputError(
            "--normalization=stream knows nothing of a speaker before the first "
            "utterance: give --normalization_prior a number above 0, such as 1."
        )
    frames: dict[Hashable, list[int]] = {}
    for recording, of in recordings(dataset, training):
        if normalization.counts(recording):
            frames.setdefault(normalization.group(recording), []).append(len(of))
    for recording in labelled(dataset, training):
        lengths = frames[normalization.group(recording)]
        if sum(lengths) == 1 or (pools_inputs and len(lengths) == 1):
            why = (
                "which is one frame long"
                if sum(lengths) == 1
                else "and the network looks at nothing but mean and deviation over time"
            )
            raise InputError(
                f"The utterance '{dataset.name_of(recording.number)}' would be "
                f"normalised by itself alone ({normalization.meaning}), {why}: nothing "
                "of it would be left. Choose another --normalization"
                + ", or a --normalization_prior above 0." * normalization.transductive
                + "." * (not normalization.transductive)
            )


def _check_speakers(dataset: Dataset, normalization: Normalization) -> None:
    """Refuses corpora of which it is not known who speaks."""
    for corpus, members in dataset.corpora.items():
        speakers = {dataset.speakers[index] for index in members.indices}
        if speakers == {UNKNOWN_SPEAKER}:
            raise InputError(
                f"Inputs are to be normalised by {normalization.meaning}, and of "
                f"'{corpus}' it is not known who speaks. Give it a manifest with the "
                "column speaker (docs/howto/own_corpus.md), or choose "
                "--normalization=corpus."
            )
