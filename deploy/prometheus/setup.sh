#!/usr/bin/env bash
# Sees to it that there is a Prometheus and its promtool. Where none is on the PATH, Debian's package is unpacked into
# ~/.cache/peregrine/prometheus. It is not installed: that would leave a service listening on 9090 and a user behind.
# Does nothing where both are there, and says so in one line where there is no way to get them.
set -euo pipefail
cache="${XDG_CACHE_HOME:-$HOME/.cache}/peregrine/prometheus"

if command -v prometheus >/dev/null && command -v promtool >/dev/null; then exit 0; fi
if [ -x "$cache/prometheus" ] && [ -x "$cache/promtool" ]; then exit 0; fi
"$(dirname "${BASH_SOURCE[0]}")/../unpack-package.sh" prometheus "$cache" "what needs one is left out" usr/bin/promtool usr/bin/prometheus
