from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from damldg_jax.corpora import CORPORA
from damldg_jax.corpora.scenarios import PAPER_CORPORA
from damldg_jax.corpora.sources import Source, parse_entries, resolve
from damldg_jax.errors import InputError
from tests.trees import make


def refusal(entry: str, corpora_dir: Path | None = None) -> str:
    with pytest.raises(InputError) as raised:
        resolve(entry, corpora_dir)
    return str(raised.value)


def test_known_name_lies_in_the_folder_of_corpora():
    expected = Source("emodb", "German", False, Path("nowhere/emodb"))
    assert resolve("emodb", Path("nowhere")) == expected


@pytest.mark.parametrize(
    ("folders", "found"),
    [
        (["EmoDB"], "EmoDB"),
        (["EMODB", "EmoDB", "emodb"], "emodb"),
        (["EmoDB", "EMODB"], "EMODB"),
        (["emodb2", "my emodb"], "emodb"),
    ],
)
def test_folder_is_found_in_any_case(tmp_path, folders, found):
    for folder in folders:
        (tmp_path / folder).mkdir()
    assert resolve("emodb", tmp_path).location == tmp_path / found


def test_known_name_lists_its_folder(tmp_path):
    (tmp_path / "Emovo" / "f1").mkdir(parents=True)
    (tmp_path / "Emovo" / "f1" / "rab-f1-b1.wav").touch()
    for entry in ("emovo", f"emovo={tmp_path / 'Emovo'}", " emovo "):
        (found,), _ = resolve(entry, tmp_path).listing()
        assert (found.name, found.emotion) == ("f1/rab-f1-b1", "anger")


def test_missing_folder_is_told_by_the_listing_only(tmp_path):
    source = resolve("savee", tmp_path)
    with pytest.raises(
        InputError, match=f"no folder {tmp_path / 'savee'}.*--corpora_dir"
    ):
        source.listing()


def test_known_name_without_any_folder():
    source = resolve("emodb", None)
    assert source == Source("emodb", "German", False, None)
    with pytest.raises(InputError) as raised:
        source.listing()
    assert "'emodb'" in str(raised.value)
    assert "--corpora_dir" in str(raised.value)
    assert "--corpora=emodb=path/to/folder" in str(raised.value)


@pytest.mark.parametrize("name", ["mine", "My_2", "msp"])
def test_any_name_may_have_a_manifest(tmp_path, name):
    (tmp_path / "a.wav").touch()
    (tmp_path / "m.CSV").write_text("path,emotion,speaker\na.wav,fear,1\n")
    source = resolve(f"{name}={tmp_path / 'm.CSV'}", None)
    assert source == Source(name, "", False, tmp_path / "m.CSV")
    assert [u.name for u in source.listing().utterances] == ["a"]


def test_known_name_with_a_manifest_keeps_its_language(tmp_path):
    (tmp_path / "a.wav").touch()
    (tmp_path / "m.csv").write_text("path,emotion,speaker\na.wav,fear,1\n")
    source = resolve(f"emodb={tmp_path / 'm.csv'}", None)
    assert source.language == "German"
    assert [u.language for u in source.listing().utterances] == ["German"]


