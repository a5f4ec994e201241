"""The rows of searching the log, and the plot of how they grow: bench/search_bench, run more than once."""
import os
import statistics

from measure import figures
from plot import Curve, write_plot
from report import Chapter, Row

HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = (('digest', "a file's digest", 'the intent and the outcome of one file out of all'),
         ('signature', "a signature's hash", 'its outcome'),
         ('key', 'a key', 'the first hundred entries'),
         ('principal_product', 'principal and product', 'the first hundred entries'),
         ('principal_day', 'a principal, one day', '"what did this runner sign on Tuesday": all of it'))
# What is drawn: a figure's name behind "search_N_", its unit in seconds, its words.
DRAWN = (('catch_up', 1, 'index made'), ('window', 1, 'complete, all entries'),
         ('principal_day_median', 1e-3, 'principal, one day'), ('digest_median', 1e-3, "a file's digest"),
         ('principal_product_median', 1e-3, 'principal, product'), ('key_median', 1e-3, 'a key, 100 entries'))


def sizes_of(read):
    return sorted({int(name.split('_')[1]) for name in read})


def medians(runs):
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def label(size):
    return f'{size:,}'


def spread(runs, name, form):
    values = sorted(run[name] for run in runs)
    return f'{form(values[0])} to {form(values[-1])}'


def catch_up_row(runs, read, size):
    rate = read[f'search_{size}_catch_up_rate']
    return Row('make the index', f'of {label(size)} entries, from nothing: every entry read and taken apart. A served office does it '
               'when it has nothing else to do, a command when it is asked.',
               f'{read[f"search_{size}_catch_up"]:.1f} s, {rate:,.0f} entries/s ('
               + spread(runs, f'search_{size}_catch_up_rate', lambda value: f'{value:,.0f}') + ')', '≥ 200,000 entries/s',
               rate >= 200_000)


def size_row(read, size):
    index, database = read[f'search_{size}_index'], read[f'search_{size}_database']
    return Row('its size', 'on disk, against the database that it is made of.',
               f'{index:.1f} bytes an entry, {100 * index / database:.1f} % of the database', 'none', None)


def latency_rows(runs, read, size):
    for kind, what, explanation in KINDS:
        name = f'search_{size}_{kind}'
        yield Row(f'search by {what}', f'{explanation}; wall time, half of 200 random ones are quicker.',
                  f'{read[f"{name}_median"]:.1f} ms (' + spread(runs, f'{name}_median', lambda value: f'{value:.1f}')
                  + f'), 95 % within {read[f"{name}_95th"]:.1f} ms; {read[f"{name}_found"]:,.0f} entries', 'none', None)


def window_row(read, size):
    name = f'search_{size}_window_'
    windows = sorted(int(key.removeprefix(name)) for key in read if key.startswith(name))
    walked = ', '.join(f'{read[f"{name}{window}"]:.3g} s for {label(window)}' for window in windows)
    rate = windows[-1] / read[f'{name}{windows[-1]}']
    return Row('a complete list', 'all that one key signed in the newest so many entries, every one of them read, its details '
               'hashed, and the tree followed up to the signed root.', f'{walked}: {rate:,.0f} entries/s', 'none', None)


def growth(read):
    """Markdown: a line for each size."""
    head = ['entries', 'index made', 'bytes an entry', *(what for _, what, _ in KINDS), 'complete, all of them']
    lines = ['| ' + ' | '.join(head) + ' |', '|' + '---|' * len(head)]
    for size in sizes_of(read):
        name = f'search_{size}_'
        cells = [label(size), f'{read[f"{name}catch_up"]:.2f} s', f'{read[f"{name}index"]:.1f}',
                 *(f'{read[f"{name}{kind}_median"]:.1f} ms' for kind, _, _ in KINDS),
                 f'{read[f"{name}window_{size}"]:.2f} s']
        lines.append('| ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines)


def curves_of(read):
    def figure(size, name):
        return read[f'search_{size}_' + (f'window_{size}' if name == 'window' else name)]
    return [Curve(words, {size: figure(size, name) * unit for size in sizes_of(read)}) for name, unit, words in DRAWN]


def chapter_of(runs, plot):
    read = medians(runs)
    size = sizes_of(read)[-1]
    write_plot(plot, 'Searching the log', curves_of(read))
    rows = [catch_up_row(runs, read, size), size_row(read, size), *latency_rows(runs, read, size), window_row(read, size)]
    remarks = f'''
An office's log of {label(size)} entries, half intents and half outcomes as long as real ones, of fifty principals, twenty
products with two keys each, and a year. Median of {len(runs)} runs, smallest and largest in brackets.

### How it grows

{growth(read)}

![how it grows](search.svg)

The index is made in time in proportion to the entries. A search reads the up to 4,096 newest entries one by one, since they are
not indexed yet, which is most of what it takes in a small log; and it looks at one row of the index for each 4,096 entries, which
shows in a large one. A list that ends after a hundred entries does not grow. A complete list grows with its window, and not with
the log.
'''
    return Chapter('Searching the log', rows, remarks)


def search(bench):
    words = [bench.tool('search_bench'), str(bench.rounds(10_000_000, 100_000)), bench.folder]
    runs = [figures(words) for _ in range(bench.rounds(2, 1))]
    return chapter_of(runs, os.path.join(HERE if not bench.quick else bench.folder, 'search.svg'))
