#!/usr/bin/env bash
# Pins each envs/<name>.in into envs/<name>.lock.txt: every package with its hashes, valid for Python 3.11 and newer on Linux and macOS.
# torch and what only its CUDA build needs are left out: the site chooses that build (README, "Which torch").
# usage: envs/lock.sh [name ...]      needs: uv (it is in .venv after `make setup`)
set -euo pipefail
cd "$(dirname "$0")"
uv=$(command -v ../.venv/bin/uv || command -v uv)
options=(--quiet --universal --python-version 3.11 --no-header --no-annotate --no-emit-find-links --no-emit-index-url)
for name in "${@:-workflow nequip mace}"; do for env in $name; do
  skip=(--no-emit-package torch)
  for package in $("$uv" pip compile "${options[@]}" "$env.in" | sed -nE 's/^((nvidia|cuda|triton)[a-z0-9-]*)==.*/\1/p' | sort -u); do
    skip+=(--no-emit-package "$package")
  done
  "$uv" pip compile "${options[@]}" "${skip[@]}" --generate-hashes --output-file "$env.lock.txt" "$env.in" >/dev/null
  echo "$env.lock.txt: $(grep -c '==' "$env.lock.txt") packages"
done; done
