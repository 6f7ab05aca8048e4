"""The command that checks corpora, as a user has it."""

import base64
import json
import os
import re
import shlex

import pytest
import soundfile
from absl.testing import flagsaver

from damldg_jax.audit import NOTE, WARNING
from damldg_jax.errors import InputError
from experiments import corpora as command
from experiments.config import Config
from experiments.corpora import check_corpora
from tests.cli import run
from tests.html_page import parse
from tests.speech import RATE, speech

ODD = "<b>&'\".wav"


def write(folder, *names):
    """Writes another take under each name."""
    for take, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / name, speech(take), RATE)


@pytest.fixture
def corpora(tmp_path):
    """A folder of EmoDB, in part, and what may lie beside it."""
    folder = tmp_path / "corpora"
    names = ("03a01Wa", "03a01Ta", "08a01Wa", "08a01Ta", "09a01Wa", "09a01Ta")
    write(folder / "EmoDB", *(f"{name}.wav" for name in names), "noise.wav")
    write(folder / "homemade", "Angry/a.wav", "Sad/b.wav")
    (folder / "unknown").mkdir()
    (folder / "savee.zip").touch()
    (folder / ".hidden").mkdir()
    return folder


@pytest.fixture
def manifest(tmp_path):
    """A corpus by manifest with a copy, and a file that is none."""
    folder = tmp_path / "mine"
    write(folder, "again.wav", ODD)
    (folder / "bad.wav").write_bytes(b"RIFF")
    rows = ["path,emotion,speaker", "again.wav,anger,a", "bad.wav,sadness,a"]
    rows.append('"' + ODD.replace('"', '""') + '",sadness,b')
    (folder / "m.csv").write_text("\n".join(rows))
    return folder / "m.csv"


def test_the_whole_command(corpora, manifest, tmp_path):
    result = run(
        "experiments.corpora",
        f"--corpora_dir={corpora}",
        f"--corpora=emodb,mine={manifest}",
        "--strict",
        "--json=out/all.json",
        "--html=out/all.html",
        "--methods=deep_all",
        cwd=tmp_path,
    )
    assert result.returncode == 1, result.stderr
    assert "9 of 9" in result.stderr
    assert "mine: 1 of 3 recordings cannot be used" in result.stdout
    assert "emodb/EmoDB" not in result.stdout
    assert re.search(r"^anger +3 of 127 +1$", result.stdout, re.MULTILINE)
    assert re.search(r"^each of 03, 08, 09 +1 ", result.stdout, re.MULTILINE)
    assert result.stdout.splitlines()[-1].startswith("Corpora: 2; recordings: 9; ")

    stored = json.loads((tmp_path / "out" / "all.json").read_text())
    emodb, mine = stored["corpora"]
    assert emodb["counts"]["anger"] == 3
    assert emodb["published"]["expected"]["anger"] == 127
    assert emodb["speakers"]["08"] == {"anger": 1, "sadness": 1}
    assert emodb["recordings"][0]["seconds"] == pytest.approx(len(speech(1)) / RATE)
    assert [r["problem"] == "" for r in mine["recordings"]].count(False) == 1
    assert [(copy["first"], copy["second"]) for copy in stored["copies"]] == [
        (["emodb", "03a01Ta"], ["mine", ODD.removesuffix(".wav")]),
        (["emodb", "03a01Wa"], ["mine", "again"]),
    ]
    assert {f["severity"] for f in stored["findings"]} == {WARNING, NOTE}

    text = (tmp_path / "out" / "all.html").read_text(encoding="utf-8")
    seen = parse(text)
    assert "<b>&'" not in text
    assert ODD.removesuffix(".wav") in seen.text
    assert [tag for tag, _ in seen.tags].count("svg") == 4
    images = [a for tag, a in seen.tags if tag == "img"]
    assert len(images) == 4
    assert all(a["alt"].startswith("Log-mel spectrogram of ") for a in images)
    data = images[0]["src"].removeprefix("data:image/png;base64,")
    assert base64.b64decode(data).startswith(b"\x89PNG")
    # Nothing is fetched from anywhere.
    links = {v for _, a in seen.tags for k, v in a.items() if k in ("href", "src")}
    assert all(link.startswith(("#", "data:")) for link in links)
    ids = {a["id"] for _, a in seen.tags if "id" in a}
    assert {link[1:] for link in links if link[0] == "#"} == ids


def test_all_known_corpora_of_a_folder_are_checked(corpora):
    result = check_corpora(Config(corpora_dir=corpora))
    assert [audit.name for audit in result.audits] == ["emodb"]
    told = " ".join(finding.text for finding in result.findings)
    assert "homemade. They hold a folder for each emotion" in told
    assert "--corpora=homemade" in told
    assert "no known corpora: unknown. Rename" in told
    assert "Archives are not read: savee.zip." in told
    assert "name not recognised: noise.wav" in told
    assert ".hidden" not in told
    (homemade,) = check_corpora(
        Config(corpora_dir=corpora, corpora=("homemade",))
    ).audits
    assert homemade.counts() == {"anger": 1, "sadness": 1}


