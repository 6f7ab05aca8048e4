"""What must be known of a trained model beside its numbers."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

from damldg_jax.assembly import COMPUTE_DTYPES, Network
from damldg_jax.models import STAGE_SIZES
from damldg_jax.networks import NETWORKS, NetworkSettings, check
from damldg_jax.normalization import NORMALIZATIONS
from damldg_jax.objectives import CLASSES, DIMENSION_LOSSES, Objective, dimensions

VERSION = 1
_CHOICES = {"depth": tuple(STAGE_SIZES), "compute_dtype": tuple(COMPUTE_DTYPES)}
# What the networks of earlier versions were, whose files tell nothing of it.
_IMPLIED = {"blocks": 1, "last_norm": False}
# No layer of a network that fits into a machine is larger.
_LARGEST = 100_000


@dataclasses.dataclass(frozen=True)
class Description:
    """All that a model's file says of it, as JSON can store it.

    Attributes:
      features: settings of the features, their name among them.
      network: key of ``NETWORKS``.
      network_settings: fields of ``NetworkSettings``.
      num_features: size of the feature axis.
      channels: into which the network unfolds that axis.
      silence: input value that stands for no sound.
      min_frames: shorter utterances are padded to this length.
      normalization: key of ``NORMALIZATIONS``.
      target: what is told, such as ``"emotion"``.
      classes: names of the classes, or of the dimensions.
      dimension_bins: over which each dimension is a distribution; None for classes.
      domains: corpora that it was trained on.
      training: how it came about and how well it does, for who reads it.
    """

    features: Mapping[str, Any]
    network: str
    network_settings: Mapping[str, Any]
    num_features: int
    channels: int
    silence: float
    min_frames: int
    normalization: str
    target: str
    classes: Sequence[str]
    dimension_bins: int | None
    domains: Sequence[str]
    training: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def objective(self) -> Objective:
        """What the outputs mean."""
        if self.dimension_bins is None:
            return CLASSES
        # What values are held to in training does not count any more.
        return dimensions(self.dimension_bins, DIMENSION_LOSSES["mse"])

    @property
    def settings(self) -> NetworkSettings:
        """Those of the network."""
        given = _IMPLIED | dict(self.network_settings)
        return NetworkSettings(**given | {"hidden_units": tuple(given["hidden_units"])})

    def build(self, for_cpu: bool | None = None) -> Network:
        """Builds the network; ``for_cpu`` is that of ``models.resnet``."""
        return NETWORKS[self.network].factory(
            self.settings,
            len(self.classes) * (self.dimension_bins or 1),
            self.num_features,
            channels=self.channels,
            silence=self.silence,
            for_cpu=for_cpu,
            objective=self.objective,
        )


# Each field's type, as JSON has it.
_TYPES = {
    "features": dict,
    "network": str,
    "network_settings": dict,
    "num_features": int,
    "channels": int,
    "silence": float | int,
    "min_frames": int,
    "normalization": str,
    "target": str,
    "classes": list,
    "dimension_bins": int | None,
    "domains": list,
    "training": dict,
}


def parse(content: object) -> Description:
    """Reads a description, which may come from a stranger.

    Args:
      content: of the JSON.

    Returns:
      The description.

    Raises:
      ValueError: a part lacks or is none that there can be; it names the first.
    """
    if not isinstance(content, dict):
        raise ValueError("its description is no JSON object")
    if content.get("version") != VERSION:
        raise ValueError(
            f"it is of version {content.get('version')}, and this program reads "
            f"version {VERSION}"
        )
    for name, kind in _TYPES.items():
        value = content.get(name)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ValueError(f"its '{name}' is {value!r:.60}")
    _check_network(content["network"], content["network_settings"])
    _check_words(content)
    _check_sizes(content)
    if content["normalization"] not in NORMALIZATIONS:
        raise ValueError(f"it has the normalization {content['normalization']!r:.60}")
    return Description(**{name: content[name] for name in _TYPES})


def _check_words(content: Mapping[str, Any]) -> None:
    """Refuses what would be shown and is no text."""
    synthetic = content["training"].get("synthetic", [])
    if not isinstance(synthetic, list):
        raise ValueError("its 'synthetic' is no list")
    words = [*content["classes"], *content["domains"], *synthetic, content["target"]]
    words.append(content["features"].get("name"))
    # Nor is a terminal to be told what to do.
    if not all(isinstance(word, str) and word.isprintable() for word in words):
        raise ValueError(
            "its classes, domains or features have names that are no words"
        )
    if not content["classes"] or len(set(content["classes"])) < len(content["classes"]):
        raise ValueError("it has no classes, or two of one name")


def _check_sizes(content: Mapping[str, Any]) -> None:
    """Refuses numbers of which there is no model."""
    for name in ("num_features", "channels", "min_frames"):
        if not 0 < content[name] < _LARGEST:
            raise ValueError(f"its '{name}' is {content[name]!r:.60}")
    if not 2 <= (content["dimension_bins"] or 2) < _LARGEST:
        raise ValueError(f"its 'dimension_bins' is {content['dimension_bins']!r:.60}")
    if content["num_features"] % content["channels"]:
        raise ValueError("its features do not divide into channels")
    if not math.isfinite(content["silence"]):
        raise ValueError("its 'silence' is no number")


def _check_network(name: str, settings: Mapping[str, Any]) -> None:
    """Refuses settings of a network that there is none of."""
    if name not in NETWORKS:
        raise ValueError(f"its network is {name!r:.60}")
    default = dataclasses.asdict(NetworkSettings())
    settings = _IMPLIED | settings
    if settings.keys() != default.keys():
        changed = sorted(settings.keys() ^ default.keys())
        raise ValueError(
            f"its network has other settings than ours ({changed[0]!r:.60})"
        )
    for key, value in settings.items():
        kind = list if key == "hidden_units" else type(default[key])
        if type(value) is not kind or value not in _CHOICES.get(key, (value,)):
            raise ValueError(f"its network's '{key}' is {value!r:.60}")
    sizes = [settings["width"], settings["micro_batches"], *settings["hidden_units"]]
    if not all(type(size) is int and 0 < size < _LARGEST for size in sizes):
        raise ValueError(f"its network has layers of sizes {sizes!r:.60}")
    check(name, NetworkSettings(**settings))
