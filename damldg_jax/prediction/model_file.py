"""The file of a trained model: safetensors, with its description in the header.

Tensors have the paths of parameters and statistics for names, such as
``params/encoder/stem/kernel``; ``normalization/shift`` and ``scale``, and
``reference/...``, are there where there is something of the kind. The header's
``damldg_jax`` is the description as JSON. Nothing in the file is code.
"""

import dataclasses
import json
import pathlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from damldg_jax.errors import InputError
from damldg_jax.moments import Moments
from damldg_jax.normalization import NORMALIZATIONS
from damldg_jax.prediction.description import VERSION, Description, parse
from damldg_jax.prediction.familiarity import Reference
from damldg_jax.types import BatchStats, Params

KEY = "damldg_jax"
# A variance by which is divided is not zero.
_TINY = float(np.finfo(np.float32).tiny)
_PRIOR = "normalization/frames"
_LEAST = {
    **{"var": 0.0, "variances": _TINY, "rest": _TINY, "count": 1.0},
    **{"normalization/scale": _TINY, _PRIOR: _TINY},
}
SUFFIX = ".safetensors"


class Contents(NamedTuple):
    """What a model's file holds.

    Attributes:
      description: of the model.
      params: theta, float32 in host memory.
      batch_stats: statistics to predict with, likewise.
      shift: [features], taken from each frame, where training has fixed one, or of
        what is believed of a speaker or corpus that has not been heard; or None.
      scale: [features], by which the difference is multiplied; None with ``shift``.
      reference: what familiarity is measured by, or None.
      prior_frames: what that belief weighs, in frames; None without one.
    """

    description: Description
    params: Params
    batch_stats: BatchStats
    shift: np.ndarray | None = None
    scale: np.ndarray | None = None
    reference: Reference | None = None
    prior_frames: float | None = None

    @property
    def prior(self) -> Moments | None:
        """What is believed of a speaker or corpus that has not been heard."""
        if self.prior_frames is None:
            return None
        mean, scale = self.shift.astype(np.float64), self.scale.astype(np.float64)
        return Moments(self.prior_frames, mean, self.prior_frames / scale**2)


def encode(contents: Contents) -> bytes:
    """Makes the file of a model; the same contents make the same bytes.

    Args:
      contents: of the file.

    Returns:
      The file.
    """
    from safetensors.numpy import save

    description = dataclasses.asdict(contents.description)
    # Of several keys the order would be by chance.
    header = {KEY: json.dumps({"version": VERSION, **description}, sort_keys=True)}
    tensors = {
        **named("params", contents.params),
        **named("batch_stats", contents.batch_stats),
    }
    if contents.shift is not None:
        tensors |= {
            "normalization/shift": contents.shift,
            "normalization/scale": contents.scale,
        }
    if contents.prior_frames is not None:
        tensors[_PRIOR] = np.float32(contents.prior_frames)
    if contents.reference is not None:
        arrays = contents.reference._asdict()
        tensors |= {f"reference/{name}": array for name, array in arrays.items()}
    whole = {n: np.ascontiguousarray(x) for n, x in tensors.items()}
    return save({n: x.reshape(np.shape(tensors[n])) for n, x in whole.items()}, header)


def named(kind: str, tree: Any) -> dict[str, np.ndarray]:
    """The arrays of nested dictionaries by their paths.

    Args:
      kind: the first part of each path.
      tree: nested dictionaries of arrays.

    Returns:
      Arrays in host memory by name.
    """
    return {name: np.asarray(x) for name, x in _leaves(kind, tree)}


