#!/usr/bin/python3
"""chart.py FIGURES.json CHART.svg TABLE.md [README.md]: what was measured, as a chart and as tables.

In a README chart and tables replace what stands between the lines <!-- volumes --> and <!-- /volumes -->.
"""
import json
import sys
from xml.sax.saxutils import escape

SUBJECTS = ["native", "larder ephemeral", "larder durable", "CephFS", "GlusterFS", "MooseFS", "s3fs"]
COLOURS = {"native": "#9aa0a6", "larder ephemeral": "#0b7a55", "larder durable": "#54a98a"}
OTHERS = "#c2b8a3"
# Experiment, figure, words of the table.
ROWS = [
    ("F1", "end to end s", "F1: 256 MiB, producer on A, consumer on B, s"),
    ("F2", "end to end s", "F2: the same, consumer on A, s"),
    ("F2", "again on A MiB/s", "F3: read again on A, MiB/s"),
    ("F4 other node", "lost MiB", "F4: read on B while it is written: lost of 256 MiB"),
    ("F4 other node", "first byte after open ms", "first byte after open, ms"),
    ("F4 other node", "reader's end after close ms", "reader's end after the writer's close, ms"),
    ("F4 same node", "reader's end after close ms", "the same on A, ms"),
    ("F5", "reader's end s", "F5: 4 GiB unthrottled, followed on B, s"),
    ("F6", "1 to 4 s", "F6: 256 MiB to 4 consumers, s"),
    ("F6", "4 to 1 s", "4 producers of 64 MiB, 1 consumer, s"),
    ("F6", "100 files of 1 MiB s", "100 files of 1 MiB, s"),
    ("F8 1 KiB", "end to end MiB/s", "F8: F1 with 1 KiB, MiB/s"),
    ("F8 64 KiB", "end to end MiB/s", "64 KiB"),
    ("F8 1 MiB", "end to end MiB/s", "1 MiB"),
    ("F8 16 MiB", "end to end MiB/s", "16 MiB"),
    ("F8 64 MiB", "end to end MiB/s", "64 MiB"),
    ("F8 1 GiB", "end to end MiB/s", "1 GiB"),
    ("M1", "create /s", "M1: create + write 4 KiB + close, /s"),
    ("M1 two threads", "create /s", "by two threads, /s"),
    ("M1", "stat /s", "stat, /s"),
    ("M1", "open+read /s", "open + read, /s"),
    ("M1", "readdir+stat /s", "readdir + stat, /s"),
    ("M1", "rename /s", "rename, /s"),
    ("M1", "unlink /s", "unlink, /s"),
    ("M2", "unpack s", "M2: unpack 5000 files, s"),
    ("M2", "remove s", "remove them, s"),
    ("M4 10 000", "list s", "M4: list 10 000 names on B, s"),
    ("M4 100 000", "list s", "list 100 000, s"),
    ("P3", "reader's end after the last close ms", "P3: 4 logs followed on B, end after the last close, ms"),
    ("P5", "total s", "P5: SQLite, 4 × 50 transfers, s"),
]
PIPELINES = [("P1", "P1: split, work, combine, s"), ("P2", "P2: samples, epochs, checkpoints, s"),
             ("P4", "P4: map, shuffle, sort, s")]
MODES = ["all durable", "ephemeral between", "ephemeral, placed"]
PEERS = ["native", "CephFS", "GlusterFS"]


class Figures:
    def __init__(self, file):
        with open(file) as text:
            self.all = json.load(text)
        self.medians = {(one["experiment"], one["subject"], one["figure"]): one["median"] for one in self.all["measured"]}

    def get(self, experiment, subject, figure):
        return self.medians.get((experiment, subject, figure))

    def pipeline(self, name, mode):
        if mode in MODES:
            return self.get(f"{name} {mode}", "larder durable", "total s")
        return self.get(f"{name} peers", mode, "total s")


