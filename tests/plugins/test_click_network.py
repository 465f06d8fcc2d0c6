"""The click network: what it is shown, how it is taught, and that it keeps the contract of promptable segmenters."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core.errors import UserError
from segstudio.core.plugin_code import load_attribute
from segstudio.core.progress import CancelToken
from segstudio.core.resources import bundled_plugins_dir
from segstudio.models.interactive.contract import violations
from segstudio.models.interactive.embedding import Frame
from segstudio.models.interactive.prompt import Prompt

torch = pytest.importorskip("torch")
FOLDER = bundled_plugins_dir() / "clicks"


def ours(dotted: str):
    return load_attribute(FOLDER, "clicks", dotted)


def scene(height=96, width=128, seed=3):
    """Two plain things on a plain ground, and what each pixel is."""
    regions_hw = np.ones((height, width), np.int32)
    regions_hw[20:60, 16:50] = 2
    regions_hw[40:80, 70:110] = 3
    colours = np.array([(0, 0, 0), (90, 90, 90), (200, 60, 40), (40, 60, 200)], np.float32)
    noise = np.random.default_rng(seed).normal(0, 4, (height, width, 3))
    return np.clip(colours[regions_hw] + noise, 0, 255).astype(np.uint8), regions_hw


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file of weights, drawn by chance, as the training stores them."""
    from safetensors.torch import save_file

    torch.manual_seed(5)
    network = ours("network.ClickNet")()
    state = {name: one.half() for name, one in network.state_dict().items() if "num_batches" not in name}
    path = tmp_path_factory.mktemp("clicks") / "click-net.safetensors"
    save_file(state, path)
    return path


def asked(segmenter, image_hwc, prompt):
    embedding = segmenter.encode(Frame("one", image_hwc), cancel=CancelToken())
    return segmenter.predict(embedding, prompt, cancel=CancelToken())


def test_it_keeps_the_contract(weights):
    image_hwc, _ = scene()
    assert violations(lambda: ours("segmenter.open_clicks")(weights), image_hwc) == []


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 300), (300, 1), (31, 17), (3000, 2600)])
def test_pictures_of_any_size_are_answered_in_their_own_frame(weights, size_hw):
    segmenter = ours("segmenter.open_clicks")(weights)
    image_hwc = np.full((*size_hw, 3), 90, np.uint8)
    point = Prompt().with_point(size_hw[1] / 2, size_hw[0] / 2, positive=True)
    (candidate,) = asked(segmenter, image_hwc, point)
    assert max(candidate.logits_hw.shape) <= 2048
    rect, mask_hw = candidate.pixels(size_hw)
    assert mask_hw.shape == (rect.height, rect.width)
    assert rect.x1 <= size_hw[1]
    assert rect.y1 <= size_hw[0]


def test_the_embedding_is_the_picture(weights):
    image_hwc, _ = scene()
    embedding = ours("segmenter.open_clicks")(weights).encode(Frame("one", image_hwc), cancel=CancelToken())
    np.testing.assert_array_equal(embedding.arrays["image"], image_hwc)


def test_a_negative_point_alone_finds_nothing(weights):
    image_hwc, _ = scene()
    assert asked(ours("segmenter.open_clicks")(weights), image_hwc, Prompt().with_point(30, 30, positive=False)) == []


def test_other_files_are_refused_in_a_sentence(weights, tmp_path):
    from safetensors.torch import save_file

    broken, foreign = tmp_path / "broken.safetensors", tmp_path / "foreign.safetensors"
    broken.write_bytes(weights.read_bytes()[:1000])
    save_file({"a": torch.zeros(3)}, foreign)
    for path in (broken, foreign, tmp_path / "none.safetensors", None):
        with pytest.raises(UserError):
            ours("segmenter.open_clicks")(path)


def test_folding_the_normalizations_changes_no_answer():
    torch.manual_seed(1)
    network = ours("network.ClickNet")()
    planes = torch.randn(2, 12, 64, 48)
    network.train()
    network(planes)  # gives the normalizations something to fold
    network.eval()
    with torch.inference_mode():
        plain = network(planes)
        fewer = ours("network.folded")(network)(planes)
    torch.testing.assert_close(fewer, plain, rtol=1e-4, atol=1e-4)


