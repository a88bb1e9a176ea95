"""Plots as SVG text: grouped bars, lines, stacked bars, ranges. No dependencies.

SPDX-License-Identifier: BSD-3-Clause

Every plot has a title, a line under it that says whose numbers these are (common.host_line), a legend, and axes with
titles and units. A value may be a number; (middle, low, high), where the whisker goes from low to high; or None: not
available, drawn as "n/a".
"""

import math
from xml.sax.saxutils import escape

WIDTH = 900
LETTER = 0.56  # mean width of a letter, of the font's size
INK, FAINT, GRID = "#222222", "#666666", "#dddddd"
# Told apart by the colour-blind as well (Okabe and Ito), light ones last.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#7f7f7f", "#f0e442",
           "#8c564b", "#17becf", "#9467bd", "#bcbd22")


def text_width(text, size):
    return len(text) * size * LETTER


def number(value):
    """Short, for an axis or a label: 0.25, 40, 1.5k, 20M."""
    if value == 0:
        return "0"
    for factor, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= factor * 0.9995:
            return f"{value / factor:.3g}{letter}"
    return f"{value:.3g}"


def size(value):
    """Bytes."""
    for factor, unit in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if value >= factor:
            return f"{value / factor:.4g} {unit}"
    return f"{value:.4g} B"


def triple(value):
    """(middle, low, high); None stays None."""
    if value is None or isinstance(value, (int, float)):
        return value if value is None else (value, value, value)
    return value


class Axis:
    """Values to 0..1, and the marks on the way."""

    def __init__(self, values, log=False, ticks=None, zero=True, text=number):
        values = [v for v in values if v is not None and (v > 0 or not log)] or [1]
        low, high = min(values), max(values)
        self.log, self.text = log, text
        if log:
            self.low, self.high = self.log_range(low, high)
        else:
            self.step = self.nice_step((high - (min(low, 0) if zero else low)) or high or 1)
            self.low = min(0, low) if zero else math.floor(low / self.step) * self.step
            self.high = math.ceil(high * (1 if high else 0) / self.step + 1e-9) * self.step or self.step
        self.given = ticks

    @staticmethod
    def log_range(low, high):
        """To the next 1, 2 or 5 of a decade below and above."""
        steps = [m * 10.0 ** e for e in range(-12, 16) for m in (1, 2, 5)]
        below = max(s for s in steps if s <= low * 1.0001)
        above = min(s for s in steps if s >= high * 0.9999)
        return below, above if above > below else below * 10

    @staticmethod
    def nice_step(span):
        step = 10.0 ** math.floor(math.log10(span / 5))
        return next(step * m for m in (1, 2, 5, 10) if span / (step * m) <= 6)

    def place(self, value):
        if self.log:
            value = max(value, self.low)
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def ticks(self):
        """[(value, label)]."""
        if self.given is not None:
            return [(v, self.text(v)) for v in self.given]
        if not self.log:
            count = round((self.high - self.low) / self.step)
            return [(v, self.text(round(v, 12))) for v in (self.low + i * self.step for i in range(count + 1))]
        decades = math.log10(self.high / self.low)
        marks = (1, 2, 5) if decades <= 3.5 else (1,)
        exponents = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        values = [m * 10.0 ** e for e in exponents for m in marks]
        return [(v, self.text(v)) for v in values if self.low * 0.999 <= v <= self.high * 1.001]


