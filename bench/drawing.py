"""What the charts in docs/ are drawn with."""
from xml.sax.saxutils import escape

STYLE = "text{font-family:sans-serif;fill:#333}@media(prefers-color-scheme:dark){text{fill:#ddd}}"


def text(x, y, words, anchor="start", size=12, weight="normal"):
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-size="{size}" '
        f'font-weight="{weight}">{escape(words)}</text>'
    )


def box(x, y, width, height, colour):
    return f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def document(width, height, parts):
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
    return "\n".join([head, f"<style>{STYLE}</style>", *parts, "</svg>"])
