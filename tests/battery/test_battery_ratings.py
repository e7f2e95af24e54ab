"""The analysis of ratings, against published and closed-form values."""

import numpy as np
import pandas as pd
import pytest

from orchestra_battery.ratings import icc, main, mixed_model, read_ratings, reliability, report, retest

# Shrout and Fleiss (1979), table 2: six targets rated by four judges.
TABLE = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float)


def long(table, kind="main"):
    rows = [
        {"participant": f"p{rater}", "stimulus": f"s{target}", "kind": kind, "valence": value, "target.valence": float(target)}
        for target, row in enumerate(table)
        for rater, value in enumerate(row)
    ]
    return pd.DataFrame(rows)


def simulated(listeners=14, stimuli=20, seed=0):
    generator = np.random.default_rng(seed)
    asked = generator.normal(size=stimuli)
    people, pieces = generator.normal(0, 0.8, listeners), generator.normal(0, 0.6, stimuli)
    noise = generator.normal(0, 1.0, (stimuli, listeners))
    return asked, 5 + 0.7 * asked[:, None] + pieces[:, None] + people[None] + noise


def test_intraclass_correlations_are_those_of_shrout_and_fleiss():
    assert icc(TABLE) == pytest.approx((0.29, 0.62), abs=0.005)


def test_one_listener_has_no_agreement():
    assert np.isnan(icc(TABLE[:, :1])).all()


def test_listeners_with_gaps_are_left_out_of_reliability():
    ratings = long(TABLE)
    gap = ratings.drop(ratings[(ratings["participant"] == "p1") & (ratings["stimulus"] == "s2")].index)
    found = reliability(gap, "valence")
    assert (found.listeners, found.stimuli) == (3, 6)
    assert found.single == pytest.approx(icc(np.delete(TABLE, 1, axis=1))[0])


def test_repeated_ratings_are_correlated_within_listeners():
    again = long(TABLE + np.array([1, -1, 0, 1, 0, -1])[:, None], kind="repeat")
    ratings = pd.concat([long(TABLE), again])
    expected = np.corrcoef(TABLE.ravel(), (TABLE + np.array([1, -1, 0, 1, 0, -1])[:, None]).ravel())[0, 1]
    assert retest(ratings, "valence") == pytest.approx(expected)
    assert np.isnan(retest(long(TABLE), "valence"))


def test_variances_of_a_balanced_table_are_those_of_the_analysis_of_variance():
    # Without a predictor, restricted likelihood gives the classical estimators (Searle, Casella and McCulloch 1992, ch. 4).
    _, table = simulated()
    stimuli, listeners = table.shape
    rest = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + table.mean()
    residual = (rest**2).sum() / ((stimuli - 1) * (listeners - 1))
    pieces = table.mean(axis=1).var(ddof=1) - residual / listeners
    people = table.mean(axis=0).var(ddof=1) - residual / stimuli
    found = mixed_model(long(table), "valence", [])
    assert (found.residual, found.stimuli, found.listeners) == pytest.approx((residual, pieces, people), rel=1e-3)
    assert found.coefficients["intercept"] == pytest.approx(table.mean())


def test_the_effect_of_a_balanced_design_is_least_squares_on_the_means():
    asked, table = simulated()
    ratings = long(table)
    ratings["target.valence"] = ratings["stimulus"].map({f"s{index}": value for index, value in enumerate(asked)})
    found = mixed_model(ratings, "valence", ["target.valence"])
    slope, intercept = np.polyfit(asked, table.mean(axis=1), 1)
    assert found.coefficients == pytest.approx({"intercept": intercept, "target.valence": slope}, abs=1e-6)
    rest = table.mean(axis=1) - intercept - slope * asked
    error = np.sqrt(rest @ rest / (len(asked) - 2) / ((asked - asked.mean()) ** 2).sum())
    assert found.errors["target.valence"] == pytest.approx(error, rel=1e-3)


@pytest.fixture
def files(tmp_path):
    """A results file as webMUSHRA writes it, and the key of its pack."""
    asked, table = simulated(stimuli=8, listeners=5)
    key, rows = ["code,kind,stimulus,target.valence,target.arousal"], ["session_test_id,participant,age,trial_id,"]
    rows[0] += "stimuli_rating1,stimuli_rating2,stimuli,rating_time"
    for index, value in enumerate(asked):
        for kind, offset in (("main", 0), ("repeat", 50)) if index < 4 else (("main", 0),):
            key.append(f"s{100 + index + offset},{kind},piece{index},{value},{-value}")
            rows += [
                f"test,p{person},30,s{100 + index + offset},{rating:.3f},{10 - rating:.3f},s{100 + index + offset},900"
                for person, rating in enumerate(table[index])
            ]
    key.append("s999,practice,piece0,0,0")
    rows.append("test,p0,30,s999,9,9,s999,900")
    for name, lines in (("lss.csv", rows), ("key.csv", key)):
        (tmp_path / name).write_text("\n".join(lines) + "\n")
    return tmp_path


def test_results_are_read_with_their_key_and_practice_is_left_out(files):
    ratings = read_ratings(files / "lss.csv", files / "key.csv")
    assert set(ratings["kind"]) == {"main", "repeat"}
    assert len(ratings) == 5 * 12
    assert retest(ratings, "valence") == pytest.approx(1.0)


def test_the_script_writes_what_it_found(files, capsys):
    assert main([str(files / "lss.csv"), str(files / "key.csv")]) == 0
    text = capsys.readouterr().out
    assert text.startswith("5 listeners, 8 stimuli")
    assert text.count("ICC(2,1)") == 2
    assert "target.valence" in text and "variances" in text
    assert main([]) == 2


def test_files_that_do_not_belong_together_are_refused(files):
    (files / "other.csv").write_text("code,kind,stimulus\nx,main,a\n")
    with pytest.raises(ValueError, match=r"which .*other\.csv does not have"):
        read_ratings(files / "lss.csv", files / "other.csv")
    with pytest.raises(ValueError, match="no column 'participant'"):
        read_ratings(files / "key.csv", files / "key.csv")


def test_effects_that_do_not_vary_by_themselves_are_left_out_of_the_report(files):
    ratings = read_ratings(files / "lss.csv", files / "key.csv")
    assert "target.valence" in report(ratings)
    assert "target.arousal" not in report(ratings)  # it is the other one with its sign changed
    assert "target.arousal" in report(ratings.assign(**{"target.arousal": np.sin(9 * ratings["target.valence"])}))
    assert "target" not in report(ratings.assign(**{"target.valence": 0.3, "target.arousal": 0.3}))
