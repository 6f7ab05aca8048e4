"""Whether a sound file is there to its end, by what its own header promises.

libsndfile reads a file that was cut off as if it ended there. FLAC and CAF need no look
at their headers: it tells of those itself, or by the number of frames.
"""

import os
import re
import struct
from collections.abc import Callable
from functools import partial
from typing import BinaryIO

# What a file lacks of its own header's samples before it counts as truncated.
_MISSING = 0.01
# Headers of streams, whose writer could not know the length, promise at least this.
_UNKNOWN_BYTES = 0x7FFFF000
_WIDE_UNKNOWN_BYTES = 2**62
# No page of Ogg is longer.
_OGG_PAGE = 2**16
_OGG_HEADER = 27
_OGG_LAST = 4

# libsndfile's names of containers in which a cut is seen.
SAFE = frozenset(
    ("WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "NIST", "FLAC", "CAF", "OGG")
)
_NO_HEADER_NEEDED = frozenset(("FLAC", "CAF"))


def truncation(held: int, promised: int) -> str:
    """Says that a file is truncated, if it is.

    Args:
      held: samples or bytes that are there.
      promised: how many its header says there are.

    Returns:
      The problem with its remedy, or ``""``.
    """
    if held >= (1 - _MISSING) * promised:
        return ""
    return (
        f"truncated: it holds {held / promised:.0%} of what its header says; copy it "
        "anew"
    )


def header_problem(file: BinaryIO, container: str) -> str:
    """Compares the length of a file with what its header says of it.

    Args:
      file: opened for reading, at its start.
      container: one of `SAFE`.

    Returns:
      The problem with its remedy, or ``""``.
    """
    if container in _NO_HEADER_NEEDED:
        return ""
    check = _CHECKS.get(file.read(4))
    if check is None:
        return f"its {container} header is not at its start: write it anew as WAV"
    return check(file, os.fstat(file.fileno()).st_size)


def _chunks(layout: str, samples: bytes, file: BinaryIO, length: int) -> str:
    """WAV, in both orders of bytes, RF64 and AIFF."""
    file.seek(12)
    wide = _WIDE_UNKNOWN_BYTES
    while len(header := file.read(8)) == 8:
        name, size = struct.unpack(layout, header)
        if name == b"ds64" and len(sizes := file.read(16)) == 16:
            wide = struct.unpack("<8xQ", sizes)[0]
            file.seek(-16, os.SEEK_CUR)
        if name == samples:
            promised = size if size < _UNKNOWN_BYTES else wide
            known = promised < _WIDE_UNKNOWN_BYTES
            return truncation(length - file.tell(), promised) if known else ""
        # Chunks start at even bytes.
        file.seek(size + size % 2, os.SEEK_CUR)
    return ""


def _wave64(file: BinaryIO, length: int) -> str:
    file.seek(40)
    while len(header := file.read(24)) == 24:
        name, size = struct.unpack("<4s12xQ", header)
        # Sizes count the header, and chunks start at multiples of eight bytes.
        size -= len(header)
        if name == b"data":
            known = 0 <= size < _WIDE_UNKNOWN_BYTES
            return truncation(length - file.tell(), size) if known else ""
        if not 0 <= size < length:
            break
        file.seek(size + -size % 8, os.SEEK_CUR)
    return ""


def _sun(layout: str, file: BinaryIO, length: int) -> str:
    header = file.read(8)
    if len(header) < 8:
        return ""
    start, size = struct.unpack(layout, header)
    return truncation(length - start, size) if size < _UNKNOWN_BYTES else ""


def _sphere(file: BinaryIO, length: int) -> str:
    """NIST SPHERE, whose header is text."""
    start, text = file.read(12).split()[-1:], file.read(1024)
    fields = ("channel_count", "sample_n_bytes", "sample_count")
    found = [re.search(rb"\b%b -i (\d{1,12})\n" % f.encode(), text) for f in fields]
    if not all(found) or not start or not start[0].isdigit():
        return "its header does not say how long it is: write it anew as WAV"
    channels, width, samples = (int(match[1]) for match in found)
    return truncation(length - int(start[0]), channels * width * samples)


def _ogg(file: BinaryIO, length: int) -> str:
    """The last page must be whole, and say that it is the last one."""
    file.seek(max(0, length - 2 * _OGG_PAGE))
    pages = file.read()
    page = pages[pages.rfind(b"OggS") :]
    count = page[_OGG_HEADER - 1] if len(page) >= _OGG_HEADER else 255
    size = _OGG_HEADER + count + sum(page[_OGG_HEADER : _OGG_HEADER + count])
    if len(page) >= size and page[5] & _OGG_LAST:
        return ""
    return "truncated: it has no last page; copy it anew, or write it anew as WAV"


_CHECKS: dict[bytes, Callable[[BinaryIO, int], str]] = {
    b"RIFF": partial(_chunks, "<4sI", b"data"),
    b"RIFX": partial(_chunks, ">4sI", b"data"),
    b"RF64": partial(_chunks, "<4sI", b"data"),
    b"FORM": partial(_chunks, ">4sI", b"SSND"),
    b"riff": _wave64,
    b".snd": partial(_sun, ">II"),
    b"dns.": partial(_sun, "<II"),
    b"NIST": _sphere,
    b"OggS": _ogg,
}
