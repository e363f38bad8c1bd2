#!/usr/bin/env bash
# Sets up .venv for `make run` (argument: run) or `make test` (argument: test). Says what it does while it does it.
set -euo pipefail
cd "$(dirname "$0")/.."
want=${1:-run}
python=${PYTHON:-python3}
say() { printf '==> %s\n' "$*"; }
stop() { printf 'muin: %s\n' "$*" >&2; exit 2; }

command -v "$python" >/dev/null || stop "$python is not here; install it with: sudo apt-get install python3 python3-venv"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  stop "$("$python" --version) is too old; muin needs Python 3.11 or newer (set PYTHON=/path/to/python3.11)"
"$python" -c 'import venv, ensurepip' 2>/dev/null ||
  stop "Python's venv module is not here; install it with: sudo apt-get install python3-venv"

stamp_of() { cat requirements/run.txt requirements/test.txt pyproject.toml "$0" | sha256sum | cut -c1-16; }
mark=.venv/.ready-$want-$(stamp_of)
if [ -e "$mark" ]; then exit 0; fi

if [ ! -x .venv/bin/python ]; then
  say "making a virtual environment in .venv with $("$python" --version)"
  "$python" -m venv .venv
fi
pip=(.venv/bin/python -m pip install --disable-pip-version-check --no-deps --require-hashes --progress-bar off)

# What builds the few packages that come as source must be there first, from the same pinned list.
bootstrap=$(mktemp)
trap 'rm -f "$bootstrap"' EXIT
awk '/^[a-z]/ { keep = ($1 ~ /^(packaging|setuptools|wheel)==/) } keep' requirements/run.txt >"$bootstrap"
say "1/3 installing the build tools"
"${pip[@]}" -q -r "$bootstrap"
say "2/3 installing what the shop needs (about 0.3 GB to download the first time; one line for each package)"
"${pip[@]}" --no-build-isolation -r requirements/run.txt | sed -u -n 's/^\(Collecting [^ ]*\).*/    \1/p; s/^\(Successfully.\{0,60\}\).*/    \1 .../p; /^ERROR/p'
if [ "$want" = test ]; then
  say "2/3 installing what the tests need"
  "${pip[@]}" -r requirements/test.txt | sed -u -n 's/^\(Collecting [^ ]*\).*/    \1/p'
fi
say "3/3 installing muin itself"
.venv/bin/python -m pip install --disable-pip-version-check -q --no-deps --no-build-isolation -e . 2>/dev/null ||
  .venv/bin/python -m pip install --disable-pip-version-check --no-deps --no-build-isolation -e .
rm -f .venv/.ready-"$want"-*
touch "$mark"
