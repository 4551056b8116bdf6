"""Times to failure as censored data: curves, restricted means, tests between neighbours."""

from nnip.analyse.survival import kaplan_meier, logrank, survival
from nnip.jobs.errors import run
from nnip.study.tables import read_table, write_table


def make_survival(failures_path: str, models_path: str, horizon_fs: float, confidence: float, outputs: dict[str, str]) -> None:
    """Write tables survival, kaplan_meier and logrank."""
    failures = read_table("failures", failures_path)
    write_table("survival", survival(failures, horizon_fs, confidence), outputs["survival"])
    write_table("kaplan_meier", kaplan_meier(failures, confidence), outputs["kaplan_meier"])
    write_table("logrank", logrank(failures, read_table("models", models_path)), outputs["logrank"])


if __name__ == "__main__":
    job = snakemake
    run(
        lambda: make_survival(job.input.failures, job.input.models, job.params.horizon_fs, job.params.confidence, dict(job.output.items())),
        log=job.log[0],
    )