class Canvas:
    """Elements in the order of drawing; heads and legends are the same in every plot."""

    def __init__(self, title, host, note=""):
        self.parts = []
        self.y = 0
        self.heading(title, 17, INK, "bold")
        self.heading(host, 11, FAINT)
        if note:
            self.heading(note, 11, FAINT)
        self.y += 8

    def heading(self, text, font, colour, weight="normal"):
        words, line = text.split(), ""
        for word in words:  # as many lines as it takes
            if text_width(f"{line} {word}", font) > WIDTH - 40:
                self.y += font + 6
                self.text(20, self.y, line, font, colour, weight=weight)
                line = word
            else:
                line = f"{line} {word}".strip()
        self.y += font + 6
        self.text(20, self.y, line, font, colour, weight=weight)

    def text(self, x, y, text, font=12, colour=INK, anchor="start", weight="normal", turn=0, clear=False):
        turned = f' transform="rotate({turn} {x:.1f} {y:.1f})"' if turn else ""
        heavy = f' font-weight="{weight}"' if weight != "normal" else ""
        halo = ' paint-order="stroke" stroke="white" stroke-width="3"' if clear else ""
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{font}" fill="{colour}" '
                          f'text-anchor="{anchor}"{heavy}{halo}{turned}>{escape(text)}</text>')

    def rect(self, x, y, width, height, fill, hint="", opacity=1):
        tip = f"<title>{escape(hint)}</title>" if hint else ""
        thin = f' fill-opacity="{opacity}"' if opacity != 1 else ""
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" '
                          f'height="{max(height, 0):.1f}" fill="{fill}"{thin}>{tip}</rect>')

    def line(self, x1, y1, x2, y2, colour=INK, width=1.0, dash=""):
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
                          f'stroke="{colour}" stroke-width="{width}"{dashed}/>')

    def path(self, points, colour):
        joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polyline points="{joined}" fill="none" stroke="{colour}" '
                          'stroke-width="2" stroke-linejoin="round"/>')

    def dot(self, x, y, colour, hint):
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}" stroke="white">'
                          f"<title>{escape(hint)}</title></circle>")

    def legend(self, names):
        """One entry a name, in the palette's order."""
        if len(names) < 2:
            return
        x, self.y = 20, self.y + 16
        for i, name in enumerate(names):
            wide = 18 + text_width(name, 12) + 22
            if x + wide > WIDTH - 10 and x > 20:
                x, self.y = 20, self.y + 19
            self.rect(x, self.y - 10, 12, 12, COLOURS[i % len(COLOURS)])
            self.text(x + 18, self.y, name)
            x += wide
        self.y += 8

    def whisker_v(self, x, low, high, cap=4):
        self.line(x, low, x, high, INK, 1.2)
        for y in (low, high):
            self.line(x - cap, y, x + cap, y, INK, 1.2)

    def whisker_h(self, y, low, high, cap=4):
        self.line(low, y, high, y, INK, 1.2)
        for x in (low, high):
            self.line(x, y - cap, x, y + cap, INK, 1.2)

    def y_axis(self, axis, left, top, right, bottom, title):
        for value, label in axis.ticks():
            y = bottom - axis.place(value) * (bottom - top)
            self.line(left, y, right, y, GRID)
            self.text(left - 7, y + 4, label, 11, FAINT, "end")
        self.line(left, top, left, bottom)
        self.text(18, (top + bottom) / 2, title, 12, INK, "middle", turn=-90)

    def x_axis(self, axis, left, top, right, bottom, title):
        taken = -1e9
        for value, label in axis.ticks():
            x = left + axis.place(value) * (right - left)
            self.line(x, top, x, bottom, GRID)
            half = text_width(label, 11) / 2 + 3
            if x - half >= taken:  # labels that would run into each other are left out
                self.text(x, bottom + 16, label, 11, FAINT, "middle")
                taken = x + half
        self.line(left, bottom, right, bottom)
        self.text((left + right) / 2, bottom + 36, title, 12, INK, "middle")

    def done(self, height):
        head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0f}" '
                f'viewBox="0 0 {WIDTH} {height:.0f}" font-family="DejaVu Sans, Helvetica, Arial, sans-serif">')
        white = f'<rect width="{WIDTH}" height="{height:.0f}" fill="white"/>'
        return "\n".join([head, white, *self.parts, "</svg>"]) + "\n"


