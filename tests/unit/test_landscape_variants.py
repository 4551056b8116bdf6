"""The landscapes of a config beside the main ones, and the options that are refused."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from nnip.analyse.entropy import entropy_table, main_lines
from nnip.jobs.errors import InputError
from nnip.measure.landscape import LINE
from nnip.study.config import check_config
from nnip.study.measured import asked_for, jobs
from nnip.study.model_table import check_listed_models, load_models
from nnip.study.runs import list_runs
from nnip.study.tables import frame

ROOT = Path(__file__).resolve().parents[2]
FROZEN = {"radial": {"nequip": "edge_mlp", "mace": "conv_tp_weights"}}


@pytest.fixture
def plain() -> dict[str, Any]:
    demo = yaml.safe_load((ROOT / "config/demo.yaml").read_text())
    demo["landscape"] = {key: value for key, value in demo["landscape"].items() if key not in ("test_splits", "frozen", "variants")}
    return {key: value for key, value in demo.items() if key != "planes"}


def asked(plain, **change):
    landscape = plain["landscape"] | change.pop("landscape", {})
    config = check_config(plain | {"landscape": landscape} | change, source="my.yaml")
    return config, list_runs(config, load_models(ROOT / config["models"])["models"])


def folders(plain, name="landscape", **change):
    """The folders of the jobs of a measurement, those of the main lines left out."""
    main = {f"landscape-{mode}" for mode in ("isotropic", "paper")}
    return sorted(folder for folder in jobs(name, *asked(plain, **change)) if folder.rpartition("/")[2] not in main)


def test_a_config_that_asks_for_none_gets_none(plain):
    config, runs = asked(plain)
    assert "planes" not in asked_for(config)
    assert sorted(jobs("landscape", config, runs)) == sorted(
        f"{name}/landscape-{mode}" for name, run in runs.items() if run.role == "main" for mode in ("isotropic", "paper")
    )


def test_planes_are_of_the_first_seed_on_all_frames(plain):
    found = folders(plain, "planes", seeds=[3, 4], planes={"models": ["mace-base", "nequip-base"]})
    assert found == ["mace-base.n100.seed3/planes", "nequip-base.n100.seed3/planes"]


def test_lines_over_other_splits_are_of_every_seed_in_every_mode(plain):
    change = {"seeds": [3, 4], "landscape": {"test_splits": ["test_600K", "val"]}}
    assert len(folders(plain, **change)) == 2 * 2 * 2 * 6
    change["landscape"]["variants"] = {"models": ["mace-base"], "modes": ["paper"]}
    assert folders(plain, **change) == sorted(
        f"mace-base.n100.seed{seed}/landscape-paper-{split}" for seed in (3, 4) for split in ("test_600K", "val")
    )
    config, runs = asked(plain, **change)
    options = {folder.partition("/")[2]: job.options for folder, job in jobs("landscape", config, runs).items() if job.run == "mace-base.n100.seed3"}
    assert options["landscape-paper-val"] == options["landscape-paper"] | {"split": "val", "asked_by": "landscape.test_splits"}, (
        "all else is as in the main lines"
    )


def test_frozen_lines_are_of_the_frameworks_with_a_pattern(plain):
    config, runs = asked(plain, landscape={"frozen": FROZEN | {"readout": {"mace": "readouts"}}, "modes": ["isotropic"]})
    found = jobs("landscape", config, runs)
    frozen = {
        name: {runs[job.run].framework for job in found.values() if job.options.get("frozen", {}).get("name") == name}
        for name in ("radial", "readout")
    }
    assert frozen == {"radial": {"nequip", "mace"}, "readout": {"mace"}}
    assert all(folder.endswith(f"/landscape-{job.variant}") for folder, job in found.items())
    assert {job.options["frozen"]["pattern"] for job in found.values() if job.variant == "isotropic-frozen-readout"} == {"readouts"}


def test_what_is_asked_beside_does_not_reach_the_main_line(plain):
    """The options are those of its jobs: if they changed, every landscape would be made again."""

    def main(**change):
        return {folder: job.options for folder, job in jobs("landscape", *asked(plain, **change)).items() if job.variant in ("isotropic", "paper")}

    more = {"test_splits": ["test_600K"], "frozen": FROZEN, "variants": {"models": ["mace-base"]}}
    assert main(landscape=more, planes={"models": ["mace-base"]}) == main()
    assert all(set(options) == {*LINE, "mode"} for options in main().values())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"landscape": {"test_splits": ["1200K"]}}, ["'landscape.test_splits' has '1200K'", "did you mean 'test_1200K'?"]),
        ({"landscape": {"test_splits": ["train"]}}, ["'landscape.test_splits' has 'train'", "other than landscape.split"]),
        ({"landscape": {"frozen": {"radial": {"naquip": "a"}}}}, ["'landscape.frozen.radial.naquip'", "did you mean 'nequip'?"]),
        ({"landscape": {"frozen": {"radial": {"mace": "a("}}}}, ["'landscape.frozen.radial.mace' is 'a('", "not a regular expression"]),
        ({"landscape": {"frozen": {"a b": {"mace": "a"}}}}, ["'landscape.frozen' has the name 'a b'"]),
        ({"landscape": {"frozen": {"radial": {}}}}, ["landscape.frozen.radial"]),
        ({"landscape": {"modes": ["paper"], "variants": {"modes": ["isotropic"]}}}, ["'landscape.variants.modes' has 'isotropic'"]),
        ({"landscape": {"variants": {"model": []}}}, ["unknown key 'landscape.variants.model'", "'models'"]),
        ({"planes": {"models": ["mace-base"], "split": "test_120K"}}, ["'planes.split' is 'test_120K'", "did you mean 'test_1200K'?"]),
        ({"planes": {}}, ["'planes' lacks the key 'models'"]),
        ({"planes": {"models": ["mace-base"], "energy_weights": [2]}}, ["'planes.energy_weights"]),
    ],
)
def test_a_mistake_is_named(plain, change, words):
    with pytest.raises(InputError) as error:
        asked(plain, **change)
    for word in ["my.yaml", *words]:
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("change", "key"),
    [({"planes": {"models": ["mase-base"]}}, "planes"), ({"landscape": {"variants": {"models": ["mase-base"]}}}, "landscape.variants")],
)
def test_an_unknown_model_is_named(plain, change, key):
    config, _ = asked(plain, **change)
    with pytest.raises(InputError, match=f"my.yaml: '{key}.models' lists 'mase-base', .* did you mean 'mace-base'?"):
        check_listed_models(config, load_models(ROOT / config["models"])["models"], "my.yaml")


def test_published_tables_have_no_landscapes_to_scan():
    config = yaml.safe_load((ROOT / "config/published.yaml").read_text())
    for change in ({"planes": {"models": ["x"]}}, {"landscape": {"test_splits": ["test_600K"]}}, {"landscape": {"frozen": FROZEN}}):
        with pytest.raises(InputError, match="published"):
            check_config(config | change)


def test_entropies_of_frozen_landscapes_are_told_apart():
    row = {"framework": "mace", "model": "a", "seed": 1, "mode": "paper", "split": "train", "direction": 0, "t": 0.0, "energy_rmse_eV_per_atom": 0.0}
    landscape = frame(
        "landscape", [row | {"frozen": name, "forces_rmse_eV_per_A": rmse} for name, rmse in ((None, 0.0), ("radial", 0.04), ("readout", 0.08))]
    )
    found = entropy_table(landscape, 0.004, 0.04, 0.2).query("minimum == 'kept'").set_index("frozen")["S_forces"]
    assert found[found.index.notna()].to_dict() == pytest.approx({"radial": -1.0, "readout": -2.0})
    assert main_lines(landscape, "train")["forces_rmse_eV_per_A"].tolist() == [0.0]
    assert main_lines(landscape, "val").empty
