#!/usr/bin/env bash
# Sees to it that there is a Prometheus and its promtool. Where none is on the PATH, Debian's package is unpacked into
# ~/.cache/peregrine/prometheus. It is not installed: that would leave a service listening on 9090 and a user behind.
# Does nothing where both are there, and says so in one line where there is no way to get them.
set -euo pipefail
cache="${XDG_CACHE_HOME:-$HOME/.cache}/peregrine/prometheus"

if command -v prometheus >/dev/null && command -v promtool >/dev/null; then exit 0; fi
if [ -x "$cache/prometheus" ] && [ -x "$cache/promtool" ]; then exit 0; fi
if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
  echo "No Prometheus is on the PATH and this is no Debian, whose package could be unpacked: what needs one is left out." >&2
  exit 0
fi

aside=$(mktemp -d)
trap 'rm -rf "$aside"' EXIT
download() { (cd "$aside" && apt-get -qq download prometheus 2>&1); }
# The lists of packages may be missing or old; only root may renew them.
if ! download >"$aside/said" && { [ "$(id -u)" != 0 ] || ! apt-get -qq update >"$aside/said" 2>&1 || ! download >"$aside/said"; }; then
  echo "Debian's package prometheus cannot be downloaded ($(tail -1 "$aside/said")): what needs one is left out." >&2
  exit 0
fi
dpkg-deb -x "$aside"/prometheus_*.deb "$aside/unpacked"
mkdir -p "$cache"
# Each moved into place whole: somebody else may be at the same.
for program in promtool prometheus; do
  cp "$aside/unpacked/usr/bin/$program" "$cache/.$program.$$"
  mv "$cache/.$program.$$" "$cache/$program"
done
