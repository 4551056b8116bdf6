"""Figure: survival in hot MD with bands and numbers at risk."""

from nnip.figures.kaplan_meier import draw_kaplan_meier
from nnip.figures.style import read_tables, save
from nnip.jobs.errors import run

if __name__ == "__main__":
    job = snakemake
    run(lambda: save(draw_kaplan_meier(job.wildcards.framework, **read_tables(job.input)), job.output), log=job.log[0])
