"""How fast it is: bench_<room>.py beside this measure against a bare reference, `python -m tests.benchmarks` prints.

No test asserts a time; only `--strict` makes a missed limit an exit status.
"""
