"""A trained model that predicts recordings, by itself."""

from collections import Counter
from collections.abc import Hashable, Sequence

import jax
import numpy as np

from damldg_jax.errors import InputError
from damldg_jax.evaluation import Predictions, batches_of
from damldg_jax.features import Features
from damldg_jax.networks import NETWORKS
from damldg_jax.normalization import NORMALIZATIONS, Recording
from damldg_jax.prediction.description import Description
from damldg_jax.prediction.familiarity import Familiarity, familiarity
from damldg_jax.prediction.hearing import Hearing
from damldg_jax.prediction.model_file import Contents
from damldg_jax.prediction.said import Piece, Prediction
from damldg_jax.prediction.stream import Stream
from damldg_jax.prediction.timeline import Timeline, windows
from damldg_jax.types import BatchStats, Params

# Recordings up to this length are predicted in one piece, as utterances are in tests.
WHOLE_SECONDS = 15.0
WINDOW_SECONDS = 4.0
HOP_SECONDS = 2.0


class Model:
    """A trained model.

    Attributes:
      contents: of its file.
      features: what it computes from a recording.
    """

    def __init__(self, contents: Contents, features: Features):
        """Builds the network; nothing is compiled yet.

        Args:
          contents: of the file.
          features: those that the description names.
        """
        self.contents, self.features = contents, features
        self._network = contents.description.build()
        # Given and not compiled in: each program would hold a copy.
        self._weights = jax.device_put((contents.params, contents.batch_stats))
        self._evaluate = jax.jit(self._evaluated)

    @property
    def description(self) -> Description:
        """What must be known of the model."""
        return self.contents.description

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, or of the dimensions."""
        return tuple(self.description.classes)

    @property
    def needs_others(self) -> bool:
        """Whether recordings are normalised by others that come with them."""
        rule = NORMALIZATIONS[self.description.normalization]
        return rule is not None and rule.transductive

    def stream(self) -> Stream:
        """Predicts recordings one by one, as they come.

        Each is normalised by those of its speaker that came before it, and by what the
        training has taught to expect of anyone; so the first one can be predicted too.

        Returns:
          What predicts them; it starts with no speaker heard.

        Raises:
          InputError: the model does not normalise by corpus or speaker, or has learnt
            nothing to expect.
        """
        return Stream(self)

    def predict(self, waveform: np.ndarray, sample_rate: int) -> Prediction:
        """Predicts a recording in one piece.

        Args:
          waveform: [samples] or [samples, channels], float, full scale 1.
          sample_rate: of the waveform, in Hz.

        Returns:
          The prediction.

        Raises:
          InputError: the waveform is none that can be used, or the model normalises
            recordings by others and sees nothing of one that comes alone.
        """
        return self.predict_all([waveform], sample_rate)[0]

    def predict_all(
        self,
        waveforms: Sequence[np.ndarray],
        sample_rate: int,
        speakers: Sequence[str] | None = None,
    ) -> list[Prediction]:
        """Predicts recordings, each in one piece.

        Args:
          waveforms: as in ``predict``.
          sample_rate: of all of them, in Hz.
          speakers: who speaks in each. It counts for a model that normalises by
            speaker; left out, one speaks in all.

        Returns:
          The predictions, in order. Those of a model that normalises by corpus take
          all for one corpus.

        Raises:
          InputError: as in ``predict``.
        """
        names = [""] * len(waveforms) if speakers is None else speakers
        pieces = [
            Piece(self.frames(waveform, sample_rate), number, speaker)
            for number, (waveform, speaker) in enumerate(
                zip(waveforms, names, strict=True)
            )
        ]
        return self.predict_pieces(pieces)

    def timeline(
        self,
        waveform: np.ndarray,
        sample_rate: int,
        window_seconds: float = WINDOW_SECONDS,
        hop_seconds: float = HOP_SECONDS,
    ) -> Timeline:
        """Predicts a recording window by window.

        Args:
          waveform: as in ``predict``.
          sample_rate: of it, in Hz.
          window_seconds: length of a window.
          hop_seconds: from the beginning of a window to that of the next.

        Returns:
          The windows that are not silent, and what is said of each.

        Raises:
          InputError: as in ``predict``; or a length is none.
        """
        samples = self.resample(waveform, sample_rate)
        spans = windows(samples, self.features.sample_rate, window_seconds, hop_seconds)
        pieces = [Piece(self.features(samples[s.samples])) for s in spans]
        return Timeline(tuple(spans), tuple(self.predict_pieces(pieces)))

    def resample(self, waveform: np.ndarray, sample_rate: int) -> np.ndarray:
        """Checks a waveform, averages its channels and resamples it.

        Args:
          waveform: as in ``predict``.
          sample_rate: of it, in Hz.

        Returns:
          [samples] float64 at the rate of the features.

        Raises:
          InputError: it is none that can be used.
        """
        from damldg_jax.audio import from_samples

        return from_samples(waveform, sample_rate, self.features.sample_rate)

    def frames(self, waveform: np.ndarray, sample_rate: int) -> np.ndarray:
        """Computes the features of a recording; arguments as in ``predict``.

        Returns:
          [frames, features] float32.
        """
        return self.features(self.resample(waveform, sample_rate))

    def predict_pieces(self, pieces: Sequence[Piece]) -> list[Prediction]:
        """Predicts pieces of recordings.

        Args:
          pieces: at least one; what is normalised by others is so by these.

        Returns:
          The predictions, in order.

        Raises:
          InputError: nothing would be left of a recording that comes alone.
        """
        return self.predict_normalized(self._normalize(pieces))

    def predict_normalized(self, normalized: Sequence[np.ndarray]) -> list[Prediction]:
        """Predicts frames that are normalised already.

        Args:
          normalized: at least one, each [frames, features] float32.

        Returns:
          The predictions, in order.
        """
        lengths = np.array([len(frames) for frames in normalized])
        padded = np.maximum(lengths, self.description.min_frames)
        parts: list[Predictions] = []
        order: list[np.ndarray] = []
        for places, size, batch in batches_of(padded, self.description.min_frames):
            laid = [self._lay(normalized[place], size) for place in places]
            # So that few programs are compiled: a lone one, and a full batch.
            fill = 1 if len(laid) == 1 else batch
            laid += laid[-1:] * (fill - len(laid))
            given = np.stack(laid), np.resize(padded[places], fill)
            output = jax.device_get(self._evaluate(*self._weights, *given))
            parts.append(Predictions(*(x[: len(places)] for x in output)))
            order.append(places)
        back = np.argsort(np.concatenate(order))
        columns = (np.concatenate(column)[back] for column in zip(*parts, strict=True))
        return self._tell(Predictions(*columns))

    def _evaluated(
        self,
        params: Params,
        batch_stats: BatchStats,
        inputs: jax.Array,
        lengths: jax.Array,
    ) -> tuple[jax.Array, jax.Array, jax.Array]:
        objective = self._network.objective
        out = self._network.evaluate(params, batch_stats, inputs, lengths)
        energies = objective.energies(out.logits, 1.0)
        return objective.predict(out.logits), energies, out.embedding

    def _lay(self, frames: np.ndarray, size: int) -> np.ndarray:
        """Lays frames into silence: short ones in the middle of the least length."""
        start = max(self.description.min_frames - len(frames), 0) // 2
        laid = np.full((size, frames.shape[1]), self.description.silence, np.float32)
        laid[start : start + len(frames)] = frames
        return laid[..., None]

    def _normalize(self, pieces: Sequence[Piece]) -> list[np.ndarray]:
        rule = NORMALIZATIONS[self.description.normalization]
        frames = [piece.frames for piece in pieces]
        if rule is None:
            return frames
        if rule.learnt:
            shift, scale = self.contents.shift, self.contents.scale
            return [(own - shift[None]) * scale[None] for own in frames]
        if alone := self.alone(pieces):
            raise InputError(
                f"{next(iter(alone.values()))} Give it several recordings together."
            )
        hearing = Hearing(self.contents.prior, rule.past_only)
        return hearing.normalize(self._groups(pieces), frames)

    def _groups(self, pieces: Sequence[Piece]) -> list[Hashable]:
        rule = NORMALIZATIONS[self.description.normalization]
        keys = [Recording("", p.speaker, p.recording, False) for p in pieces]
        return [rule.group(key) for key in keys]

    def alone(self, pieces: Sequence[Piece]) -> dict[int, str]:
        """Finds recordings of which nothing would be left.

        Args:
          pieces: that are to be predicted together.

        Returns:
          By the number of the recording, why it cannot be predicted.
        """
        rule = NORMALIZATIONS[self.description.normalization]
        pools = NETWORKS[self.description.network].pools_inputs
        believes = self.contents.prior is not None
        if rule is None or rule.learnt or believes or not pools:
            return {}
        groups = self._groups(pieces)
        count = Counter(groups)
        told = (
            f"This model's inputs are normalised by {rule.meaning}: nothing would be "
            "left of what comes alone, for it looks at nothing but mean and deviation "
            "over time."
        )
        each = zip(pieces, groups, strict=True)
        return {p.recording: told for p, group in each if count[group] == 1}

    def _tell(self, predicted: Predictions) -> list[Prediction]:
        reference, domains = self.contents.reference, self.description.domains
        known: Sequence[Familiarity | None] = [None] * len(predicted.outputs)
        if reference is not None:
            known = familiarity(reference, predicted.embedding, predicted.energy)
        of_classes = self.description.dimension_bins is None
        return [
            Prediction(
                emotion=self.classes[int(outputs.argmax())] if of_classes else "",
                probabilities=dict(zip(self.classes, outputs.tolist(), strict=True)),
                energy=float(energy),
                familiarity=of,
                nearest=domains[of.domain] if of else "",
                embedding=embedding,
            )
            for outputs, energy, embedding, of in zip(*predicted, known, strict=True)
        ]
