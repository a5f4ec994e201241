"""bench/search.svg: how searching grows with the log. Both axes are logarithmic, so that what grows in proportion is a straight
line that rises as the one in the corner does."""
import math

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 460, 70, 190, 30, 50
LEAST_SECONDS, MOST_SECONDS = 1e-4, 100
# What is drawn: a figure's name behind "search_N_", its unit in seconds, its words, its colour.
LINES = (('catch_up', 1, 'index made', '#1b6ca8'), ('window', 1, 'complete, all entries', '#7a3e9d'),
         ('principal_day_median', 1e-3, 'principal, one day', '#c2571a'), ('digest_median', 1e-3, "a file's digest", '#2e7d32'),
         ('principal_product_median', 1e-3, 'principal, product', '#a0812a'), ('key_median', 1e-3, 'a key, 100 entries', '#8c2f39'))


def sizes_of(read):
    return sorted({int(name.split('_')[1]) for name in read})


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


def curves(axes, sizes, read):
    ends, drawn = [], []
    for name, unit, words, colour in LINES:
        points = [(axes.x(size), axes.y(read[f'search_{size}_' + (f'window_{size}' if name == 'window' else name)] * unit))
                  for size in sizes]
        path = ' '.join(f'{x:.1f},{y:.1f}' for x, y in points)
        drawn.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        drawn += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
        ends.append((points[-1][1], words))
    heights = labels_apart(ends)
    for _, _, words, colour in LINES:
        drawn.append(f'<text x="{WIDTH - RIGHT + 12}" y="{heights[words] + 4:.1f}" fill="{colour}">{words}</text>')
    return drawn


def write_plot(path, read):
    sizes = sizes_of(read)
    axes = Axes(sizes)
    text = '\n'.join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">',
        '<title>Searching the log: time by the number of entries</title>',
        '<style>.grid { stroke: #ddd }</style>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>', *grid(axes, sizes), *curves(axes, sizes, read), '</svg>', ''])
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
