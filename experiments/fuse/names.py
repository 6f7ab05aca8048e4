"""How what is fused is called."""

from collections.abc import Sequence


def key_of(methods: Sequence[str]) -> str:
    """The name of a fusion beside those of methods, such as ``deep_all_fused``.

    Args:
      methods: that are fused, of each directory.

    Returns:
      The name; never that of a method, whose published figures are of single runs.
    """
    return "_and_".join([*dict.fromkeys(methods)]) + "_fused"


def title_of_fusion(parts: Sequence[tuple[str, str]], over: str, trials: int) -> str:
    """What tables call a fusion.

    Args:
      parts: name of each directory, and title of its method.
      over: ``"trials"``, ``"directories"`` or ``"both"``.
      trials: in an ensemble.

    Returns:
      Such as ``Deep-All, 3 trials fused`` or ``Deep-All, log_mel + mfcc fused``.
    """
    titles = list(dict.fromkeys(title for _, title in parts))
    names = " + ".join(name for name, _ in parts)
    # Of which directory each of several is, the order says.
    each = titles if len(titles) == 1 else [title for _, title in parts]
    what = " + ".join(each)
    if over == "trials":
        return f"{what}, {trials} trials fused"
    if over == "directories":
        return f"{what}, {names} fused"
    return f"{what}, {names}, {trials} trials of each fused"


def joined(values: Sequence[str]) -> str:
    """Values of several parts as one, each once: ``speaker+none``."""
    return "+".join(dict.fromkeys(values))
