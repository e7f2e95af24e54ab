"""The optimisers move as the classes of `torch.optim` do, to the bit, and do without torch's compiler."""

import subprocess
import sys

import pytest
import torch

from orchestra_staged.optimizers import UPDATES, Descent

CLASSES = {
    "adam": lambda leaves: torch.optim.Adam(leaves, lr=0.1),
    "adamw": lambda leaves: torch.optim.AdamW(leaves, lr=0.1),
    "rmsprop": lambda leaves: torch.optim.RMSprop(leaves, lr=0.1),
    "sgd": lambda leaves: torch.optim.SGD(leaves, lr=0.1, momentum=0.9),
}


def start():
    return [torch.tensor([[1.0, -2.0]], dtype=torch.float64, requires_grad=True), torch.zeros(3, 2, 2, requires_grad=True)]


def move(optimizer, leaves, steps, first=0):
    for step in range(first, first + steps):
        for i, leaf in enumerate(leaves):
            generator = torch.Generator().manual_seed(10 * step + i)
            # The second leaf has no gradient at first, as one that the loss does not depend on.
            leaf.grad = torch.randn(leaf.shape, generator=generator, dtype=leaf.dtype) if i == 0 or step > 1 else None
        optimizer.step()
    return [leaf.detach().clone() for leaf in leaves]


def test_every_name_is_one_of_torch_optim():
    assert set(CLASSES) == set(UPDATES)


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_steps_are_those_of_torch_optim_to_the_bit(name):
    ours, theirs = start(), start()
    moved, expected = move(Descent(name, ours, 0.1), ours, 12), move(CLASSES[name](theirs), theirs, 12)
    assert all(torch.equal(*pair) for pair in zip(moved, expected, strict=True))
    assert not torch.equal(moved[1], start()[1])


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_a_saved_state_goes_on_to_the_bit(name, tmp_path):
    leaves = start()
    optimizer = Descent(name, leaves, 0.1)
    move(optimizer, leaves, 5)
    torch.save({"state": optimizer.state_dict(), "leaves": leaves}, tmp_path / "state.pt")
    saved = torch.load(tmp_path / "state.pt", weights_only=True)
    again = [leaf.detach().requires_grad_() for leaf in saved["leaves"]]
    resumed = Descent(name, again, 0.1)
    resumed.load_state_dict(saved["state"])
    pairs = zip(move(optimizer, leaves, 5, first=5), move(resumed, again, 5, first=5), strict=True)
    assert all(torch.equal(*pair) for pair in pairs)


def test_no_step_imports_the_compiler():
    code = (
        "import sys, torch; from orchestra_staged.optimizers import UPDATES, Descent\n"
        "for name in UPDATES:\n"
        "    leaf = torch.ones(2, requires_grad=True); leaf.grad = torch.ones(2); Descent(name, [leaf], 0.1).step()\n"
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
