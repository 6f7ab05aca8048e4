"""The fuzzer, guided by which code its cases reach. Needs ``pip install atheris``.

  python -m tests.fuzz_guided KIND [FOLDER] [-max_total_time=600] [-seed=1]

tries cases of one kind (those of tests/fuzz.py), keeps in FOLDER what reached code that
none before did, and stops at the first that ends badly. libFuzzer's other flags work.
"""

import sys
from random import Random

import atheris


class FromBytes(Random):
    """Draws from given bytes, which the fuzzer changes, and then from their sum."""

    def __init__(self, data: bytes):
        """Takes the bytes."""
        super().__init__(sum(data))
        self._data, self._place = data, 0

    def getrandbits(self, k: int) -> int:
        """So many bits."""
        end = self._place + -(-k // 8)
        if end > len(self._data):
            return super().getrandbits(k)
        taken, self._place = self._data[self._place : end], end
        return int.from_bytes(taken, "little") % (1 << k)

    def random(self) -> float:
        """A number from 0 to 1."""
        return self.getrandbits(24) / (1 << 24)


def main() -> None:
    """Runs the fuzzer; does not return."""
    kind, *rest = sys.argv[1:]
    with atheris.instrument_imports(include=["damldg_jax", "experiments"]):
        from tests import fuzz

    atheris.Setup(
        [sys.argv[0], "-max_len=2000", "-len_control=0", *rest],
        lambda data: fuzz.attempt_with(kind, FromBytes(data)),
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
