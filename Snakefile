# Plain `snakemake --cores N` runs the demo study; `--configfile config/X.yaml` another. The study itself is in workflow/Snakefile.
include: "workflow/Snakefile"


rule default:
    default_target: True
    input:
        rules.all.input,
