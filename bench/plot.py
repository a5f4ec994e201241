"""Plots of how time grows with the log. Both axes are logarithmic, so that what grows in proportion is a straight line."""
import math
from dataclasses import dataclass

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 460, 70, 190, 30, 50
LEAST_SECONDS, MOST_SECONDS = 1e-4, 100
COLOURS = ('#1b6ca8', '#7a3e9d', '#c2571a', '#2e7d32', '#a0812a', '#8c2f39')


@dataclass
class Curve:
    words: str
    seconds: dict  # by the number of entries


class Axes:
    def __init__(self, sizes):
        self.low, self.high = math.log10(sizes[0]), math.log10(sizes[-1])

    def x(self, size):
        share = (math.log10(size) - self.low) / max(self.high - self.low, 1)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    @staticmethod
    def y(seconds):
        low, high = math.log10(LEAST_SECONDS), math.log10(MOST_SECONDS)
        share = (math.log10(min(max(seconds, LEAST_SECONDS), MOST_SECONDS)) - low) / (high - low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def seconds_text(seconds):
    for unit, name in ((1, 's'), (1e-3, 'ms'), (1e-6, 'µs')):
        if seconds >= unit * 0.999:
            return f'{seconds / unit:.0f} {name}'
    return '0'


def grid(axes, sizes):
    for size in sizes:
        x = axes.x(size)
        yield f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}" class="grid"/>'
        yield f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{size:,}</text>'
    for power in range(round(math.log10(LEAST_SECONDS)), round(math.log10(MOST_SECONDS)) + 1):
        y = axes.y(10 ** power)
        yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" class="grid"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{seconds_text(10 ** power)}</text>'
    yield f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}" text-anchor="middle">entries in the log</text>'


def labels_apart(wanted):
    """Heights of labels so that none covers another, as near as may be to where their lines end."""
    placed, below = {}, None
    for height, name in sorted(wanted):
        below = height if below is None else max(height, below + 16)
        placed[name] = below
    return placed


def draw(axes, curves):
    ends, drawn = [], []
    for curve, colour in zip(curves, COLOURS):
        points = [(axes.x(size), axes.y(seconds)) for size, seconds in sorted(curve.seconds.items())]
        path = ' '.join(f'{x:.1f},{y:.1f}' for x, y in points)
        drawn.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        drawn += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
        ends.append((points[-1][1], curve.words))
    heights = labels_apart(ends)
    for curve, colour in zip(curves, COLOURS):
        drawn.append(f'<text x="{WIDTH - RIGHT + 12}" y="{heights[curve.words] + 4:.1f}" fill="{colour}">{curve.words}</text>')
    return drawn


def write_plot(path, title, curves):
    sizes = sorted({size for curve in curves for size in curve.seconds})
    axes = Axes(sizes)
    text = '\n'.join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">',
        f'<title>{title}: time by the number of entries</title>',
        '<style>.grid { stroke: #ddd }</style>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>', *grid(axes, sizes), *draw(axes, curves), '</svg>', ''])
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
