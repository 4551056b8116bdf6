"""What a figure's module declares at its top: `FIGURE = Figure(...)`, which nnip.declare.registry reads without importing the module."""

from collections.abc import Collection
from dataclasses import dataclass, field, fields


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What a figure is drawn from and how the report shows it.

    needs:          tables it cannot be drawn without
    uses:           tables it takes where the study makes them
    per_framework:  one figure for each framework, or one in all
    category:       its chapter of the report
    caption:        its text there, reStructuredText; {framework} stands for the framework of a figure that has one
    when:           key of the config, with dots, without a value of which it is not drawn
    datasets:       sources of data it applies to (config: datasets.<name>.source); None: all
    options:        argument of its function -> key of the config, with dots
    inputs:         argument of its function -> csv file in workflow/, read as it is

    The module's function draw takes all these by their names, and `framework` where there is one figure for each.
    """

    needs: tuple[str, ...]
    uses: tuple[str, ...] = ()
    per_framework: bool
    category: str
    caption: str
    when: str | None = None
    datasets: tuple[str, ...] | None = None
    options: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """TypeError or ValueError for what is no declaration: a text in place of a tuple, an empty caption."""
        kinds = {"needs": tuple, "uses": tuple, "per_framework": bool, "category": str, "caption": str, "options": dict, "inputs": dict}
        for each in fields(self):
            value = getattr(self, each.name)
            kind = {"datasets": tuple | None, "when": str | None}.get(each.name) or kinds[each.name]
            if not isinstance(value, kind):
                raise TypeError(f"{each.name} is {value!r}, but should be a {each.type}")
        for name in ("needs", "category", "caption"):
            if not getattr(self, name):
                raise ValueError(f"{name} is empty")
        if ("{framework}" in self.caption) > self.per_framework:
            raise ValueError("the caption names a framework, but the figure is one for all")

    @property
    def arguments(self) -> set[str]:
        """What its function takes."""
        return {*self.needs, *self.uses, *self.options, *self.inputs, *(["framework"] if self.per_framework else [])}

    def is_drawn(self, absent: Collection[str], source: str) -> bool:
        """Whether a study draws it that does not make the tables `absent` and whose data are of this source."""
        return not set(self.needs) & set(absent) and (self.datasets is None or source in self.datasets)
