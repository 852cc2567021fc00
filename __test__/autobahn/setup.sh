#!/usr/bin/env bash
# Creates the Python 2.7 environment that wstest needs. Re-runnable; does
# nothing when the environment is already complete.
#   AUTOBAHN_VENV  where to put it      (default: .autobahn/venv in the repository)
#   PYTHON2        a python2.7 to use   (default: PATH, then pyenv, then
#                  get-python2.sh; the word "debian" goes straight to the last)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${AUTOBAHN_VENV:-$here/../../.autobahn/venv}
mkdir -p "$(dirname "$venv")"
venv=$(cd "$(dirname "$venv")" && pwd)/$(basename "$venv")

is27() { "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (2, 7))' >/dev/null 2>&1; }

find27() {
  local c
  [ "${PYTHON2:-}" = debian ] && return 1
  for c in "${PYTHON2:-}" python2.7 python2; do
    if [ -n "$c" ] && is27 "$c"; then "$c" -c 'import sys; print(sys.executable)'; return; fi
  done
  command -v pyenv >/dev/null || return 1
  for c in "$(pyenv root)"/versions/2.7.*/bin/python2.7; do
    if [ -x "$c" ] && is27 "$c"; then echo "$c"; return; fi
  done
  return 1
}

stamp=$venv/.requirements
if [ -x "$venv/bin/wstest" ] && cmp -s "$here/requirements.txt" "$stamp"; then
  echo "autobahn: ready in $venv"; exit 0
fi
ld=
if ! py=$(find27); then
  py=$("$here/get-python2.sh" "$venv.python2")
  lib=$venv.python2/usr/lib/x86_64-linux-gnu   # its libssl1.1 and libffi7
  ld="LD_LIBRARY_PATH='$lib'; export LD_LIBRARY_PATH"
  export LD_LIBRARY_PATH=$lib CFLAGS="-I$venv.python2/usr/include -I$venv.python2/usr/include/python2.7"
fi
echo "autobahn: using $py"
rm -rf "$venv" "$venv.boot"
# virtualenv 20.21.1 is the last release that can create 2.7 environments.
python3 -m venv "$venv.boot"
"$venv.boot/bin/pip" install -q virtualenv==20.21.1
"$venv.boot/bin/virtualenv" -q --no-periodic-update -p "$py" "$venv"
"$venv/bin/pip" install -q --no-deps -r "$here/requirements.txt" 2> >(grep -v DEPRECATION >&2)
cat > "$venv/bin/wstest-run" <<EOF
#!/bin/sh
$ld
export PYTHONUNBUFFERED=1
exec "\$(dirname "\$0")/wstest" "\$@"
EOF
chmod +x "$venv/bin/wstest-run"
"$venv/bin/wstest-run" -a
cp "$here/requirements.txt" "$stamp"
rm -rf "$venv.boot"
echo "autobahn: ready in $venv"
