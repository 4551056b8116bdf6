"""Training sets of another pool, of a selection and of one label, planned and drawn from real frames by snakemake."""

from conftest import output, planned

from nnip.data.frames import read_labelled
from nnip.study.manifest import read_manifest
from nnip.study.tables import read_table

EMT = {"source": "emt", "repeats": 1, "test_temperatures_K": [300, 900], "n_test": 3, "frames_per_chunk": 5, "equilibration_fs": 8, "stride_fs": 4}
CHANGE = {
    "dataset": "cells of 4",
    "datasets": {"cells of 4": EMT, "cells-32": {"source": "emt", "repeats": 2, "equilibration_fs": 8, "stride_fs": 4, "n_pool": 20}},
    "md": {"n_replicas": 3, "duration_fs": 40, "max_bond_A": None, "min_distance_A": 1.5},
    "noise": {"models": ["mace-a"], "sigmas": [0.5], "n_train": 10},
    "training_sets": {
        "energies": {"learn": ["energy"], "size": 10},
        "apart": {"pool": "cells-32", "select": {"every": 2}, "size": 5, "models": ["nequip-a", "mace-a"], "measure": ["md"]},
    },
}


def test_sets_of_another_pool_and_of_a_selection(study):
    study.write_config(CHANGE)
    jobs = planned(study.snakemake("--dry-run", "--quiet", "rules"))
    assert (jobs["prepare_data"], jobs["prepare_pool"], jobs["make_training_set"], jobs["make_noisy_training_set"]) == (1, 1, 4, 1)
    assert jobs["train_model"] == jobs["measure_errors"] == 3 * 5 + 2 + 1
    assert jobs["measure_md"] == 5 + 2, "of models trained on the main set, and of those of the set that asks for it"
    run = study.snakemake("results/small/tables/training_sets.csv", "--show-failed-logs")
    assert run.returncode == 0, output(run)
    data = study.folder / "results/small/data"
    counts = {
        name: [len(read_labelled(data / f"sets/{name}/{part}.xyz")) for part in ("train", "val")] for name in ("n20", "n10", "energies", "apart")
    }
    assert counts == {"n20": [16, 4], "n10": [8, 2], "energies": [8, 2], "apart": [4, 1]}
    assert (data / "sets/energies/train.xyz").read_bytes() == (data / "sets/n10/train.xyz").read_bytes()
    assert {len(frame) for frame in read_labelled(data / "sets/apart/train.xyz")} == {32}
    assert (data / "sets/n10.forces-noise0.5/train_clean.xyz").read_bytes() == (data / "sets/n10/train.xyz").read_bytes()
    sets = read_table("training_sets", study.folder / "results/small/tables/training_sets.csv").set_index("training_set")
    assert sets["pool"].to_dict() == dict.fromkeys(("n20", "n10", "n10.forces-noise0.5", "energies"), "cells of 4") | {"apart": "cells-32"}
    assert (sets.loc["apart", "selection"], sets.loc["energies", "learn"]) == ("every: 2", "energy")
    assert read_manifest(data / "sets/apart/manifest.json")["pool_frames"] == 20
    assert not planned(study.snakemake("results/small/tables/training_sets.csv", "--dry-run", "--quiet", "rules"))
