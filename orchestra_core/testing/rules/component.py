"""Rules for components of every kind: determinism, independence of items, copies, types, signatures."""

from __future__ import annotations

import copy
import inspect
import pickle
import random
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from torch import Tensor

from orchestra_core.contracts.component import CAPABILITIES, KINDS
from orchestra_core.contracts.envelope import Envelope
from orchestra_core.contracts.instrument import Instrument
from orchestra_core.contracts.judge import Judge
from orchestra_core.contracts.objective import Objective
from orchestra_core.contracts.oracle import Oracle
from orchestra_core.contracts.schedule import Schedule
from orchestra_core.contracts.score_source import ScoreSource
from orchestra_core.testing.gradients import as_double
from orchestra_core.testing.modules import torch_modules
from orchestra_core.testing.rule import Fault, NotApplicable, expect, rule
from orchestra_core.testing.settings_of_torch import random_state, torch_settings
from orchestra_core.testing.subject import Subject

Outputs = Mapping[str, Tensor]

_CONTRACTS: Mapping[str, type] = {
    "instrument": Instrument,
    "envelope": Envelope,
    "oracle": Oracle,
    "objective": Objective,
    "schedule": Schedule,
    "score": ScoreSource,
    "judge": Judge,
}

#: An item alone and beside others may differ by this share of the largest value: sums in another order.
_ROUNDING = 2e-5


@rule(
    "component.capabilities",
    reason="What does not fit together is refused up front by capabilities; a misspelt one would be silent.",
    fix="Make `capabilities` a frozenset of names among those of the contracts.",
)
def capabilities(subject: Subject) -> None:
    """The class declares a frozenset of known capabilities."""
    seen = subject.component.capabilities
    expect(isinstance(seen, frozenset), f"capabilities is {seen!r}; expected a frozenset.")
    unknown = sorted(seen - CAPABILITIES)
    expect(
        not unknown, f"capabilities has {', '.join(map(repr, unknown))}; expected names among {', '.join(sorted(CAPABILITIES))}."
    )


@rule(
    "component.signature",
    reason="The core calls positionally in one place and by keyword in another; other names or extra arguments break one.",
    fix="Give every method of the contract its parameters by the same names, in the same order, with no more of them.",
)
def signature(subject: Subject) -> None:
    """Every method of the contract has the contract's signature."""
    contract = _CONTRACTS[subject.kind]
    for name in dir(contract):
        theirs = inspect.getattr_static(contract, name)
        if name.startswith("__") or not inspect.isfunction(theirs):
            continue
        expected, seen = _parameters(theirs), _parameters(getattr(type(subject.component), name))
        expect(seen == expected, f"{name} takes ({', '.join(seen)}); expected ({', '.join(expected)}).")


def _parameters(function: Callable[..., Any]) -> list[str]:
    return [str(parameter.replace(annotation=parameter.empty)) for parameter in inspect.signature(function).parameters.values()]


@rule(
    "component.deterministic",
    reason="The same seed has to give the same bytes, and a run that is resumed has to go on with the same bits.",
    fix="Take randomness only from the brief's, the take's or the problem's generator; leave nothing over from call to call.",
)
def deterministic(subject: Subject) -> None:
    """The same input gives the same output, whatever the global random state."""
    inputs, component = subject.bench.inputs(), subject.fresh()
    outputs = []
    for number in (1, 1234):
        for seed in (torch.manual_seed, random.seed, np.random.seed):
            seed(number)
        outputs.append(_apply(subject, component, inputs))
    _expect_same(outputs[0], outputs[1], 0.0, "the second call on the same input")


@rule(
    "component.stateless",
    reason="Components are shared by stages, candidates and branches; what one call leaves behind would change another.",
    fix="Keep nothing of one item in the component: it belongs into the brief, the values or the take. Key caches completely.",
)
def stateless(subject: Subject) -> None:
    """An output does not depend on what was asked before."""
    inputs, used = subject.bench.inputs(1), subject.fresh()
    _apply(subject, used, subject.bench.inputs(0))
    _expect_same(_apply(subject, subject.fresh(), inputs), _apply(subject, used, inputs), 0.0, "the call after another input")


@rule(
    "component.inputs",
    reason="Values, audio and targets are shared with the rest of the run.",
    fix="Work on new tensors: no in-place operations (names that end in an underscore, item assignment) on what you are given.",
)
def inputs_untouched(subject: Subject) -> None:
    """What it is given is left as it was."""
    inputs = subject.bench.inputs()
    before = {name: value.clone() for name, value in inputs.items()}
    subject.bench.apply(subject.fresh(), inputs)
    for name, value in inputs.items():
        changed = value.shape != before[name].shape or not torch.equal(value.nan_to_num(), before[name].nan_to_num())
        expect(not changed, f"The input {name!r} is changed by the call; expected it to be left as it was.")


