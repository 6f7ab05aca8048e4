"""A glottal source, and the resonances of a vocal tract that moves.

The cascade of formant resonators follows D. Klatt, "Software for a cascade/parallel
formant synthesizer" (J. Acoust. Soc. Am. 67, 1980).
"""

import numpy as np
from scipy import fft, signal

SAMPLE_RATE = 16_000
HOP = 128  # 8 ms between control points: finer than any articulator moves.
FFT = 768  # 48 ms: room for the resonators to ring out.
HZ = fft.rfftfreq(FFT, 1 / SAMPLE_RATE)
_BANDWIDTHS = np.array([70.0, 90.0, 130.0, 190.0, 260.0])
TOP_HZ = 7600.0  # of the harmonics: what is below the Nyquist frequency cannot alias.


def pulses(hz: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Equal cosines at every harmonic below the top, summed in closed form.

    The topmost one fades in as it enters the band, so that a glide does not click.
    """
    count, fade = np.divmod(TOP_HZ / hz, 1)
    half = np.sin(angle / 2)
    half = np.where(np.abs(half) < 1e-9, 1e-9, half)
    return (
        np.sin((count + 0.5) * angle) / (2 * half)
        - 0.5
        + fade * np.cos((count + 1) * angle)
    )


def resonances(formants: np.ndarray, tract: float) -> np.ndarray:
    """The tract's response [frames, bins] to formants [frames, 3], in Hz."""
    upper = np.full((len(formants), 2), tract * np.array([3500.0, 4500.0]))
    centres = np.clip(np.concatenate([formants, upper], 1), 150, 7500)
    radius = np.exp(-np.pi * _BANDWIDTHS / SAMPLE_RATE)
    middle = -2 * radius * np.cos(2 * np.pi * centres / SAMPLE_RATE)
    # The product of the sections' denominators, as one polynomial for each frame:
    # one transform instead of a complex division for each section.
    product = np.zeros((len(centres), 2 * len(radius) + 1))
    product[:, 0] = 1
    for b, c in zip(middle.T[:, :, None], radius**2, strict=True):
        product[:, 2:] += b * product[:, 1:-1] + c * product[:, :-2]
        product[:, 1:2] += b
    return product.sum(1, keepdims=True) / fft.rfft(product, FFT)


def windows(wave: np.ndarray) -> np.ndarray:
    """Spectra [frames, bins] of half-overlapping windows that add up to the wave."""
    padded = np.pad(wave, (HOP, 0))
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * HOP)[::HOP]
    return fft.rfft(windows * signal.windows.hann(2 * HOP, sym=False), FFT)


def overlap_add(spectra: np.ndarray) -> np.ndarray:
    """The waveform [frames * hop] of spectra [frames, bins]."""
    blocks = fft.irfft(spectra, FFT).reshape(len(spectra), -1, HOP)
    total = np.zeros((len(spectra) + blocks.shape[1], HOP))
    for shift in range(blocks.shape[1]):
        total[shift : shift + len(spectra)] += blocks[:, shift]
    return total[1 : len(spectra) + 1].ravel()
