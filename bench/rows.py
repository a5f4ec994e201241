"""The rows of the report, one function per group. Each returns what bench/report.py prints."""
import os
import shutil
import statistics

import samples
from measure import NEW, Command, figures
from report import Row

MIB = 1 << 20


def remove(path):
    """What a command is about to write must not be there: some peers refuse, and ours would have less to do."""
    def act(_):
        if os.path.exists(path):
            os.remove(path)
    return act


def ms(seconds):
    return f'{seconds * 1e3:.1f} ms'


class Bench:
    """Everything that the rows share."""

    def __init__(self, hallmark, tools, spender, folder, quick):
        self.hallmark, self.tools, self.spender, self.folder, self.quick = hallmark, tools, spender, folder, quick
        self.launcher = os.path.join(folder, 'launcher.exe')
        # A file that takes the place of one just removed costs ext4 a search that grows with every such file.
        self.fresh = os.path.join(folder, 'fresh')
        os.mkdir(self.fresh)
        shutil.copy(samples.first_that_exists(samples.LAUNCHERS), self.launcher)
        self.office = samples.Office(hallmark, folder, self.launcher)
        self.peer_environment, self.peer_uri = self.office.peer_token()
        self.peer_key, self.peer_certificate = samples.key_in_file(folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def tool(self, name):
        return os.path.join(self.tools, name)

    def rounds(self, full, quick):
        return quick if self.quick else full

    def sign(self, *words, before=None, folder=None):
        return Command([self.hallmark, '--office', self.office.path, 'sign', '--product', samples.PRODUCT, *words], before,
                       folder=folder, fresh=self.fresh)

    def verify(self, *words, folder=None):
        return Command([self.hallmark, 'verify', '--trust', self.office.trust, *words], folder=folder)

    def osslsigncode_sign(self, source):
        return Command(['osslsigncode', 'sign', '-pkcs11module', samples.first_that_exists(samples.MODULES), '-certs',
                        self.office.chain, '-key', self.peer_uri, '-h', 'sha256', '-in', source, '-out', f'{NEW}.exe'],
                       environment=self.peer_environment, fresh=self.fresh)

    def osslsigncode_sign_from_file(self, source, target):
        return Command(['osslsigncode', 'sign', '-certs', self.peer_certificate, '-key', self.peer_key, '-h', 'sha256',
                        '-in', source, '-out', target], remove(target))

    def dgst(self, path):
        return Command(['openssl', 'dgst', '-sha256', path])


def against(result, ours, peer, bar, name):
    ratio = result.ratio(ours, peer)
    text = f'{ms(result.median(ours))} against {ms(result.median(peer))}: {ratio}'
    return text, f'≤ {bar} × {name}', ratio.median <= bar


def one_program(bench):
    """A program of ~100 KB, signed and verified by commands that start from nothing."""
    result = bench.spender.compare([bench.sign('-o', f'{NEW}.exe', bench.launcher),
                                    bench.osslsigncode_sign(bench.launcher)], bench.rounds(60, 12))
    text, bar, met = against(result, 0, 1, 1.0, 'osslsigncode')
    rows = [Row('sign a program', 'Authenticode with ECDSA P-256 over a Windows launcher of 106 KB; one command from its '
                'start to its end. The key is in SoftHSM, and osslsigncode uses the very same one through PKCS#11. '
                'Hallmark also makes an intent and an outcome durable in its log, and the file it writes; osslsigncode logs '
                'nothing. Commands that follow one another within a second share a signed checkpoint, which a process '
                'publishes that outlives them: its time is shared out among them and contained in this figure.',
                f'{text}; wall {ms(result.median(0, "wall"))} against {ms(result.median(1, "wall"))}', bar, met)]
    alone = bench.spender.alone(bench.sign('-o', f'{NEW}.exe', bench.launcher), bench.rounds(10, 4))
    peer = result.median(1)
    rows.append(Row('sign a program, alone', 'the same when nothing else is signed in that second: the command publishes a '
                    'checkpoint of its own, tiles and all.', f'{ms(alone)}: {alone / peer:.2f} × osslsigncode above', 'none',
                    None))

    signed = bench.path('signed.exe')
    bench.spender.run(bench.sign('-o', signed, bench.launcher))
    result = bench.spender.compare([bench.verify(signed),
                                    Command(['osslsigncode', 'verify', '-CAfile', bench.office.trust, signed])],
                                   bench.rounds(100, 20))
    text, bar, met = against(result, 0, 1, 0.9, 'osslsigncode')
    rows.append(Row('verify a program', 'that file again: parsed in a sandbox, digest, signature and certificate chain '
                    'checked against the office\'s root.', text, bar + ', stretch 0.7', met))
    return rows + verify_efi(bench)


def verify_efi(bench):
    source = samples.first_that_exists(samples.EFI)
    if not source:
        return []
    signed = bench.path('boot.efi')
    bench.spender.run(bench.sign('-o', signed, source))
    result = bench.spender.compare([bench.verify(signed), Command(['sbverify', '--cert', bench.office.trust, signed])],
                                   bench.rounds(60, 12))
    return [Row('verify a UEFI program', 'systemd-boot (141 KB), signed with RSA-3072 as firmware wants it, against '
                'sbverify, which checks the signature but neither key usage nor dates.',
                f'{ms(result.median(0))} against {ms(result.median(1))}: {result.ratio(0, 1)}', 'none', None)]


def large_files(bench):
    """A 1 GiB file with a detached signature, a 256 MiB program; SHA-256 by openssl is the measure."""
    big, program = bench.path('big.bin'), bench.path('big.exe')
    size = bench.rounds(1024, 128)
    samples.write_filled(big, size * MIB)
    rounds = bench.rounds(9, 3)
    target = f'{big}.p7s'
    result = bench.spender.compare([bench.sign(big, before=remove(target)), bench.verify(big), bench.dgst(big)], rounds)
    rows = []
    for number, verb in enumerate(('sign detached', 'verify')):
        text, bar, met = against(result, number, 2, 1.1, 'openssl dgst')
        rows.append(Row(f'{verb} {size} MiB', 'CMS over a file of any kind, the signature beside it, against openssl dgst '
                        '-sha256 of that file.', text, bar, met))
    peaks = [result.peak(0), result.peak(1)]
    os.remove(big)

    size = bench.rounds(256, 64)
    samples.write_pe(program, size * MIB)
    ours, theirs, efi = bench.path('big-ours.exe'), bench.path('big-theirs.exe'), bench.path('big-sbsign.exe')
    sbsign = Command(['sbsign', '--key', bench.peer_key, '--cert', bench.peer_certificate, '--output', efi, program],
                     remove(efi))
    result = bench.spender.compare([bench.sign('-o', ours, program, before=remove(ours)), bench.dgst(program),
                                    bench.osslsigncode_sign_from_file(program, theirs), sbsign], rounds)
    text, bar, met = against(result, 0, 1, 1.9, 'openssl dgst')
    rows.append(Row(f'sign a program of {size} MiB', 'Authenticode into a new file, durable; the peers sign with a key in a '
                    'file and do not make theirs durable. What is hashed is what is written, in one pass; the log also '
                    'keeps the SHA-256 of the file as it was, so every byte is hashed twice.',
                    f'{text}; osslsigncode {result.ratio(2, 1)}, sbsign {result.ratio(3, 1)}', bar, met))
    peaks.append(result.peak(0))
    verified = bench.spender.compare([bench.verify(ours), bench.dgst(ours),
                                      Command(['osslsigncode', 'verify', '-CAfile', bench.office.trust, ours])], rounds)
    rows.append(Row(f'verify a program of {size} MiB', 'the file just signed.',
                    f'{ms(verified.median(0))}: {verified.ratio(0, 1)} of openssl dgst; osslsigncode '
                    f'{verified.ratio(2, 1)}', 'none', None))
    peaks.append(verified.peak(0))
    rows.append(Row('peak memory', 'the largest process of ours over all runs of this group, whatever the file\'s size; the '
                    'peers\' on the program above.',
                    f'{max(peaks):.1f} MiB (osslsigncode {result.peak(2):.0f}, sbsign {result.peak(3):.0f})', '≤ 10 MiB',
                    max(peaks) <= 10))
    for path in (program, ours, theirs, efi):
        os.remove(path)
    return rows


def hash_all(bench, folder, names, processes):
    return Command([bench.tool('hash_bench'), str(processes)], folder=folder, input='\n'.join(names) + '\n')


def small_files(bench, c_sign):
    """Many files in one call."""
    folder, count = bench.path('small'), bench.rounds(10000, 1000)
    names = samples.write_many(folder, count, 4096)
    thousand = names[:1000]
    result = bench.spender.compare([bench.sign('-o', NEW, *thousand, folder=folder, before=os.mkdir),
                                    hash_all(bench, folder, thousand, 1),
                                    Command([bench.tool('files_bench'), NEW, '1000', '2300'], os.mkdir, fresh=bench.fresh)],
                                   bench.rounds(9, 3))
    overs = [(ours.processor - hashing.processor) / 1000 * 1e3 - c_sign * 1e3
             for ours, hashing in zip(*result.costs[:2])]
    over = statistics.median(overs)
    rows = [Row('sign 1,000 small files', 'files of 4 KiB in one call, each with a detached signature and two log entries of '
                'its own. What hashing them in a plain read loop costs, and what the token takes for 1,000 signatures '
                f'({c_sign * 1e6:.0f} µs each, measured below), is taken off. What stays in it is the file system\'s own work '
                'for 1,000 new durable files of the signatures\' size, measured in the same run.',
                f'{over:.3f} ms per file ({min(overs):.3f}–{max(overs):.3f}); in all {ms(result.median(0))} against '
                f'{ms(result.median(1))} of hashing; wall {ms(result.median(0, "wall"))}; the file system alone '
                f'{result.median(2):.3f} ms per file', '≤ 0.15 ms per file', over <= 0.15)]

    bench.spender.run(bench.sign(*names, folder=folder))
    result = bench.spender.compare([bench.verify(*names, folder=folder)], bench.rounds(7, 3))
    per_file = result.median(0) / count * 1e3
    rows.append(Row(f'verify {count:,} small files', 'files of 4 KiB in one call, each with its detached signature and the '
                    'whole certificate chain in it.',
                    f'{per_file:.3f} ms per file; wall {result.median(0, "wall"):.2f} s; {result.peak(0):.1f} MiB',
                    '≤ 0.25 ms per file', per_file <= 0.25))
    shutil.rmtree(folder)
    return rows


def medium_files(bench):
    folder, count = bench.path('medium'), bench.rounds(200, 40)
    names = samples.write_many(folder, count, 4 * MIB)
    bench.spender.run(bench.sign(*names, folder=folder))
    processors = os.cpu_count()
    result = bench.spender.compare([bench.verify(*names, folder=folder), hash_all(bench, folder, names, processors)],
                                   bench.rounds(9, 3))
    shutil.rmtree(folder)
    wall, processor = result.ratio(0, 1, 'wall'), result.ratio(0, 1)
    return [Row(f'verify {count} files of 4 MiB', f'wall time on all {processors} processors against only hashing them on '
                f'all of them. ({count} files instead of 10,000, which would need 40 GiB.) Other work on the machine shows '
                'in wall time; the ratio of processor time stands beside it.',
                f'{result.median(0, "wall"):.2f} s against {result.median(1, "wall"):.2f} s: {wall}; processor time '
                f'{processor}', '≤ 1.2 × hashing', wall.median <= 1.2)]


def key_layer(keys):
    rows = []
    for processes, word in ((1, 'one process'), (2, 'two processes')):
        ratio = keys[f'keys_layer_to_bare_{processes}']
        rows.append(Row(f'key layer, {word}', 'ECDSA P-256 through our key layer against a bare loop of C_SignInit and '
                        'C_Sign on the same SoftHSM token, by processor time; no log-in and no key search per signature.',
                        f'{keys[f"keys_layer_{processes}"]:,.0f} against {keys[f"keys_bare_{processes}"]:,.0f} '
                        f'signatures/s: {ratio:.2f} ×', '≥ 0.9 × bare', ratio >= 0.9))
    return rows


def log_and_store(bench):
    log = figures([bench.tool('tlog_bench'), str(bench.rounds(10_000_000, 500_000)), bench.folder])
    store = figures([bench.tool('store_bench'), str(bench.rounds(200_000, 50_000)), bench.folder])
    entries = f'{log["tlog_entries"]:,.0f}'
    append, on_disk = store['store_append_by_1024_rate'], [store[f'store_{part}_per_signature'] for part in ('database', 'tiles')]
    return [
        Row('append, durable', 'entries of real length into the database, 1,024 in a transaction, each transaction durable '
            'before the next. Wall time.', f'{append:,.0f} entries/s; {store["store_append_by_1024_processor"]:.1f} µs of '
            'processor time each', '≥ 100,000 entries/s', append >= 100_000),
        Row('publish in bulk', f'{entries} entries into tiles that any web server can serve, durable.',
            f'{log["tlog_bulk_rate"]:,.0f} entries/s', 'none', None),
        Row('publish by hundreds', 'the same, 100 entries at a time, as an office does at most once a second.',
            f'{log["tlog_extend_by_100_median"]:.1f} ms a time', 'none', None),
        Row('prove an entry', f'an inclusion proof of a random one of {entries} entries out of the tiles; wall time, half of '
            'them are quicker.', f'{log["tlog_proof_median"]:.3f} ms', '< 1 ms', log['tlog_proof_median'] < 1),
        Row('open the log', f'of {entries} entries, up to the first proof.', f'{log["tlog_open"]:.1f} ms', '< 100 ms',
            log['tlog_open'] < 100),
        Row('audit the log', 'every hash recomputed from the entries and compared.',
            f'{log["tlog_audit_rate"]:,.0f} entries/s', 'none', None),
        Row('bytes on disk', 'per signature, that is per intent and outcome with their details, indexes and tiles.',
            f'{on_disk[0]:.0f} in the database, {on_disk[1]:.0f} in tiles', 'none', None),
    ]
