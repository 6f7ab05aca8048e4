"""Fingerprints of recordings, which survive what copying does to a recording.

J. Haitsma and T. Kalker, "A Highly Robust Audio Fingerprinting System" (ISMIR 2002):
whether the difference of the energies of neighbouring bands rises or falls from one
frame to the next, 32 such signs in a word for each frame. Level, sampling rate and
coding leave most signs as they are; another take of the same sentence by the same
speaker does not have them.

Other than in the paper, frames are short (0.128 s, not 0.37 s) because a corpus may
hold single words of half a second; the bands reach to 3 kHz, which a telephone lets
through; and frames that are almost silent get no say, because their signs are those
of whatever noise is there. `damldg_jax.duplicates` compares fingerprints and tells
what was measured.
"""

import functools

import numpy as np

SAMPLE_RATE = 16_000
WINDOW = 2048
HOP = 128  # A copy cut at an odd place is off by half of it, 1/32 of the window.
BANDS = 33
LOWEST_HZ, HIGHEST_HZ = 300.0, 3000.0

# The word of a frame that has no say. By chance it occurs once in 4e9 frames.
SILENT = 0
# Below the loudest frame of the recording.
FLOOR_DB = 30.0
# Below the waveform's own energy: what leaks into the bands from a constant offset.
_LEAKAGE = 1e-9

# Bounds the memory that the spectra of a long recording take.
_FRAMES = 4096


def fingerprint(waveform: np.ndarray) -> np.ndarray:
    """Computes the fingerprint of a recording.

    Args:
      waveform: [samples] of any real dtype and scale, mono, 16 kHz.

    Returns:
      A word for each 8 ms, uint32 [max(0, (samples - 2048) // 128)]; `SILENT` for a
      frame more than 30 dB below the loudest.

    Raises:
      ValueError: the waveform is not of one dimension.
    """
    waveform = np.asarray(waveform)
    if waveform.ndim != 1:
        raise ValueError(f"waveform must be mono, [samples], not {waveform.shape}")
    if len(waveform) < WINDOW + HOP:
        return np.zeros(0, np.uint32)
    waveform = waveform.astype(np.float32)
    peak = np.abs(waveform).max()
    # Of unit peak, so that no scale over- or underflows when squared.
    energies = _band_energies(waveform / peak if peak > 0 else waveform)
    rises = np.diff(np.diff(energies, axis=1), axis=0) > 0
    words = np.packbits(rises, axis=1).view(">u4")[:, 0].astype(np.uint32)
    total = energies.sum(axis=1)
    quieter = np.minimum(total[1:], total[:-1])
    floor = max(total.max() * 10 ** (-FLOOR_DB / 10), _LEAKAGE * WINDOW)
    return np.where(quieter > floor, words, np.uint32(SILENT))


def _band_energies(waveform: np.ndarray) -> np.ndarray:
    # Only here: it takes 0.2 s to load, and fingerprints are mostly compared.
    from scipy import fft

    first, bands, window = _filterbank()
    frames = np.lib.stride_tricks.sliding_window_view(waveform, WINDOW)[::HOP]
    energies = []
    for start in range(0, len(frames), _FRAMES):
        spectra = fft.rfft(frames[start : start + _FRAMES] * window, axis=1)
        power = np.square(np.abs(spectra[:, first : first + len(bands)]))
        energies.append(power @ bands)
    return np.concatenate(energies)


@functools.cache
def _filterbank() -> tuple[int, np.ndarray, np.ndarray]:
    """The first bin, the weights [bins, bands] of bins in bands, and the window.

    Bands are equally wide on a logarithmic scale; a bin across an edge is shared out.
    """
    edges = np.geomspace(LOWEST_HZ, HIGHEST_HZ, BANDS + 1) * WINDOW / SAMPLE_RATE
    first, last = int(edges[0] + 0.5), int(edges[-1] + 0.5)
    bins = np.arange(first, last + 1)[:, None]
    upper, lower = np.minimum(bins + 0.5, edges[1:]), np.maximum(bins - 0.5, edges[:-1])
    window = np.hanning(WINDOW + 1)[:-1]
    return (
        first,
        np.maximum(upper - lower, 0).astype(np.float32),
        window.astype(np.float32),
    )
