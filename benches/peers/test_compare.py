"""Does the driver compare what it says? `python benches/peers/test_compare.py`, which needs no peer and no Rust.

Its engines are made up here: they speak the protocol through `serve.py`.
"""

import pathlib
import sys
import tempfile
import unittest

import compare
from serve import checksum

ENGINE = """
import sys, time
sys.path.insert(0, {here!r})
from serve import serve
def make(work):
    def run():
        time.sleep({seconds})
        return {value}, [1.0, 2.0]
    return run
serve({name!r}, ["rosenbrock", "mlp-small"], make)
"""


def engine(name, seconds=0.0, value=3.0):
    source = ENGINE.format(here=str(compare.HERE), name=name, seconds=seconds, value=value)
    return compare.Server([sys.executable, "-c", source])


class Driver(unittest.TestCase):
    def setUp(self):
        self.engines = []

    def tearDown(self):
        for server in self.engines:
            server.close()

    def engine(self, *arguments, **options):
        self.engines.append(engine(*arguments, **options))
        return self.engines[-1]

    def test_the_faster_engine_is_seen_to_be_faster(self):
        slow, fast = self.engine("slow", seconds=0.02), self.engine("fast", seconds=0.002)
        compare.check("rosenbrock", [slow, fast])
        compare.race("rosenbrock", [slow, fast], 0.2)
        self.assertGreaterEqual(slow.fastest["rosenbrock"], 20e6)
        self.assertGreaterEqual(fast.fastest["rosenbrock"], 2e6)
        self.assertLess(fast.fastest["rosenbrock"], slow.fastest["rosenbrock"] / 2)
        self.assertGreaterEqual(slow.first["rosenbrock"], 0.02)

    def test_an_answer_is_a_value_and_the_checksum_of_a_gradient(self):
        self.assertEqual(self.engine("one").ask("rosenbrock", 2), [3.0, 1.0 + 2 * 2.0])
        self.assertEqual(checksum([1.0] * 8), 1 + 2 + 3 + 4 + 5 + 6 + 7 + 1)

    def test_engines_that_compute_different_things_are_not_compared(self):
        for work, value in (("rosenbrock", 3.0 + 1e-7), ("mlp-small", 3.001), ("mlp-small", float("nan"))):
            right, wrong = self.engine("right"), self.engine("wrong", value=f"float('{value}')")
            with self.assertRaisesRegex(SystemExit, f"{work} is not the same work: in iteration 1 right has"):
                compare.check(work, [right, wrong])

    def test_rounding_is_no_difference(self):
        for work, value in (("rosenbrock", 3.0 + 1e-10), ("mlp-small", 3.0001)):
            compare.check(work, [self.engine("right"), self.engine("rounded", value=value)])

    def test_a_ratio_is_theirs_over_ours_and_functions_are_counted_by_element(self):
        theirs, ours = self.engine("theirs"), self.engine("ours")
        theirs.fastest = {"mlp-small": 258_000.0, "rosenbrock": 350_000.0}
        ours.fastest = {"mlp-small": 8_600.0, "rosenbrock": 700_000.0}
        rows = list(compare.rows(["mlp-small", "rosenbrock"], [("m", "recorded")], {"m": theirs}, {"recorded": ours}))
        self.assertEqual(rows[0], (compare.STEPS["mlp-small"] + "; recorded anew", "258 us", "8.60 us", "30.0"))
        self.assertEqual(rows[1], ("Rosenbrock, 10,000 variables; recorded anew", "35.0 ns", "70.0 ns", "0.50"))

    def test_a_batch_stands_beside_several_points_only(self):
        self.assertTrue(compare.paired("rosenbrock-batch", "batched"))
        self.assertTrue(compare.paired("rosenbrock-small", "batched"))
        self.assertTrue(compare.paired("rosenbrock-small", "replayed"))
        self.assertFalse(compare.paired("rosenbrock", "batched"))
        self.assertFalse(compare.paired("rosenbrock-batch", "replayed"))

    def test_a_time_has_three_digits_and_a_unit(self):
        times = {7.0: "7.00 ns", 999.0: "999 ns", 4_220.0: "4.22 us", 13_600_000.0: "13.6 ms", 2.5e9: "2.50 s"}
        self.assertEqual({time: compare.duration(time) for time in times}, times)

    def test_a_page_keeps_everything_but_the_section_of_the_peer(self):
        page = "before\n<!-- jax -->\nold\n<!-- /jax -->\nafter\n"
        new = compare.replaced(page, "jax", "new")
        self.assertEqual(new, "before\n<!-- jax -->\nnew\n<!-- /jax -->\nafter\n")
        self.assertEqual(compare.replaced(new, "jax", "new"), new)
        with self.assertRaises(SystemExit):
            compare.replaced(page, "burn", "new")

    def test_an_engine_that_ends_is_reported(self):
        with self.assertRaisesRegex(SystemExit, "ended with status 3"):
            compare.Server([sys.executable, "-c", "raise SystemExit(3)"])

    def test_every_peer_has_its_place_in_the_book(self):
        page = (compare.ROOT / "docs/src/peers.md").read_text()
        with tempfile.TemporaryDirectory() as target:
            for peer in compare.peers(pathlib.Path(target), 1):
                self.assertIn(f"<!-- {peer} -->", page)
                self.assertIn(f"<!-- /{peer} -->", page)


if __name__ == "__main__":
    unittest.main()
