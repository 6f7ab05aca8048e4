"""Runs a command: parses flags, prints help, turns errors into exit statuses.

0 success, 2 wrong usage or data, 130 interrupted, 143 terminated, 1 anything else.
"""

import errno
import gc
import sys
import textwrap
from collections.abc import Callable, Collection, Mapping, Sequence

from absl import flags, logging

from damldg_jax.errors import InputError
from experiments.config import Config
from experiments.distributed import leave, told_by
from experiments.flags import GROUPS, read_config
from experiments.interruption import catch_signals, farewell, status_of
from experiments.lost_peers import PeerLost
from experiments.shipped import not_opened, with_shipped_flagfiles
from experiments.xla import choose_flags

_WIDTH = 79
# What a user can do something about, of what the system may answer.
_OF_THE_DISK = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO),
    *(errno.EACCES, errno.EPERM),
}
_FLAGFILES = (
    "Any flags may stand in a file: --flagfile=FILE, one a line. Those of the package "
    "are found by their names from any folder: --flagfile=quickstart.flags."
)
_REMEDY = (
    "Make room there, see to its permissions, or choose other folders (--workdir, "
    "--data_dir); the same command then goes on from here."
)


def run(
    main: Callable[[Config], None], description: str, groups: Collection[str]
) -> None:
    """Runs a command and exits.

    Args:
      main: does the work.
      description: printed at the head of ``--help``.
      groups: of flags that concern the command, or names of flags by group where it
        has flags of its own. The others are accepted, so that commands can share a
        flagfile.
    """
    _run(lambda: status(main, description, groups, sys.argv))


def run_on(
    main: Callable[[list[str]], None],
    description: str,
    groups: Mapping[str, Collection[str]],
) -> None:
    """Runs a command that is given names beside flags, and exits.

    Args:
      main: does the work; is given what are no flags.
      description: printed at the head of ``--help``.
      groups: names of its flags, by group.
    """
    _run(lambda: _status(main, description, groups, sys.argv))


def _run(get_status: Callable[[], int]) -> None:
    logging.use_absl_handler()
    logging.set_verbosity(logging.WARNING)
    # Tracing a step makes many objects that stay: looking through them takes a seventh
    # of its time at Python's own threshold.
    gc.set_threshold(100_000)
    # For all commands, so that what one computes has the bits of another's: features
    # that this or that one prepares, say.
    choose_flags()
    code = 1
    catch_signals()
    try:
        code = get_status()
    finally:
        leave(code)
    sys.exit(code)


def status(
    main: Callable[[Config], None],
    description: str,
    groups: Collection[str],
    argv: list[str],
) -> int:
    """As ``run``, with the arguments given, returning the exit status."""

    def on_config(rest: list[str]) -> None:
        if rest:
            raise InputError(
                f"Unexpected argument '{rest[0]}': flags are written --name=value."
                + _about_blanks(argv, rest[0])
            )
        main(read_config())

    return _status(on_config, description, groups, argv)


def _about_blanks(argv: Sequence[str], word: str) -> str:
    """What a list with blanks after its commas, which a shell divides, should be."""
    at = argv.index(word) if word in argv else 0
    if at < 2 or not (argv[at - 1].endswith(",") or word.startswith(",")):
        return ""
    joined = argv[at - 1]
    for more in argv[at:]:
        if not (joined.endswith(",") or more.startswith(",")):
            break
        joined += more
    return f" No blanks after commas: {joined}"


def _status(
    main: Callable[[list[str]], None],
    description: str,
    groups: Collection[str],
    argv: list[str],
) -> int:
    if {"--help", "-h", "-help", "--helpfull"} & set(argv[1:]):
        print(_help(description, groups))
        return 0
    try:
        main(_parse(argv))
    except InputError as error:
        print(f"Error: {told_by()}{error}", file=sys.stderr)
        return 2
    except flags.Error as error:
        print(f"Error: {error}\nSee --help for all flags.", file=sys.stderr)
        return 2
    except (FloatingPointError, PeerLost) as error:
        print(f"Error: {told_by()}{error}", file=sys.stderr)
        return 1
    except OSError as error:
        if error.errno not in _OF_THE_DISK:
            raise
        where = f"{error.filename}: " if error.filename else ""
        print(f"Error: {told_by()}{where}{error.strerror}. {_REMEDY}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as error:
        status = status_of(error)
        print(farewell(status), file=sys.stderr)
        return status
    return 0


def _parse(argv: list[str]) -> list[str]:
    """Parses flags; returns what are none."""
    try:
        return flags.FLAGS(with_shipped_flagfiles(argv))[1:]
    except flags.CantOpenFlagFileError as error:
        # absl keeps the system's error, which has the name of the file, as its cause.
        if not isinstance(error.__context__, OSError):
            raise
        raise not_opened(error.__context__) from error
    except UnicodeDecodeError as error:
        named = [x for x in argv if "flagfile" in x]
        raise InputError(
            f"{' '.join(named)}: a file of flags, or one that it names, is no text in "
            f"UTF-8 ({error})."
        ) from error


def _help(description: str, groups: Collection[str]) -> str:
    lines = [description.strip()]
    for group in groups:
        lines += ["", f"{group}:"]
        for name in (groups if isinstance(groups, Mapping) else GROUPS)[group]:
            lines += _flag_help(flags.FLAGS[name])
    lines += ["", *textwrap.wrap(_FLAGFILES, _WIDTH)]
    return "\n".join(lines)


def _flag_help(flag: flags.Flag) -> list[str]:
    boolean = "[no]" if flag.boolean else ""
    default = flag.default
    if isinstance(default, list):
        default = ",".join(default)
    text = flag.help + (f" (default: {default})" if default not in (None, "") else "")
    return [
        f"  --{boolean}{flag.name}",
        *textwrap.wrap(text, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6),
    ]