def test_a_corpus_that_cannot_be_listed_is_a_finding_beside_others(corpora):
    (corpora / "ravdess").mkdir()
    result = check_corpora(Config(corpora_dir=corpora))
    assert [audit.name for audit in result.audits] == ["emodb"]
    assert result.findings[0].corpora == ("ravdess",)
    assert "holds no recording" in result.findings[0].text


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({}, "--corpora_dir=path/to/corpora"),
        ({"corpora_dir": "nowhere"}, "Cannot read --corpora_dir=nowhere"),
        ({"corpora": ("emodb=nowhere",)}, "There is no folder nowhere"),
        ({"corpora": ("emobd",)}, "Did you mean 'emodb'"),
        ({"corpora": ("savee=tfds:x",)}, "experiments.prepare and the same flags"),
        ({"corpora": ("synth_hall=x",)}, "experiments.prepare and the same flags"),
    ],
)
def test_wrong_usage_tells_the_remedy(config, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=re.escape(told)):
        check_corpora(Config(**config))


def test_what_lies_beside_is_told_where_nothing_can_be_listed(corpora):
    for path in (corpora / "EmoDB").iterdir():
        path.unlink()
    with pytest.raises(InputError) as raised:
        check_corpora(Config(corpora_dir=corpora))
    told = str(raised.value)
    for text in (
        "--corpora=homemade",
        "Archives are not read: savee.zip",
        "It is empty",
    ):
        assert text in told
    assert told.index("savee.zip") < told.index("It is empty")


@pytest.mark.parametrize("name", ["all", "Within", "my-corpus", "2nd", "a b"])
def test_advice_is_what_can_be_followed(corpora, name):
    (corpora / "homemade").rename(corpora / name)
    (note,) = [
        finding.text
        for finding in check_corpora(Config(corpora_dir=corpora)).findings
        if "folder for each emotion" in finding.text
    ]
    flag = shlex.split(note.rpartition("by that: ")[2].removesuffix("."))[0]
    assert flag == f"--corpora=mine={corpora / name}"
    entry = flag.removeprefix("--corpora=")
    (audit,) = check_corpora(Config(corpora=(entry,))).audits
    assert audit.counts() == {"anger": 1, "sadness": 1}


def test_names_that_are_no_text_are_shown_as_escapes(corpora, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii:strict")
    (corpora / "EmoDB" / "03a01Wa.wav").write_bytes(b"RIFF")
    os.rename(corpora, corpora.with_name("\udcff\u05e9"))
    result = run(
        "experiments.corpora",
        f"--corpora_dir={corpora.with_name(chr(0xDCFF) + chr(0x5E9))}",
        cwd=corpora.parent,
    )
    assert result.returncode == 0, result.stderr
    assert "1 of 6 recordings cannot be used" in result.stdout
    assert "\\xff\\u05e9/EmoDB/03a01Wa.wav: " in " ".join(result.stdout.split())


@pytest.mark.parametrize("flag", ["--html", "--json"])
def test_the_report_is_printed_though_a_file_cannot_be_written(corpora, capsys, flag):
    (corpora / "file").touch()
    wanted = {"--html": "/dev/full", "--json": f"{corpora}/file/x.json"}[flag]
    other = corpora / "other"
    good = f"--json={other}" if flag == "--html" else f"--html={other}"
    with flagsaver.flagsaver():
        arguments = ["corpora", f"--corpora_dir={corpora}", f"{flag}={wanted}", good]
        assert command.status(arguments) == 2
    told = capsys.readouterr()
    assert f"Cannot write {wanted}: " in told.err
    assert "Corpora: 1; recordings: 6;" in told.out
    assert other.stat().st_size > 1000


def test_no_device_is_replaced_by_a_file(corpora, capsys):
    os.mkfifo(corpora / "device")
    with flagsaver.flagsaver():
        arguments = [f"--corpora_dir={corpora}", f"--json={corpora}/device"]
        assert command.status(["corpora", *arguments]) == 2
    assert "/device is no ordinary file" in capsys.readouterr().err


def test_a_folder_without_known_corpora_says_what_is_there(corpora):
    with pytest.raises(InputError, match="holds no folder of a known corpus") as raised:
        check_corpora(Config(corpora_dir=corpora / "EmoDB"))
    assert "emodb" in str(raised.value)


def test_exit_statuses(corpora, tmp_path, capsys):
    def status(*arguments):
        with flagsaver.flagsaver():
            return command.status(["corpora", f"--corpora_dir={corpora}", *arguments])

    assert status(f"--html={tmp_path}") == 2
    told = capsys.readouterr()
    assert told.err == f"Error: --html={tmp_path} is a folder: name a file in it.\n"
    assert told.out == ""
    assert status("--corpora=emobd") == 2
    (corpora / "file").touch()
    assert status(f"--json={corpora}/file/all.json") == 2
    assert "Cannot write" in capsys.readouterr().err
    assert status() == 0
    assert status("--strict") == 1
    assert "Warnings:\n- emodb: 6 recordings" in capsys.readouterr().out
    assert status("--strict", "--corpora=homemade") == 1
    assert status("--help") == 0
    assert "--[no]strict" in capsys.readouterr().out


def test_an_interruption_is_told(corpora, monkeypatch, capsys):
    def interrupt(config):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "check_corpora", interrupt)
    with flagsaver.flagsaver():
        assert command.status(["corpora", f"--corpora_dir={corpora}"]) == 130
    assert capsys.readouterr().err == "Interrupted.\n"
