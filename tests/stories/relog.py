"""relog.py FROM TO FORMAT: appends the last signing of the office FROM to the log of the office TO, as if TO had signed it, and
as a file of FORMAT (a number of lib/tlog's entries). What an operator could write who holds TO's log key."""
import pathlib
import sqlite3
import sys

UUID_AT, UUID_LEN, FORMAT_AT = 4, 16, 37  # docs/log.md: an entry's office and format


def one(database, question):
    return database.execute(question).fetchone()[0]


def main():
    source, target = (sqlite3.connect(pathlib.Path(office) / 'office.db') for office in sys.argv[1:3])
    first = one(target, 'select max(idx) from entry') + 1
    uuid = one(target, 'select uuid from office')
    rows = source.execute('select idx, leaf, salt, details, tag from entry order by idx desc limit 2').fetchall()[::-1]
    for number, (_, leaf, salt, details, tag) in enumerate(rows):
        leaf = bytearray(leaf)
        leaf[UUID_AT:UUID_AT + UUID_LEN] = uuid
        leaf[FORMAT_AT] = int(sys.argv[3])
        if number == 1:  # the outcome ends with its intent's number
            assert leaf[-1] == rows[0][0] < 24 and first < 24, 'a number of one byte'
            leaf[-1] = first
        target.execute('insert into entry values (?, ?, ?, ?, ?)', (first + number, bytes(leaf), salt, details, tag))
    target.commit()


if __name__ == '__main__':
    main()
