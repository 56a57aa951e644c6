#!/bin/sh
# Chromium for the browser tests: there, or installed by apt-get where we may, or asked for.
# Without it those tests are skipped; in CI that is a failure.
set -eu

for name in chromium chromium-browser google-chrome google-chrome-stable chrome; do
  if command -v "$name" >/dev/null; then exit 0; fi
done

as_root=
if [ "$(id -u)" -ne 0 ]; then as_root='sudo -n'; fi

if command -v apt-get >/dev/null && $as_root true 2>/dev/null; then
  $as_root apt-get update --quiet --quiet
  if $as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install --quiet --quiet --yes --no-install-recommends chromium fonts-dejavu-core; then
    exit 0
  fi
fi

echo 'Chromium is missing: install it with the system'\''s package manager to run the browser tests.' >&2
case "${CI:-}" in
  1 | true) exit 1 ;;
esac
