"""Figure: cosines between the directions of the landscapes."""

from nnip.errors import run
from nnip.figures.directions import draw_directions
from nnip.figures.style import read_tables, save

if __name__ == "__main__":
    job = snakemake
    run(lambda: save(draw_directions(**read_tables(job.input)), job.output), log=job.log[0])