@rule(
    "component.threads",
    reason="The items of a batch are computed side by side in threads, each by the same component.",
    fix="Keep nothing on `self` during a call, also no buffers that are written to; hand it on from function to function.",
    kinds=("instrument", "envelope", "oracle", "objective"),
)
def threads(subject: Subject) -> None:
    """Two calls at once give what each gives by itself."""
    bench, component = subject.bench, subject.fresh()
    variants = [bench.inputs(variant) for variant in (0, 1, 0, 1)]
    alone = [_apply(subject, component, inputs) for inputs in variants[:2]]
    with ThreadPoolExecutor(2, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        beside = list(pool.map(lambda inputs: _apply(subject, component, inputs), variants))
    for turn, outputs in enumerate(beside):
        _expect_same(alone[turn % 2], outputs, _ROUNDING, "a call beside another one")


@rule(
    "component.random_state",
    reason="Whoever uses orchestra in a program has random numbers of their own.",
    fix="Draw from the generator you are given, or from a `torch.Generator` of your own, never from the global state.",
)
def random_state_untouched(subject: Subject) -> None:
    """Using it leaves the global random states of Python, NumPy and torch as they were."""
    inputs, component = subject.bench.inputs(), subject.fresh()
    before = random_state()
    subject.bench.apply(component, inputs)
    changed = [name for name, state in random_state().items() if state != before[name]]
    expect(not changed, f"Using it changes the random state of {', '.join(changed)}; expected it to be left as it was.")


@rule(
    "component.torch_settings",
    reason="Default type, threads and gradient mode are the program's own; changed, they change every other component.",
    fix="Set them for a block at most (`with torch.no_grad():`), or pass types and devices explicitly.",
)
def torch_settings_untouched(subject: Subject) -> None:
    """Using it leaves the global settings of torch as they were."""
    inputs, component = subject.bench.inputs(), subject.fresh()
    before = torch_settings()
    subject.bench.apply(component, inputs)
    after = torch_settings()
    changed = [f"{name} from {before[name]} to {after[name]}" for name in before if before[name] != after[name]]
    expect(not changed, f"Using it changes {', '.join(changed)}; expected it to be left as it was.")


@rule(
    "component.deepcopy",
    reason="The kit, search and data loading make copies; a copy that plays otherwise is a trap.",
    fix="Keep only copyable things as attributes; make handles and locks when they are needed.",
)
def deepcopied(subject: Subject) -> None:
    """A deep copy behaves as the original."""
    _expect_copy(subject, copy.deepcopy, "A deep copy")


@rule(
    "component.pickle",
    reason="Seeds are spread over processes, which pickles the components.",
    fix="Define the class at the top of a module, and keep no lambdas, open files or nested functions as attributes.",
)
def pickled(subject: Subject) -> None:
    """What is pickled and read back behaves as the original."""
    _expect_copy(subject, lambda component: pickle.loads(pickle.dumps(component)), "A pickled copy")


@rule(
    "component.state",
    reason="Weights are saved and loaded through `state_dict`; what it leaves out comes back as something else.",
    fix="Make weights parameters or persistent buffers of a torch module, and let `state_dict` return all of them.",
)
def state_carried_over(subject: Subject) -> None:
    """Where it has a `state_dict`, another copy that loads it behaves as the original."""
    if not (hasattr(subject.component, "state_dict") and hasattr(subject.component, "load_state_dict")):
        raise NotApplicable("it has no state_dict")

    def carry_over(component: Any) -> Any:
        other = copy.deepcopy(component)
        for module in torch_modules(other):
            for weight in (*module.parameters(), *module.buffers()):
                weight.data = weight.data + 1
        other.load_state_dict(component.state_dict())
        return other

    _expect_copy(subject, carry_over, "Another copy with its state")


def _expect_copy(subject: Subject, make: Callable[[Any], Any], what: str) -> None:
    try:
        made = make(subject.component)
    except Exception as error:
        raise Fault(
            f"{what} cannot be made ({type(error).__name__}: {error}); expected one that behaves as the original."
        ) from error
    inputs = subject.bench.inputs()
    original = subject.bench.apply(subject.component, inputs)
    _expect_same(original, subject.bench.apply(made, inputs), 0.0, what.lower())


@rule(
    "component.batch",
    reason="Items never influence each other: a piece must not change because of the seeds composed beside it.",
    fix="Reduce over all dimensions but the first; draw per item; clip, normalise and stop per item.",
    kinds=tuple(kind for kind in KINDS if kind not in ("score", "judge")),
)
def batch(subject: Subject) -> None:
    """An item alone, in another order or twice gives what it gives in the batch."""
    bench, component = subject.bench, subject.component
    inputs = bench.inputs()
    whole = bench.apply(component, inputs)
    for rows in ([1], [2, 0, 1]) if subject.kind == "schedule" else ([0], [2], [2, 0, 1], [1, 1]):
        part = bench.apply(component, {name: value[rows] for name, value in inputs.items()})
        expected = {name: value[rows] for name, value in whole.items()}
        _expect_same(expected, part, _ROUNDING, f"items {rows} of the batch, by themselves")


@rule(
    "component.dtype",
    reason="Gradients are checked, and long sums are made, in double precision; a silent narrowing ends that.",
    fix="Make your own tensors with `like.new_tensor(...)`, `dtype=...`, or `torch.zeros_like`.",
    kinds=("instrument", "envelope", "oracle", "objective"),
)
def dtype(subject: Subject) -> None:
    """Double precision in gives double precision out, and single gives single."""
    inputs = subject.bench.inputs()
    singles = {n: v.float() if v.dtype == torch.float64 else v for n, v in inputs.items()}
    cases: tuple[tuple[str, Outputs, torch.dtype], ...] = (
        ("single", singles, torch.float32),
        ("double", as_double(inputs), torch.float64),
    )
    for name, given, wanted in cases:
        for output, tensor in subject.bench.apply(subject.fresh(), given).items():
            expect(tensor.dtype == wanted, f"{output!r} is {tensor.dtype} for {name} precision input; expected {wanted}.")


@rule(
    "component.device",
    reason="Tensors that are made without a device land on the CPU and stop the run on any accelerator.",
    fix="Make tensors with `device=value.device`, where `value` is one you were given.",
    kinds=("instrument", "envelope", "oracle", "objective"),
)
def device(subject: Subject) -> None:
    """Every tensor it makes is on the device of what it is given."""
    if subject.kind == "objective" and "stochastic" in subject.component.capabilities:
        raise NotApplicable("random numbers are drawn on the CPU")
    component, inputs = subject.fresh(), subject.bench.inputs()
    subject.bench.apply(component, inputs)  # whatever is loaded late is loaded now
    other = torch.device("cuda") if torch.cuda.is_available() else None
    try:
        if other is not None:
            outputs = subject.bench.apply(component, {name: value.to(other) for name, value in inputs.items()})
        else:  # tensors made without a device then fit with nothing that is given
            with torch.device("meta"), torch.no_grad():
                outputs = dict(_apply_on_meta(subject, component, inputs))
    except (RuntimeError, NotImplementedError) as error:
        raise Fault(f"Tensors of two devices meet: {str(error).splitlines()[0]} Expected those of the inputs only.") from error
    wanted = (other or torch.device("cpu")).type
    for name, tensor in outputs.items():
        expect(tensor.device.type == wanted, f"{name!r} is on {tensor.device} for inputs on {wanted}; expected the same.")


def _apply_on_meta(subject: Subject, component: Any, inputs: Mapping[str, Tensor]) -> Outputs:
    """Call the author's own method, where the default device is one that holds no numbers."""
    setting, bench = subject.setting, subject.bench
    values = {name: value for name, value in inputs.items() if name not in ("time", "duration")}
    if subject.kind == "instrument":
        return {"audio": component._render(inputs, setting.canvas)}
    if subject.kind == "envelope":
        return {"levels": component._levels(inputs["time"], inputs["duration"], values)}
    if subject.kind == "oracle":
        return dict(component._read(inputs["audio"], min(component.sample_rates)))
    with torch.device("cpu"):
        take = bench.take(dict(inputs))  # type: ignore[attr-defined]
    return dict(component._evaluate(take).terms)


@torch.no_grad()
def _detached(outputs: Outputs) -> Outputs:
    return {name: value.detach() for name, value in outputs.items()}


def _apply(subject: Subject, component: Any, inputs: Mapping[str, Tensor]) -> Outputs:
    return _detached(subject.bench.apply(component, {name: value.clone() for name, value in inputs.items()}))


def _expect_same(expected: Outputs, seen: Outputs, tolerance: float, what: str) -> None:
    if expected.keys() != seen.keys():
        raise Fault(f"{what} gives {sorted(seen)}; expected {sorted(expected)}.")
    for name, tensor in expected.items():
        other = seen[name]
        if tensor.shape != other.shape:
            raise Fault(f"{name!r} has shape {tuple(other.shape)} in {what}; expected {tuple(tensor.shape)}.")
        if not tensor.numel():
            continue
        far = (tensor.detach().double() - other.detach().double()).abs().nan_to_num(nan=torch.inf).max()
        allowed = tolerance * max(float(tensor.detach().double().abs().max()), 1e-3)
        expect(float(far) <= allowed, f"{name!r} differs by {float(far):.3g} in {what}; expected at most {allowed:.3g}.")


RULES = (
    capabilities,
    signature,
    deterministic,
    stateless,
    inputs_untouched,
    threads,
    random_state_untouched,
    torch_settings_untouched,
    deepcopied,
    pickled,
    state_carried_over,
    batch,
    dtype,
    device,
)
