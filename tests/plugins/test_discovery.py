"""Finding plugins: manifests are read, never run, and a broken plugin costs only itself."""

from __future__ import annotations

import sys
import textwrap

import pytest

from segstudio.core.errors import UserError
from segstudio.core.manifest import read_manifest
from segstudio.core.plugin_code import load_attribute
from segstudio.core.resources import bundled_plugins_dir
from segstudio.models.registry import ModelRegistry
from segstudio.plugins import api
from segstudio.plugins.discovery import discover, install

CARD = """
    from segstudio.plugins.api import ClassSet, ModelCard

    CARD = ModelCard(
        name="{name}", family="x", title="X", task="semantic", paper="-", year=2026, licence="MIT",
        class_set=ClassSet.of_names(["a", "b"]),
    )
"""


def plugin(home, folder, manifest, **files):
    target = home / folder
    target.mkdir(parents=True)
    (target / "plugin.toml").write_text(textwrap.dedent(manifest), encoding="utf-8")
    for name, text in files.items():
        (target / f"{name}.py").write_text(textwrap.dedent(text), encoding="utf-8")
    return target


def model_manifest(plugin_id, name, extra=""):
    return f"""
        id = "{plugin_id}"
        version = "1"
        api = 1
        {extra}
        [[models]]
        name = "{name}"
        card = "cards.CARD"
        build = "network.build"
    """


@pytest.fixture(autouse=True)
def _forget():
    yield
    for name in [name for name in sys.modules if name.startswith("segstudio_plugin_test")]:
        del sys.modules[name]


def test_reading_a_manifest_imports_nothing(tmp_path):
    folder = plugin(tmp_path, "one", model_manifest("test-one", "one"), cards="raise SystemExit")
    manifest = read_manifest(folder)
    assert manifest.of("models")[0].code == {"card": "cards.CARD", "build": "network.build"}
    assert discover(user_dir=tmp_path).usable[-1].id == "test-one"
    assert "segstudio_plugin_test_one" not in sys.modules


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id = ", "cannot be read"),
        ('id = "x"\napi = 2', "plugin API 2"),
        ('id = "Not Kebab"\napi = 1', "kebab"),
        ('id = "x"\napi = 1\nsurprise = 1', "surprise"),
        ('id = "x"\napi = 1\nmodels = 3', "array of tables"),
        ('id = "x"\napi = 1\n[[models]]\ncard = "a.b"', "no name"),
    ],
)
def test_a_broken_manifest_is_named_and_disables_only_itself(tmp_path, text, said):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "plugin.toml").write_text(text, encoding="utf-8")
    plugin(tmp_path, "good", model_manifest("test-good", "good"), cards=CARD.format(name="good"))
    plugins = discover(user_dir=tmp_path)
    (problem,) = [p for p in plugins.problems if p.source == "user"]
    assert said in problem.problem
    assert str(tmp_path / "bad") in problem.problem
    registry = ModelRegistry()
    install(registry, plugins)
    assert registry.card("good").title == "X"


def test_code_that_fails_to_import_costs_its_own_models(tmp_path):
    plugin(tmp_path, "bad", model_manifest("test-bad", "bad"), cards="1 / 0")
    plugin(tmp_path, "good", model_manifest("test-good", "good"), cards=CARD.format(name="good"))
    registry = ModelRegistry()
    install(registry, discover(user_dir=tmp_path))
    assert "good" in [card.name for card in registry.cards()]
    assert "ZeroDivisionError" in registry.problems["bad"]
    with pytest.raises(UserError, match=r"plugin 'test-bad': cards.py cannot be loaded"):
        registry.card("bad")


def test_a_missing_extra_says_what_to_install(tmp_path):
    manifest = model_manifest("test-needy", "needy", 'requires = ["surely_not_installed"]')
    plugin(tmp_path, "needy", manifest, cards=CARD.format(name="needy"))
    plugins = discover(user_dir=tmp_path)
    (problem,) = [p for p in plugins.problems if p.source == "user"]
    assert problem.problem == "needs: pip install surely_not_installed"
    registry = ModelRegistry()
    install(registry, plugins)
    assert registry.status("needy").state == "missing extra"
    with pytest.raises(UserError, match="needs the extra"):
        registry.builder("needy")


def test_a_second_plugin_with_the_same_id_or_model_is_left_out(tmp_path):
    plugin(tmp_path, "a", model_manifest("test-same", "first"), cards=CARD.format(name="first"))
    plugin(tmp_path, "b", model_manifest("test-same", "second"), cards=CARD.format(name="second"))
    plugin(tmp_path, "c", model_manifest("test-other", "first"), cards=CARD.format(name="first"))
    plugins = discover(user_dir=tmp_path)
    assert "already found" in next(p for p in plugins.found if p.folder == tmp_path / "b").problem
    registry = ModelRegistry()
    install(registry, plugins)
    assert "second" not in registry
    assert "already" in registry.problems[str(tmp_path / "c")]
    assert registry.entry("first").plugin.id == "test-same"


def test_modules_of_one_plugin_import_each_other_relatively(tmp_path):
    folder = plugin(
        tmp_path, "p", 'id = "test-p"\napi = 1', one="from . import two\nVALUE = two.VALUE", two="VALUE = 7"
    )
    assert load_attribute(folder, "test-p", "one.VALUE") == 7
    with pytest.raises(UserError, match="no 'MISSING'"):
        load_attribute(folder, "test-p", "one.MISSING")


def test_a_card_under_another_name_is_refused(tmp_path):
    folder = plugin(tmp_path, "p", model_manifest("test-p", "said"), cards=CARD.format(name="meant"))
    with pytest.raises(UserError, match="not the card of 'said'"):
        ModelRegistry([folder]).card("said")


def test_an_unknown_model_lists_similar_names(tmp_path):
    folder = plugin(tmp_path, "p", model_manifest("test-p", "espnet-x"), cards=CARD.format(name="espnet-x"))
    with pytest.raises(UserError, match="no model 'espnet-y'") as caught:
        ModelRegistry([folder]).card("espnet-y")
    assert "espnet-x" in caught.value.hint


def test_bundled_plugins_import_only_the_public_names():
    import ast

    for path in bundled_plugins_dir().rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            for name in names:
                assert not name.startswith("segstudio") or name == "segstudio.plugins.api", f"{path}: {name}"


def test_the_names_for_plugins_are_frozen():
    assert set(api.__all__) == {
        "IMAGENET_MEAN",
        "IMAGENET_STD",
        "Annotation",
        "CancelToken",
        "Candidate",
        "Capabilities",
        "ClassSet",
        "Dataset",
        "Embedding",
        "Frame",
        "ImageItem",
        "InteractivePredictor",
        "LabelClass",
        "MaskShape",
        "ModelCard",
        "PolygonPart",
        "PolygonShape",
        "Prediction",
        "Preprocess",
        "Progress",
        "Prompt",
        "Published",
        "SegObject",
        "Segment",
        "Tracker",
        "UserError",
        "WeightsEntry",
        "no_tracker",
        "open_oracle",
        "with_background",
    }
    assert all(hasattr(api, name) for name in api.__all__)
