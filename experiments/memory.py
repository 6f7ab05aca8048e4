"""Whether the frames of all corpora fit into a device's memory."""

import jax
import psutil

# What of the free memory the frames may take; the rest is for the network, for what a
# step keeps to derive its loss, and on a host for what else runs there.
_SHARE = 0.5


def fits(wish: str, size: int, device: jax.Device, copies: int = 1) -> bool:
    """Decides whether frames are kept on the devices or streamed to them.

    Args:
      wish: ``--input``: ``device`` or ``stream`` as the user has it, or ``auto``: as
        the free memory has it.
      size: of all frames, in bytes.
      device: that would hold them.
      copies: that the host's memory would hold, where that is the devices' too.

    Returns:
      Whether they are kept on the devices.
    """
    if wish != "auto":
        return wish == "device"
    # The host joins them, wherever they go then.
    on_host, on_device = size, 0
    if device.platform == "cpu":
        on_host += copies * size
    else:
        on_device = size
    return (
        on_host <= _SHARE * psutil.virtual_memory().available
        and on_device <= _SHARE * _free(device)
    )


def _free(device: jax.Device) -> float:
    """Bytes that an accelerator has left; those that JAX may take, as it says."""
    stats = device.memory_stats() or {}
    if "bytes_limit" not in stats:
        return float("inf")
    return stats["bytes_limit"] - stats.get("bytes_in_use", 0)
