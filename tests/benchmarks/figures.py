"""Figures for people: what was measured, beside the limit that it should keep."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    name: str
    measured: str
    limit: str = ""
    remark: str = ""


@dataclass
class Figures:
    """The table that is printed when all is measured."""

    sections: dict[str, list[Figure]] = field(default_factory=dict)

    def add(
        self, section: str, name: str, measured: str, limit: str = "", remark: str = ""
    ) -> None:
        self.sections.setdefault(section, []).append(Figure(name, measured, limit, remark))

    def lines(self) -> list[str]:
        printed = [f"{'':46}{'measured':>16}  {'limit':>10}"]
        for section, figures in self.sections.items():
            printed += ["", section]
            printed += [
                f"  {one.name:44}{one.measured:>16}  {one.limit:>10}  {one.remark}".rstrip()
                for one in figures
            ]
        return printed
