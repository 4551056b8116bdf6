"""Figure: survival in hot MD with bands and numbers at risk."""

from nnip.errors import run
from nnip.figures.kaplan_meier import draw_kaplan_meier
from nnip.figures.style import read_tables, save

if __name__ == "__main__":
    job = snakemake
    run(lambda: save(draw_kaplan_meier(job.wildcards.framework, **read_tables(job.input)), job.output), log=job.log[0])
