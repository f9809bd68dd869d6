"""The texts of the demo: what this machine's packages brought, and the count that coreutils makes of them."""

import gzip
import os
import subprocess

FOLDERS = ("/usr/share/common-licenses", "/usr/share/doc")
UPLOAD_BYTES_MAX = 950_000  # of base64: a call may carry 1 MiB of parameters


def _text_of(path):
    """The bytes of a text file, unpacked; None for what is no text or cannot be read."""
    try:
        opener = gzip.open if path.endswith(".gz") else open
        with opener(path, "rb") as file:
            data = file.read(4 << 20)
    except (OSError, EOFError):
        return None
    return None if b"\0" in data else data


def _paths():
    for folder in FOLDERS:
        for where, folders, files in os.walk(folder):
            folders.sort()
            for name in sorted(files):
                path = os.path.join(where, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    yield path


def collect(bytes_max):
    """(all texts as one, how many files). Each file ends in a line end, so that files share no word."""
    pieces, total, files = [], 0, 0
    for path in _paths():
        data = _text_of(path)
        if not data:
            continue
        pieces += [data, b"\n"]
        total += len(data) + 1
        files += 1
        if total >= bytes_max:
            break
    return b"".join(pieces), files


def uploads(text, piece_bytes=2 << 20):
    """The text in pieces that fit into a call, packed; cut at line ends."""
    begin = 0
    while begin < len(text):
        end = text.find(b"\n", begin + piece_bytes) + 1 or len(text)
        packed = gzip.compress(text[begin:end], 6)
        if len(packed) * 4 / 3 > UPLOAD_BYTES_MAX and end - begin > 65536:
            yield from uploads(text[begin:end], (end - begin) // 2)
        else:
            yield packed
        begin = end


class Reference:
    """`sort | uniq -c` over the same text, running beside the demo."""

    PIPE = r"tr -cs A-Za-z '\n' | tr A-Z a-z | sed '/^$/d' | sort | uniq -c"

    def __init__(self, text, folder):
        self._source = os.path.join(folder, "texts")
        with open(self._source, "wb") as file:
            file.write(text)
        self._target = os.path.join(folder, "reference")
        with open(self._source, "rb") as source, open(self._target, "wb") as target:
            self._process = subprocess.Popen(
                ["bash", "-c", "set -o pipefail; " + self.PIPE], stdin=source, stdout=target, start_new_session=True,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TMPDIR": folder})

    def result(self):
        if self._process.wait() != 0:
            raise RuntimeError("sort | uniq -c failed")
        with open(self._target, "rb") as file:
            return file.read()

    def stop(self):
        if self._process.poll() is None:
            os.killpg(self._process.pid, 9)
            self._process.wait()
