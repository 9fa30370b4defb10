#!/usr/bin/env bash
# Unpacks files of a Debian package for the current user, without installing it. If the package cannot be
# downloaded, it prints one line and exits with status 0.
#
#   unpack-package.sh PACKAGE FOLDER CONSEQUENCE FILE...     each FILE is a path or a glob pattern in the package
set -euo pipefail
package=$1 folder=$2 consequence=$3
shift 3

if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
  echo "$package is not installed, and this system has no apt-get to download Debian's package: $consequence." >&2
  exit 0
fi

temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
download() { (cd "$temporary" && apt-get -qq download "$package" 2>&1); }
# The package lists may be missing or outdated; only root can update them.
if ! download >"$temporary/output" && { [ "$(id -u)" != 0 ] || ! apt-get -qq update >"$temporary/output" 2>&1 || ! download >"$temporary/output"; }; then
  echo "Cannot download Debian's package $package ($(tail -1 "$temporary/output")): $consequence." >&2
  exit 0
fi
dpkg-deb -x "$temporary/$package"_*.deb "$temporary/unpacked"
mkdir -p "$folder"
# Each file is moved into place atomically, because another process may do the same.
for file in "$@"; do
  name=$(basename "$file")
  # Unquoted, so that the shell expands a pattern.
  cp "$temporary"/unpacked/$file "$folder/.$name.$$"
  mv "$folder/.$name.$$" "$folder/$name"
done
