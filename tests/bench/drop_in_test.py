"""What bench_drop_in makes of a report: nothing counts as reached that was not measured."""

import importlib.util
import sys
import unittest


def load(path):
    spec = importlib.util.spec_from_file_location("bench_drop_in", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


bench = load(sys.argv.pop(1))


def phase(p50, p99, fault=None):
    return {"warmOwnMs": {"p50": p50, "p99": p99}, "fault": fault}


class OwnPart(unittest.TestCase):
    def test_within_the_bound_it_is_reached(self):
        self.assertEqual(bench.less_own_part(phase(0.8, 4.4), "p50"), ("0.80 ms", "1 ms", True))
        self.assertEqual(bench.less_own_part(phase(0.8, 5.5), "p99"), ("5.50 ms", "5 ms", False))

    def test_less_than_nothing_is_a_fault_of_the_measurement_and_not_reached(self):
        fault = "a fault of the measurement: the invoker's own part comes out at -0.200 ms, less than nothing"
        for percentile in ("p50", "p99"):
            words, _, held = bench.less_own_part(phase(-0.2, 0.4, fault), percentile)
            self.assertEqual((words, held), (fault, False))
        self.assertFalse(bench.less_own_part(phase(0.1, -0.4), "p99")[2])

    def test_without_samples_it_is_not_reached(self):
        self.assertEqual(bench.less_own_part(phase(None, None), "p50"), ("not measured", "1 ms", False))


class Conditions(unittest.TestCase):
    def test_are_said(self):
        conditions = {"recordsStored": False, "recordsRead": False, "logsMb": 10, "blockingPercent": 100, "kind": "python:3"}
        self.assertEqual(bench.words_of(conditions), "without records, logs up to 10 MB, 100% blocking")
        self.assertIn("with records in the database", bench.words_of({**conditions, "recordsStored": True}))


unittest.main()
