"""A corpus is prepared again when that brings something, and only then."""

# Fixtures of other files are imported, and are arguments.
# ruff: noqa: F401, F811

import dataclasses
import os
import shutil

import pytest

from damldg_jax.errors import InputError
from damldg_jax.records import tfrecords
from damldg_jax.records.provenance import corpus_folder, read_description
from experiments.config import Config
from tests.test_prepare import SETTINGS, config, corpus, prepare_all


def rewrite(path, content):
    """Other content of the same size and date, as `cp -p` of a whole file leaves it."""
    state = path.stat()
    assert len(content) == state.st_size
    path.write_bytes(content)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


@pytest.mark.parametrize("skip", [True, False])
def test_a_mended_recording_is_used_though_size_and_date_are_the_same(
    config,
    tmp_path,
    capsys,
    skip,
):
    path = tmp_path / "mine" / "b.wav"
    whole = path.read_bytes()
    rewrite(path, bytes(len(whole)))
    skipping = dataclasses.replace(config, skip_unreadable=True)
    prepare_all(skipping)
    prepare_all(skipping)
    assert "mine: 2 utterances, unchanged." in capsys.readouterr().err
    rewrite(path, whole)
    prepare_all(dataclasses.replace(config, skip_unreadable=skip))
    assert len(tfrecords.read(config.data_dir, "mine", SETTINGS)) == 3


def test_overwrite_makes_all_anew(config, tmp_path):
    prepare_all(config)
    _, before = read_description(config.data_dir, "mine")
    folder = tmp_path / "mine"
    rewrite(folder / "b.wav", (folder / "a.wav").read_bytes())
    prepare_all(config)
    assert read_description(config.data_dir, "mine")[1] == before
    prepare_all(dataclasses.replace(config, overwrite=True))
    assert read_description(config.data_dir, "mine")[1] != before
    (corpus_folder(config.data_dir, "mine") / "metadata.json").write_text("{}")
    with pytest.raises(InputError, match="damaged"):
        prepare_all(config)
    prepare_all(dataclasses.replace(config, overwrite=True))
    assert len(tfrecords.read(config.data_dir, "mine", SETTINGS)) == 3


def test_bytes_do_not_depend_on_where_the_corpus_lies(config, tmp_path, capsys):
    manifest = tmp_path / "mine" / "manifest.csv"
    lines = manifest.read_text().splitlines()
    manifest.write_text("\n".join([f"{lines[0]},mood", *(f"{x},1" for x in lines[1:])]))
    (tmp_path / "mine" / "b.wav").write_bytes(b"RIFF")
    shutil.copytree(tmp_path / "mine", tmp_path / "else" / "where")
    other = Config(
        corpora=(f"mine={tmp_path}/else/where/manifest.csv",),
        data_dir=tmp_path / "others",
    )
    contents = []
    for one in (config, other):
        prepare_all(dataclasses.replace(one, skip_unreadable=True))
        folder = corpus_folder(one.data_dir, "mine")
        contents.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert contents[0] == contents[1]
    provenance, summary = read_description(config.data_dir, "mine")
    notice = "mine: columns of manifest.csv that are not used: mood."
    assert provenance.notices == (notice,)
    assert list(summary.skipped) == ["b"]
    assert str(tmp_path) not in summary.skipped["b"]
    # Who is told finds the file by it.
    with pytest.raises(InputError, match=rf"  {tmp_path}/mine/b\.wav: unreadable"):
        prepare_all(config)


def test_names_do_not_reach_the_terminal_as_they_are(tmp_path):
    entry = corpus(tmp_path / "mine", ["a", "b\x1b[31m"])
    (tmp_path / "mine" / "b\x1b[31m.wav").write_bytes(b"")
    others = Config(corpora=(entry,), data_dir=tmp_path / "records")
    with pytest.raises(InputError, match=r"b\\x1b\[31m\.wav: unreadable") as caught:
        prepare_all(others)
    assert "\x1b" not in str(caught.value)
    prepare_all(dataclasses.replace(others, skip_unreadable=True))
    (tmp_path / "mine" / "manifest.csv").unlink()
    with pytest.raises(InputError, match=r"  b\\x1b\[31m: unreadable"):
        prepare_all(others)
