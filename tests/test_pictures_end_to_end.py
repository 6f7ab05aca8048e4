"""Pictures through the same commands as recordings."""

import json

import numpy as np
from PIL import Image, ImageDraw

from damldg_jax.corpora.pictures import PACS, PACS_CLASSES
from tests.cli import run


def test_digits_are_learnt_at_an_angle_never_seen(tmp_path):
    done = run(
        "experiments.main",
        *("--corpora_dir=digits", "--data_dir=records", "--workdir=work"),
        *("--corpora=digits_0,digits_15,digits_30,digits_45", "--target=digits_15"),
        *("--target_kind=digits", "--features=grey32", "--methods=deep_all"),
        *("--model_depth=10", "--model_width=4", "--steps=80", "--batch_size=30"),
        *("--learning_rate=0.02", "--evaluate_every=80"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "work/results.json").read_text())
    assert results["synthetic"] is False
    last = {e["method"]: e["uar"] for e in results["runs"] if e["selection"] == "last"}
    # Guessing gives 0.1.
    assert last["deep_all"] > 0.5


def draw_pacs(folder):
    """A tree of PACS with two drawings of each class in each domain."""
    rng = np.random.default_rng(0)
    for domain in PACS:
        for number, title in enumerate(PACS_CLASSES):
            (folder / domain / title).mkdir(parents=True)
            for copy in range(2):
                ground = tuple(rng.integers(0, 255, 3).tolist())
                image = Image.new("RGB", (60, 50), ground)
                pen = ImageDraw.Draw(image)
                pen.regular_polygon((30, 25, 15), number + 3, fill="white")
                image.save(folder / domain / title / f"pic_{copy}.jpg")


def test_the_flagfile_of_pacs_runs_on_a_tree_of_its_kind(tmp_path):
    from tests.cli import ROOT

    draw_pacs(tmp_path / "pacs")
    flagfile = ROOT / "experiments/flagfiles/pacs.flags"
    done = run(
        "experiments.main",
        *(f"--flagfile={flagfile}", "--corpora_dir=pacs", "--methods=deep_all"),
        # One of its four targets is enough here.
        *("--scenario=", f"--corpora={','.join(PACS)}", "--target=sketch"),
        *("--trials=1", "--epochs=1", "--batch_size=6", "--model_depth=10"),
        *("--model_width=2", "--validation_fraction=0"),
        "--evaluation_statistics=running",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "sketch" in done.stdout
    account = next((tmp_path / "runs/pacs").rglob("run.json"))
    assert json.loads(account.read_text())["features"] == "rgb224"