def bars(title, host, groups, series, unit, log=False, note="", mark=None):
    """Vertical bars, one group for each of `groups`, one bar in it for each series [(name, [value of each group])].

    `unit` is the axis title. `mark`: (value, words) of a horizontal line, such as a goal."""
    c = Canvas(title, host, note)
    c.legend([name for name, _ in series])
    shown = [triple(v) for _, values in series for v in values]
    far = [x for t in shown if t for x in t] + ([mark[0]] if mark else [])
    axis = Axis(far + [min(far) / 3] if log and far else far, log)  # the lowest bar has a height, too
    slot = (WIDTH - 90) / max(len(groups), 1)
    turned = any(text_width(g, 12) > slot - 6 for g in groups)
    left, right, top = 70, WIDTH - 20, c.y + 22
    bottom = top + 300
    c.y_axis(axis, left, top, right, bottom, unit)
    wide = min((slot * 0.8) / max(len(series), 1), 60)
    for g, group in enumerate(groups):
        middle = left + (g + 0.5) * slot
        x = middle - wide * len(series) / 2
        for s, (name, values) in enumerate(series):
            bar(c, axis, (x + s * wide, wide), (top, bottom), triple(values[g]),
                (COLOURS[s % len(COLOURS)], f"{group}, {name}"))
        if turned:
            c.text(middle + 4, bottom + 14, group, 12, INK, "end", turn=-30)
        else:
            c.text(middle, bottom + 18, group, 12, INK, "middle")
    c.line(left, bottom, right, bottom)
    if mark:
        y = bottom - axis.place(mark[0]) * (bottom - top)
        c.line(left, y, right, y, COLOURS[3], 1.5, "6 4")
        c.text(right, y - 5, mark[1], 11, COLOURS[3], "end", clear=True)
    low = max((text_width(g, 12) for g in groups), default=0) * 0.5 + 12 if turned else 18
    return c.done(bottom + low + 18)


def bar(c, axis, across, along, value, look):
    """One bar of bars(). across: x and width; along: top and bottom; look: colour and hint."""
    (x, wide), (top, bottom), (colour, hint) = across, along, look
    if value is None:
        c.text(x + wide / 2 + 4, bottom - 5, "n/a", 11, FAINT, "start", turn=-90)
        return
    middle, low, high = value
    heights = [bottom - axis.place(v) * (bottom - top) for v in (middle, low, high)]
    c.rect(x + 1, heights[0], wide - 2, bottom - heights[0], colour, f"{hint}: {number(middle)}")
    if high > low:
        c.whisker_v(x + wide / 2, heights[1], heights[2], min(4, wide / 4))
    if wide >= text_width(number(middle), 10):
        c.text(x + wide / 2, min(heights) - 4, number(middle), 10, INK, "middle", clear=True)


def lines(title, host, series, x_title, y_title, log_x=False, log_y=False, note="", ticks=None, x_text=number):
    """Curves [(name, [(x, value)])]. `ticks`: values to mark on the x axis (default: all x there are)."""
    c = Canvas(title, host, note)
    c.legend([name for name, _ in series])
    points = [(x, triple(v)) for _, values in series for x, v in values if v is not None]
    xs = sorted({x for x, _ in points})
    x_axis = Axis(xs, log_x, ticks if ticks is not None else xs, zero=False, text=x_text)
    if xs:
        x_axis.low, x_axis.high = xs[0], xs[-1] if xs[-1] > xs[0] else xs[0] * 2 + 1
    y_axis = Axis([v for _, t in points for v in t], log_y)
    left, right, top = 80, WIDTH - 40, c.y + 20
    bottom = top + 340
    c.y_axis(y_axis, left, top, right, bottom, y_title)
    c.x_axis(x_axis, left, top, right, bottom, x_title)
    for s, (name, values) in enumerate(series):
        colour, drawn = COLOURS[s % len(COLOURS)], []
        for x, value in values:
            if value is None:
                continue
            at = left + x_axis.place(x) * (right - left)
            middle, low, high = (bottom - y_axis.place(v) * (bottom - top) for v in triple(value))
            if low != high:
                c.line(at, low, at, high, colour, 1.2)
            drawn.append((at, middle, f"{name}, {x_text(x)}: {number(triple(value)[0])}"))
        c.path([d[:2] for d in drawn], colour)
        for at, middle, hint in drawn:
            c.dot(at, middle, colour, hint)
    return c.done(bottom + 52)


