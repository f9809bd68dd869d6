"""What the activation records of the demo say, as a table."""


def annotation(record, key, default=None):
    return next((item["value"] for item in record.get("annotations", []) if item["key"] == key), default)


def _times(record):
    """(wait, init, run) in ms; a warm call has no init."""
    init = annotation(record, "initTime", 0)
    return annotation(record, "waitTime", 0), init, record["duration"] - init


def _bytes_written(records, tier):
    """What the records together say was written to files of the tier; None where no record speaks of it."""
    written = [volume[tier]["writtenBytes"] for record in records for volume in annotation(record, "volumes", [])
               if "writtenBytes" in volume.get(tier, {})]
    return sum(written) if written else None


def human(count):
    if count is None:
        return "-"
    if abs(count) < 10_000:
        return f"{count} B"
    return f"{count / 1000:.0f} kB" if abs(count) < 1_000_000 else f"{count / 1e6:.1f} MB"


HEADER = ("step", "language", "calls", "cold", "warm", "wait", "init", "run ms", "together ms", "ephemeral", "durable")


def row(step, records, seconds):
    """One step: the calls, how many were cold, the times of the slowest call, what they wrote to each tier."""
    cold = sum(annotation(record, "initTime") is not None for record in records)
    wait, init, run = (max(column) for column in zip(*map(_times, records)))
    return (step, annotation(records[0], "kind"), len(records), cold, len(records) - cold, wait, init, run,
            round(seconds * 1000), human(_bytes_written(records, "ephemeral")), human(_bytes_written(records, "durable")))


def text(rows):
    lines = [HEADER, *rows]
    widths = [max(len(str(line[i])) for line in lines) for i in range(len(HEADER))]
    return "\n".join(
        "  " + "  ".join(str(cell).ljust(width) if i < 2 else str(cell).rjust(width)
                         for i, (cell, width) in enumerate(zip(line, widths))).rstrip() for line in lines)
