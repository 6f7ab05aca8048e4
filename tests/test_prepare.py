import csv
import dataclasses

import numpy as np
import pytest
import soundfile

from damldg_jax.corpora.sources import parse_entries
from damldg_jax.errors import InputError
from damldg_jax.features import FEATURES, LogMel
from damldg_jax.records import tfrecords
from damldg_jax.records.provenance import corpus_folder, read_description
from experiments import prepare
from experiments.config import Config
from tests.cli import run

RATE = 16_000
SETTINGS = dataclasses.asdict(LogMel())


def corpus(folder, names, emotion="anger"):
    """A manifest of short tones, one for each name."""
    folder.mkdir(parents=True, exist_ok=True)
    time = np.arange(RATE // 4) / RATE
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "emotion", "speaker"])
        for number, name in enumerate(names):
            tone = 0.1 * np.sin(2 * np.pi * (200 + 70 * number) * time)
            soundfile.write(folder / f"{name}.wav", tone, RATE)
            writer.writerow([f"{name}.wav", emotion, f"s{number}"])
    return f"{folder.name}={folder}/manifest.csv"


def prepare_all(config):
    prepare.prepare(parse_entries(config.corpora, config.corpora_dir), config)


@pytest.fixture
def config(tmp_path):
    entry = corpus(tmp_path / "mine", ["a", "b", "c"])
    return Config(corpora=(entry,), data_dir=tmp_path / "records")


def stored_files(config):
    folder = corpus_folder(config.data_dir, "mine")
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


def test_features_are_those_of_the_recordings(config, tmp_path):
    prepare_all(config)
    examples = tfrecords.read(config.data_dir, "mine", SETTINGS)
    assert [example.utterance for example in examples] == ["a", "b", "c"]
    waveform, _ = soundfile.read(tmp_path / "mine" / "b.wav")
    np.testing.assert_array_equal(examples[1].features, LogMel()(waveform))
    assert examples[1].speaker == "s1"
    assert examples[1].seconds == pytest.approx(0.25)


def test_unchanged_corpora_are_left_alone(config, capsys):
    prepare_all(config)
    before = stored_files(config)
    prepare_all(config)
    assert stored_files(config) == before
    assert "mine: 3 utterances, unchanged." in capsys.readouterr().err


def test_changed_corpora_are_prepared_again(config, tmp_path):
    prepare_all(config)
    corpus(tmp_path / "mine", ["a", "b", "c", "d"])
    prepare_all(config)
    assert len(tfrecords.read(config.data_dir, "mine", SETTINGS)) == 4


def test_all_unusable_recordings_of_all_corpora_are_told_at_once(config, tmp_path):
    other = corpus(tmp_path / "other", ["x", "y", "z"])
    (tmp_path / "mine" / "b.wav").write_bytes(b"")
    soundfile.write(tmp_path / "other" / "x.wav", np.zeros(RATE), RATE)
    soundfile.write(tmp_path / "other" / "y.wav", np.full(10, 0.5), RATE)
    config = dataclasses.replace(config, corpora=(*config.corpora, other))
    with pytest.raises(InputError) as caught:
        prepare_all(config)
    message = str(caught.value)
    assert message.startswith("3 recording(s) cannot be used")
    for part in ("b.wav: unreadable", "x.wav: silent", "y.wav: too short"):
        assert part in message
    assert "--skip_unreadable" in message
    assert read_description(config.data_dir, "mine") is None


def test_unusable_recordings_are_skipped_on_demand_but_never_in_silence(
    config, tmp_path
):
    (tmp_path / "mine" / "b.wav").write_bytes(b"RIFF")
    prepare_all(dataclasses.replace(config, skip_unreadable=True))
    assert len(tfrecords.read(config.data_dir, "mine", SETTINGS)) == 2
    with pytest.raises(InputError, match=r"b\.wav: unreadable"):
        prepare_all(config)


