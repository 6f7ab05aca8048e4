"""Puts the tensors of a file into a network, if they are all and only its own."""

import collections
from collections.abc import Iterator, Mapping
from typing import Any

import jax
import numpy as np

from damldg_jax.errors import InputError
from damldg_jax.initial_weights.signature import Content, Found, Loaded, Place
from damldg_jax.initial_weights.stem import CHANNELS, STEM
from damldg_jax.norms import EPSILON
from damldg_jax.types import BatchStats, Params


def match(
    source: str,
    title: str,
    content: Content,
    params: Params,
    batch_stats: BatchStats,
    channels: str,
) -> Loaded:
    """Puts the tensors of a file into a network.

    Args:
      source: the flag and the path, for messages.
      title: of its format.
      content: of the file.
      params: of the network, or their shapes and dtypes; the classifier stays.
      batch_stats: likewise.
      channels: a key of ``CHANNELS``.

    Returns:
      The weights.

    Raises:
      InputError: the tensors are not finite numbers, variances are negative, or they
        are not those of this network.
    """
    part = content.part
    leaves = (
        *_leaves(params.get("encoder", {}), ("params", "encoder")),
        *_leaves(batch_stats, ("batch_stats",)),
    )
    targets = {place: x for place, x in leaves if place[: len(part)] == part}
    _check_numbers(source, content)
    _check_twins(source, content.places)
    found = dict(content.fold(_placed(content)))
    _check_names(source, content, found, targets)
    notes = (*content.notes, *_fit_stem(found, targets, channels))
    names = {place: name for name, place in content.places.items()}
    for place, tensor in found.items():
        if tensor.shape != targets[place].shape:
            told = f"'{names[place]}' makes {list(tensor.shape)}"
            raise _of_another_shape(source, told, place, found, targets)
    weights = {
        place: _cast(source, names[place], place, tensor, targets[place].dtype)
        for place, tensor in found.items()
    }

    def exchanged(tree: Params, *above: str) -> Params:
        return jax.tree_util.tree_map_with_path(
            lambda keys, x: weights.get((*above, *(key.key for key in keys)), x), tree
        )

    new = [place for place, _ in _leaves(params) if ("params", *place) not in weights]
    return Loaded(
        {**params, "encoder": exchanged(params["encoder"], "params", "encoder")},
        exchanged(batch_stats, "batch_stats"),
        title=title,
        taken=tuple(sorted(content.tensors)),
        left_out=tuple(sorted(content.left_out)),
        new=tuple("/".join(place) for place in new),
        notes=notes,
        metadata=content.metadata,
    )


def _leaves(tree: Mapping[str, Any], path: Place = ()) -> Iterator[tuple[Place, Any]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*path, name))
        else:
            yield (*path, name), value


def _placed(content: Content) -> Found:
    """Tensors by their places; those without one have a place that no network has."""
    return {
        content.places[name] or ("", name): tensor
        for name, tensor in content.tensors.items()
    }


def _check_numbers(source: str, content: Content) -> None:
    for name, tensor in content.tensors.items():
        if tensor.dtype.kind != "f" or not np.isfinite(tensor).all():
            raise InputError(
                f"{source}: '{name}' ({tensor.dtype}) holds what are no finite numbers."
            )
        if _is_variance(content.places[name]) and (tensor < 0).any():
            raise InputError(f"{source}: '{name}' holds negative variances.")


def _is_variance(place: Place | None) -> bool:
    return place is not None and (place[0], place[-1]) == ("batch_stats", "var")


def _cast(
    source: str, name: str, place: Place, tensor: np.ndarray, dtype: np.dtype
) -> np.ndarray:
    """What is taken of a tensor, if it is still made of numbers to compute with."""
    with np.errstate(over="ignore"):
        cast = tensor.astype(dtype)
    # A smaller epsilon than ours may have made variances of 0 a little negative.
    sound = cast > -EPSILON if _is_variance(place) else True
    if not (np.isfinite(cast) & sound).all():
        raise InputError(
            f"{source}: what '{name}' comes to here is not finite in "
            f"{np.dtype(dtype)}, or a negative variance. Numbers or the epsilon of the "
            "file are none that a network can have."
        )
    return cast


def _check_twins(source: str, places: Mapping[str, Place | None]) -> None:
    names = collections.defaultdict(list)
    for name, place in places.items():
        if place:
            names[place].append(name)
    for place, its in names.items():
        if len(its) > 1:
            raise InputError(
                f"{source} holds more than one network: {', '.join(its)} "
                f"all belong in {'/'.join(place)}. Save that one of them alone which "
                "is to be begun with."
            )


def _check_names(
    source: str, content: Content, found: Found, targets: Mapping[Place, Any]
) -> None:
    names = {place: name for name, place in content.places.items()}
    strangers = [names.get(p, p[-1]) for p in found.keys() - targets.keys()]
    lacking = ["/".join(place) for place in targets.keys() - found.keys()]
    if strangers or lacking:
        told = []
        if lacking:
            told.append(f"{len(lacking)} of the network lack, such as {min(lacking)}")
        if strangers:
            told.append(f"{len(strangers)} are too many, such as {min(strangers)}")
        raise InputError(
            f"{source}: its tensors are not those of this network: "
            f"{'; '.join(told)}. {content.remedy}"
        )


def _fit_stem(
    found: dict[Place, np.ndarray], targets: Mapping[Place, Any], channels: str
) -> tuple[str, ...]:
    """Gives the first layer the channels of the inputs, if that is asked for."""
    if STEM not in found or found[STEM].ndim != 4:
        return ()
    before = found[STEM].shape[2]
    found[STEM] = CHANNELS[channels](found[STEM], targets[STEM].shape[2])
    if found[STEM].shape[2] == before:
        return ()
    return (f"The {before} input channels of the first layer are summed into one.",)


def _of_another_shape(
    source: str,
    told: str,
    place: Place,
    found: Found,
    targets: Mapping[Place, Any],
) -> InputError:
    wanted = targets[place].shape
    return InputError(
        f"{source}: {told}, and this network has {list(wanted)}. "
        f"{_remedy_of_shape(found, targets)}"
    )


def _remedy_of_shape(found: Found, targets: Mapping[Place, Any]) -> str:
    if STEM not in found or found[STEM].ndim != 4:
        return "--hidden_units and --features must be those of the file."
    *_, has, width = found[STEM].shape
    *_, needs, own_width = targets[STEM].shape
    if width != own_width:
        return f"The file's network has --model_width={width}."
    if needs == 1:
        return (
            f"Its first layer is for inputs of {has} channels: --init_channels=sum "
            "sums them into the one of these --features."
        )
    return (
        f"Its first layer is for inputs of {has} channel(s), and these --features have "
        f"{needs}: choose features of as many."
    )
