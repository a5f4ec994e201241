"""Deterministic CBOR (RFC 8949 section 4.2.1), written for these tests alone: an encoder that can also be told to write
one item wrongly, and a reader that takes nothing but the deterministic form.

Trees are Python's: int, bytes, str, bool, None, list, dict, and the two classes below."""
import struct


class Tag:
    def __init__(self, number, value):
        self.number, self.value = number, value

    def __eq__(self, other):
        return isinstance(other, Tag) and (self.number, self.value) == (other.number, other.value)


class Embedded:
    """bstr .cbor: a byte string that holds the encoding of one item, which can be altered too."""

    def __init__(self, value):
        self.value = value


class Raw(bytes):
    """Bytes that are an encoding already."""


UINT, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE = range(8)


def head(major, argument, width=None):
    """The initial bytes; WIDTH (0, 1, 2, 4, 8 bytes of argument) is the shortest unless given."""
    if width is None:
        width = next(width for width, limit in ((0, 24), (1, 1 << 8), (2, 1 << 16), (4, 1 << 32), (8, 1 << 64))
                     if argument < limit)
    if width == 0:
        return bytes([major << 5 | argument])
    return bytes([major << 5 | {1: 24, 2: 25, 4: 26, 8: 27}[width]]) + argument.to_bytes(width, 'big')


def shortest(argument):
    return len(head(0, argument)) - 1


class Item:
    """One item while it is written: its kind, the argument of its head and what stands behind the head."""

    def __init__(self, major, argument, body=b'', children=(), tree=None):
        self.major, self.argument, self.body, self.children, self.tree = major, argument, body, children, tree

    def content(self):
        return self.body + b''.join(key + value for key, value in self.children)

    def plain(self):
        return head(self.major, self.argument) + self.content()


class Encoder:
    """Writes trees. ITEMS are those that it wrote, with where they stand, in the order in which they end; of item number
    AT, ALTER(item) answers other bytes."""

    def __init__(self, at=None, alter=None):
        self.at, self.alter, self.items = at, alter, []

    def encode(self, tree, path=''):
        if isinstance(tree, Raw):
            return bytes(tree)
        item = self.item(tree, path)
        self.items.append((item, path))
        return self.alter(item) if len(self.items) - 1 == self.at else item.plain()

    def item(self, tree, path):
        if tree is None or isinstance(tree, bool):
            return Item(SIMPLE, {False: 20, True: 21, None: 22}[tree], tree=tree)
        if isinstance(tree, int):
            return Item(UINT, tree, tree=tree) if tree >= 0 else Item(NEGATIVE, -1 - tree, tree=tree)
        if isinstance(tree, Embedded):
            body = self.encode(tree.value, path + '.')
            return Item(BYTES, len(body), body, tree=tree)
        if isinstance(tree, bytes):
            return Item(BYTES, len(tree), tree, tree=tree)
        if isinstance(tree, str):
            return Item(TEXT, len(tree.encode()), tree.encode(), tree=tree)
        if isinstance(tree, Tag):
            return Item(TAG, tree.number, self.encode(tree.value, path), tree=tree)
        if isinstance(tree, list):
            children = [(b'', self.encode(value, f'{path}/{number}')) for number, value in enumerate(tree)]
            return Item(ARRAY, len(tree), children=children, tree=tree)
        pairs = [(self.encode(key, f'{path}/key {key}'), self.encode(value, f'{path}/{key}'))
                 for key, value in sorted(tree.items(), key=lambda pair: Encoder().encode(pair[0]))]
        return Item(MAP, len(tree), children=pairs, tree=tree)


def encode(tree):
    return Encoder().encode(tree)


class Malformed(ValueError):
    pass


class Reader:
    """Reads the deterministic form and refuses any other. Keeps each array's and map's own bytes for whoever asks."""

    def __init__(self, data):
        self.data, self.place = data, 0

    def take(self, count):
        if len(self.data) - self.place < count:
            raise Malformed('short')
        self.place += count
        return self.data[self.place - count:self.place]

    def head(self):
        first, = self.take(1)
        major, low = first >> 5, first & 31
        if low < 24:
            return major, low
        if low > 27:
            raise Malformed('indefinite or reserved')
        width = 1 << (low - 24)
        argument = int.from_bytes(self.take(width), 'big')
        if major == SIMPLE or shortest(argument) != width:
            raise Malformed('not the shortest head, or a float')
        return major, argument

    def value(self, depth=0):
        if depth > 12:
            raise Malformed('deep')
        major, argument = self.head()
        if major == UINT:
            return argument
        if major == NEGATIVE:
            return -1 - argument
        if major == BYTES:
            return self.take(argument)
        if major == TEXT:
            try:
                return self.take(argument).decode('utf-8')
            except UnicodeDecodeError as fault:
                raise Malformed('not UTF-8') from fault
        if major == TAG:
            return Tag(argument, self.value(depth + 1))
        if major == SIMPLE:
            if argument not in (20, 21, 22):
                raise Malformed('a simple value')
            return {20: False, 21: True, 22: None}[argument]
        if argument > len(self.data):
            raise Malformed('short')
        if major == ARRAY:
            return [self.value(depth + 1) for _ in range(argument)]
        return self.map(argument, depth)

    def map(self, count, depth):
        result, last = {}, b''
        for _ in range(count):
            begin = self.place
            key = self.value(depth + 1)
            if isinstance(key, (list, dict, Tag, bool)) or key is None:
                raise Malformed('a key')
            if self.data[begin:self.place] <= last:
                raise Malformed('keys out of order')
            last = self.data[begin:self.place]
            result[key] = self.value(depth + 1)
        return result


def decode(data):
    reader = Reader(data)
    value = reader.value()
    if reader.place != len(data):
        raise Malformed('bytes left over')
    return value


def float_of(number, width):
    return {2: b'\xf9', 4: b'\xfa', 8: b'\xfb'}[width] + struct.pack({2: '>e', 4: '>f', 8: '>d'}[width], float(number))
