"""`python -m bench.hil`: the same as the command `dialer bench`."""

from bench.hil.cli import bench

if __name__ == "__main__":
    bench(prog_name="dialer bench")