def short(value):
    if value is None:
        return ""
    if abs(value) < 1e-3:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}".replace(",", "\u202f")
    return f"{value:.3g}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| --- " * len(head) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def tables(figures):
    rows = [[words] + [short(figures.get(experiment, subject, figure)) for subject in SUBJECTS]
            for experiment, figure, words in ROWS]
    pipelines = [[words] + [short(figures.pipeline(name, mode)) for mode in MODES + PEERS] for name, words in PIPELINES]
    held = [[one["what"], f'{short(one["reached"])} {one["unit"]}'.strip(),
             f'{"≤" if one["bound"] == "at most" else "≥"} {short(one["wanted"])} {one["unit"]}'.strip(),
             "yes" if one["held"] else "no"] for one in figures.all["results"]]
    return "\n".join([
        table(["what", "reached", "must reach", "held"], held),
        table(["median"] + SUBJECTS, [row for row in rows if any(row[1:])]),
        table(["median"] + MODES + PEERS, [row for row in pipelines if any(row[1:])])])


class Chart:
    """Panels of horizontal bars, one below the other, in two columns."""

    WIDTH, BAR, LABEL, GAP = 460, 18, 140, 34

    def __init__(self):
        self.parts, self.heights = [], [20, 20]

    def panel(self, title, bars):
        bars = [(label, value, colour) for label, value, colour in bars if value is not None]
        if not bars:
            return
        column = self.heights.index(min(self.heights))
        x, y = 20 + column * (self.WIDTH + 40), self.heights[column] + 14
        self.text(x, y, title, "bold")
        most = max(value for _, value, _ in bars) or 1
        for label, value, colour in bars:
            y += self.BAR + 4
            width = max(1.0, (self.WIDTH - self.LABEL - 70) * value / most)
            self.text(x + self.LABEL - 6, y, label, anchor="end")
            self.parts.append(f'<rect x="{x + self.LABEL}" y="{y - 13}" width="{width:.1f}" height="{self.BAR}" fill="{colour}"/>')
            self.text(x + self.LABEL + width + 5, y, short(value))
        self.heights[column] = y + self.GAP

    def text(self, x, y, words, weight="normal", anchor="start"):
        self.parts.append(f'<text x="{x:.1f}" y="{y}" font-weight="{weight}" text-anchor="{anchor}">{escape(words)}</text>')

    def svg(self):
        width, height = 2 * self.WIDTH + 80, max(self.heights)
        return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="13">\n'
                f'<rect width="{width}" height="{height}" fill="white"/>\n' + "\n".join(self.parts) + "\n</svg>\n")


def chart(figures):
    drawn = Chart()

    def subjects(title, experiment, figure):
        drawn.panel(title, [(one, figures.get(experiment, one, figure), COLOURS.get(one, OTHERS)) for one in SUBJECTS])

    def pipelines(title, name):
        colours = ["#54a98a", "#0b7a55", "#0b7a55"] + [OTHERS] * len(PEERS)
        drawn.panel(title, [(mode, figures.pipeline(name, mode), colour) for mode, colour in zip(MODES + PEERS, colours)])

    subjects("256 MiB to another node, seconds (less is better)", "F1", "end to end s")
    subjects("256 MiB on one node, seconds (less is better)", "F2", "end to end s")
    subjects("Lost when read while written, of 256 MiB (0 is right)", "F4 other node", "lost MiB")
    subjects("Small files created a second (more is better)", "M1", "create /s")
    pipelines("Video pipeline, seconds (less is better)", "P1")
    pipelines("Sort, seconds (less is better)", "P4")
    return drawn.svg()


def put_into(readme, words):
    begin, end = "<!-- volumes -->\n", "<!-- /volumes -->"
    with open(readme) as file:
        text = file.read()
    before, rest = text.split(begin, 1)
    with open(readme, "w") as file:
        file.write(before + begin + words + end + rest.split(end, 1)[1])


def main(figures_file, chart_file, table_file, readme=None):
    figures = Figures(figures_file)
    with open(chart_file, "w") as file:
        file.write(chart(figures))
    words = tables(figures)
    with open(table_file, "w") as file:
        file.write(words)
    if readme:
        put_into(readme, f"![Larder's volumes beside other file systems]({chart_file})\n\n{words}")
    print(f"figures: {figures_file}\nchart: {chart_file}\ntables: {table_file}")


if __name__ == "__main__":
    main(*sys.argv[1:])
