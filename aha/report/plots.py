"""The page's two main figures as PNG, for papers and messages."""

from __future__ import annotations

from io import BytesIO

from aha.report.read import Row

COLORS = ("#2563c9", "#d9730d", "#17855b", "#b83280", "#6b4fc4", "#6b7280")


def draw(figures: list[Row]) -> dict[str, bytes]:
    """PNG bytes by chart name; charts without data are left out."""
    return {chart["name"]: _draw(chart) for chart in figures if chart["series"]}


def _draw(chart: Row) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.0), dpi=160, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    scale = 100 if chart["unit"] == "percent" else 1
    for series, color in zip(chart["series"], COLORS * 3, strict=False):
        axes.plot(
            series["x"],
            [scale * y for y in series["y"]],
            color=color,
            label=_plain(series["label"]),
            marker="o" if len(series["x"]) < 30 else "",
            markersize=3.5,
            linewidth=1.8,
        )
        if "low" in series:
            axes.fill_between(
                series["x"],
                [scale * y for y in series["low"]],
                [scale * y for y in series["high"]],
                color=color,
                alpha=0.15,
                linewidth=0,
            )
    axes.set_title(_plain(chart["title"]), loc="left", fontsize=11)
    axes.set_xlabel("round")
    axes.set_ylabel("%" if chart["unit"] == "percent" else chart["unit"])
    axes.set_ylim(bottom=0)
    axes.grid(axis="y", color="#00000018")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9)
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _plain(text: str) -> str:
    """No math mode, and no hidden legend entry for a label that starts with an underscore."""
    return text.replace("$", r"\$").lstrip("_") or "?"
