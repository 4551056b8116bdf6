"""Figure: cosines between the directions of the landscapes."""

from nnip.figures.directions import draw_directions
from nnip.figures.style import read_tables, save
from nnip.jobs.errors import run

if __name__ == "__main__":
    job = snakemake
    run(lambda: save(draw_directions(**read_tables(job.input)), job.output), log=job.log[0])