def test_home_is_expanded(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    assert resolve("a=~/m.csv", None).location == Path("/home/me/m.csv")


@pytest.mark.parametrize(
    "name", ["", "2a", "_a", "a-b", "a/b", "..", "a b", "all", "All", "é"]
)
def test_bad_names_of_manifests(name):
    message = refusal(f"{name}=m.csv")
    assert f"'{name}' cannot name a corpus" in message
    assert "letters, digits and underscores" in message


def test_unknown_name_tells_the_nearest_and_the_way_out():
    message = refusal("emobd")
    assert "Unknown corpus 'emobd'. Did you mean 'emodb'? Allowed: " in message
    assert "--corpora=emobd=path/to/manifest.csv" in message


def test_other_case_of_a_known_name():
    assert "Did you mean 'emodb'?" in refusal("EmoDB")
    assert "Did you mean 'emodb'?" in refusal("EmoDB=somewhere")


@pytest.mark.parametrize("name", ["mine", "My_2"])
def test_any_name_may_have_a_folder_of_emotions(tmp_path, name):
    make(tmp_path, "Sad/s1/a.wav", "Angry/s2/b.wav")
    source = resolve(f"{name}={tmp_path}", None)
    assert source == Source(name, "", False, tmp_path)
    found, _ = source.listing()
    assert [(u.name, u.emotion, u.speaker) for u in found] == [
        ("Angry/s2/b", "anger", "s2"),
        ("Sad/s1/a", "sadness", "s1"),
    ]


def test_a_folder_among_the_corpora_names_a_corpus(tmp_path):
    make(tmp_path, "Mine/Sad/a.wav", "all/Sad/a.wav")
    assert resolve("mine", tmp_path).location == tmp_path / "Mine"
    assert resolve("Mine", tmp_path).location == tmp_path / "Mine"
    assert "Unknown corpus 'min'" in refusal("min", tmp_path)
    assert "'all' cannot name a corpus" in refusal("all", tmp_path)


def test_a_known_name_keeps_its_own_layout(tmp_path):
    make(tmp_path, "Angry/03a01Fa.wav")
    (found,) = resolve(f"emodb={tmp_path}", None).listing().utterances
    assert (found.emotion, found.speaker) == ("happiness", "03")


def test_a_folder_with_the_name_of_a_known_corpus_is_told(tmp_path):
    folder = make(tmp_path / "EmoDB", "03a01Fa.wav")
    remedy = f"is read by --corpora=emodb={folder}."
    with pytest.raises(InputError, match="one folder for each emotion") as raised:
        resolve(f"mine={folder}", None).listing()
    assert remedy in str(raised.value)
    make(folder, "Sad/a.wav")
    assert resolve(f"mine={folder}", None).listing().notices[-1].endswith(remedy)


def test_a_manifest_in_the_folder_is_told(tmp_path):
    make(tmp_path, "Sad/a.wav", "manifest.csv")
    notice = resolve(f"mine={tmp_path}", None).listing().notices[-1]
    assert notice == (
        f"mine: {tmp_path}/manifest.csv is not used; to read it, write "
        f"--corpora=mine={tmp_path}/manifest.csv."
    )


@pytest.mark.parametrize("name", ["nowhere", "x" * 5000])
def test_a_missing_folder_of_any_name(tmp_path, name):
    source = resolve(f"mine={tmp_path / name}", None)
    with pytest.raises(InputError, match=r"There is no folder .*Sad/speaker3/x\.wav"):
        source.listing()


@pytest.mark.parametrize("name", ["crema_d", "savee"])
def test_datasets_of_tensorflow_datasets(monkeypatch, name):
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.delenv("TFDS_DATA_DIR", raising=False)
    for entry, folder in {
        f"{name}=tfds:data": f"data/{name}",
        f"{name}=tfds: ~/data ": f"/home/me/data/{name}",
        f"{name}=tfds:": f"/home/me/tensorflow_datasets/{name}",
    }.items():
        source = resolve(entry, Path("corpora"))
        assert (source.name, source.tfds) == (name, True)
        assert source.location == Path(folder)
    with pytest.raises(
        InputError, match=r"dataset .* by python -m experiments\.prepare"
    ):
        source.listing()
    monkeypatch.setenv("TFDS_DATA_DIR", "/elsewhere")
    assert resolve(f"{name}=tfds:", None).location == Path(f"/elsewhere/{name}")
    assert not resolve(f"{name}=data", None).tfds


@pytest.mark.parametrize("name", ["mine", "emodb", "", "../x"])
def test_other_datasets_of_tensorflow_datasets(name):
    message = refusal(f"{name}=tfds:data")
    assert f"'{name}' cannot be read from tensorflow-datasets" in message
    assert "crema_d, savee, voxceleb, such as --corpora=crema_d=tfds:path" in message


def test_what_stays_unknown_tells_of_manifests_and_folders():
    message = refusal("mine", Path("corpora"))
    assert "Unknown corpus 'mine'" in message
    assert "--corpora=mine=path/to/manifest.csv" in message
    assert "--corpora=mine=path/to/folder" in message


@pytest.mark.parametrize("name", PAPER_CORPORA)
def test_corpora_of_the_paper_are_known(name):
    source = resolve(name, Path("corpora"))
    assert source == Source(name, CORPORA[name].language, False, Path("corpora") / name)


def test_entry_without_a_path():
    assert refusal("mine=") == "The corpus 'mine=' has no path: write mine=path."


def test_entries_keep_their_order():
    sources = parse_entries(["savee", "mine=m.csv", "emodb"], Path("here"))
    assert list(sources) == ["savee", "mine", "emodb"]
    assert sources["mine"].location == Path("m.csv")
    assert parse_entries([], None) == {}


@pytest.mark.parametrize("entries", [["a=x.csv", "a=y.csv"], ["emodb", "EmoDB=x.csv"]])
def test_a_name_given_twice(entries):
    with pytest.raises(InputError, match=r"given twice: .*x\.csv.* name of its own"):
        parse_entries(entries, None)


@given(entry=st.text(max_size=20) | st.text(max_size=8).map("{}=a.csv".format))
def test_no_entry_crashes_and_names_are_safe_as_folders(entry):
    try:
        source = resolve(entry, Path("nowhere"))
    except InputError:
        return
    assert source.name.isascii()
    assert source.name.isidentifier()
