#!/usr/bin/env bash
# The conformance stage of .ci/run.
set -euo pipefail
exec node "$(dirname "${BASH_SOURCE[0]}")/run.js" "$@"
