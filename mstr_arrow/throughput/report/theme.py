"""How plots look, in light and in dark: Okabe and Ito's colours and viridis, which the colour-blind tell apart."""

from __future__ import annotations

from typing import Any

# Okabe and Ito's colours, but for black and yellow, each of which one of the two grounds swallows.
OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def theme(*, dark: bool = False, font: str = FONT) -> dict[str, Any]:
    """Give the configuration of Vega-Lite; specifications name its styles and no colours."""
    text, faint, grid = ("#e6e6e6", "#a8adb5", "#343a43") if dark else ("#1f2328", "#59636e", "#e4e7eb")
    blue = "#56B4E9" if dark else "#0072B2"
    colours = [blue, *OKABE_ITO[1:5], "#0072B2" if dark else "#56B4E9"]
    axis = {
        "labelColor": faint,
        "titleColor": faint,
        "gridColor": grid,
        "domainColor": grid,
        "tickColor": grid,
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "labelOverlap": True,
    }
    return {
        "background": "transparent" if dark else "#ffffff",
        "font": font,
        "view": {"stroke": None},
        "padding": 4,
        "axis": axis,
        "axisX": {"grid": False, "labelAngle": 0},
        "legend": {
            "layout": {"top": {"direction": "vertical", "offset": 4}},  # side by side they are wider than a phone
            "labelColor": text,
            "titleColor": faint,
            "titleFontWeight": "normal",
            "titleFontSize": 11,
            "labelFontSize": 11,
            "orient": "top",
            "symbolStrokeWidth": 2,
            "labelLimit": 220,
        },
        "title": {"color": text, "subtitleColor": faint, "anchor": "start", "fontSize": 14, "subtitleFontSize": 11},
        "range": {"category": colours, "heatmap": {"scheme": "viridis"}, "ramp": {"scheme": "viridis"}},
        "line": {"strokeWidth": 2},
        "point": {"size": 60, "filled": True, "opacity": 1},
        "style": {
            "knee": {"color": text, "strokeWidth": 1.5, "size": 260, "filled": False},
            "knee-label": {"color": text, "fontSize": 11, "fontWeight": "bold", "dy": -16},
            "law": {"strokeWidth": 1.5, "opacity": 0.8},
            "spread": {"strokeWidth": 1.5},
            "answered": {"color": blue, "fillOpacity": 0.35},
            "latency": {"color": blue},
            "failed": {"color": "#D55E00", "size": 60, "filled": True, "strokeWidth": 0},
            "cell-knee": {"color": text, "strokeWidth": 3, "filled": False},
        },
    }
