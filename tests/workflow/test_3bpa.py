"""The same study on the real DFT frames of 3BPA, read from the mirror, a few frames of them."""

import json

from conftest import output

from nnip.study.tables import read_table


def test_real_frames_to_figures(study, mirror, table):
    models = table()
    models["models"] = {name: models["models"][name] for name in ("nequip-a", "mace-a")}
    models["experiments"] = {name: {"title": name, "models": [f"{name}-a"]} for name in ("nequip", "mace")}
    study.write_models(models)
    blocks = {"300K": "0:20", "1200K": "334:340"}
    source = {
        "source": "3bpa",
        "train": {"file": "train_300K.xyz", "frames": "0:100"},
        "test": {name: {"file": "train_mixedT.xyz", "frames": frames} for name, frames in blocks.items()},
    }
    change = {"dataset": "3bpa", "datasets": {"3bpa": source}, "mirror": str(mirror), "learning_curve": [], "seeds": [3]}
    study.write_config(change | {"landscape": {"modes": ["isotropic"], "n_directions": 2, "n_points": 5, "n_frames": 8}})
    run = study.snakemake()
    assert run.returncode == 0, output(run)
    results = study.folder / "results/small"
    assert set(read_table("trainings", results / "tables/trainings.csv")["status"]) == {"ok"}
    errors = read_table("errors", results / "tables/errors.csv").set_index(["model", "split"])
    for model in ("nequip-a", "mace-a"):
        assert 0 < errors.loc[(model, "300K"), "forces_rmse_eV_per_A"] < errors.loc[(model, "1200K"), "forces_rmse_eV_per_A"]
    manifest = json.loads((results / "data/manifest.json").read_text())
    assert manifest["files"]["test_1200K.xyz"]["n_frames"] == 6
    assert (results / "figures/experiments_mace.png").exists()
    assert "mace" in (results / "summary.md").read_text()
