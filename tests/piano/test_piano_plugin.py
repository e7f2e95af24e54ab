"""What the plugin declares: descriptors that agree with their classes, configurations, and no heavy import."""

import dataclasses
import inspect
import subprocess
import sys
from importlib import import_module

import pytest
from pydantic import TypeAdapter, ValidationError

from orchestra_core import Canvas, Pipeline, Ref
from orchestra_piano import Adsr, PianoAdsr, plugin, published_piano
from orchestra_piano.config import AdsrConfig, MelodyConfig, PianoConfig, ScaleConfig

HOOKS = (plugin.orchestra_instruments, plugin.orchestra_envelopes, plugin.orchestra_scores)
DESCRIPTORS = [descriptor for hook in HOOKS for descriptor in hook()]
CONFIGS = [descriptor.config for descriptor in DESCRIPTORS if descriptor.config]


def target_of(descriptor):
    module, attribute = descriptor.target.split(":")
    return getattr(import_module(module), attribute)


def test_provides_the_promised_components_and_the_default_instrument_and_envelope():
    assert [descriptor.name for descriptor in DESCRIPTORS] == ["piano_adsr", "adsr", "melody", "scale", "reference"]
    assert {"piano_adsr", "adsr"} <= {descriptor.name for descriptor in DESCRIPTORS if descriptor.default}


@pytest.mark.parametrize("descriptor", DESCRIPTORS, ids=lambda d: d.name)
def test_descriptors_declare_what_their_classes_do(descriptor):
    assert descriptor.capabilities == target_of(descriptor).capabilities


@pytest.mark.parametrize("descriptor", DESCRIPTORS, ids=lambda d: d.name)
def test_configurations_have_the_constructor_s_fields_and_defaults(descriptor):
    fields = (
        {}
        if descriptor.config is None
        else {f.name: getattr(descriptor.config(), f.name) for f in dataclasses.fields(descriptor.config)}
    )
    parameters = inspect.signature(target_of(descriptor)).parameters
    taken = {name: p.default for name, p in parameters.items() if p.kind is p.KEYWORD_ONLY}
    taken = {name: Ref("envelope", "adsr") if name == "envelope" else default for name, default in taken.items()}
    assert fields == taken


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: c.__name__)
def test_configurations_are_frozen_and_read_by_pydantic(config):
    assert TypeAdapter(config).validate_python({}) == config()
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(config(), dataclasses.fields(config)[0].name, None)


@pytest.mark.parametrize(
    ("config", "values"),
    ((PianoConfig, {"edges": "hard"}), (AdsrConfig, {"form": 3}), (MelodyConfig, {"modes": 1}), (ScaleConfig, {"notes": "many"})),
)
def test_pydantic_refuses_values_of_the_wrong_type(config, values):
    with pytest.raises(ValidationError):
        TypeAdapter(config).validate_python(values)


def test_published_preset_builds_the_published_piano():
    config = published_piano()
    envelope = Adsr(**config.envelope.config)
    fields = {f.name: getattr(config, f.name) for f in dataclasses.fields(config)}
    piano = PianoAdsr(**(fields | {"envelope": envelope}))
    assert envelope.form == "literal"
    assert piano.envelope is envelope


def test_the_reference_preset_is_five_seconds_of_melody_whatever_the_defaults_are():
    pipeline = Pipeline.from_preset("reference")
    names = {kind: part["name"] for kind, part in pipeline.parts.plain.items()}
    assert names == {"instrument": "piano_adsr", "objective": "match", "schedule": "staged", "score": "melody"}
    assert pipeline.parts.plain["objective"]["config"]["oracle"]["name"] == "deam_cnn"
    result = pipeline.compose("calm", budget=1)
    assert (result.canvas, result.recipe["preset"]) == (Canvas(duration=5.0), "reference")


def test_listing_imports_no_heavy_library():
    code = (
        "import sys, orchestra_piano, orchestra_piano.plugin as p, orchestra_piano.config;"
        "[list(h()) for h in (p.orchestra_instruments, p.orchestra_envelopes, p.orchestra_scores, p.orchestra_presets)];"
        "heavy = {'torch', 'torchaudio', 'nnAudio', 'librosa', 'pandas', 'matplotlib', 'numpy'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
