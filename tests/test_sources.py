from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from damldg_jax.corpora.scenarios import PAPER_CORPORA
from damldg_jax.corpora.sources import Source, parse_entries, resolve
from damldg_jax.errors import InputError


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


@pytest.mark.parametrize("name", ["mine", "My_2", "iemocap"])
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


def test_unknown_name_with_a_folder_needs_a_manifest():
    message = refusal("mine=path/to/folder")
    assert "Unknown corpus 'mine'" in message
    assert "--corpora=mine=path/to/manifest.csv" in message


@pytest.mark.parametrize(
    "name", ["iemocap", "crema_d", "tess", "aesdd", "cafe", "shemo"]
)
def test_corpora_of_the_paper_without_a_reader_need_a_manifest(name):
    for entry in (name, f"{name}=path/to/folder"):
        message = refusal(entry, Path("corpora"))
        assert f"'{name}' is known from the paper" in message
        assert f"--corpora={name}=path/to/manifest.csv" in message
        assert "Did you mean" not in message
    assert name in PAPER_CORPORA


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
