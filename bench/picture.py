"""Bars as SVG, in colours that can be told apart on a white page and on a dark one."""

from html import escape

WIDTH, LABEL, VALUE = 860, 300, 80
ROW, BAR, HEAD, GAP = 22, 14, 34, 14
TEXT = "#73787f"
COLOURS = {"floor": "#8b949e", "hufu": "#d9822b", "peer": "#4c8fd6"}
FONT = "font-family='system-ui, sans-serif'"

Panel = tuple[str, list[tuple[str, float, str]]]


def picture(panels: list[Panel]) -> str:
    """One panel below the other, each with a scale of its own."""
    drawn, top = [], 0
    for heading, bars in panels:
        drawn.append(
            f"<text x='0' y='{top + 20}' font-size='15' font-weight='600' fill='{TEXT}'>"
            f"{escape(heading)}</text>"
        )
        most = max((rate for _, rate, _ in bars), default=1.0) or 1.0
        for place, (name, rate, kind) in enumerate(bars):
            drawn += _bar(top + HEAD + place * ROW, name, rate, kind, most)
        top += HEAD + len(bars) * ROW + GAP
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {top}' role='img' {FONT}>\n"
        "<title>hufu, its peers, and what cannot be gone below</title>\n"
        + "\n".join(drawn)
        + "\n</svg>\n"
    )


def _bar(y: int, name: str, rate: float, kind: str, most: float) -> list[str]:
    length = max(1.0, rate / most * (WIDTH - LABEL - VALUE))
    base = y + BAR - 3
    weight = " font-weight='600'" if kind == "hufu" else ""
    told = f"{rate:,.0f}" if rate >= 100 else f"{rate:.1f}"
    label = f"x='{LABEL - 8}' y='{base}' text-anchor='end' font-size='12' fill='{TEXT}'{weight}"
    bar = f"x='{LABEL}' y='{y}' width='{length:.1f}' height='{BAR}' rx='2' fill='{COLOURS[kind]}'"
    value = f"x='{LABEL + length + 6:.1f}' y='{base}' font-size='12' fill='{TEXT}'"
    return [
        f"<text {label}>{escape(name)}</text>",
        f"<rect {bar}/>",
        f"<text {value}>{told}</text>",
    ]
