"""Figure: the loss over planes in weight space, from forces alone to energy alone."""

from nnip.figures.planes import draw_planes
from nnip.figures.style import read_tables, save
from nnip.jobs.errors import run

if __name__ == "__main__":
    job = snakemake
    given = {"framework": job.wildcards.framework, "energy_weights": job.params.energy_weights}
    run(lambda: save(draw_planes(**given, **read_tables(job.input)), job.output), log=job.log[0])
