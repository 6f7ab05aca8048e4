"""Settings of the algorithms, in one immutable value; each reads those that concern it.

Names are the paper's where it has one: ``inner_learning_rate`` is its eta_s.
"""

import dataclasses

ENERGY_STATISTICS = ("batch", "running")


@dataclasses.dataclass(frozen=True)
class Hyperparameters:
    """Settings of the algorithms.

    Attributes:
      inner_learning_rate: eta_s of the virtual update; also the step of Fish.
      inner_steps: virtual updates in a row on S'; the paper takes one.
      num_held_out: meta-test domains in a step.
      second_order: derive the meta-test loss through the virtual update, as the
        paper's line 7 says; else take theta' for a constant plus theta.
      margin_gradient: let the gradient flow through gamma as well, as line 7 is
        written and as the public code places it; else gamma is a mere number.
      keep_linearization: keep what the tangent map of the virtual update needs, until
        the gradient at theta' is there; else compute it anew then, in less memory and
        more time, with the same result up to rounding.
      energy_statistics: ``running`` normalises by the running statistics when gamma
        is computed, as the public code does; ``batch`` by those of S' and of V.
      temperature: T of the energy in Eq. (3).
      margin: what DA-MLDG takes for gamma, a key of ``MARGINS``; ``plain`` is Eq. (3).
      relative_margin: divide gamma by its running mean, so that the meta-test loss
        weighs 1 on average, as in MLDG.
      hold_out_steps: steps in a row for which the same domains are held out; 1 in the
        paper, where a domain is trained on again before it has become strange.
      group_dro_step_size: by which Group DRO's weights follow the risks.
      irm_penalty: weight of IRM's penalty.
      vrex_penalty: weight of V-REx's variance.
      penalty_warmup: steps in which the penalties of IRM and V-REx weigh 1.
      coral_penalty: weight of CORAL's distance.
      mixup_alpha: both parameters of Mixup's Beta distribution.
      mixstyle_alpha: both parameters of MixStyle's Beta distribution.
      mixstyle_probability: that MixStyle alters a step.
      sam_radius: rho, how far SAM climbs before it descends.
    """

    inner_learning_rate: float = 0.01
    inner_steps: int = 1
    num_held_out: int = 1
    second_order: bool = True
    margin_gradient: bool = True
    keep_linearization: bool = True
    energy_statistics: str = "batch"
    temperature: float = 1.0
    margin: str = "plain"
    relative_margin: bool = False
    hold_out_steps: int = 1
    group_dro_step_size: float = 0.01
    irm_penalty: float = 100.0
    vrex_penalty: float = 10.0
    penalty_warmup: int = 500
    coral_penalty: float = 1.0
    mixup_alpha: float = 0.2
    mixstyle_alpha: float = 0.3
    mixstyle_probability: float = 0.5
    sam_radius: float = 0.05