def test_records_of_other_settings_are_refused(config, monkeypatch):
    prepare_all(config)
    monkeypatch.setitem(FEATURES, "log_mel", LogMel(hop_length=200))
    config = dataclasses.replace(config)  # that has looked nothing up yet
    with pytest.raises(InputError) as caught:
        prepare_all(config)
    assert "hop_length 160 instead of 200" in str(caught.value)
    assert "--data_dir" in str(caught.value)
    prepare_all(dataclasses.replace(config, overwrite=True))
    stored, _ = read_description(config.data_dir, "mine")
    assert stored.feature_settings["hop_length"] == 200


def test_records_suffice_where_the_recordings_are_gone(config, tmp_path, capsys):
    prepare_all(config)
    (tmp_path / "mine" / "manifest.csv").unlink()
    prepare_all(config)
    assert "uses the records" in capsys.readouterr().err


def test_a_missing_recording_of_a_manifest_is_told_with_the_others(config, tmp_path):
    (tmp_path / "mine" / "a.wav").unlink()
    (tmp_path / "mine" / "b.wav").write_bytes(b"")
    with pytest.raises(
        InputError, match=r"(?s)2 rec.*a\.wav.*no such file.*\(line 2 of .*b\.wav"
    ):
        prepare_all(config)
    prepare_all(dataclasses.replace(config, skip_unreadable=True))
    assert len(tfrecords.read(config.data_dir, "mine", SETTINGS)) == 1


def test_what_is_noticed_of_a_corpus_is_left_to_the_run_that_prepares(tmp_path, capsys):
    entry = corpus(tmp_path / "mine", ["a"])
    path = tmp_path / "mine" / "manifest.csv"
    head, row = path.read_text().splitlines()
    path.write_text(f"{head},mood\n{row},1\n")
    said = []
    for number, copies in enumerate((False, True)):
        config = Config(corpora=(entry,), data_dir=tmp_path / str(number))
        prepare.prepare(parse_entries(config.corpora, None), config, copies)
        said.append("columns of" in capsys.readouterr().err)
    assert said == [False, True]


def test_a_corpus_of_which_nothing_can_be_used_is_told_as_such(tmp_path):
    entry = corpus(tmp_path / "mine", ["a"])
    (tmp_path / "mine" / "a.wav").write_bytes(b"")
    config = Config(corpora=(entry,), data_dir=tmp_path / "records")
    with pytest.raises(InputError, match="mine, all of it") as caught:
        prepare_all(dataclasses.replace(config, skip_unreadable=True))
    assert "--skip_unreadable" not in str(caught.value)


def test_all_missing_corpora_are_told_before_any_is_prepared(config, tmp_path):
    config = dataclasses.replace(
        config, corpora=(*config.corpora, "emodb", "savee"), corpora_dir=tmp_path
    )
    with pytest.raises(InputError, match=r"(?s)EmoDB.*SAVEE"):
        prepare_all(config)
    assert read_description(config.data_dir, "mine") is None


def test_a_missing_corpus_is_named_with_its_layout(tmp_path):
    config = Config(
        corpora=("emodb",), corpora_dir=tmp_path / "none", data_dir=tmp_path / "records"
    )
    with pytest.raises(InputError, match=r"none/emodb.*03a01Wa\.wav"):
        prepare_all(config)


def test_the_command_prepares_and_shares_flagfiles_with_main(tmp_path):
    entry = corpus(tmp_path / "mine", ["a", "b"])
    (tmp_path / "run.flags").write_text(
        f"--corpora={entry}\n--data_dir={tmp_path}/records\n--learning_rate=0.1\n"
    )
    done = run("experiments.prepare", "--flagfile=run.flags", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not done.stdout
    assert "mine: 2 utterances, 0.0 minutes (anger 2)." in done.stderr
    assert len(tfrecords.read(tmp_path / "records", "mine", SETTINGS)) == 2


def test_the_command_without_corpora_says_what_to_name(tmp_path):
    done = run("experiments.prepare", cwd=tmp_path)
    assert done.returncode == 2
    assert "--corpora" in done.stderr
