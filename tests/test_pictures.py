"""Pictures in the place of recordings."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from damldg_jax.augment import OF_PICTURES
from damldg_jax.batches import pack, pack_domains
from damldg_jax.columns import Columns, ColumnWindows, draw_columns, read_columns
from damldg_jax.corpora.digits import write_digits
from damldg_jax.corpora.pictures import DIGITS, PACS, PACS_CLASSES, list_pictures
from damldg_jax.errors import InputError, RecordingError
from damldg_jax.features import NAMES
from damldg_jax.features.pictures import GREY32, RGB224
from damldg_jax.sampling import Windowing, sample_batch
from experiments.config import Config
from experiments.plan import make_plan

COLUMNS = Columns(4, 2, (0.5, 1.0), mirrors=True)
# Two rows of four columns of two channels.
PICTURE = jnp.arange(16.0).reshape(1, 2, 8, 1)


def windows(start=0.0, rate=1.0, mirrored=False):
    return ColumnWindows(*(jnp.asarray([x]) for x in (start, rate, mirrored)))


def test_nothing_is_altered_by_the_whole_width():
    np.testing.assert_array_equal(read_columns(PICTURE, windows(), COLUMNS), PICTURE)


def test_a_mirrored_picture_keeps_its_channels_in_order():
    mirrored = read_columns(PICTURE, windows(mirrored=True), COLUMNS)
    np.testing.assert_array_equal(mirrored[0, 0, :, 0], [6, 7, 4, 5, 2, 3, 0, 1])
    np.testing.assert_array_equal(mirrored[0, 1, :, 0], [14, 15, 12, 13, 10, 11, 8, 9])


def test_columns_between_two_are_interpolated():
    # From column 1, half a column a step: 1, 1.5, 2, 2.5.
    halved = read_columns(PICTURE, windows(start=2.0, rate=0.5), COLUMNS)
    np.testing.assert_allclose(halved[0, 0, ::2, 0], [2, 3, 4, 5])


def test_what_is_drawn_lies_inside_of_the_picture():
    keys = jax.random.split(jax.random.key(0), 500)
    drawn = jax.vmap(lambda key: draw_columns(key, COLUMNS))(keys)
    last = (drawn.start + COLUMNS.count - 1) * drawn.rate
    assert float(drawn.start.min()) >= 0
    assert float(last.max()) <= COLUMNS.count - 1 + 1e-5
    assert 0.5 <= float(drawn.rate.min()) < 0.55
    assert 0.4 < float(drawn.mirrored.mean()) < 0.6
    never = COLUMNS._replace(mirrors=False)
    assert not jax.vmap(lambda key: draw_columns(key, never))(keys).mirrored.any()


def test_a_step_crops_and_mirrors_and_is_a_function_of_seed_and_step():
    pictures = [np.full((6, 8), n, np.float32) + np.arange(8) for n in range(4)]
    store = jax.device_put(pack(pictures, [0, 1, 0, 1], 2))
    domains = pack_domains([np.array([0, 1]), np.array([2, 3])])
    windowing = Windowing(6, 0.0, OF_PICTURES, COLUMNS)
    batches = [
        sample_batch(store, domains, 4, windowing, step, 0) for step in (0, 0, 1)
    ]
    np.testing.assert_array_equal(batches[0].inputs, batches[1].inputs)
    assert not np.array_equal(batches[0].inputs, batches[2].inputs)
    assert batches[0].inputs.shape == (2, 4, 6, 8, 1)


@pytest.fixture
def save(tmp_path):
    def saved(mode, name="x.png", size=(40, 20), **options):
        image = Image.new(mode, size)
        image.save(tmp_path / name, **options)
        return tmp_path / name

    return saved


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P", "1", "LA", "I;16"])
def test_any_kind_of_picture_is_read(save, mode):
    for features in (RGB224, GREY32):
        signal = features.read(save(mode))
        assert signal.values.shape == (features.size, features.size, features.channels)
        frames = features(signal.values)
        assert frames.shape == (features.size, features.num_features)
        assert frames.dtype == np.float32


def test_cmyk_is_read(save):
    assert RGB224.read(save("CMYK", "x.jpg")).values.shape == (224, 224, 3)


def test_imagenet_means_are_taken_away():
    grey = np.full((224, 224, 3), [124, 116, 104], np.uint8)
    # Within half a step of 255.
    np.testing.assert_allclose(RGB224(grey), 0, atol=0.01)


def test_channels_of_a_column_lie_together(save, tmp_path):
    pixels = np.zeros((224, 224, 3), np.uint8)
    pixels[:, 0, 0] = 255  # A red line at the left.
    Image.fromarray(pixels).save(tmp_path / "line.png")
    frames = RGB224(RGB224.read(tmp_path / "line.png").values)
    assert frames[:, 0].min() > 2
    assert frames[:, 1:].max() < 0


def test_a_picture_that_lies_on_its_side_is_put_upright(tmp_path):
    pixels = np.zeros((32, 32), np.uint8)
    pixels[:, :4] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # To be turned by a quarter, clockwise: left becomes top.
    Image.fromarray(pixels).save(tmp_path / "x.jpg", exif=exif, quality=95)
    upright = GREY32.read(tmp_path / "x.jpg").values
    assert upright[0].min() > 200
    assert upright[8:].max() < 50


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_refused(tmp_path, content):
    (tmp_path / "x.jpg").write_bytes(content)
    with pytest.raises(RecordingError, match="picture"):
        RGB224.read(tmp_path / "x.jpg")


def test_a_picture_cut_short_is_refused(save):
    path = save("RGB", "x.jpg", size=(400, 400))
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(RecordingError, match="cannot be read as a picture"):
        RGB224.read(path)


def test_copies_are_known_by_their_pixels(save, tmp_path):
    first = RGB224.read(save("RGB"))
    again = RGB224.read(save("RGB", "y.png"))
    np.testing.assert_array_equal(first.fingerprint, again.fingerprint)
    assert len(first.fingerprint) == 8


def test_classes_are_the_folders_just_above_wherever_they_lie(tmp_path):
    names = ("dog/pic_1.jpg", "kfold/Horse/pic_2.PNG", "cats/pic_3.jpg", "loose.jpg")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    listed = list_pictures("photo", tmp_path)
    assert [(p.name, p.emotion) for p in listed.utterances] == [
        ("dog/pic_1", "dog"),
        ("kfold/Horse/pic_2", "horse"),
    ]
    assert listed.utterances[0].speaker == "dog/pic_1"
    assert "2 picture(s) left out, in no folder of a class" in listed.notices[0]


def test_a_folder_without_pictures_is_told_with_the_layout(tmp_path):
    with pytest.raises(InputError, match=r"There is no folder .*photo/dog/pic_001.jpg"):
        list_pictures("photo", tmp_path / "nothing")
    with pytest.raises(InputError, match="no picture in a folder of its class"):
        list_pictures("photo", tmp_path)


def test_no_digit_is_in_two_domains(tmp_path):
    numbers = []
    for name in DIGITS:
        write_digits(name, tmp_path / name)
        listed = list_pictures(name, tmp_path / name).utterances
        assert len({picture.emotion for picture in listed}) == 10
        numbers += [picture.name.split("/")[1] for picture in listed]
    assert len(numbers) == len(set(numbers)) == 1797


def test_digits_are_rotated_against_the_clock(tmp_path):
    from scipy import ndimage

    def upright(name):
        write_digits(name, tmp_path / name)
        path = list_pictures(name, tmp_path / name).utterances[0].path
        return np.asarray(Image.open(path), float)

    plain, turned = upright("digits_0"), upright("digits_60")

    def axis(pixels):
        # The direction in which a zero is longest.
        places = np.indices(pixels.shape)[::-1].reshape(2, -1)
        weights = pixels.reshape(-1)
        values, vectors = np.linalg.eigh(np.cov(places, aweights=weights))
        return vectors[:, values.argmax()]

    cosine = abs(float(axis(plain) @ axis(turned)))
    assert cosine < 0.85
    assert ndimage.label(turned > 128)[1] <= 2


def test_features_must_suit_what_the_corpora_are_of(tmp_path):
    common = {"corpora_dir": tmp_path, "methods": "deep_all"}
    with pytest.raises(InputError, match=r"is of pictures.*pacs\.flags"):
        make_plan(Config(scenario="pacs", target_kind="objects", **common))
    with pytest.raises(InputError, match="'crema_d' is of recordings"):
        make_plan(Config(scenario="1", features="rgb224", **common))
    plan = make_plan(
        Config(scenario="pacs", features="rgb224", target_kind="objects", **common)
    )
    assert [split.target for split in plan.splits] == list(PACS)
    assert all(source.pictures for source in plan.sources.values())


def test_targets_of_pictures_have_their_classes():
    assert Config(target_kind="objects").make_target().classes == PACS_CLASSES
    assert Config(target_kind="digits").make_target().num_outputs == 10
    assert {"rgb224", "grey32"} <= set(NAMES)
