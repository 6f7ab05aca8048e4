"""VoxCeleb1: speakers without emotions, from its own layout or tensorflow-datasets."""

import numpy as np
import pytest
import soundfile

from damldg_jax.audit.label_checks import CHECKS
from damldg_jax.corpora import CORPORA, list_manifest, list_utterances
from damldg_jax.corpora.sources import resolve
from damldg_jax.dataset import Example, build_dataset
from damldg_jax.emotions import EMOTIONS, UNLABELLED, parse_emotions
from damldg_jax.errors import InputError
from damldg_jax.targets import TARGETS, Wishes
from experiments import prepare
from experiments.config import Config
from experiments.data import load
from tests.recordings import make_recorder, tone
from tests.trees import make, refusal, write

VOXCELEB = CORPORA["voxceleb"]


@pytest.mark.parametrize("above", ["", "wav/", "vox1/dev/wav/"])
def test_its_layout_is_read(tmp_path, above):
    names = ("id10001/1zcIwhmdeo4/00001", "id11251/-_w1nz9dvpo/00012")
    folder = make(tmp_path, *(f"{above}{name}.wav" for name in names))
    found, notices = list_utterances(VOXCELEB, folder)
    assert [u.speaker for u in found] == ["id10001", "id11251"]
    assert [u.name for u in found] == [f"{above}{name}" for name in names]
    assert {u.emotion for u in found} == {UNLABELLED}
    assert notices == ()


@pytest.mark.parametrize(
    "name",
    [
        "id20001/1zcIwhmdeo4/00001",
        "id10001/1zcIwhmdeo/00001",
        "id10001/1zcIwhmdeo4/1",
        "1zcIwhmdeo4/00001",
    ],
)
def test_what_is_not_of_it_is_left_out_and_told(tmp_path, name):
    right = "id10002/xTV-jFAUKcw/00001.wav"
    found, notices = list_utterances(VOXCELEB, make(tmp_path, f"{name}.wav", right))
    assert len(found) == 1
    assert "name not recognised" in notices[0]


def examples(*emotions):
    return [
        Example(f"{n}", np.zeros((4, 2), np.float32), emotion, "ab"[n % 2])
        for n, emotion in enumerate(emotions)
    ]


@pytest.mark.parametrize("kind", ["emotion", "arousal", "valence"])
def test_without_emotions_there_is_nothing_to_train_on_emotions(kind):
    corpora = {"voxceleb": examples(*[UNLABELLED] * 4)}
    with pytest.raises(InputError, match=r"in 'voxceleb'.*python -m experiments\.pre"):
        build_dataset(corpora, TARGETS[kind](Wishes()))
    with pytest.raises(InputError, match="No utterance of 'voxceleb' has all of"):
        build_dataset(corpora, TARGETS["dimensions"](Wishes()))


def test_recordings_without_emotion_beside_others_are_left_out_and_told():
    corpora = {"mine": examples("anger", UNLABELLED, "fear", UNLABELLED)}
    dataset = build_dataset(corpora, ["anger", "fear"])
    assert dataset.utterances == ("0", "2")
    assert "2 of 4 utterances are used; not asked for: unlabelled" in dataset.notices[0]


def test_it_is_no_emotion_to_ask_for():
    assert UNLABELLED not in EMOTIONS
    with pytest.raises(InputError, match="unlabelled"):
        parse_emotions(["anger", UNLABELLED])


def test_a_manifest_may_say_so(tmp_path):
    rows = "path,emotion,speaker\na.wav, Unlabelled ,x\nb.wav,anger,x\n"
    found, _ = list_manifest("mine", write(tmp_path, rows))
    assert [u.emotion for u in found] == [UNLABELLED, "anger"]
    assert "line 2" in refusal(tmp_path, "path,emotion,speaker\na.wav,,x\n")


def test_the_audit_says_what_it_is_for(tmp_path):
    from damldg_jax.audit.corpus import CorpusAudit
    from damldg_jax.corpora.completeness import compare

    record = make_recorder(tmp_path)
    recordings = tuple(
        record(f"{n}", tone(200 + n), UNLABELLED, f"id1000{n}") for n in range(3)
    )
    complete = compare(VOXCELEB, [r.utterance for r in recordings])
    audit = CorpusAudit("voxceleb", "here", False, recordings, (), complete)
    assert audit.emotions == (UNLABELLED,)
    texts = [finding.text for check in CHECKS for finding in check(audit)]
    assert any("unlabelled 3 of 153516, speakers 3 of 1251" in text for text in texts)
    assert any("to pre-train on" in text for text in texts)
    assert not any("one emotion" in text for text in texts)


@pytest.fixture
def dataset(tmp_path):
    """Ten recordings each of three speakers, with the features of the builder."""
    tfds = pytest.importorskip("tensorflow_datasets")
    rng = np.random.default_rng(0)
    rows = [
        {
            "audio": rng.integers(-(2**15), 2**15, 8000, dtype=np.int64),
            "label": (1, 270, 1251)[n % 3],
            "youtube_id": "1zcIwhmdeo4",
        }
        for n in range(30)
    ]
    features = tfds.builder_cls("voxceleb")(data_dir="unused").info.features
    splits = {"train": rows[:20], "validation": rows[20:25], "test": rows[25:]}
    tfds.dataset_builders.store_as_tfds_dataset(
        "voxceleb",
        "1.2.1",
        features,
        {split: list(enumerate(examples)) for split, examples in splits.items()},
        data_dir=tmp_path / "tfds",
        file_format="tfrecord",
    )
    return tmp_path / "tfds", rows


def test_a_copy_of_tensorflow_datasets_is_read_with_its_speakers(dataset, tmp_path):
    folder, rows = dataset
    entry = f"voxceleb=tfds:{folder}"
    given = Config(
        corpora=(entry,), data_dir=tmp_path / "records", target_kind="speaker"
    )
    sources = {"voxceleb": resolve(entry, None)}
    prepare.prepare(sources, given)
    read = load(sources, given).dataset
    names = ("id10001", "id10270", "id11251")
    assert read.target.classes == tuple(f"voxceleb {name}" for name in names)
    assert read.corpora["voxceleb"].counts == {f"voxceleb {name}": 10 for name in names}
    made = given.data_dir / "tfds_audio" / "voxceleb"
    written = {
        soundfile.read(path, dtype="int16")[0].tobytes(): path.name[:7]
        for path in made.glob("*.flac")
    }
    assert written == {
        row["audio"].astype(np.int16).tobytes(): names[n % 3]
        for n, row in enumerate(rows)
    }
