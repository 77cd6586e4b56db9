"""The results of a class as one page of HTML that asks nothing of any other host."""

import statistics
from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import quote

from course_lib.assignment.report import Report

BARS = 10
_STYLE = """
:root { color-scheme: light dark; --bar: #2a6f97; --line: #8a8a8a; }
@media (prefers-color-scheme: dark) { :root { --bar: #7cc4ec; } }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem;
  padding: 0 1rem; background: Canvas; color: CanvasText; }
table { border-collapse: collapse; }
.wide { overflow-x: auto; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .7rem; text-align: left; }
th[scope=row] { font-weight: normal; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
svg { max-width: 100%; height: auto; }
rect { fill: var(--bar); } text { fill: CanvasText; font-size: 12px; }
line { stroke: var(--line); }
a { color: LinkText; } a:focus-visible, summary:focus-visible { outline: 3px solid; }
"""


def class_page(reports: Sequence[Report], links: Mapping[str, str]) -> str:
    """The page: the distribution as a picture and in numbers, items, students.

    Args:
        reports: a `Report` a student; at least one.
        links: name of a student -> address of the feedback, relative to the page.

    Returns:
        HTML. Names are shown as they are, whatever they hold.
    """
    shares = [100 * r.points / r.most if r.most else 0.0 for r in reports]
    counts = distribution(shares)
    spread = (
        f"{len(reports)} submissions. Of what has been marked so far, half have at "
        f"least {statistics.median(shares):.0f}%; the mean is "
        f"{statistics.fmean(shares):.0f}%, from {min(shares):.0f}% to "
        f"{max(shares):.0f}%."
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Results of the class</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>Results of the class</h1>
<p>{spread}</p>
<h2 id="distribution">Distribution</h2>
{_picture(counts)}
<details><summary>The distribution as a table</summary>
{_table(["Points", "Submissions"], [[_range(i), str(n)] for i, n in enumerate(counts)])}
</details>
<h2>Items</h2>
{_table(["Item", "Mean", "Of", "Full marks", "No points"], _items(reports))}
<h2>Submissions</h2>
{_table(["Submission", "Points", "Of", "Open", "Problem"], _students(reports, links))}
</main>
</body>
</html>
"""


def distribution(shares: Sequence[float]) -> list[int]:
    """How many percentages lie in each tenth; 100 is in the last.

    Example:
        >>> distribution([0, 9.9, 10, 100])
        [2, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    """
    counts = [0] * BARS
    for share in shares:
        counts[min(int(share * BARS / 100), BARS - 1)] += 1
    return counts


def _range(i: int) -> str:
    step = 100 // BARS
    return f"{i * step} to {(i + 1) * step - (i < BARS - 1)}%"


def _picture(counts: Sequence[int]) -> str:
    width, height, base = 60, 160, 180
    most = max(max(counts), 1)
    said = ", ".join(f"{_range(i)}: {n}" for i, n in enumerate(counts) if n)
    bars = []
    for i, count in enumerate(counts):
        x, tall = i * width, round(height * count / most)
        bars.append(
            f'<rect x="{x + 6}" y="{base - tall}" width="{width - 12}" '
            f'height="{tall}"/>'
            f'<text x="{x + width / 2}" y="{base + 16}" text-anchor="middle">'
            f"{i * 100 // BARS}%</text>"
        )
        if count:
            bars.append(
                f'<text x="{x + width / 2}" y="{base - tall - 5}" '
                f'text-anchor="middle">{count}</text>'
            )
    total = BARS * width
    return (
        f'<svg role="img" viewBox="0 0 {total} {base + 24}" width="{total}" '
        f'height="{base + 24}" aria-labelledby="bars">'
        f'<title id="bars">Bar chart: submissions by points. {said}.</title>'
        f'<line x1="0" y1="{base}" x2="{total}" y2="{base}"/>{"".join(bars)}</svg>'
    )


def _items(reports: Sequence[Report]) -> list[list[str]]:
    rows = []
    for i, mark in enumerate(reports[0].marks):
        given = [r.marks[i].points for r in reports]
        points = [p for p in given if p is not None]
        if not mark.most:
            continue
        rows.append(
            [
                escape(mark.title),
                f"{statistics.fmean(points):.1f}" if points else "-",
                f"{mark.most:g}",
                str(sum(p == mark.most for p in points)),
                str(sum(p == 0 for p in points)),
            ]
        )
    return rows


def _students(reports: Sequence[Report], links: Mapping[str, str]) -> list[list[str]]:
    return [
        [
            f'<a href="{escape(quote(links[r.student]))}">{escape(r.student)}</a>',
            f"{r.points:g}",
            f"{r.most:g}",
            f"{sum(mark.most for mark in r.open):g}",
            escape(r.problem),
        ]
        for r in reports
    ]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; cells are HTML already, all but first and last of long ones numbers."""
    numbers = {i for i, head in enumerate(heads) if i and head != "Problem"}

    def tag(i: int) -> str:
        return ' class="number"' if i in numbers else ""

    head = "".join(f'<th scope="col"{tag(i)}>{h}</th>' for i, h in enumerate(heads))
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>'
        + "".join(f"<td{tag(i)}>{c}</td>" for i, c in enumerate(row) if i)
        + "</tr>\n"
        for row in rows
    )
    return (
        f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n'
        f"<tbody>{body}</tbody></table></div>"
    )
