"""Figures: every figure of the study as PNG and PDF, drawn only from its tables.

Needs: results/<study>/tables/*.csv. Makes: results/<study>/figures/<figure>.{png,pdf}, or <figure>_<framework> if there is one per framework.
A figure is a module of nnip.figures; its FIGURE lists its tables, caption and options.
"""


def figure_inputs(figure):
    """The named inputs of a figure: the tables it needs, those it uses if the study has them, and its other files."""
    uses = [table for table in figure.uses if table not in ABSENT]
    others = {other: os.path.relpath(f"{ROOT}/workflow/{path}") for other, path in figure.inputs.items()}
    return tables(*figure.needs, *uses) | others


for name, figure in DRAWN.items():
    file = f"{name}_{{framework}}" if figure.per_framework else name

    rule:
        """One figure, drawn from its tables by its module."""
        name:
            f"draw_{name}"
        input:
            **figure_inputs(figure),
        output:
            png=report(
                f"{RESULTS}/figures/{file}.png",
                caption="../report/figure.rst",
                category=figure.category,
                labels={"figure": name.replace("_", " ")} | ({"framework": "{framework}"} if figure.per_framework else {}),
            ),
            pdf=f"{RESULTS}/figures/{file}.pdf",
        log:
            f"{LOGS}/figures/{file}.log",
        wildcard_constraints:
            framework="|".join(frameworks()),
        localrule: True
        conda:
            "../../envs/workflow.yaml"
        params:
            figure=name,
            main_set=MAIN_SET,
            caption=figure.caption,
            options={argument: setting(key) for argument, key in figure.options.items()},
            code=code_of("scripts/draw_figure.py", f"nnip/figures/{name}.py"),
        message:
            f"Draw {name.replace('_', ' ')}" + (" of {wildcards.framework}" if figure.per_framework else "")
        script:
            "../scripts/draw_figure.py"
