"""The page's words on sampling, settings, noise and what is missing: small tables by hand."""

import math

from known_study import correlation, floor, study
from test_exact_summary import FINITE, UP, page, replica

from nnip.report.details import noise_words
from nnip.study.tables import frame


def test_the_worst_agreement_of_other_settings():
    rows = [
        {"framework": "mace", "model": "m0", "seed": 1, "mode": "paper", "T_energy_eV_per_atom": e, "T_forces_eV_per_A": f, "alpha": a, "S": 1.0}
        | {"rank": 1.0, "spearman": s}
        for e, f, a, s in ((0.004, 0.04, 0.2, 1.0), (0.0004, 0.004, 0.0, 0.456), (0.04, 0.4, 1.0, 0.9), (9.0, 9.0, 9.0, None))
    ]
    assert (
        "Ranking of the models by S at other settings (T from 0.0004 to 0.04 eV/atom and 0.004 to 0.4 eV/Å, alpha 0 to 1) compared with the study's: "
        "Spearman at least 0.46 (at 0.0004 eV/atom, 0.004 eV/Å, alpha 0)."
    ) in page(correlations=[correlation("S", "rmst_fs", UP, UP)], sensitivity=rows)["mace"]


RESOLVED = {
    "framework": "mace", "mode": "paper", "split": "train", "n_models": 4, "n_trainings": 8, "n_directions": 5, "n_points": 9, "n_pairs": 6,
    "standard_error": 0.123, "spread_of_seeds": 0.456, "spread_of_models": 1.78, "share_directions": 0.1, "share_seeds": 0.26, "share_models": 0.64,
    "n_unresolved": 2, "reversal_mean": 0.0321, "reversal_largest": 0.41, "model_a": "m1", "model_b": "m2",
}  # fmt: skip


def test_what_directions_and_seeds_do_to_the_order():
    assert (
        "- Paper landscapes (train): the standard error of S from its 5 directions is 0.12, the standard deviation between 4 models is 1.8, that of "
        "the seeds of one model is 0.46. Variance between trainings: 10% directions, 26% seeds, 64% models. Another draw of directions would "
        "reverse the order of a pair of models with probability 0.032 on average over 6 pairs, at most 0.41 (m1 and m2); 2 pairs are above 0.05."
    ) in page(resolution=[RESOLVED])["mace"]
    single = RESOLVED | {"spread_of_seeds": None, "share_seeds": None}
    words = page(0.9, resolution=[single])["mace"]
    assert "between 4 models is 1.8. Variance between trainings: 10% directions, 64% models and seeds (not separable with one" in words
    assert "pairs are above 0.1." in words
    assert "Paper" not in page(resolution=[RESOLVED | {"spread_of_models": None}])["mace"]


def twice(kind, a, b, quantity, one, other, error, spread):
    row = {"framework": "mace", "model_a": a, "model_b": b, "kind": kind, "quantity": quantity, "value_a": one, "value_b": other}
    return row | {"difference": other - one, "standard_error": error, "spread_of_models": 1.0, "share_of_spread": spread}


def test_the_noise_floor_in_words():
    """Differences of seeds 3 and -4: root mean square sqrt(12.5); of shares 0.3 and 0.4 sqrt(0.125)."""
    rows = [
        twice("same settings", "m0", "m1", "rmst_fs", 2100.0, 500.0, 44.44, 0.256),
        twice("same settings", "m0", "m1", "S", 1.0, 3.5, None, None),
        twice("seeds", "m0#1", "m0#2", "S", 1.0, 4.0, None, 0.3),
        twice("seeds", "m1#1", "m1#2", "S", 5.0, 1.0, None, 0.4),
        twice("seeds", "m1#1", "m1#2", "S_forces", 5.0, 1.0, None, 0.4),
        twice("released twice", "m0", "m0", "test_forces_rmse_hottest", 0.2, 0.17, None, 0.1),
    ]
    assert page(noise_floor=rows)["Noise floor"].strip().splitlines() == [
        "- Time to failure in hot MD (ps) of m0 and m1 (same settings): 2.1 and 0.5, difference 1.6 ± 0.0444, 0.26 of the spread of the models.",
        "- Loss entropy S of m0 and m1 (same settings): 1 and 3.5, difference 2.5.",
        "- Loss entropy S: two seeds of a model differ by 3.54 (root mean square of 2 pairs), 0.35 of the spread of the models.",
        "- Force error at the highest temperature (meV/Å) of m0 and m0 (released twice): 200 and 170, difference 30, "
        "0.10 of the spread of the models.",
    ]
    assert page()["Noise floor"].startswith("\nNothing was measured twice")


def test_the_noise_floor_of_the_known_study():
    """Differences of lives 100, 300, 200; 66.7, 166.7, 100; 66.7, 100, 33.3: mean square 21975.3; spread 313.5."""
    words = noise_words(floor(study(), "seeds", "rmst_fs"))
    told = "two seeds of a model differ by 0.148 (root mean square of 9 pairs), 0.47 of the spread of the models."
    assert words == "- Time to failure in hot MD (ps): " + told


def test_what_is_missing():
    failures = [
        replica("m1", 9.0, False, "none"),
        replica("m0", 0.0, True, "nonfinite"),
        replica("m0", 0.0, True),
        replica("m0", 5.0, True, "nonfinite"),
        replica("m2", 0.0, False, "none"),
        replica("m2", 4.0, True, "unknown"),
    ]
    entropy = [FINITE, FINITE | {"model": "m1", "S": -math.inf}, FINITE | {"model": "m1", "seed": 2, "S": -math.inf}]
    assert page(failures=failures, entropy=entropy)["What is missing"].strip().splitlines() == [
        "- None of 1 replicas of m1 (mace) failed: the time to failure is censored, its mean a lower bound.",
        "- 2 of 3 replicas of m0 (mace) exploded: energies, forces or positions that are not finite (counted as failed).",
        "- 2 of 3 replicas of m0 (mace) failed at the start frame (time to failure 0).",
        "- The landscape of m1 (mace) is infinite everywhere along its lines: no loss entropy.",
    ]
    beside = [entropy[1] | {"split": "test_300K"}, entropy[1] | {"frozen": "radial"}]
    assert "What is missing" not in page(failures=failures[-1:], entropy=[*entropy[:1], *beside])


def test_trainings_without_a_model_are_named_with_their_reasons():
    lost = {"framework": "mace", "model": "m1", "seed": 2, "training_set": "n25", "status": "diverged", "reason": "loss nan"}
    assert page(missing=[lost | {"run": "m1.n25.s2", "without": "errors"}])["What is missing"].strip().splitlines() == [
        "- m1 (mace; n25.s2) diverged: loss nan."
    ]


def test_oddities_are_counted_by_table():
    notes = [{"framework": "mace", "model": "m0", "table": table, "note": "n"} for table in ("errors", "landscape", "errors")]
    assert "Kept, and named in table notes: 2 of errors, 1 of landscape." in page(notes=notes)["Oddities of the data"]
    assert "table notes: 1 of landscape, 1 of errors." in page(notes=notes[1:])["Oddities of the data"]
    assert frame("notes", []).empty
