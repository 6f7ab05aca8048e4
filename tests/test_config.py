"""Settings as a notebook gives them, without flags to check them first."""

import numpy as np
import pytest

from damldg_jax.emotions import PAPER_EMOTIONS
from damldg_jax.errors import InputError
from damldg_jax.features import FileEmbeddings
from experiments.config import Config


@pytest.mark.parametrize("name", ["corpora", "sources", "emotions", "methods"])
@pytest.mark.parametrize("given", ["a, b", " a,,b,", ["a ", " b"], ("a", "b")])
def test_names_are_read_without_the_spaces_around_them(name, given):
    assert getattr(Config(**{name: given}), name) == ("a", "b")


@pytest.mark.parametrize("name", ["corpora", "sources"])
def test_no_names_may_be_none(name):
    assert getattr(Config(**{name: None}), name) == ()


@pytest.mark.parametrize(
    ("given", "units"), [(128, (128,)), (" 64, 32 ", (64, 32)), (None, ())]
)
def test_layers_may_be_a_single_number_or_none(given, units):
    assert Config(hidden_units=given).hidden_units == units


@pytest.mark.parametrize("given", [-1, 2.5, True])
def test_a_single_number_that_is_no_width_is_refused(given):
    with pytest.raises(InputError, match=f"--hidden_units={given}: give whole"):
        Config(hidden_units=given)


@pytest.mark.parametrize("given", [5, 1.5, None, [1, None], [[1], [5]]])
def test_what_is_no_range_at_all_is_refused(given):
    with pytest.raises(InputError, match=r"--dimension_range=.* is no range"):
        Config(dimension_range=given)


@pytest.mark.parametrize("given", [1, 0, -3, 2.5, "11", None])
def test_bins_between_which_no_value_lies_are_refused(given):
    with pytest.raises(InputError, match=f"--dimension_bins={given}: .* at least 2"):
        Config(dimension_bins=given)


def test_two_bins_will_do():
    target = Config(target_kind="dimensions", dimension_bins=2).make_target()
    assert target.num_outputs == 6


@pytest.mark.parametrize(
    "name",
    ["normalization", "target_kind", "dimension_loss", "risk_mean", "model_depth"],
)
def test_only_what_has_no_default_may_be_none(name):
    with pytest.raises(InputError, match=f"Unknown {name} 'None'"):
        Config(**{name: None})
    assert Config(model=None).network == "resnet"


def test_an_average_is_not_evaluated_by_statistics_of_other_parameters():
    running = {"evaluation_statistics": "running"}
    with pytest.raises(
        InputError, match="--weight_average=ema with --evaluation_statistics=running"
    ):
        Config(weight_average="ema", **running)
    assert Config(weight_average="ema", network_norm="group", **running)
    assert Config(weight_average="ema")
    assert Config(**running)


def test_a_depth_may_be_text():
    assert Config(model_depth="10").network_settings.depth == 10


@pytest.mark.parametrize(
    ("named", "corpora"),
    [
        ({"corpora": "emodb,mine=a/m.csv", "target": "emodb"}, {"emodb", "mine"}),
        ({"sources": ("savee",), "target": "emovo"}, {"savee", "emovo"}),
        ({"scenario": "7"}, {"tess", "emodb", "shemo"}),
        ({}, set()),
    ],
)
def test_embeddings_are_those_of_the_corpora_that_are_named(tmp_path, named, corpora):
    extractor = Config(features="files", embeddings_dir=tmp_path, **named).extractor
    assert isinstance(extractor, FileEmbeddings)
    assert set(extractor.corpora) == corpora


def test_the_emotions_of_the_paper_are_the_default():
    assert Config().emotions == PAPER_EMOTIONS


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("inner_learning_rate", -0.1, r"a number, at least 0\.0"),
        ("learning_rate", float("nan"), r"a number, at least 0\.0"),
        ("learning_rate", float("inf"), r"a number, at least 0\.0"),
        ("learning_rate", "0.1", r"a number, at least 0\.0"),
        ("learning_rate", None, r"a number, at least 0\.0"),
        ("momentum", 1.5, r"a number, at least 0\.0 and at most 1\.0"),
        ("trials", 0, "a whole number, at least 1"),
        ("epochs", 2.5, "a whole number, at least 1"),
        ("steps", True, "a whole number, at least 1"),
        ("seed", 2**31, "a whole number, at least 0 and at most 2147483647"),
    ],
)
def test_numbers_out_of_range_are_refused_in_a_notebook_as_on_a_line(name, value, told):
    with pytest.raises(InputError, match=f"^--{name}={value}: give {told}"):
        Config(**{name: value})


def test_numbers_of_numpy_and_whole_ones_do():
    config = Config(learning_rate=np.float32(0.5), weight_decay=1, trials=np.int64(3))
    assert config.learning_rate == 0.5
    assert type(config.learning_rate) is type(config.weight_decay) is float
    assert type(config.trials) is int
    assert config.steps is None
