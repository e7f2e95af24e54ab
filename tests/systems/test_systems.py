"""Systems of very different shape are carried by the same contracts, unchanged."""

import evolution
import latent
import note_synth
import percussion
import pytest
import style
import torch
from proofs import assert_same_bits, audio, audition, solve_killed

# The system, by how much its loss has to fall at least, and during which renderings it is killed.
SYSTEMS = {
    "note synthesizer under a valence and arousal regressor": (note_synth.system, 10, (30, 110)),
    "percussion voice under a seven-descriptor regressor": (percussion.system, 1000, (500,)),
    "raw waveform under style and content losses": (lambda: style.system(style.RawWaveform(), 0.05), 10, (33,)),
    "mel spectrogram under style and content losses": (lambda: style.system(style.MelSpectrogram(), 0.1), 10, (33,)),
    "VAE latent under an emotion oracle": (latent.system, 10, (2, 31)),
    "evolution strategy without a gradient": (evolution.system, 50, (2, 30, 61)),
}
SEEDS = (1, 2, 3, 4, 5)


@pytest.fixture(scope="module", params=SYSTEMS, ids=lambda name: name.replace(" ", "-"))
def case(request):
    make, factor, kills = SYSTEMS[request.param]
    system = make()
    return system, factor, kills, system.solve(SEEDS)


def test_the_loss_of_every_item_falls_clearly(case):
    system, factor, _, solved = case
    start, end = system.loss(system.problem(SEEDS)), system.loss(solved)
    assert torch.all(end * factor < start), (start / end).tolist()


def test_the_readings_approach_the_targets_in_every_item(case):
    system, _, _, solved = case
    start, end = audition(system.problem(SEEDS)).readings, audition(solved).readings
    assert set(end) == set(solved.brief.targets)
    if end:
        ranges = {d.name: d.upper - d.lower for d in system.objective.dimensions}
        far, near = (
            torch.stack([(readings[name] - target).abs() / ranges[name] for name, target in solved.brief.targets.items()])
            for readings in (start, end)
        )
        assert torch.all(near.mean(dim=0) < 0.2 * far.mean(dim=0)), (near.mean(dim=0) / far.mean(dim=0)).tolist()
        assert torch.all(near.amax(dim=0) < 0.06), near.tolist()


def test_an_item_alone_equals_the_same_item_in_a_batch_of_five(case):
    system, _, _, solved = case
    alone = system.solve(SEEDS[2:3])
    _, _, theirs = solved.item(2)
    assert alone.choices == solved.choices[2:3]
    for name, value in alone.values.items():
        torch.testing.assert_close(theirs[name], value, rtol=1e-5, atol=1e-5, msg=lambda text, name=name: f"{name}: {text}")
    torch.testing.assert_close(audio(solved, 2), audio(alone, 0), rtol=0, atol=1e-5)


def test_the_same_seed_gives_the_same_bits_and_another_seed_something_else(case):
    system, _, _, solved = case
    assert_same_bits(system.solve(SEEDS), solved)
    assert not torch.equal(audio(solved, 0), audio(solved, 1))


def test_a_run_that_is_killed_and_resumed_ends_with_the_same_bits(case, tmp_path):
    system, _, kills, solved = case
    for at in kills:
        folder = tmp_path / str(at)
        folder.mkdir()
        assert_same_bits(solve_killed(system, SEEDS, at, folder), solved)


def test_the_initial_values_pass_every_check_of_the_contracts(case):
    system, _, _, _ = case
    problem = system.problem(SEEDS)
    evaluator = problem.evaluator
    heard = evaluator.hear(problem.values, problem.brief, problem.brief.generator("check"))
    assert heard.take.audio.shape == (len(SEEDS), problem.brief.canvas.samples)
