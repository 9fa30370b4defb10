#!/usr/bin/env bash
# Sees to it that there is a jemalloc for the trainer to allocate by. Where none is installed, Debian's package is unpacked
# into ~/.cache/peregrine/jemalloc, for you alone. Does nothing where there is one, and says so in one line where there is
# no way to get it: trainings are slower without.
set -euo pipefail
cache="${XDG_CACHE_HOME:-$HOME/.cache}/peregrine/jemalloc"

# Where Jemalloc.java looks.
for library in "$cache"/libjemalloc.so.2 /usr/lib/x86_64-linux-gnu/libjemalloc.so.2 /usr/lib64/libjemalloc.so.2 \
    /usr/lib/libjemalloc.so.2; do
  if [ -f "$library" ]; then exit 0; fi
done
if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
  echo "No jemalloc is installed and this is no Debian, whose package could be unpacked: trainings are slower without." >&2
  exit 0
fi

aside=$(mktemp -d)
trap 'rm -rf "$aside"' EXIT
download() { (cd "$aside" && apt-get -qq download libjemalloc2 2>&1); }
# The lists of packages may be missing or old; only root may renew them.
if ! download >"$aside/said" && { [ "$(id -u)" != 0 ] || ! apt-get -qq update >"$aside/said" 2>&1 || ! download >"$aside/said"; }; then
  echo "Debian's package libjemalloc2 cannot be downloaded ($(tail -1 "$aside/said")): trainings are slower without." >&2
  exit 0
fi
dpkg-deb -x "$aside"/libjemalloc2_*.deb "$aside/unpacked"
mkdir -p "$cache"
# Moved into place whole: somebody else may be at the same.
cp "$aside"/unpacked/usr/lib/*/libjemalloc.so.2 "$cache/.libjemalloc.$$"
mv "$cache/.libjemalloc.$$" "$cache/libjemalloc.so.2"
