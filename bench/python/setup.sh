#!/usr/bin/env bash
# Makes a Python environment beside this script: .venv as requirements.txt wants it, or with the word "torch" .venv-torch
# (5 GB, for the comparisons with PyTorch), with "schemathesis" .venv-schemathesis, with "decode" .venv-decode,
# with "lint" .venv-lint. Does nothing where it is there.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
case "${1:-}" in
  "") venv="$here/.venv" requirements="$here/requirements.txt" options=(--no-deps) ;;
  # PyTorch brings a dozen packages of its own, which its version pins.
  torch) venv="$here/.venv-torch" requirements="$here/requirements-torch.txt" options=() ;;
  schemathesis) venv="$here/.venv-schemathesis" requirements="$here/requirements-schemathesis.txt" options=() ;;
  decode) venv="$here/.venv-decode" requirements="$here/requirements-decode.txt" options=(--no-deps) ;;
  lint) venv="$here/.venv-lint" requirements="$here/requirements-lint.txt" options=() ;;
  *) echo "$0 takes no word, 'torch', 'schemathesis', 'decode' or 'lint', not '$1'." >&2; exit 2 ;;
esac
wanted="$(sha256sum < "$requirements")"

# Written last: an environment that was interrupted half-way is made anew.
if [[ -x "$venv/bin/python" && "$(cat "$venv/made-for" 2>/dev/null)" == "$wanted" ]] \
    && "$venv/bin/python" -c 'import sys' 2>/dev/null; then
  exit 0
fi

for python in "${PYTHON:-}" python3 python3.11 python3.12 python3.13 python3.14; do
  if [[ -n "$python" ]] && "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    rm -rf "$venv"
    "$python" -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check ${options[@]+"${options[@]}"} \
      --requirement "$requirements"
    echo "$wanted" > "$venv/made-for"
    exit 0
  fi
done
echo "No Python 3.11 or later with venv was found; install one, or name it: PYTHON=/path/to/python3 $0" >&2
exit 1
