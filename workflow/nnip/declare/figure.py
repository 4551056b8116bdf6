"""A figure: the declaration `FIGURE = Figure(...)` at the top of its module, which nnip.declare.registry reads without importing the module."""

from collections.abc import Collection
from dataclasses import dataclass, field, fields


@dataclass(frozen=True, kw_only=True)
class Figure:
    """The inputs of a figure and its place in the report.

    needs:          tables that it requires
    uses:           tables that it takes if the study makes them
    per_framework:  one figure for each framework, or one for all
    category:       its chapter of the report
    caption:        its text there, reStructuredText; {framework} is replaced by the figure's framework
    datasets:       sources of data for which it is drawn (config: datasets.<name>.source); None: all
    when:           key of the config, with dots; the figure is drawn only if this key has a value
    options:        argument of its function -> key of the config, with dots
    inputs:         argument of its function -> csv file in workflow/, read unchanged

    The module's function draw takes all these by name, and `framework` if there is one figure for each.
    """

    needs: tuple[str, ...]
    uses: tuple[str, ...] = ()
    per_framework: bool
    category: str
    caption: str
    datasets: tuple[str, ...] | None = None
    when: str | None = None
    options: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """TypeError or ValueError for an invalid declaration: a text instead of a tuple, an empty caption."""
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
        """The arguments of its function."""
        return {*self.needs, *self.uses, *self.options, *self.inputs, *(["framework"] if self.per_framework else [])}

    def is_drawn(self, absent: Collection[str], source: str) -> bool:
        """Whether a study without the tables `absent` and with data of this source draws it."""
        return not set(self.needs) & set(absent) and (self.datasets is None or source in self.datasets)
