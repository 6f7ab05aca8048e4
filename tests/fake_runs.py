"""Folders of finished runs, made up from random numbers, to test the report."""

import csv
import json
from pathlib import Path

import numpy as np

from damldg_jax.metrics import score_probabilities
from damldg_jax.reports import CLASS_REPORT

CLASSES = ("anger", "happiness", "sadness")
CORPORA = ("emodb", "emovo", "savee")
VERSIONS = {"damldg_jax": "0.1.0", "jax": "0.10.2", "numpy": "2.4.0"}


def utterances(corpus: str, speakers: int = 6, each: int = 6) -> list[dict]:
    """Names, speakers and labels of a corpus."""
    return [
        {
            "utterance": f"{corpus}_s{speaker}_{number}",
            "speaker": f"s{speaker}",
            "label": CLASSES[number % len(CLASSES)],
        }
        for speaker in range(speakers)
        for number in range(each)
    ]


def write_run(
    workdir: Path,
    target: str = "savee",
    sources: tuple[str, ...] = ("emodb", "emovo"),
    method: str = "deep_all",
    trial: int = 0,
    skill: float = 1.0,
    corpora: dict[str, list[dict]] | None = None,
    account: dict | None = None,
    versions: dict | None = None,
    also: dict | None = None,
) -> Path:
    """Writes the files of a run that tells classes apart with some skill."""
    folder = workdir / "runs" / f"{'+'.join(sources)}-to-{target}" / method
    folder = folder / f"trial_{trial}"
    folder.mkdir(parents=True)
    key = f"{target}{sources}{method}{trial}"
    rng = np.random.default_rng([*key.encode()])
    known = {name: utterances(name) for name in (*sources, target)} | (corpora or {})
    entries, rows = [], []
    for selection in ("last", "best"):
        entry, told = _predict(known[target], skill, rng)
        identity = {
            **{"scenario": "leave_one_out", "sources": list(sources)},
            **{"target": target, "method": method, "trial": trial, "seed": trial},
            **{"selection": selection, "step": 40, "split_hash": target},
            **{"normalization": "none", "transductive": False},
        }
        entries.append({**identity, **entry, "seconds": 1.0, **(also or {})})
        rows += [{"selection": selection, **row} for row in told]
    _csv(folder / "predictions.csv", rows)
    _json(folder / "result.json", entries)
    _sources(folder, sources, known, skill, rng)
    _embeddings(folder, (*sources, target), known, target, rng)
    _metrics(folder, sources, method, rng)
    base = {
        **{"features": "log_mel", "model_depth": 10, "model_width": 8},
        **{"sources": list(sources), "target": target, "method": method},
        **{"seed": trial, "steps": 40, "batch_size": 12, "train_utterances": 48},
        "data": {name: f"hash of {name}" for name in (*sources, target)},
    }
    _json(folder / "run.json", {**base, **(account or {})})
    circumstances = {
        "versions": versions or VERSIONS,
        "devices": ["cpu"],
        "feature_settings": {name: {"name": "log_mel"} for name in known},
        "classes": list(CLASSES),
        "synthetic": [],
    }
    _json(folder / "circumstances.json", circumstances)
    return folder


def write_left_out(workdir: Path, methods=("deep_all", "da_mldg"), trials=2, **options):
    """Writes runs that leave each of three corpora out in turn."""
    for target in CORPORA:
        sources = tuple(name for name in CORPORA if name != target)
        for method in methods:
            for trial in range(trials):
                skill = 2.0 if method == "da_mldg" else 1.0
                write_run(workdir, target, sources, method, trial, skill, **options)


def _predict(corpus, skill, rng):
    labels = np.array([CLASSES.index(row["label"]) for row in corpus])
    logits = rng.normal(size=(len(labels), len(CLASSES)))
    logits[np.arange(len(labels)), labels] += skill
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    probabilities = probabilities.round(6)
    scores = score_probabilities(labels, probabilities)
    entry = json.loads(json.dumps(CLASS_REPORT.entry(scores, CLASSES), default=_plain))
    energies = np.log(np.exp(logits).sum(axis=1))
    header, *told = CLASS_REPORT.predictions(CLASSES, labels, probabilities)
    rows = [
        {
            **{name: row[name] for name in ("utterance", "speaker")},
            **dict(zip(header, cells, strict=True)),
            "energy": f"{energy:.6f}",
        }
        for row, cells, energy in zip(corpus, told, energies, strict=True)
    ]
    return entry, rows


def _sources(folder, sources, known, skill, rng):
    rows = []
    for name in sources:
        _, told = _predict(known[name], skill, rng)
        for row in told:
            side = "validation" if row["speaker"] in ("s0", "s1") else "train"
            rows.append({"corpus": name, "side": side, **row})
    _csv(folder / "sources.csv", rows)


def _embeddings(folder, corpora, known, target, rng):
    rows = [(name, row) for name in corpora for row in known[name][:20]]
    labels = np.array([CLASSES.index(row["label"]) for _, row in rows])
    embedding = rng.normal(size=(len(rows), 8)) + labels[:, None]
    np.savez(
        folder / "embeddings.npz",
        embedding=embedding.astype(np.float16),
        corpus=[name for name, _ in rows],
        utterance=[row["utterance"] for _, row in rows],
        side=["test" if name == target else "train" for name, _ in rows],
        label=labels.astype(np.int32),
    )


def _metrics(folder, sources, method, rng):
    lines = []
    for step in range(1, 41):
        line = {"step": step, "loss": 2.0 - step / 40 + 0.1 * rng.normal()}
        if method == "da_mldg":
            held_out = [sources[step % len(sources)]]
            line |= {"gamma": abs(rng.normal()), "held_out": held_out}
        lines.append(line)
        if step % 10 == 0:
            lines.append({"step": step, "validation_uar": step / 80})
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "metrics.jsonl").write_text(text)


def _csv(path, rows):
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def _json(path, content):
    path.write_text(json.dumps(content))


def _plain(value):
    return value.tolist()