def test_the_way_over_colours_is_that_of_dijkstra():
    sparse = pytest.importorskip("scipy.sparse")
    chance = np.random.default_rng(0)
    image = chance.uniform(0, 255, (1, 20, 24, 3)).astype(np.float32)
    seeds = np.zeros((1, 1, 20, 24), np.bool_)
    seeds[0, 0, 3, 4] = True
    far = ours("geodesic.geodesic")(image, seeds, rounds=8)[0, 0]
    number = np.arange(20 * 24).reshape(20, 24)

    def cost(one, other):
        return (np.abs(one - other).max(axis=-1) / 24 + 0.02).ravel()

    down, along = cost(image[0, 1:], image[0, :-1]), cost(image[0, :, 1:], image[0, :, :-1])
    ends = np.r_[number[1:].ravel(), number[:, 1:].ravel()], np.r_[number[:-1].ravel(), number[:, :-1].ravel()]
    graph = sparse.coo_matrix((np.r_[down, along], ends), (480, 480))
    shortest = sparse.csgraph.dijkstra(graph, directed=False, indices=number[3, 4]).reshape(20, 24)
    np.testing.assert_allclose(far, shortest, atol=1e-3)


def test_no_click_is_far_from_everywhere():
    far = ours("geodesic.geodesic")(np.zeros((1, 8, 8, 3), np.float32), np.zeros((1, 2, 8, 8), np.bool_))
    assert (far == ours("geodesic.FAR")).all()


def test_a_window_beyond_the_picture_is_grey_there_and_points_follow_it():
    window = ours("planes.Window")(-10, 20, 40, 40)
    image_hwc = np.full((50, 60, 3), 7, np.uint8)
    seen = window.cut(image_hwc, (40, 40))
    assert (seen[:30, 10:] == 7).all()
    assert (seen[:, :10] == 114).all()
    assert (seen[30:] == 114).all()
    np.testing.assert_allclose(window.inside(np.array([[0.0, 30.0]]), (80, 80)), [[20.0, 20.0]])


def test_planes_say_what_was_clicked():
    image_hwc, regions_hw = scene()
    points = np.array([[30.5, 40.5], [90.5, 60.5], [-5.0, 3.0]])
    said = ours("planes.Said")(image_hwc, points, np.array([True, False, True]), None)
    planes = ours("planes.planes_of")([said])[0]
    assert planes.shape == (12, 96, 128)
    assert planes[4, 40, 30] == planes[5, 60, 90] == 1
    assert planes[4].sum() < 40  # one disc: the point beyond the picture is left out
    near_hw = planes[8]  # over the colours: within the thing near, beyond its border far
    assert near_hw[24:56, 20:46].min() > near_hw[regions_hw == 1].mean()
    assert planes[10][regions_hw == 2].mean() > 0.9
    assert planes[10][regions_hw == 3].mean() < 0.1
    assert not planes[3].any()


@pytest.mark.parametrize("seed", range(8))
def test_a_lesson_begins_inside_of_what_it_is_about(seed):
    image_hwc, regions_hw = scene()
    picture = ours("lesson_pictures.Picture")(image_hwc, regions_hw, (2, 3))
    lesson = ours("lessons.lesson_of")(picture, 64, np.random.default_rng(seed))
    assert lesson.colours_hwc.shape == (64, 64, 3)
    assert not (lesson.mask_hw & lesson.unknown_hw).any()
    assert lesson.points or lesson.before_hw is not None
    if lesson.before_hw is None:
        for (x, y), positive in zip(lesson.points, lesson.signs, strict=True):
            assert lesson.mask_hw[int(y), int(x)] == positive
    before = len(lesson.points)
    lesson.click(np.zeros((64, 64), np.bool_), np.random.default_rng(0))
    assert len(lesson.points) == before + 1
    assert lesson.signs[-1]


def test_composites_keep_the_numbers_of_what_is_still_seen():
    image_hwc, regions_hw = scene(120, 160)
    picture = ours("lesson_pictures.Picture")(image_hwc, regions_hw, (2, 3))
    made = ours("lesson_pictures.composite")([picture], [image_hwc], np.random.default_rng(2))
    assert made.image_hwc.shape[:2] == made.regions_hw.shape
    assert made.image_hwc.dtype == np.uint8
    assert made.regions_hw.max() > 3  # what was put upon it
    assert made.regions_hw.min() >= 1


def test_training_goes_on_from_its_state_as_if_it_had_not_ended():
    image_hwc, regions_hw = scene()
    sources = [(1.0, [ours("lesson_pictures.Picture")(image_hwc, regions_hw, (2, 3))])]
    plan = ours("training.Plan")(4, batch=2, sides=((0.0, 64),))

    def training():
        return ours("training.Training")(sources, plan, seed=3)

    one, other = training(), training()
    losses = [one.step(number / 4) for number in range(3)]
    assert all(np.isfinite(losses))
    for number in range(2):
        other.step(number / 4)
    resumed = training()
    resumed.restore(other.state())
    assert resumed.step(2 / 4) == pytest.approx(losses[2], rel=1e-4)
    assert resumed.step_number == 3
