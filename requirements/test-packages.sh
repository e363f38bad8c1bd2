#!/usr/bin/env bash
# Debian packages that tests use as real peers. Installs them as root or with sudo; otherwise prints the command.
set -euo pipefail
cd "$(dirname "$0")"
missing=()
while read -r package; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done <test-packages.txt
[ ${#missing[@]} -gt 0 ] || exit 0
install="apt-get install -y --no-install-recommends ${missing[*]}"
if ! command -v apt-get >/dev/null; then
  echo "==> not a Debian or Ubuntu: tests that need ${missing[*]} are skipped"
elif [ "$(id -u)" = 0 ]; then
  echo "==> installing ${missing[*]} for the tests"
  apt-get update -q && DEBIAN_FRONTEND=noninteractive $install
elif sudo -n true 2>/dev/null; then
  echo "==> installing ${missing[*]} for the tests (sudo)"
  sudo apt-get update -q && sudo DEBIAN_FRONTEND=noninteractive $install
else
  echo "==> some tests need ${missing[*]}; they are skipped until you run: sudo $install"
fi
