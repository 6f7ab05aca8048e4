"""What a step can compute, and how much arithmetic each objective asks for.

Nothing here needs JAX: peers of other frameworks read it too.
"""

from typing import NamedTuple


class Passes(NamedTuple):
    """What a step does with the samples, counted as ``flop.py`` says.

    Attributes:
      train_gradients: gradients over the samples of S'.
      test_gradients: over those of V.
      train_forwards: passes over S' without a gradient.
      train_tangents: tangent maps of a gradient over S'.
    """

    train_gradients: int = 1
    test_gradients: int = 1
    train_forwards: int = 0
    train_tangents: int = 0


class Variant(NamedTuple):
    """What a step computes.

    Attributes:
      method: key of ``damldg_jax.algorithms.ALGORITHMS``.
      meta: whether there is a virtual update.
      margin: whether gamma is the domain-shift margin, and not 1.
      second_order: derive the meta-test loss through the virtual update.
      margin_gradient: let the gradient flow through gamma.
      passes: over the samples.
    """

    method: str
    meta: bool = False
    margin: bool = False
    second_order: bool = True
    margin_gradient: bool = True
    passes: Passes = Passes()


# Where domains are not divided into S' and V, both are domains like any other. One
# gradient over all samples is what most objectives need: their penalties are made of
# logits, risks or embeddings, which are small.
VARIANTS = {
    "deep_all": Variant("deep_all"),
    "rsc": Variant("rsc"),
    "group_dro": Variant("group_dro"),
    "irm": Variant("irm"),
    "vrex": Variant("vrex"),
    "coral": Variant("coral"),
    "mixup": Variant("mixup"),
    "mixstyle": Variant("mixstyle"),
    # One domain after the other: no sample twice.
    "fish": Variant("fish"),
    # Climbs before it descends.
    "sam": Variant("sam", passes=Passes(2, 2)),
    "mldg_first_order": Variant("mldg", meta=True, second_order=False),
    "mldg_second_order": Variant("mldg", meta=True, passes=Passes(train_tangents=1)),
    # gamma needs the logits of S' at theta' and their gradient; the logits of V are
    # there already.
    "da_mldg_first_order": Variant(
        "da_mldg",
        meta=True,
        margin=True,
        second_order=False,
        passes=Passes(train_gradients=2),
    ),
    "da_mldg_second_order": Variant(
        "da_mldg",
        meta=True,
        margin=True,
        passes=Passes(train_gradients=2, train_tangents=1),
    ),
    "da_mldg_fixed_margin": Variant(
        "da_mldg",
        meta=True,
        margin=True,
        margin_gradient=False,
        passes=Passes(train_forwards=1, train_tangents=1),
    ),
}

# What a method is by default, and so what is measured unless --variants names others.
DEFAULT_VARIANT = {
    variant.method: name
    for name, variant in VARIANTS.items()
    if variant.second_order and variant.margin_gradient
}
# Of Table III of the paper.
PAPER_METHODS = ("deep_all", "rsc", "mldg", "da_mldg")

# What else a worker can measure: what the device does at best.
PEAKS = ("matrix_peak", "convolution_peak", "bandwidth")
# And what a run does beside its steps, and of how many utterances.
EVALUATIONS = ("recompute", "predict")
PREDICTED = 128
