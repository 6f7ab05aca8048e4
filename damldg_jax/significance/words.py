"""A comparison in words that claim no more than it shows."""

from damldg_jax.significance.comparison import Comparison

LEVEL = 0.05


def sentence(
    comparison: Comparison,
    adjusted_p: float,
    first: str,
    second: str,
    where: str,
    unit: str = "points of UAR",
) -> str:
    """Says whether a difference is more than noise.

    Args:
      comparison: of two methods.
      adjusted_p: its p-value, corrected for the others of its family.
      first: name of the first method.
      second: name of the second.
      where: what they were tested on, such as ``"emovo"``.
      unit: of the difference times 100.

    Returns:
      A sentence.
    """
    points = 100 * comparison.difference
    ahead = "ahead of" if points >= 0 else "behind"
    gap = f"{first} is {abs(points):.1f} {unit} {ahead} {second} on {where}"
    if not points:
        gap = f"{first} and {second} score the same on {where}"
    if comparison.num_trials < 2:
        return f"{gap}. With one trial, nothing is claimed from that."
    about = _about(comparison)
    if comparison.least_p > LEVEL:
        return (
            f"{gap} ({about}). So few speakers and trials cannot show whether that "
            "is more than noise."
        )
    told = f"{gap} ({about}; p = {_p(adjusted_p)} after Holm's correction)"
    if adjusted_p <= LEVEL and comparison.low * comparison.high > 0:
        return f"{told}: more than noise."
    return f"{told}: no more than noise may bring."


def _about(comparison: Comparison) -> str:
    parts = [f"{comparison.num_speakers} speakers", f"{comparison.num_trials} trials"]
    if comparison.low == comparison.low:
        low, high = 100 * comparison.low, 100 * comparison.high
        parts.insert(0, f"95 % interval {low:+.1f} to {high:+.1f}")
    return ", ".join(parts)


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else "less than 0.001"
