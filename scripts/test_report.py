"""Reads the report that ctest wrote. On stdout: `passed failed skipped`; on stderr: what was skipped and why, what failed.

A test that ctest could not start at all is "skipped" in its words; here it has failed.
"""

import re
import sys
import xml.etree.ElementTree as ElementTree


def skip_reason(case):
    """Why the test did not run, in its own words where it gave some; None when it did run, or should have."""
    if case.get("status") == "disabled":
        return "disabled"
    skipped = case.find("skipped")
    if skipped is None or not skipped.get("message", "").startswith("SKIP_"):
        return None
    output = case.findtext("system-out") or ""
    sentence = re.search(r": Skipped\n(.*?)\n\[  SKIPPED \]", output, re.DOTALL)
    return " ".join((sentence.group(1) if sentence else output).split())[-300:]


def main():
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for case in ElementTree.parse(sys.argv[1]).getroot().findall("testcase"):
        reason = skip_reason(case)
        kind = "skipped" if reason is not None else "passed" if case.get("status") == "run" else "failed"
        counts[kind] += 1
        if kind != "passed":
            print(f"  {kind}: {case.get('name')}{': ' + reason if reason else ''}", file=sys.stderr)
    print(counts["passed"], counts["failed"], counts["skipped"])


main()
