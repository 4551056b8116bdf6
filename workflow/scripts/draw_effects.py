"""Figure: what each training choice changes, with intervals over seeds."""

from nnip.figures.effects import draw_effects
from nnip.figures.style import read_tables, save
from nnip.jobs.errors import run

if __name__ == "__main__":
    job = snakemake
    run(lambda: save(draw_effects(job.wildcards.framework, **read_tables(job.input)), job.output), log=job.log[0])
