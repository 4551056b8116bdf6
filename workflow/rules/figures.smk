"""Figures: every figure of the study, drawn from its tables alone, each as PNG and PDF.

Needs: results/<study>/tables/*.csv. Makes: results/<study>/figures/<figure>.{png,pdf}, or <figure>_<framework> where there is one for each framework.
A figure is a module of nnip.figures; what it is drawn from, its caption and its options are in its FIGURE.
"""


def figure_inputs(name, figure):
    """The tables a figure needs, those it uses where the study makes them, its other files, and the code that draws it, as named inputs."""
    uses = [table for table in figure.uses if table not in ABSENT]
    others = {other: os.path.relpath(f"{ROOT}/workflow/{path}") for other, path in figure.inputs.items()}
    return tables(*figure.needs, *uses) | others | {"code": code_of("scripts/draw_figure.py", f"nnip/figures/{name}.py")}


for name, figure in DRAWN.items():
    file = f"{name}_{{framework}}" if figure.per_framework else name

    rule:
        """One figure, drawn from its tables by the module of its name."""
        name:
            f"draw_{name}"
        input:
            **figure_inputs(name, figure),
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
        message:
            f"Draw {name.replace('_', ' ')}" + (" of {wildcards.framework}" if figure.per_framework else "")
        script:
            "../scripts/draw_figure.py"
