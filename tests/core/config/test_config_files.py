"""Configuration files hold names and values, and a mistake in one is found at its line."""

import json

import pytest

from orchestra_core.config import read_config
from orchestra_core.errors import ConfigurationError

VALUES = {"instrument": {"name": "piano_adsr", "config": {"partials": 3}}, "seeds": [1, 2]}
TOML = 'seeds = [1, 2]\n[instrument]\nname = "piano_adsr"\n[instrument.config]\npartials = 3\n'


def test_toml_and_json_say_the_same(tmp_path):
    (tmp_path / "a.toml").write_text(TOML)
    (tmp_path / "a.json").write_text(json.dumps(VALUES))
    assert read_config(tmp_path / "a.toml") == read_config(tmp_path / "a.json") == VALUES


def test_a_byte_order_mark_does_no_harm(tmp_path):
    (tmp_path / "a.toml").write_bytes(b"\xef\xbb\xbf" + TOML.encode())
    assert read_config(tmp_path / "a.toml") == VALUES


def test_of_a_run_the_recipe_is_taken(tmp_path):
    (tmp_path / "run.json").write_text(json.dumps({"format": 1, "recipe": VALUES}))
    assert read_config(tmp_path) == read_config(str(tmp_path / "run.json")) == VALUES


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.toml", "seeds = 1\nname = = 2\n", "is not valid TOML: Invalid value (at line 2, column 8)"),
        ("a.toml", "seeds = 1\nseeds = 2\n", "is not valid TOML: Cannot overwrite a value"),
        ("a.json", '{\n "seeds": 1,,\n}', "is not valid JSON"),
        ("a.json", '{\n "seeds": 1,,\n}', "(at line 2, column"),
        ("a.json", '{"seed": 1, "seed": 2}', "the key 'seed' is given twice"),
        ("a.json", "[1, 2]", "holds a list; expected an object with names and values"),
        ("a.json", '{"recipe": 3}', "a 'recipe' that is a int; expected an object"),
        ("run.json", '{"seed": 3}', "has no 'recipe'; expected the file of a run"),
        ("a.yaml", "seed: 1", "is of type .yaml; expected a .toml or .json file"),
        ("noending", "seed: 1", "is of type unknown"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path, name, text, expected):
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        read_config(tmp_path / name)
    assert expected in str(caught.value)
    assert str(tmp_path / name) in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"nothing\.toml does not exist"):
        read_config(tmp_path / "nothing.toml")


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "a.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_config(tmp_path / "a.toml")


def test_a_folder_without_a_run_is_refused_and_a_batch_gets_a_hint(tmp_path):
    with pytest.raises(ConfigurationError, match=r"has no run\.json; expected a run folder\.$"):
        read_config(tmp_path)
    for item in ("000", "001"):
        (tmp_path / item).mkdir()
        (tmp_path / item / "run.json").write_text('{"recipe": {}}')
    with pytest.raises(ConfigurationError, match="It is a batch: name one of its items 000, 001"):
        read_config(tmp_path)
    assert read_config(tmp_path / "001") == {}
