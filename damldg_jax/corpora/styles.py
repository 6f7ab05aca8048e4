"""What a synthetic utterance is made by: who speaks, how, and where."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Speaker:
    """A voice.

    Attributes:
      pitch: median, in Hz.
      tract: formant frequencies relative to an adult male's.
    """

    pitch: float
    tract: float


@dataclasses.dataclass(frozen=True)
class Style:
    """How somebody speaks, as deviations from a neutral voice.

    Attributes:
      pitch: median, in semitones.
      span: of the pitch accents, in doublings.
      slope: of the pitch from the start to the end of the utterance, in semitones.
      tremor: depth of a 6 Hz modulation of the pitch, in semitones.
      jitter: irregularity of the pitch, in semitones.
      tempo: syllables per second, in doublings.
      pause: share of the syllables that a pause follows.
      level: in dB.
      tilt: of the voiced spectrum, in dB per octave.
      breath: aspiration noise, in dB.
      rough: depth of an amplitude modulation at half the pitch, 0 to 1.
      tract: formant frequencies, in doublings.
    """

    pitch: float = 0.0
    span: float = 0.0
    slope: float = 0.0
    tremor: float = 0.0
    jitter: float = 0.0
    tempo: float = 0.0
    pause: float = 0.0
    level: float = 0.0
    tilt: float = 0.0
    breath: float = 0.0
    rough: float = 0.0
    tract: float = 0.0


@dataclasses.dataclass(frozen=True)
class Domain:
    """A language-like rhythm and set of sounds, and the channel they come through.

    Attributes:
      vowels: the first three formants of every vowel, in Hz.
      syllables: per second.
      rhythm: spread of the syllables' lengths, in natural logarithms.
      friction: share of the syllables that begin with a fricative.
      expression: strength of the emotional styles, 1 for the full one.
      low: lower edge of the channel, in Hz.
      high: upper edge of the channel, in Hz.
      tilt: of the channel, in dB per octave around 1 kHz.
      reverberation: time to decay by 60 dB, in seconds; 0 for none.
      noise: level relative to neutral speech, in dB.
      noise_tilt: of the noise, in dB per octave.
      level: of neutral speech, in dB of full scale.
      levelling: share of the differences in level that the channel takes out.
    """

    vowels: tuple[tuple[float, float, float], ...]
    syllables: float
    rhythm: float
    friction: float
    expression: float
    low: float
    high: float
    tilt: float
    reverberation: float
    noise: float
    noise_tilt: float
    level: float
    levelling: float
