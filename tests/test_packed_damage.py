"""Whatever happens to a packed copy, nothing wrong is used, and it is made anew."""

# Fixtures of other files are imported, and are arguments.
# ruff: noqa: F401, F811

import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from damldg_jax.records import checksums, columns, needed, packed
from tests.test_packed import FILES, check, data_dir, original, place_of, read, told
from tests.test_records import EXAMPLES


class _Remade(Exception):
    """The copy would be made anew."""


def refuse(name, purpose):
    raise _Remade


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=10)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_anywhere_is_found(original, name, place, bit):
    content = bytearray((place_of(original) / name).read_bytes())
    content[int(place * len(content))] ^= 1 << bit
    check_found(original, name, bytes(content))


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_gone_cut_short_or_longer_is_found(original, name):
    content = (place_of(original) / name).read_bytes()
    for changed in (None, b"", content[:-1], content + b"\n"):
        check_found(original, name, changed)


def check_found(original, name, content):
    """Nothing of a copy is used that has that content in a file; None for no file."""
    path, told = place_of(original) / name, []
    whole = path.read_bytes()
    try:
        path.unlink()
        if content is not None:
            path.write_bytes(content)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(needed, "load", refuse)
            with pytest.raises(_Remade):
                read(original, told)
    finally:
        path.write_bytes(whole)
    assert len(told) == 1
    assert f"{path.parent} is of no use ({name}: " in told[0]


def test_a_damaged_copy_is_made_anew(data_dir, told):
    (place_of(data_dir) / "features.npy").write_bytes(b"")
    check(read(data_dir, told))
    assert len(told) == 1
    assert "it does not match its hash) and is made anew" in told[0]
    check(read(data_dir, told))
    assert len(told) == 1


@pytest.mark.parametrize("kind", ["file", "empty", "link"])
def test_something_else_in_its_place_is_replaced(data_dir, told, kind):
    place = place_of(data_dir)
    shutil.rmtree(place)
    if kind == "file":
        place.touch()
    elif kind == "empty":
        place.mkdir()
    else:
        place.symlink_to("nowhere")
    check(read(data_dir, told))
    assert "SHA256SUMS: it is " in told[0]
    check(read(data_dir, told))
    assert len(told) == 1


def test_a_copy_of_another_version_is_made_anew(data_dir, told, monkeypatch):
    monkeypatch.setattr(packed, "VERSION", 2)
    check(read(data_dir, told))
    assert "(it is of version 1, not 2) and is made anew" in told[0]
    check(read(data_dir, told))
    assert len(told) == 1


def test_a_copy_of_other_records_is_told_as_such(data_dir, told):
    place = place_of(data_dir)
    head = {"version": packed.VERSION, "content_hash": "other"}
    shutil.rmtree(place)
    place.mkdir()
    columns.write(place, EXAMPLES, head)
    checksums.write(place)
    check(read(data_dir, told))
    assert "(it is a copy of other records) and is made anew" in told[0]
