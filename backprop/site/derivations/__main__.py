"""python -m backprop.site.derivations …: another name of `python -m backprop.derivations`."""

from backprop.derivations.__main__ import run

if __name__ == "__main__":
    raise SystemExit(run())
