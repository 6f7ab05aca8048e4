"""A quick form of the chaos: python -m tests.chaos is the long one."""

import collections
import os
import random
import resource

import pytest

from tests import chaos
from tests.place import prepared


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, synthetic):
    """What commands come to that nobody disturbs, and the records they made."""
    folder = tmp_path_factory.mktemp("undisturbed") / "place"
    return chaos.undisturbed(folder, synthetic / "corpora")


@pytest.fixture
def place(tmp_path, synthetic):
    return prepared(tmp_path / "place", synthetic)


def test_killed_and_damaged_it_ends_as_if_nothing_had_happened(place, undisturbed):
    rng, counts = random.Random(0), collections.Counter()
    for moment in ("training", "checkpoint", "test"):
        counts["killed"] += chaos.kill_in(place, moment, rng)
    assert counts["killed"]
    assert chaos.damage_checkpoint(place, rng)
    chaos.set_clock_back(place, rng)
    chaos.finish_all(place, counts)
    assert place.outcome() == undisturbed


def test_two_commands_on_one_work_directory_end_alike(place, undisturbed):
    with place.start("main") as one, place.start("main") as other:
        messages = [process.communicate(timeout=240)[1] for process in (one, other)]
    assert (one.returncode, other.returncode) == (0, 0), messages
    assert any("waiting" in text for text in messages)
    assert place.outcome() == undisturbed


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="prlimit is Linux's")
@pytest.mark.parametrize("size", [2_000, 20_000])
def test_a_disk_that_is_full_is_told_and_nothing_is_lost(place, undisturbed, size):
    """A limit of what a file may hold stands for a disk that is full."""
    with place.start("main") as process:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, size))
        _, messages = process.communicate(timeout=240)
    assert process.returncode == 2, messages
    error = messages[messages.index("Error: ") :]
    assert str(place.folder) in error
    assert "File too large" in error
    assert "goes on from here" in error
    assert "Traceback" not in messages
    status, messages = place.finish("main")
    assert status == 0, messages
    assert place.outcome() == undisturbed


def test_a_folder_that_may_not_be_written_is_told(place, undisturbed):
    place.workdir.mkdir()
    place.workdir.chmod(0o500)
    if os.access(place.workdir, os.W_OK):
        pytest.skip("This user may write anywhere, as root may.")
    status, messages = place.finish("main")
    assert status == 2
    assert "Permission denied" in messages
    assert str(place.workdir) in messages
    place.workdir.chmod(0o700)
    assert place.finish("main")[0] == 0
    assert place.outcome() == undisturbed