def stacked(title, host, rows, unit, note=""):
    """Horizontal bars of parts one after the other: [(name, [(part, value)])]; parts of one name have one colour."""
    c = Canvas(title, host, note)
    names = list(dict.fromkeys(part for _, parts in rows for part, _ in parts))
    c.legend(names)
    left = 30 + max((text_width(name, 12) for name, _ in rows), default=0)
    right, top = WIDTH - 70, c.y + 14
    bottom = top + 40 * len(rows) + 8
    axis = Axis([sum(v for _, v in parts) for _, parts in rows])
    c.x_axis(axis, left, top, right, bottom, unit)
    for r, (name, parts) in enumerate(rows):
        y, total = top + 10 + r * 40, 0
        c.text(left - 8, y + 18, name, 12, INK, "end")
        for part, value in parts:
            x = left + axis.place(total) * (right - left)
            wide = axis.place(axis.low + value) * (right - left)
            colour = COLOURS[names.index(part) % len(COLOURS)]
            c.rect(x, y, wide, 28, colour, f"{name}, {part}: {number(value)}")
            if wide > text_width(number(value), 10) + 6:
                c.text(x + wide / 2, y + 18, number(value), 10, "white" if colour != "#f0e442" else INK, "middle")
            total += value
        c.text(left + axis.place(total) * (right - left) + 6, y + 18, number(total), 12, INK, weight="bold")
    c.line(left, top, left, bottom)
    return c.done(bottom + 50)


def ranges(title, host, sections, unit, log=True, note="", mark=None):
    """For many things with long names: a row each, a box from quartile to quartile with the median in it, and a
    whisker from the minimum to the 99th percentile.

    sections: [(section name, [(name, {"min", "q1", "median", "q3", "p99"} or text why not)])], a colour each.
    `mark`: (value, words) of a vertical line."""
    c = Canvas(title, host, note or "box: quartiles and median; whisker: minimum to 99th percentile")
    c.legend([name for name, _ in sections])
    there = [r for _, rows in sections for _, r in rows if isinstance(r, dict)]
    axis = Axis([r[k] for r in there for k in ("min", "q1", "p99")] + ([mark[0]] if mark else []), log, zero=not log)
    names = [name for _, rows in sections for name, _ in rows]
    left = 24 + max((text_width(n, 11) for n in names), default=0)
    right, top = WIDTH - 70, c.y + 22
    bottom = top + 22 * len(names) + 6
    c.x_axis(axis, left, top, right, bottom, unit)
    if mark:
        x = left + axis.place(mark[0]) * (right - left)
        c.line(x, top, x, bottom, COLOURS[3], 1.5, "6 4")
        c.text(x, top - 6, mark[1], 11, COLOURS[3], "middle")
    y = top + 14
    for s, (_, rows) in enumerate(sections):
        for name, r in rows:
            c.text(left - 8, y + 4, name, 11, INK if isinstance(r, dict) else FAINT, "end")
            if isinstance(r, dict):
                box(c, axis, left, right, y, r, COLOURS[s % len(COLOURS)])
            else:
                c.text(left + 6, y + 4, f"not available: {r}", 11, FAINT, clear=True)
            y += 22
    c.line(left, top, left, bottom)
    return c.done(bottom + 50)


def box(c, axis, left, right, y, r, colour):
    """One row of ranges()."""
    x = {k: left + axis.place(r[k]) * (right - left) for k in ("min", "q1", "median", "q3", "p99")}
    c.whisker_h(y, x["min"], x["p99"], 4)
    hint = ", ".join(f"{k} {number(r[k])}" for k in ("min", "q1", "median", "q3", "p99"))
    c.rect(x["q1"] - 1, y - 7, x["q3"] - x["q1"] + 2, 14, colour, hint)
    c.line(x["median"], y - 8, x["median"], y + 8, INK, 2)
    c.text(x["p99"] + 8, y + 4, number(r["median"]), 11)
