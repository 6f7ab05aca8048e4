"""What is gone on from is what was saved, to the bit, or it is not gone on from."""

import errno
import os
import random
import shutil
import subprocess
import sys

import jax
import numpy as np
import pytest

from damldg_jax.digests import digest_of
from damldg_jax.errors import InputError
from damldg_jax.training import TrainState
from experiments import checkpoints as module
from experiments.checkpoints import Best, Checkpoints, Saved, steps_in
from tests.chaos import cut, flip
from tests.cli import ROOT


def saved_after(step):
    rng = np.random.default_rng(step)

    def params():
        return {"w": rng.normal(size=(20, 30)).astype(np.float32), "b": np.zeros(3)}

    statistics = {"mean": rng.normal(size=4).astype(np.float32)}
    momentum = {"trace": params()}
    state = TrainState(
        np.int32(step), params(), statistics, momentum, (), np.ones((), bool)
    )
    return Saved(state, Best(params(), statistics, step, 0.25 * step), 1.5)


INITIAL = saved_after(0)


@pytest.fixture
def folder(tmp_path):
    """Checkpoints after steps 4 and 8."""
    place = Checkpoints(tmp_path / "checkpoints")
    for step in (2, 4, 8):
        place.save(saved_after(step))
    place.close()
    return tmp_path / "checkpoints"


def opened(folder):
    place = Checkpoints(folder)
    return place, place.steps(INITIAL)


def assert_same(a, b):
    assert jax.tree.structure(a) == jax.tree.structure(b)
    jax.tree.map(np.testing.assert_array_equal, a, b)


def test_the_last_two_are_kept_and_come_back_bit_by_bit(folder):
    place, steps = opened(folder)
    assert steps == {4, 8}
    for step in steps:
        assert_same(place.restore(INITIAL, step), saved_after(step))
    assert place.restore(INITIAL, 0) is INITIAL
    place.close()


def test_what_was_checked_is_not_read_again(folder, monkeypatch):
    place, _ = opened(folder)
    monkeypatch.setattr(place, "_load", None)
    assert_same(place.restore(INITIAL, 8), saved_after(8))
    monkeypatch.undo()
    # It was kept for once, and it alone.
    for step in (8, 4):
        assert_same(place.restore(INITIAL, step), saved_after(step))
    place.close()


def test_an_evaluation_that_is_left_is_remembered(tmp_path):
    saved = saved_after(3)._replace(evaluated=False)
    place = Checkpoints(tmp_path)
    place.save(saved)
    place.close()
    place, steps = opened(tmp_path)
    assert steps == {3}
    assert_same(place.restore(INITIAL, 3), saved)
    place.close()
    # It is part of what was saved, and its loss is damage.
    [path] = (tmp_path / "3" / "progress").glob("metadata")
    text = path.read_text()
    path.write_text(text.replace('"evaluated": false', '"evaluated": true'))
    assert path.read_text() != text
    assert opened(tmp_path)[1] == set()


def files_of(folder, step):
    return sorted(p for p in (folder / str(step)).rglob("*") if p.is_file())


@pytest.mark.parametrize("seed", range(12))
def test_damage_to_the_newest_is_found_or_changes_nothing(folder, seed, capsys):
    rng = random.Random(seed)
    path = rng.choice(files_of(folder, 8))
    rng.choice((flip, cut))(path, rng)
    place, steps = opened(folder)
    assert 4 in steps
    if 8 in steps:
        assert_same(place.restore(INITIAL, 8), saved_after(8))
    else:
        told = capsys.readouterr().err
        assert f"The checkpoint after step 8 in {folder} is damaged" in told
        assert (folder.parent / "damaged_checkpoints" / "8").is_dir()
        # It is done again.
        place.save(saved_after(8))
    place.close()
    place, steps = opened(folder)
    assert steps == {4, 8}
    assert_same(place.restore(INITIAL, 8), saved_after(8))
    place.close()


def test_damage_is_told_in_a_line_and_by_no_traceback(folder):
    """In a process of its own: orbax complains to standard error, from threads."""
    for path in files_of(folder, 8):
        if path.parent.name == "d":
            os.truncate(path, 100)
    code = (
        "import pathlib, sys, time\n"
        "from experiments.checkpoints import Checkpoints\n"
        "from tests.test_checkpoints import INITIAL\n"
        "place = Checkpoints(pathlib.Path(sys.argv[1]))\n"
        "print(place.steps(INITIAL))\n"
        "place.close()\n"
        "time.sleep(0.5)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout == "{4}\n", done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("The checkpoint after step 8 in")


def test_content_that_was_not_saved_is_found(folder, monkeypatch):
    """Whole files of orbax's, but of other numbers."""
    monkeypatch.setattr(module, "_digest", lambda saved: "of something else")
    place, steps = opened(folder)
    assert steps == set()
    place.close()
    assert steps_in(folder) == set()


def test_what_cannot_be_read_just_now_is_not_called_damaged(folder, monkeypatch):
    def refuse(*given):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    place = Checkpoints(folder)
    with monkeypatch.context() as patch:
        patch.setattr(place, "_load", refuse)
        with pytest.raises(InputError, match=r"8 cannot be read .*Too many open files"):
            place.steps(INITIAL)
    assert place.steps(INITIAL) == {4, 8}
    place.close()


def test_what_is_left_of_a_deletion_is_no_damage(folder, capsys):
    shutil.copytree(folder / "4", folder / "2")
    shutil.rmtree(folder / "2" / "state")
    place, steps = opened(folder)
    assert steps == {4, 8}
    assert steps_in(folder) == {4, 8}
    place.save(saved_after(9))
    place.close()
    assert steps_in(folder) == {8, 9}
    assert "damaged" not in capsys.readouterr().err


@pytest.mark.parametrize("name", ["state", "best", "progress"])
def test_a_part_that_is_missing_is_damage(folder, name):
    shutil.rmtree(folder / "8" / name)
    place, steps = opened(folder)
    assert steps == {4}
    place.close()


def test_a_checkpoint_of_another_network_is_none_of_this(folder, capsys):
    other = saved_after(0)
    other.state.params["w"] = np.zeros((20, 31), np.float32)
    place = Checkpoints(folder)
    assert place.steps(other) == set()
    place.close()
    assert "is damaged" in capsys.readouterr().err


def test_a_digest_knows_names_types_shapes_and_bits():
    tree = {"a": np.zeros(4, np.float32), "b": (1, 0.5)}
    others = [
        {"a": np.zeros(4, np.float32), "c": (1, 0.5)},
        {"a": np.zeros(4, np.int32), "b": (1, 0.5)},
        {"a": np.zeros((2, 2), np.float32), "b": (1, 0.5)},
        {"a": -np.zeros(4, np.float32), "b": (1, 0.5)},
        {"a": np.zeros(4, np.float32), "b": (1, 0.25)},
    ]
    assert digest_of(tree) == digest_of({"a": np.zeros(4, np.float32), "b": (1, 0.5)})
    assert len({digest_of(x) for x in [tree, *others]}) == len(others) + 1
