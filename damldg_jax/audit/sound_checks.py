"""Checks of how the recordings of a corpus sound, and of how they are stored."""

from collections.abc import Callable, Iterator, Mapping

from damldg_jax.audit.corpus import CorpusAudit, names_of
from damldg_jax.audit.finding import NOTE, WARNING, Finding
from damldg_jax.audit.recording import Measured, Sound
from damldg_jax.corpora.files import first_few
from damldg_jax.fingerprints import SAMPLE_RATE

# Parts of a corpus.
_MANY_CLIPPED = 0.05
_MUCH_SILENCE = 1 / 3
# Seconds: half of the default crop; and more than anybody says in one emotion.
_SHORT, _LONG = 1.0, 30.0
_QUIET_DB = -60.0
# Mean of the samples, in parts of their root mean square.
_OFFSET = 0.1
_COARSE = ("PCM_U8", "PCM_S8", "ULAW", "ALAW")


def _clipped(audit: CorpusAudit) -> Iterator[Finding]:
    bad = _those(audit, lambda sound: sound.clipped_runs > 0)
    if not bad:
        return
    worst = max(bad, key=lambda recording: recording.sound.clipped_samples)
    many = len(bad) >= _MANY_CLIPPED * len(audit.sounds)
    remedy = (
        "Look for a copy of the corpus that was not amplified, or say so with results"
        if many
        else "A few such recordings do no harm; listen to the worst"
    )
    yield Finding(
        WARNING if many else NOTE,
        (audit.name,),
        f"{audit.name}: {len(bad)} of {len(audit.sounds)} recordings are clipped, "
        f"{worst.utterance.name} most ({worst.sound.clipped_runs} runs of samples at "
        f"full scale). {remedy}.",
        tuple(names_of(bad)),
    )


def _quiet(audit: CorpusAudit) -> Iterator[Finding]:
    if bad := _those(audit, lambda sound: sound.rms_db < _QUIET_DB):
        yield _note(
            audit,
            bad,
            f"are quieter than {_QUIET_DB:.0f} dBFS (root mean square)",
            "Listen whether there is a voice in them.",
        )


def _offset(audit: CorpusAudit) -> Iterator[Finding]:
    def shifted(sound: Sound) -> bool:
        return abs(sound.offset) > _OFFSET * 10 ** (sound.rms_db / 20)

    if bad := _those(audit, shifted):
        yield _note(
            audit,
            bad,
            "have a constant offset of more than a tenth of their level",
            "Log-mel spectrograms leave it out; other features may not: "
            "take it away with a high-pass filter.",
        )


def _rates(audit: CorpusAudit) -> Iterator[Finding]:
    low = _those(audit, lambda sound: sound.sample_rate < SAMPLE_RATE)
    if low:
        rate = min(recording.sound.sample_rate for recording in low)
        yield Finding(
            WARNING,
            (audit.name,),
            f"{audit.name}: {len(low)} of {len(audit.sounds)} recordings are sampled "
            f"at less than {SAMPLE_RATE} Hz, down to {rate} Hz: the bands above "
            f"{rate // 2} Hz are empty, by which a network can tell them. Look for a "
            "copy of a higher rate, or say so with results.",
            tuple(names_of(low)),
        )


def _mixed(audit: CorpusAudit) -> Iterator[Finding]:
    """Tells of recordings that came another way than the rest."""
    for name, what, remedy in (
        ("sample_rate", "sampling rates (Hz)", "All are resampled to 16 kHz."),
        ("channels", "numbers of channels", "Channels are averaged."),
        ("encoding", "encodings", "All are read."),
    ):
        kinds = audit.kinds(name)
        if len(kinds) > 1:
            yield Finding(
                NOTE,
                (audit.name,),
                f"{audit.name}: has several {what}: {_tell(kinds)}. {remedy} If that "
                "goes with the emotion or the speaker, a network can learn it: compare "
                "the recordings of the rarer kind with the rest.",
            )


def _coarse(audit: CorpusAudit) -> Iterator[Finding]:
    if bad := _those(audit, lambda sound: sound.encoding.endswith(_COARSE)):
        yield _note(
            audit,
            bad,
            "are coded with 8 bits a sample, whose noise is audible",
            "Look for the original.",
        )


def _durations(audit: CorpusAudit) -> Iterator[Finding]:
    if long := _those(audit, lambda sound: sound.seconds > _LONG):
        yield _note(
            audit,
            long,
            f"last more than {_LONG:.0f} s",
            "If they are whole sessions, cut them into utterances, each with its "
            "emotion.",
        )
    spread = audit.spread("seconds")
    if spread and spread.median < _SHORT:
        yield Finding(
            NOTE,
            (audit.name,),
            f"{audit.name}: half of the recordings are shorter than "
            f"{spread.median:.2f} s, and most of a training example of 2 s is the "
            "silence that they are padded with. Beside longer recordings, a network "
            "can tell the corpus by that: try --crop_seconds=1.",
        )


def _silence(audit: CorpusAudit) -> Iterator[Finding]:
    parts = sorted((s.leading + s.trailing) / s.seconds for s in audit.sounds)
    if parts and parts[len(parts) // 2] > _MUCH_SILENCE:
        yield Finding(
            NOTE,
            (audit.name,),
            f"{audit.name}: in half of the recordings more than "
            f"{parts[len(parts) // 2]:.0%} is silence at the ends. A short crop may "
            "hold little of the voice: raise --crop_seconds, or trim the ends of all "
            "corpora alike.",
        )


CHECKS: tuple[Callable[[CorpusAudit], Iterator[Finding]], ...] = (
    _rates,
    _clipped,
    _quiet,
    _offset,
    _mixed,
    _coarse,
    _durations,
    _silence,
)


def _those(audit: CorpusAudit, wrong: Callable[[Sound], bool]) -> list[Measured]:
    return [r for r in audit.recordings if r.sound is not None and wrong(r.sound)]


def _note(audit: CorpusAudit, bad: list[Measured], what: str, remedy: str) -> Finding:
    names = names_of(bad)
    return Finding(
        NOTE,
        (audit.name,),
        f"{audit.name}: {len(bad)} of {len(audit.sounds)} recordings {what}: "
        f"{first_few(names)}. {remedy}",
        tuple(names),
    )


def _tell(kinds: Mapping[object, int]) -> str:
    return ", ".join(f"{kind} ({count})" for kind, count in kinds.items())
