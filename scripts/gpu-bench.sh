#!/usr/bin/env bash
# Measures the GPU engine on a machine with a GPU, in eight minutes at most, and writes one JSON file as it goes:
#
#     scripts/gpu-bench.sh [--noctule PATH] [--backend cuda] [--data DIR] [--bats DIR] [--wheels DIR] [--quick] -o RESULT.json
#
# No compiler is needed here, only Python 3.11. Build and strip the binary elsewhere; it has to stay under 64 MiB:
#
#     cargo build --release -p noctule --features gpu,cuda
#     mkdir -p .carry && cp target/release/noctule .carry/ && strip .carry/noctule && ls -lh .carry/noctule
#
# and carry this checkout, the folder .carry and the data along. What is not named is looked for in .carry, which
# git ignores:
#
#     .carry/noctule   the binary                     (--noctule)
#     .carry/data      the folder that holds mnist/   (--data; else $NOCTULE_DATA)
#     .carry/wheels    wheels of snnTorch and SpikingJelly, for machines without a network   (--wheels)
#     .carry/bats      a checkout of the published reference implementation                   (--bats)
#
# Then, in the checkout with the result: benches/gpu/report.py RESULT.json. benches/gpu/README.md says more.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

if ! command -v python3 >/dev/null; then
    echo "error: gpu-bench.sh needs python3 on the path" >&2
    exit 2
fi
# In the place of this shell, so that Ctrl-C and other signals reach the program that writes the result.
exec python3 "$here/benches/gpu/run.py" "$@"
