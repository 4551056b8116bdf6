"""A study in which no training gave a model, from trainings that ended so."""

from conftest import MODELS, output

from nnip.jobs.files import write_text
from nnip.study.manifest import Stopwatch, write_manifest
from nnip.study.tables import read_table, write_table


def test_where_everything_failed_one_message_says_so_and_the_tables_stay(study):
    results = study.folder / "results/small"
    write_text(results / "data/manifest.json", "{}")  # first, because training sets are drawn from what it describes
    for name in ("pools/ethanol/pool", "test_300K", "test_900K", *(f"sets/n{size}/{part}" for size in (10, 20) for part in ("train", "val"))):
        write_text(results / f"data/{name}.xyz", "")
    for size in (10, 20):
        write_text(results / f"data/sets/n{size}/manifest.json", "{}")
    for model, row in MODELS["models"].items():
        for size in (20, 10):
            who = {"framework": row["framework"], "model": model, "seed": 1, "training_set": f"n{size}", "device": "cpu"}
            ended = {"status": "diverged", "reason": "the validation loss is nan after 3 epochs"} if size == 20 else {"status": "ok"}
            write_table("trainings", [who | ended], results / f"runs/{model}.n{size}.seed1/train/training.csv")
            write_manifest(results / f"runs/{model}.n{size}.seed1/train/manifest.json", "train", {}, {}, "cpu", Stopwatch())
    # what was trained by hand has no record of its code and parameters
    as_by_hand = ("--rerun-triggers", "mtime", "--keep-going", "--show-failed-logs")
    trainings = "results/small/tables/trainings.csv"
    run = study.snakemake(trainings, "results/small/tables/missing.csv", *as_by_hand)
    text = output(run)
    assert run.returncode != 0
    assert "none of the 5 trainings on all frames gave a model, so there is nothing to measure and nothing to draw:" in text
    assert "mace-hot (mace; n20.seed1) diverged: the validation loss is nan after 3 epochs" in text and "lower 'lr'" in text
    assert "Traceback" not in text and text.count("Error in rule") == text.count("none of the 5 trainings") == 1
    assert len(read_table("trainings", study.folder / trainings)) == 10
    assert not (results / "tables/missing.csv").exists() and not (results / "figures").exists()
