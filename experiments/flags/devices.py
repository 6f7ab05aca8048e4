"""Flags of where and by whom a step is computed."""

from absl import flags

from experiments.choices import CHOICES
from experiments.flags.define import define

# fmt: off
define("Devices", flags.DEFINE_enum, "parallel", CHOICES["parallel"],
       "data: share each step out among all devices; trials: give each device trials "
       "of its own, which saves all talk between them; none: use the first.")
define("Devices", flags.DEFINE_integer, "trials_at_once",
       "Trials that a device computes side by side where it does a step alone. Left "
       "out: what was measured to be the faster for the network.")
define("Devices", flags.DEFINE_integer, "steps_per_dispatch",
       "Steps that the devices do between two looks of the host. Left out: one on a "
       "CPU, where convolutions in loops are slow, and 16 elsewhere.")
define("Devices", flags.DEFINE_enum, "input", CHOICES["input"],
       "device: keep the frames of all corpora in each device's memory; stream: read "
       "what each step needs from the disk ahead of it; auto: keep them if they take "
       "less than half of the memory that is free. The results are the same.")
define("Devices", flags.DEFINE_bool, "distributed",
       "Share the command with processes on other machines, started by Slurm, Open "
       "MPI, Kubernetes or on a TPU pod, which say by themselves which process this "
       "is (docs/scaling.md).")
define("Devices", flags.DEFINE_string, "coordinator_address",
       "Elsewhere: the address of the machine of process 0, as the others reach it, "
       "and a free port there, such as 10.0.0.1:9876. All processes are given the "
       "same command but for --process_id.")
define("Devices", flags.DEFINE_integer, "process_id",
       "With --coordinator_address: number of this process, from 0. Process 0 alone "
       "prints and writes.")
define("Devices", flags.DEFINE_integer, "num_processes",
       "With --coordinator_address: how many there are.")
define("Devices", flags.DEFINE_integer, "connect_timeout",
       "Seconds in which all processes must have come.")
define("Devices", flags.DEFINE_integer, "peer_timeout",
       "Seconds without a sign of life after which a process counts as lost, and the "
       "others end; the same command then goes on from the last checkpoint.")
# fmt: on
