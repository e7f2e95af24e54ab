"""Key templates and tonal centroids, against correlations by numpy and librosa's tonnetz."""

import librosa
import numpy as np
import pytest

from orchestra_judges.tonality import tonal_centroid, tonality

KRUMHANSL_MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])


@pytest.fixture
def profile():
    return np.random.default_rng(3).random(12) ** 2


@pytest.mark.parametrize("tonic", [0, 3, 11])
def test_a_key_profile_is_found_on_its_tonic(tonic):
    found = tonality(np.roll(KRUMHANSL_MAJOR, tonic))
    assert int(np.argmax(found.major)) == tonic
    assert found.mode > 0.2
    assert found.parallel_mode > 0.2


def test_correlations_are_means_over_three_pairs_of_templates(profile):
    from orchestra_judges import tonality as module

    expected = [
        [np.mean([np.corrcoef(profile, np.roll(template, tonic))[0, 1] for template in templates]) for tonic in range(12)]
        for templates in (module._MAJOR, module._MINOR)
    ]
    found = tonality(profile)
    np.testing.assert_allclose([found.major, found.minor], expected, atol=1e-12)


def test_degrees_are_shares_above_the_tonic_when_there_is_no_doubt():
    profile = np.roll(KRUMHANSL_MAJOR - 2.0, 2) ** 3
    share = profile / profile.sum()
    assert tonality(profile).degrees[4] == pytest.approx(share[6], abs=0.03)
    assert tonality(profile).degrees.sum() == pytest.approx(1.0)


def test_a_scale_is_wholly_diatonic_and_a_cluster_is_not():
    scale = np.isin(np.arange(12), [(k + 5) % 12 for k in (0, 2, 4, 5, 7, 9, 11)]).astype(float)
    assert tonality(scale).diatonic == pytest.approx(1.0)
    assert tonality(np.ones(12)).diatonic == pytest.approx(7 / 12)


@pytest.mark.parametrize("profile", [np.zeros(12), np.ones(12)])
def test_a_profile_without_shape_says_nothing_of_the_key(profile):
    found = tonality(profile)
    assert found.mode == found.parallel_mode == found.clarity == found.best == 0.0


def test_scale_does_not_matter(profile):
    assert tonality(profile).mode == pytest.approx(tonality(1000 * profile).mode)


def test_tonal_centroids_are_librosas(profile):
    expected = librosa.feature.tonnetz(chroma=profile[:, None])[:, 0]
    np.testing.assert_allclose(tonal_centroid(profile), expected, atol=1e-6)
