"""Stand-in for the files of models, until `damldg_jax.model_file` writes them."""

import json
from typing import Any

import numpy as np
from flax.traverse_util import flatten_dict

from damldg_jax.training import TrainState
from experiments.checkpoints import Best
from experiments.programs import Programs
from experiments.runs import Run
from experiments.unseen import seen_in


def write_models(run: Run, programs: Programs, state: TrainState, best: Best) -> None:
    """Writes ``models/last.safetensors`` and ``best.safetensors`` of a run."""
    last = Best(state.params, state.batch_stats, int(state.step), 0.0)
    for name, chosen in {"last": last, "best": best}.items():
        _write(run, programs, chosen, name)


def _write(run: Run, programs: Programs, best: Best, name: str) -> None:
    from safetensors.numpy import save_file

    config, target = programs.config, programs.dataset.target
    tree = {"params": best.params, "batch_stats": best.batch_stats}
    tensors = {
        key: np.ascontiguousarray(value)
        for key, value in flatten_dict(tree, sep="/").items()
    }
    content: dict[str, Any] = {
        "version": 1,
        "features": {"name": config.features},
        "network": {
            "name": config.network,
            "depth": config.model_depth,
            "width": config.model_width,
            "norm": config.network_norm,
            "num_outputs": target.num_outputs,
            "num_features": config.extractor.num_features,
            "channels": config.extractor.channels,
        },
        "target": {"kind": target.kind, "classes": target.classes},
        "normalization": config.normalization,
        "training": {
            "sources": run.split.sources,
            "target": run.split.target,
            "method": run.method,
            "seed": run.seed,
            "step": best.step,
            "seen": seen_in(run, config),
        },
    }
    folder = run.folder / "models"
    folder.mkdir(exist_ok=True)
    metadata = {"damldg_jax": json.dumps(content)}
    save_file(tensors, folder / f"{name}.safetensors", metadata)
