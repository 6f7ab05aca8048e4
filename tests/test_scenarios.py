import pytest

from damldg_jax.corpora.scenarios import (
    PAPER_CORPORA,
    SCENARIOS,
    Split,
    leave_one_out,
)
from damldg_jax.errors import InputError
from experiments.config import Config
from experiments.plan import make_plan

# Table I of the paper by its rows: o is a source, T the target of scenario 1 to 7.
TABLE_I = {
    "iemocap": "T......",
    "crema_d": "ooo..o.",
    "savee": "oooo.o.",
    "ravdess": "oToo.o.",
    "tess": ".oT...o",
    "aesdd": "....T..",
    "cafe": "...T...",
    "emovo": "....o..",
    "shemo": "....oTT",
    "emodb": "...oo.o",
}


@pytest.mark.parametrize("column", range(7))
def test_scenarios_are_those_of_table_1(column):
    scenario = SCENARIOS[str(column + 1)]
    roles = {name: row[column] for name, row in TABLE_I.items()}
    assert set(scenario.sources) == {name for name in roles if roles[name] == "o"}
    assert scenario.targets == tuple(name for name in roles if roles[name] == "T")


def test_names_of_scenarios_and_corpora():
    numbers = ["1", "2", "3", "4", "5", "6", "7"]
    assert list(SCENARIOS) == [
        *(*numbers, "eng4", "all", "within"),
        *("pacs", "digits"),
    ]
    assert all(SCENARIOS[name].name == name for name in SCENARIOS)
    assert set(PAPER_CORPORA) == set(TABLE_I)


def test_a_scenario_with_one_target_is_one_split():
    assert SCENARIOS["7"].splits() == (Split("7", ("tess", "emodb"), "shemo"),)


def test_english_scenario_leaves_each_corpus_out_once():
    assert SCENARIOS["eng4"].splits() == (
        Split("eng4", ("ravdess", "crema_d", "savee"), "iemocap"),
        Split("eng4", ("iemocap", "crema_d", "savee"), "ravdess"),
        Split("eng4", ("iemocap", "ravdess", "savee"), "crema_d"),
        Split("eng4", ("iemocap", "ravdess", "crema_d"), "savee"),
    )


def test_all_leaves_each_of_the_ten_corpora_out_once():
    splits = SCENARIOS["all"].splits()
    assert [split.target for split in splits] == list(PAPER_CORPORA)
    for split in splits:
        assert split.scenario == "all"
        assert set(split.sources) == set(PAPER_CORPORA) - {split.target}


def test_within_divides_each_of_the_ten_corpora():
    assert SCENARIOS["within"].splits() == tuple(
        Split("within_corpus", (name,), name) for name in PAPER_CORPORA
    )


def test_several_scenarios_in_a_row():
    splits = make_plan(Config(scenario="7, 6", methods="deep_all")).splits
    assert splits == (
        Split("7", ("emodb", "tess"), "shemo"),
        Split("6", ("crema_d", "ravdess", "savee"), "shemo"),
    )


def test_what_two_scenarios_have_in_common_is_done_once():
    splits = make_plan(Config(scenario=("eng4", "1"))).splits
    assert [(split.scenario, split.target) for split in splits] == [
        ("eng4", "iemocap"),
        ("eng4", "ravdess"),
        ("eng4", "crema_d"),
        ("eng4", "savee"),
    ]


def test_one_of_several_scenarios_that_there_is_not():
    with pytest.raises(InputError, match=r"Unknown scenario 'eng5'.*eng4"):
        make_plan(Config(scenario="1,eng5"))


def test_leave_one_out():
    assert leave_one_out(["a", "b"]) == (
        Split("leave_one_out", ("b",), "a"),
        Split("leave_one_out", ("a",), "b"),
    )


def test_leave_one_out_refuses_a_name_given_twice():
    with pytest.raises(InputError, match="The corpus 'a' is given twice: a, b, a"):
        leave_one_out(("a", "b", "a"))


@pytest.mark.parametrize(("names", "told"), [((), "none"), (("emodb",), "emodb")])
def test_leave_one_out_takes_two(names, told):
    with pytest.raises(InputError, match=f"at least two .* given: {told}.*--corpora"):
        leave_one_out(names)
