"""Corpora, or groups of their speakers, as what methods hold out, weigh and compare."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from damldg_jax.augment import NO_AUGMENTATION
from damldg_jax.batches import draw_utterances
from damldg_jax.corpora.folders import UNKNOWN_SPEAKER
from damldg_jax.corpora.scenarios import Split
from damldg_jax.dataset import Example, build_dataset
from damldg_jax.errors import InputError
from damldg_jax.parallel import Layout
from damldg_jax.sampling import Windowing
from damldg_jax.source_domains import (
    account_of_domains,
    deal_speakers,
    speaker_groups,
    whole_corpora,
)
from experiments.config import Config
from experiments.division import divide
from experiments.domain_checks import about_domains, check_sizes
from experiments.placement import Placement
from experiments.runs import schedule

# Utterances of speakers of a corpus, as uneven as those of EmoDB.
COUNTS = {"03": 6, "08": 5, "09": 4, "10": 3, "11": 5, "12": 2}
EMOTIONS = ("anger", "fear")


def spoken(counts):
    return [speaker for speaker, count in counts.items() for _ in range(count)]


def examples(counts):
    """Speaker ``12`` is never afraid."""
    return [
        Example(
            f"{speaker}/{number}",
            np.full((3, 2), number, np.float32),
            EMOTIONS[number % 2 if speaker != "12" else 0],
            speaker,
        )
        for speaker, count in counts.items()
        for number in range(count)
    ]


@pytest.fixture(scope="module")
def dataset():
    """Two corpora to train on, copies of one of them, and a third to test on."""
    given = {
        "one": examples(COUNTS),
        "two": examples(dict.fromkeys("abcd", 3)),
        "three": examples({"a": 2}),
        "one+noise": examples(COUNTS)[::-1],
    }
    return build_dataset(given, EMOTIONS, {"one+noise": "one"})


SPLIT = Split("custom", ("one", "two"), "three")


def settings_of(**settings):
    return Config(domains="speakers", **settings)


def division(dataset, **changes):
    given = {"domains": "speakers", "validation_fraction": 0.0, **changes}
    return divide(dataset, SPLIT, Config(**given))


def test_speakers_are_dealt_as_they_were_dealt_before():
    """Should it change, so do all runs on speakers: tell it in the changelog."""
    dealt = deal_speakers("emodb", spoken(COUNTS), 3, 0)
    assert dealt == (("03", "12"), ("08", "09"), ("10", "11"))
    alike = spoken(dict.fromkeys("abcdefgh", 2))
    assert deal_speakers("emodb", alike, 4, 0) == (
        ("a", "d"),
        ("b", "f"),
        ("c", "g"),
        ("e", "h"),
    )
    assert deal_speakers("emodb", alike, 4, 1) != deal_speakers("emodb", alike, 4, 0)
    assert deal_speakers("savee", alike, 4, 0) != deal_speakers("emodb", alike, 4, 0)


@given(
    st.dictionaries(
        st.sampled_from([f"s{n}" for n in range(12)]),
        st.integers(1, 9),
        min_size=2,
    ),
    st.data(),
    st.integers(0, 2**31 - 1),
)
def test_every_speaker_is_in_one_group_and_groups_are_about_equal(counts, data, seed):
    number = data.draw(st.integers(2, len(counts)) | st.none())
    dealt = deal_speakers("emodb", spoken(counts), number, seed)
    assert sorted(name for group in dealt for name in group) == sorted(counts)
    assert len(dealt) == (number or len(counts))
    assert all(group == tuple(sorted(group)) for group in dealt)
    assert list(dealt) == sorted(dealt)
    sizes = [sum(counts[name] for name in group) for group in dealt]
    for group, size in zip(dealt, sizes, strict=True):
        # Its last speaker was given to it when it had the fewest.
        if len(group) > 1:
            assert size - min(counts[name] for name in group) <= min(sizes)
    # Whatever the order of the recordings.
    assert deal_speakers("emodb", spoken(counts)[::-1], number, seed) == dealt


@pytest.mark.parametrize("number", [2, 3, None])
@pytest.mark.parametrize("fraction", [0.0, 0.2])
def test_every_training_utterance_is_in_one_domain(dataset, number, fraction):
    made = division(
        dataset, domains_per_corpus=number, validation_fraction=fraction, split_seed=3
    )
    members = np.concatenate([domain.members for domain in made.domains])
    np.testing.assert_array_equal(np.sort(members), np.concatenate(made.train))
    speakers = [(d.corpus, s) for d in made.domains for s in d.speakers]
    assert len(speakers) == len({*speakers})
    for domain in made.domains:
        assert {dataset.corpus_of_each[i] for i in domain.members} == {domain.corpus}
        assert {dataset.speakers[i] for i in domain.members} == {*domain.speakers}
        # Copies go where their recordings are, and nobody else has copies.
        copied = sorted(dataset.utterances[i] for i in domain.altered)
        own = sorted(dataset.utterances[i] for i in domain.members)
        assert copied == (own if domain.corpus == "one" else [])


def test_domains_have_the_names_of_their_speakers(dataset):
    names = [domain.name for domain in division(dataset, domains_per_corpus=3).domains]
    assert names[:3] == ["one/03+12", "one/08+09", "one/10+11"]
    names = [domain.name for domain in division(dataset).domains]
    assert names == [*(f"one/{name}" for name in COUNTS), *(f"two/{n}" for n in "abcd")]
    many = build_dataset({"one": examples({f"{n:02}": 1 for n in range(10)})}, EMOTIONS)
    made = speaker_groups(many, {"one": many.corpora["one"].indices}, 2, 0)
    assert [domain.name for domain in made] == [
        f"one/{'+'.join(domain.speakers[:3])}+2 more" for domain in made
    ]


def test_corpora_are_the_domains_unless_speakers_are_asked_for(dataset):
    made = division(dataset, domains="corpora", validation_fraction=0.2)
    assert [domain.name for domain in made.domains] == ["one", "two"]
    for domain, train in zip(made.domains, made.train, strict=True):
        np.testing.assert_array_equal(domain.members, train)
    names = {dataset.utterances[index] for index in made.train[0]}
    copies = [i for i in dataset.variants["one"] if dataset.utterances[i] in names]
    np.testing.assert_array_equal(made.domains[0].altered, copies)
    assert not len(made.domains[1].altered)
    # Nothing new is told of them.
    assert account_of_domains(made.domains) == {}
    assert "training_domains" not in made.account
    other = division(dataset, domains_per_corpus=2, validation_fraction=0.2)
    for one, two in zip(made.train, other.train, strict=True):
        np.testing.assert_array_equal(one, two)
    assert made.account["hash"] == other.account["hash"]
    assert made.validation.keys() == other.validation.keys() == {"one", "two"}


def test_accounts_tell_whose_speakers_are_together(dataset):
    made = division(dataset, domains_per_corpus=3)
    assert made.account["training_domains"][0] == {
        "name": "one/03+12",
        "speakers": ["03", "12"],
        "utterances": 8,
    }


def test_each_corpus_has_its_share_of_a_step_where_groups_are_as_many(dataset):
    made = division(dataset, domains_per_corpus=2, batch_size=16)
    config = Config(domains="speakers", domains_per_corpus=2, batch_size=16)
    plan = schedule(made, config)
    assert (plan.per_domain, plan.batch_size) == (4, 16)
    # As many epochs are as many utterances.
    assert plan.steps == 50 * 3
    alone = schedule(division(dataset), settings_of(batch_size=16))
    assert (alone.per_domain, alone.batch_size) == (2, 20)


def place(dataset, config):
    layout = Layout(tuple(jax.local_devices()[:1]))
    windowing = Windowing(4, 0.0, NO_AUGMENTATION)
    # No frames are looked at.
    return Placement(dataset, config, layout, windowing, None)


def test_classes_are_balanced_where_a_domain_lacks_one(dataset):
    config = settings_of(balance="classes")
    placement, made = place(dataset, config), division(dataset)
    drawn = np.asarray(draw_utterances(placement.domains(made), 48, 0, 0))
    assert len(drawn) == 10
    for row, domain in zip(drawn, made.domains, strict=True):
        assert {*row.tolist()} == {*domain.members.tolist(), *domain.altered.tolist()}
        afraid = dataset.store.labels[row].mean()
        assert afraid == (0.0 if domain.speakers == ("12",) else 0.5)
    (_, lacks) = about_domains(dataset, made.domains, config)
    assert "1 of 10 domains lack classes, such as one/12 (fear)" in lacks


def test_domains_that_count_by_their_samples_leave_copies_out(dataset):
    config = settings_of(risk_mean="samples", domains_per_corpus=3)
    placement = place(dataset, config)
    packed = placement.domains(division(dataset, domains_per_corpus=3))
    np.testing.assert_array_equal(packed.weights, [8, 9, 8, 3, 6, 3])
    np.testing.assert_array_equal(packed.sizes, [16, 18, 16, 3, 6, 3])


def test_who_has_more_speakers_counts_for_more_and_is_told_so(dataset):
    (notice,) = about_domains(dataset, division(dataset).domains, settings_of())
    assert "6 of one, 4 of two" in notice
    made = division(dataset, domains_per_corpus=2)
    assert about_domains(dataset, made.domains, settings_of()) == []
    whole = division(dataset, domains="corpora")
    assert about_domains(dataset, whole.domains, Config(balance="classes")) == []


def test_groups_of_more_than_there_are_speakers_are_refused(dataset):
    with pytest.raises(InputError, match=r"--domains_per_corpus=5: 'two' has 4 .*Make"):
        division(dataset, domains_per_corpus=5)
    # One of four is kept for validation.
    with pytest.raises(InputError, match=r"=4: 'two' has 3 .* --validation_fraction"):
        division(dataset, domains_per_corpus=4, validation_fraction=0.2)


@pytest.mark.parametrize(
    ("speaker", "told"),
    [(UNKNOWN_SPEAKER, "it is not known who speaks"), ("KL", "has one speaker")],
)
def test_speakers_must_be_known_and_several(speaker, told):
    given = {"one": examples(COUNTS), "tess": examples({speaker: 6})}
    dataset = build_dataset(given, EMOTIONS)
    train = {name: its.indices for name, its in dataset.corpora.items()}
    with pytest.raises(
        InputError, match=rf"=speakers: .*'tess' .*{told}|'tess' {told}"
    ):
        speaker_groups(dataset, train, None, 0)
    assert len(whole_corpora(dataset, train)) == 2


def test_a_batch_has_something_of_every_domain(dataset):
    made, config = division(dataset), settings_of(batch_size=9)
    per_domain = schedule(made, config).per_domain
    with pytest.raises(InputError, match=r"--batch_size=9 .* 10 or more"):
        check_sizes(made.domains, per_domain, config)
    check_sizes(made.domains, 1, settings_of(batch_size=10))
    # Of corpora it was always rounded up.
    whole = division(dataset, domains="corpora").domains
    check_sizes(whole, 1, Config(batch_size=1))
    check_sizes(whole, 100, Config(batch_size=200))


def test_a_domain_has_what_a_step_takes_of_it(dataset):
    made, config = division(dataset), settings_of(batch_size=32)
    per_domain = schedule(made, config).per_domain
    with pytest.raises(
        InputError, match=r"'one/12' has 2 utter.*=32 takes 3 .* Make it 20 or less"
    ):
        check_sizes(made.domains, per_domain, config)
    config = settings_of(batch_size=20)
    check_sizes(made.domains, schedule(made, config).per_domain, config)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"domains_per_corpus": 3}, "--domains_per_corpus=3 with --domains=corpora"),
        ({"domains": "speakers", "domains_per_corpus": 1}, "=1: .* at least 2"),
        ({"domains": "speakers", "domains_per_corpus": 2.5}, "=2.5: give a whole"),
        ({"domains": "speaker"}, "Did you mean 'speakers'"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings, told):
    with pytest.raises(InputError, match=told):
        Config(**settings)
