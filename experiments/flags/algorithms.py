"""Flags of what is peculiar to a method."""

from absl import flags

from experiments.choices import CHOICES
from experiments.flags.define import define

# fmt: off
define("Meta-learning", flags.DEFINE_float, "inner_learning_rate",
       "Of the virtual update, the paper's eta_s; also of the steps of Fish.")
define("Meta-learning", flags.DEFINE_integer, "inner_steps",
       "Virtual updates in a row; 1 in the paper. Each further one costs as much "
       "again.")
define("Meta-learning", flags.DEFINE_integer, "num_held_out",
       "Domains (--domains) that are meta-test in a step.")
define("Meta-learning", flags.DEFINE_bool, "second_order",
       "Derive the meta-test loss through the virtual update (the paper). Off: first "
       "order, faster.")
define("Meta-learning", flags.DEFINE_bool, "margin_gradient",
       "Let the gradient flow through the domain-shift margin gamma; off: gamma is a "
       "mere number. The paper is silent.")
define("Meta-learning", flags.DEFINE_enum, "energy_statistics",
       CHOICES["energy_statistics"],
       "Batch normalisation where gamma is computed: by the statistics of each batch, "
       "or by running ones (as the public code does). The paper is silent.")
define("Meta-learning", flags.DEFINE_float, "temperature",
       "T of the energy score; 1 in the paper.")
define("Meta-learning", flags.DEFINE_enum, "margin", CHOICES["margin"],
       "What DA-MLDG takes for gamma: Eq. (3) as it is; of logits in units of their "
       "deviation (scaled); or what is more than between two halves of one domain "
       "(above_null).")
define("Meta-learning", flags.DEFINE_bool, "relative_margin",
       "Divide gamma by its running mean, so that the meta-test loss weighs 1 on "
       "average, as in MLDG.")
define("Meta-learning", flags.DEFINE_integer, "hold_out_steps",
       "Steps in a row for which the same domains are meta-test; 1 in the paper. With "
       "more, what is held out has become stranger.")
define("Other algorithms", flags.DEFINE_float, "group_dro_step_size",
       "By which the weights of Group DRO follow the risks.")
define("Other algorithms", flags.DEFINE_float, "irm_penalty",
       "Weight of IRM's penalty.")
define("Other algorithms", flags.DEFINE_float, "vrex_penalty",
       "Weight of V-REx's variance of risks.")
define("Other algorithms", flags.DEFINE_integer, "penalty_warmup",
       "Steps in which the penalties of IRM and V-REx weigh 1.")
define("Other algorithms", flags.DEFINE_float, "coral_penalty",
       "Weight of CORAL's distance between domains.")
define("Other algorithms", flags.DEFINE_float, "mixup_alpha",
       "Both parameters of the Beta distribution by which Mixup mixes two domains.")
define("Other algorithms", flags.DEFINE_float, "mixstyle_alpha",
       "Both parameters of the Beta distribution by which MixStyle mixes the "
       "statistics of two domains.")
define("Other algorithms", flags.DEFINE_float, "mixstyle_probability",
       "That MixStyle alters a step.")
define("Other algorithms", flags.DEFINE_float, "sam_radius",
       "rho of SAM, how far it climbs before it descends.")
# fmt: on
