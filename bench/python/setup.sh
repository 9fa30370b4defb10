#!/usr/bin/env bash
# Makes the Python environment beside this script, .venv; does nothing when it is there as requirements.txt wants it.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
venv="$here/.venv"
wanted="$(sha256sum < "$here/requirements.txt")"

# Written last: an environment that was interrupted half-way is made anew.
if [[ -x "$venv/bin/python" && "$(cat "$venv/made-for" 2>/dev/null)" == "$wanted" ]] \
    && "$venv/bin/python" -c 'import sys' 2>/dev/null; then
  exit 0
fi

for python in "${PYTHON:-}" python3 python3.11 python3.12 python3.13 python3.14; do
  if [[ -n "$python" ]] && "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    rm -rf "$venv"
    "$python" -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --requirement "$here/requirements.txt"
    echo "$wanted" > "$venv/made-for"
    exit 0
  fi
done
echo "No Python 3.11 or later with venv was found; install one, or name it: PYTHON=/path/to/python3 $0" >&2
exit 1
