"""What a new plugin may be called, and where it may be written."""

import pytest

from orchestra_core.cli.app import run
from orchestra_core.errors import ParameterError, UnknownNameError, UsageError
from orchestra_core.registry import get_registry
from orchestra_core.scaffold import Names, check_free, distribution, write_distribution


@pytest.mark.parametrize(
    ("component", "class_name", "package", "named"),
    [
        ("glass", "Glass", "orchestra_glass", "orchestra-glass"),
        ("fm_bell_2", "FmBell2", "orchestra_fm_bell_2", "orchestra-fm-bell-2"),
        ("x", "X", "orchestra_x", "orchestra-x"),
    ],
)
def test_all_names_are_made_from_that_of_the_component(component, class_name, package, named):
    names = Names(component)
    assert (names.class_name, names.package, names.distribution) == (class_name, package, named)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Glass-Bell", "For example 'glass_bell'"),
        ("GlassBell", "For example 'glass_bell'"),
        ("glass bell", "For example 'glass_bell'"),
        ("2bells", "For example 'bells'"),
        ("_glass", "For example 'glass'"),
        ("glass__bell", "For example 'glass_bell'"),
        ("glass_", "For example 'glass'"),
        ("", "The name is ''"),
        ("ß", "The name is 'ß'; expected at most 24 lower case letters"),
        ("../evil", "For example 'evil'"),
        ("a" * 25, "expected at most 24"),
        ("orchestra_glass", "without 'orchestra'"),
        ("orchestra-glass", "without 'orchestra'"),
        ("none", "called None"),
        ("exception", "called Exception"),
        ("tensor", "called Tensor"),
        ("pipeline", "called Pipeline"),
        ("oracle", "called Oracle"),
        ("score", "called Score"),
        ("tester", "does not begin with 'test'"),
    ],
)
def test_a_name_that_would_not_work_is_refused_with_one_that_would(name, message):
    with pytest.raises(ParameterError) as refused:
        Names(name)
    assert message in str(refused.value)


def test_the_name_of_an_installed_component_is_taken():
    with pytest.raises(UsageError, match="There is a schedule 'staged' already, from orchestra-music"):
        check_free(Names("staged"), "schedule", get_registry())


def test_the_name_of_an_importable_package_is_taken_even_for_another_kind():
    with pytest.raises(UsageError, match="A package 'orchestra_staged' is installed already"):
        check_free(Names("staged"), "instrument", get_registry())


def test_a_free_name_is_free():
    check_free(Names("never_heard_of"), "instrument", get_registry())


def test_an_unknown_kind_is_refused_with_those_there_are(tmp_path):
    with pytest.raises(UnknownNameError, match="Did you mean 'instrument'"):
        write_distribution(Names("glass"), "instruments", tmp_path / "glass")


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="is not empty"):
        write_distribution(Names("glass"), "oracle", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_is_not_overwritten(tmp_path):
    (tmp_path / "glass").write_text("a file")
    with pytest.raises(UsageError, match="is a file"):
        write_distribution(Names("glass"), "oracle", tmp_path / "glass")
    assert (tmp_path / "glass").read_text() == "a file"


def test_an_empty_folder_and_missing_parents_are_used(tmp_path):
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "new" / "deep" / "glass"):
        assert write_distribution(Names("glass"), "oracle", folder) == folder
        assert (folder / "pyproject.toml").is_file()


def test_a_failure_half_way_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(distribution, "render", lambda names, kind: {"first.py": "written", "no\0name": "fails"})
    with pytest.raises(ValueError, match="null"):
        write_distribution(Names("glass"), "oracle", tmp_path / "glass")
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_beside_you_and_says_what_comes_next(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["plugins", "new", "glass", "--kind", "oracle"]) == 0
    said = capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["orchestra-glass"]
    for command in ("cd orchestra-glass", "pip install", "plugins check glass", "compose --config compose.toml", "pytest"):
        assert command in said


@pytest.mark.parametrize("arguments", [["glass"], ["glass", "--kind", "band"], ["Glass", "--kind", "oracle"]])
def test_the_command_refuses_what_it_cannot_write_with_exit_code_2(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["plugins", "new", *arguments]) == 2
    assert "Error" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
