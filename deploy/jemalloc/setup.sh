#!/usr/bin/env bash
# Sees to it that there is a jemalloc for the trainer to allocate by, and prints where it is. Where none is installed,
# Debian's package is unpacked into ~/.cache/peregrine/jemalloc. Prints nothing, and says so in one line, where there is no
# way to get it: trainings are slower without.
set -euo pipefail
cache="${XDG_CACHE_HOME:-$HOME/.cache}/peregrine/jemalloc"

# Where Jemalloc.java looks.
find_it() {
  local folder
  for folder in "$cache" /usr/lib/x86_64-linux-gnu /usr/lib64 /usr/lib; do
    if [ -f "$folder/libjemalloc.so.2" ]; then echo "$folder/libjemalloc.so.2"; return; fi
  done
  return 1
}

find_it || {
  "$(dirname "${BASH_SOURCE[0]}")/../unpack-package.sh" libjemalloc2 "$cache" "trainings are slower without" 'usr/lib/*/libjemalloc.so.2'
  find_it || true
}
