"""Reading the names of recordings as their corpus declares them."""

import re
import unicodedata
from collections.abc import Mapping

from damldg_jax.corpora.declaration import Corpus


def matches(pattern: str, name: str) -> re.Match[str] | None:
    """Matches the end of a path, from the start of a file or folder name on.

    Args:
      pattern: a regular expression, such as a corpus declares.
      name: a path with slashes, without extension.

    Returns:
      The match, or None.
    """
    return re.fullmatch(rf"(?:.*/)?(?:{pattern})", name, re.DOTALL)


def read_codes(corpus: Corpus, name: str) -> dict[str, str]:
    """Reads the codes in the name of a recording.

    Args:
      corpus: its declaration.
      name: a path with slashes, without extension.

    Returns:
      The code of each group of the pattern in its usual spelling, ``""`` where
      the name leaves one out; empty if the name is not one of the corpus.
    """
    match = matches(corpus.pattern, name)
    codes = match.groupdict("") if match else {}
    return {group: corpus.spellings.get(code, code) for group, code in codes.items()}


def folder_claims(corpus: Corpus) -> dict[str, Mapping[str, str]]:
    """The codes that folders claim, by their names without case and accents.

    Args:
      corpus: its declaration.

    Returns:
      What `contradicted` looks up.
    """
    return {plain(folder): claim for folder, claim in corpus.folders.items()}


def contradicted(
    claims: Mapping[str, Mapping[str, str]], name: str, codes: Mapping[str, str]
) -> bool:
    """Tells whether a folder contradicts the name of a recording in it.

    Args:
      claims: of `folder_claims`.
      name: a path with slashes, without extension.
      codes: what the name of the file says.

    Returns:
      Whether any folder on the path claims another code.
    """
    return any(
        codes.get(group) != code
        for folder in name.split("/")[:-1]
        for group, code in claims.get(plain(folder), {}).items()
    )


def plain(text: str) -> str:
    """Takes case and accents, in any of Unicode's forms, out of a text.

    Args:
      text: such as the name of a folder.

    Returns:
      What is the same for all spellings of it.
    """
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))
