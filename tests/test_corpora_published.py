"""What was published of each corpus: it adds up, and every name is read."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from damldg_jax.corpora import CORPORA
from damldg_jax.corpora.names import read_codes

# What the papers and the files of the corpora say: recordings, speakers, women.
PUBLISHED = {
    "iemocap": (10039, 10, 5),
    "crema_d": (7442, 91, 43),
    "savee": (480, 4, 0),
    "ravdess": (1440, 24, 12),
    "tess": (2800, 2, 2),
    "aesdd": (0, None, 0),
    "cafe": (936, 12, 6),
    "emovo": (588, 6, 3),
    "shemo": (3000, 87, 31),
    "emodb": (535, 10, 5),
    "nemo": (4481, 9, 4),
    "turev": (0, 6, 0),
    "urdu": (400, 29, 11),
    "voxceleb": (153516, 1251, 0),
}


@pytest.mark.parametrize(("name", "published"), PUBLISHED.items())
def test_published_numbers(name, published):
    corpus = CORPORA[name]
    recordings, speakers, women = published
    assert (sum(corpus.published.values()), corpus.num_speakers) == (
        recordings,
        speakers,
    )
    # Of these two any numbers are read, of whatever speakers there are.
    if name not in ("shemo", "urdu"):
        assert Counter(corpus.sex.values())["female"] == women


GRIDS = [corpus for corpus in CORPORA.values() if corpus.complete]


@pytest.mark.parametrize("corpus", GRIDS, ids=lambda corpus: corpus.name)
def test_names_of_whole_corpora_are_read_and_add_up(corpus):
    names = list(corpus.complete())
    read = [read_codes(corpus, f"any folder/{name}") for name in names]
    assert [corpus.stem.format(**codes) for codes in read] == names
    assert (
        len({tuple(codes.values()) for codes in read}) == len(names) == len(set(names))
    )
    emotions = Counter(corpus.emotions[codes["emotion"]] for codes in read)
    assert emotions == corpus.published
    speakers = {corpus.speaker.format(**codes) for codes in read}
    assert len(speakers) == corpus.num_speakers
    women = sum(corpus.sex[speaker] == "female" for speaker in speakers)
    assert women == PUBLISHED[corpus.name][2]


def test_whole_corpora_have_grids():
    assert [corpus.name for corpus in GRIDS] == [
        "crema_d",
        "savee",
        "ravdess",
        "tess",
        "cafe",
        "emovo",
        "urdu",
    ]


@pytest.mark.parametrize(
    "name", ["iemocap", "aesdd", "shemo", "emodb", "nemo", "turev"]
)
@given(data=st.data())
def test_any_name_of_a_pattern_is_read(name, data):
    corpus = CORPORA[name]
    stem = data.draw(st.from_regex(corpus.pattern, fullmatch=True))
    folder = data.draw(st.sampled_from(["", "x/", "wav/a b/"]))
    codes = read_codes(corpus, folder + stem)
    assert codes
    if corpus.stem:
        assert read_codes(corpus, corpus.stem.format(**codes)) == codes
    speaker = corpus.speaker.format(**codes)
    assert speaker in corpus.sex or name in ("aesdd", "turev")
    assert not read_codes(corpus, folder + "_" + stem)
    assert not read_codes(corpus, folder + stem + "/")
