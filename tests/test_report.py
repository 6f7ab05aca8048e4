"""The report as a whole, from folders of runs to files."""

import csv
import json
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from damldg_jax.errors import InputError
from damldg_jax.significance import Interval
from experiments.report.command import main, make_report
from experiments.report.families import families
from experiments.report.figures.points import forest, lay_out
from experiments.report.margin_pictures import margin_figures
from experiments.report.paper_tables import paper_tables
from experiments.report.pictures import scores_figure
from experiments.report.pictures import test_figures as figures_of
from experiments.report.protocols import sort_by_protocol
from experiments.report.result_tables import transductive_notes
from experiments.report.run_folders import find_runs
from experiments.report.scores import cells
from tests.cli import run
from tests.fake_runs import utterances, write_left_out, write_run
from tests.html_page import parse


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A report of two methods that leave each of three corpora out."""
    place = tmp_path_factory.mktemp("report")
    write_left_out(place / "work")
    assert make_report([place / "work"], place / "report") == []
    return place


def test_the_page_needs_no_other_file_and_is_well_formed(made):
    text = (made / "report/report.html").read_text()
    parsed = parse(text)
    assert sum(tag == "svg" for tag, _ in parsed.tags) > 20
    links = re.findall(r'(?:src|srcset|href)="([^"]*)"', text)
    assert links
    # Beside places in the page there are cells of heat maps.
    here = ("#", "data:image/png;base64")
    assert [link for link in links if not link.startswith(here)] == []
    names = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
    assert len(names) == len(set(names))


def test_colours_of_the_page_are_those_of_its_ground(made):
    text = (made / "report/report.html").read_text()
    body = text[text.index("<body>") :]
    assert "var(--f3)" in body
    assert "#0072b2" not in body.lower()
    assert text.count("--f3:#0072B2") == 1
    assert text.count("--f3:#56B4E9") == 1


def test_every_figure_is_a_picture_with_text_and_has_its_data_beside_it(made):
    pictures = sorted((made / "report/figures").glob("*.svg"))
    kinds = {path.name.split("_")[0] for path in pictures}
    assert kinds == {
        *("uar", "confusion", "reliability", "energy", "embeddings"),
        *("loss", "validation", "gamma", "margins"),
    }
    for picture in pictures:
        root = ElementTree.fromstring(picture.read_text())
        assert any(element.tag.endswith("text") for element in root.iter()), picture
        with picture.with_suffix(".csv").open(newline="") as file:
            header, *rows = csv.reader(file)
        assert rows
        assert {len(row) for row in rows} == {len(header)}


def test_every_table_is_there_as_latex_and_csv(made):
    tables = made / "report/tables"
    names = {path.stem for path in tables.glob("*.tex")}
    assert names == {path.stem for path in tables.glob("*.csv")}
    assert names >= {
        *("I_within_corpus", "II_pacs", "II_english", "III_scenarios", "IV_scenarios"),
        *("overview_left_out_emodb_emovo_savee", "results_A", "recall_A"),
        *("comparisons_means_A", "comparisons_targets_A"),
    }
    for path in tables.glob("*.tex"):
        text = path.read_text()
        assert text.count(r"\begin{") == text.count(r"\end{") == 2
        ends = [line for line in text.splitlines() if line.endswith(r"\\")]
        assert len({line.count(" & ") for line in ends}) == 1


def test_published_figures_stand_in_the_tables(made):
    text = (made / "report/report.md").read_text()
    for printed in ("62.26", "88.75 ± 5.49", "94.73", "41.81", "64.11"):
        assert printed in text
    assert "not run" in text


def test_differences_from_the_paper_are_told(made):
    text = (made / "report/report.md").read_text()
    assert "a ResNet-10 instead of a ResNet-18" in text
    assert "2 trial(s) instead of ten" in text
    assert "10 epochs instead of 50" in text


def test_what_was_adapted_to_the_target_is_told_wherever_it_stands(tmp_path):
    adapted = {"transductive": True, "adapted": "batch_statistics+tent"}
    for trial, also in enumerate(({}, {}, adapted)):
        write_run(tmp_path, trial=trial, also=also)
    plain, tent = sort_by_protocol(find_runs([tmp_path]).runs)
    told = "Protocol B, TRANSDUCTIVE parameters, statistics: the target's unlabelled"
    for table in paper_tables([plain, tent], "last"):
        assert [note for note in table.notes if note.startswith(told)]
    assert not transductive_notes([plain])
    ((test, _),) = cells(tent)
    for protocol in (plain, tent):
        figures = {
            figure.name.partition("_")[0]: figure.caption
            for figure in (
                *margin_figures(protocol),
                *figures_of(protocol, test, "savee", "last"),
            )
        }
        for name in ("confusion", "reliability"):
            said = "TRANSDUCTIVE parameters, statistics: by" in figures[name]
            assert said == protocol.transductive
        for name in ("margins", "energy", "embeddings"):
            sentence = "statistics and parameters were adapted to the target (AdaBN, TE"
            assert (sentence in figures[name]) == (protocol is tent)


def test_inputs_that_the_target_normalised_are_told_wherever_it_stands(tmp_path):
    also = {"transductive": True, "normalization": "speaker"}
    for target, sources in (("savee", ("emodb",)), ("emodb", ("savee",))):
        for method in ("deep_all", "mldg"):
            write_run(tmp_path, target, sources, method, also=also)
    make_report([tmp_path], tmp_path / "report")
    text = (tmp_path / "report/report.md").read_text()
    kind = "TRANSDUCTIVE inputs"
    assert f"Which differences are more than noise, over targets, {kind}" in text
    (protocol,) = sort_by_protocol(find_runs([tmp_path]).runs)
    ((test, _), *_) = cells(protocol)
    figures = figures_of(protocol, test, "savee", "last")
    (family,) = families(of for of, _ in cells(protocol))
    figures.append(scores_figure(protocol, family, "last"))
    assert len(figures) == 5
    for figure in figures:
        assert figure.caption.endswith(
            f"{kind}: by the target's unlabelled recordings."
        )


def test_the_same_runs_give_the_same_files(tmp_path):
    for trial in range(2):
        write_run(tmp_path / "w", trial=trial, method="da_mldg")
    for name in ("first", "again"):
        make_report([tmp_path / "w"], tmp_path / name)
    first, again = files(tmp_path / "first"), files(tmp_path / "again")
    assert first.keys() == again.keys()
    assert [name for name in first if first[name] != again[name]] == []


def test_names_from_data_are_escaped_everywhere(tmp_path):
    hostile = '<script>alert("1")</script>|*_&%$#{}\\'
    people = [{**row, "speaker": hostile} for row in utterances("savee")]
    also = {"title": hostile}
    for trial in range(2):
        write_run(
            tmp_path / "w",
            trial=trial,
            method="odd",
            also=also,
            corpora={"savee": people},
        )
    make_report([tmp_path / "w"], tmp_path / "r")
    assert "<script" not in (tmp_path / "r/report.html").read_text()
    assert "<script" not in (tmp_path / "r/report.md").read_text()
    table = (tmp_path / "r/tables/results_A.tex").read_text()
    assert r"\textbar" in table or r"|" in table
    assert re.search(r"(?<!\\)[%$#](?!\\pm)", table.replace(r"$\pm$", "")) is None
    for picture in (tmp_path / "r/figures").glob("*.svg"):
        assert "<script" not in picture.read_text()


def test_what_has_neither_metrics_nor_energies_is_told_all_the_same(tmp_path):
    folder = write_run(tmp_path / "w", method="svm", also={"title": "Linear SVM"})
    # Nor, then, anything that takes long to draw.
    for name in ("metrics.jsonl", "sources.csv", "embeddings.npz"):
        (folder / name).unlink()
    make_report([tmp_path / "w"], tmp_path / "r")
    assert "Linear SVM" in (tmp_path / "r/report.md").read_text()


def test_what_has_no_best_step_is_left_open(tmp_path):
    write_run(tmp_path / "w")
    folder = write_run(tmp_path / "w", method="svm", also={"title": "Linear SVM"})
    entries = json.loads((folder / "result.json").read_text())
    last = [entry for entry in entries if entry["selection"] == "last"]
    (folder / "result.json").write_text(json.dumps(last))
    for name in ("metrics.jsonl", "sources.csv", "embeddings.npz"):
        (folder / name).unlink()
    make_report([tmp_path / "w"], tmp_path / "r", "best")
    (table,) = (tmp_path / "r/tables").glob("overview_*.csv")
    rows = list(csv.reader(table.read_text(encoding="utf-8").splitlines()))
    assert [row[-1] for row in rows if "Linear SVM" in row] == ["-"]


@pytest.mark.parametrize("value", [1.0, np.nan, np.inf])
def test_embeddings_that_cannot_be_laid_out_are_not_drawn(value):
    corpora = np.array(["a"] * 50)
    assert lay_out(np.full((50, 4), value), corpora, corpora) is None
    some = np.random.default_rng(0).normal(size=(50, 4))
    some[0] = value
    places, *_ = lay_out(some, corpora, corpora)
    assert len(places) == 50 - (not np.isfinite(value))


def test_an_interval_beside_its_value_is_drawn():
    odd = {
        "a": {
            "M": Interval(0.9, 0.5, 0.5, 0.1, ""),
            "N": Interval(0.5, *[np.nan] * 3, ""),
        }
    }
    assert forest("uar", "UAR", "UAR", odd, {"a": 0.2})


@pytest.mark.parametrize("name", ["embeddings.npz", "predictions.csv", "result.json"])
def test_any_damage_is_named(tmp_path, name):
    folder = write_run(tmp_path / "w")
    whole, rng = (folder / name).read_bytes(), np.random.default_rng(0)
    for _ in range(60):
        content = bytearray(whole)
        content[rng.integers(len(content))] ^= 1 << rng.integers(8)
        (folder / name).write_bytes(content)
        try:
            assert len(find_runs([tmp_path / "w"]).runs) == 1
        except InputError as error:
            assert f"{folder} is damaged" in str(error)  # noqa: PT017 - some are not


def test_the_command_prints_where_the_page_is_and_what_was_left_out(tmp_path):
    write_run(tmp_path / "w")
    broken = write_run(tmp_path / "w", trial=1)
    (broken / "result.json").write_text("[{")
    done = run("experiments.report", "w", "--output=out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "out/report.html"
    assert f"w/{broken.relative_to(tmp_path / 'w')} is damaged" in done.stderr


def test_what_to_run_first_is_told(tmp_path):
    with pytest.raises(InputError, match="Name the work directories"):
        main([])
    with pytest.raises(InputError, match=r"There is no folder .*nothing. Train first"):
        make_report([tmp_path / "nothing"], tmp_path / "r")
    with pytest.raises(InputError, match=r"There is no finished run in .* Train first"):
        make_report([tmp_path], tmp_path / "r")
