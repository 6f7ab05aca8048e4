"""Keeps what libraries say to their own users, and raise, from ours."""

import contextlib
import io
import logging
from collections.abc import Iterator

import absl.logging


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Drops what is printed on standard output or logged below an error."""
    verbosity = absl.logging.get_verbosity()
    absl.logging.set_verbosity(absl.logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        absl.logging.set_verbosity(verbosity)


def _is_for_us(record: logging.LogRecord) -> bool:
    # Said of itself by tensorflow-datasets, at each feature that it reads as bytes.
    return "FeatureConnector.dtype" not in record.getMessage()


def mute_advice_to_developers() -> None:
    """Drops for good what libraries advise their own developers of."""
    logger = absl.logging.get_absl_logger()
    if _is_for_us not in logger.filters:
        logger.addFilter(_is_for_us)


def errors_of_reading() -> tuple[type[Exception], ...]:
    """What tensorflow-datasets raises where files are not as it wrote them."""
    from google.protobuf import json_format, message

    plain = (OSError, ValueError, LookupError, TypeError, AttributeError)
    other = (AssertionError, ImportError, json_format.Error, message.Error)
    return plain + other
