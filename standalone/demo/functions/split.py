"""Takes one upload of text (base64 of gzip) and deals its lines out to the partitions of the shuffle."""

import base64
import gzip
import os


def cut(text, parts):
    """`parts` pieces of about one size; each ends at the end of a line, so that no word is cut in two."""
    begin = 0
    for part in range(parts):
        end = len(text) if part == parts - 1 else text.find(b"\n", max(begin, len(text) * (part + 1) // parts)) + 1
        if end == 0:
            end = len(text)
        yield text[begin:end]
        begin = end


def main(args):
    text = gzip.decompress(base64.b64decode(args["text"]))
    for part, piece in enumerate(cut(text, args["parts"])):
        folder = f"/mnt/shuffle/{args['run']}/part-{part}"
        os.makedirs(folder, exist_ok=True)
        with open(f"{folder}/{args['name']}", "wb") as file:
            file.write(piece)
    print(f"{args['name']}: {len(text)} bytes for {args['parts']} partitions")
    return {"bytes": len(text)}