def _leaves(kind: str, tree: Any) -> list[tuple[str, Any]]:
    """Leaves by their paths, in the order in which trees are flattened."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
    return [("/".join((kind, *(k.key for k in keys))), leaf) for keys, leaf in leaves]


def describe(path: pathlib.Path) -> Description | None:
    """Reads the description of a model alone.

    Args:
      path: of a file in safetensors.

    Returns:
      The description; None if the file has none, and is no model of ours.

    Raises:
      InputError: the file cannot be read, or its description is damaged.
    """
    header, _ = _read(path, tensors=False)
    return None if header is None else _parse(path, header)


def decode(path: pathlib.Path) -> Contents:
    """Reads the file of a model and checks all that is in it.

    Args:
      path: of the file.

    Returns:
      Its contents.

    Raises:
      InputError: the file is not there, damaged, no model, or its tensors are not those
        of the network that it says it is; it names the first.
    """
    header, tensors = _read(path)
    if header is None:
        raise InputError(
            f"{path} is no model of this program: its header has no '{KEY}'. Models "
            "lie in a run's folder under models/; weights of other programs only begin "
            "a training, by --init_from."
        )
    description = _parse(path, header)
    params, batch_stats = jax.eval_shape(description.build().init, jax.random.key(0))
    wanted = _shapes("params", params) | _shapes("batch_stats", batch_stats)
    rule = NORMALIZATIONS[description.normalization]
    believes = rule is not None and (
        rule.past_only or (rule.transductive and _PRIOR in tensors)
    )
    if believes or (rule is not None and rule.learnt):
        names = "normalization/shift", "normalization/scale"
        wanted |= dict.fromkeys(names, (description.num_features,))
    if believes:
        wanted[_PRIOR] = ()
    if "reference/centers" in tensors:
        channels = params["classifier"]["kernel"].shape[0]
        wanted |= _shapes_of_reference(tensors, len(description.domains), channels)
    _check(path, tensors, wanted)
    _check_values(path, tensors)

    def taken(kind: str, tree: Any) -> Any:
        found = [tensors[name] for name, _ in _leaves(kind, tree)]
        return jax.tree.unflatten(jax.tree.structure(tree), found)

    reference = None
    if "reference/centers" in tensors:
        reference = Reference(*(tensors[f"reference/{n}"] for n in Reference._fields))
    return Contents(
        description,
        taken("params", params),
        taken("batch_stats", batch_stats),
        tensors.get("normalization/shift"),
        tensors.get("normalization/scale"),
        reference,
        float(tensors[_PRIOR]) if believes else None,
    )


def _read(
    path: pathlib.Path, tensors: bool = True
) -> tuple[str | None, dict[str, np.ndarray]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            header = (file.metadata() or {}).get(KEY)
            names = list(file.keys()) if tensors and header is not None else []
            return header, {name: file.get_tensor(name) for name in names}
    except (OSError, SafetensorError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} cannot be read as a model in safetensors ({error}). Copy it anew, "
            "or name a run's folder."
        ) from error


def _parse(path: pathlib.Path, header: str) -> Description:
    try:
        return parse(json.loads(header))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is no model that can be used: {error}.") from error


def _shapes(kind: str, tree: Any) -> dict[str, tuple[int, ...]]:
    return {name: x.shape for name, x in _leaves(kind, tree)}


def _shapes_of_reference(
    tensors: Mapping[str, np.ndarray], domains: int, channels: int
) -> dict[str, tuple[int, ...]]:
    variances = tensors.get("reference/variances", np.zeros(0))
    k = len(variances) if variances.ndim else 0
    quantiles = (101,)
    shapes = ((domains, channels), (channels, k), (k,), (), quantiles, quantiles, ())
    names = (f"reference/{name}" for name in Reference._fields)
    return dict(zip(names, shapes, strict=True))


def _check(
    path: pathlib.Path,
    tensors: Mapping[str, np.ndarray],
    wanted: Mapping[str, tuple[int, ...]],
) -> None:
    """Refuses tensors that are not those of the network."""
    different = sorted(tensors.keys() ^ wanted.keys())
    if different:
        which = "lacks" if different[0] in wanted else "is too many"
        raise InputError(
            f"{path}: '{different[0]}' {which} ({len(different)} in all), by what the "
            "file says the model is. It is damaged or made by another program."
        )
    for name, tensor in tensors.items():
        if tensor.shape != wanted[name] or tensor.dtype != np.float32:
            raise InputError(
                f"{path}: '{name}' is {tensor.dtype} {list(tensor.shape)}, and by what "
                f"the file says the model is it must be float32 {list(wanted[name])}."
            )


def _check_values(path: pathlib.Path, tensors: Mapping[str, np.ndarray]) -> None:
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise InputError(f"{path}: '{name}' holds what are no finite numbers.")
        last = name.rpartition("/")[2]
        least = _LEAST.get(name, _LEAST.get(last, -np.inf))
        if (tensor < least).any():
            raise InputError(f"{path}: '{name}' holds numbers that are too small.")
