"""What the machine is, as well as the system tells."""

import os
import platform


def processor() -> str:
    """The model of the processor, as well as the system tells."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            models = [x.split(":", 1)[1] for x in lines if x.startswith("model name")]
    except OSError:
        models = []
    return models[0].strip() if models else platform.processor() or platform.machine()


def cores() -> int:
    """Cores that this process, and so its workers, may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
