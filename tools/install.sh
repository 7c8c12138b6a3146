#!/usr/bin/env bash
# Makes .venv from requirements.lock. `--check` only looks whether it could.
set -euo pipefail
cd "$(dirname "$0")/.."

is_310() { "$1" -c 'import sys, venv; sys.exit(sys.version_info[:2] != (3, 10))' >/dev/null 2>&1; }

find_python() {
  local candidate
  for candidate in "${PYTHON:-}" "$(command -v python3.10 || true)" "$(command -v python3 || true)" "$(command -v python || true)" \
    "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.10*/bin/python "$(command -v uv >/dev/null 2>&1 && uv python find 3.10 2>/dev/null || true)" \
    "$HOME"/.local/share/uv/python/cpython-3.10*/bin/python3.10 /usr/local/bin/python3.10 /opt/homebrew/bin/python3.10; do
    if [ -n "$candidate" ] && [ -x "$candidate" ] && is_310 "$candidate"; then echo "$candidate"; return 0; fi
  done
  return 1
}

if ! python="$(find_python)"; then
  echo "没有找到 Python 3.10（Rasa 3.6 只能用它）。任选一种装上再试：" >&2
  echo "  uv python install 3.10 ｜ pyenv install 3.10 ｜ apt install python3.10 python3.10-venv" >&2
  echo "  或者指明：PYTHON=/path/to/python3.10 make install" >&2
  exit 1
fi
if [ "${1:-}" = "--check" ]; then
  echo "✓ Python 3.10：$python"
  echo "✗ 环境 .venv：还没有建，make install"
  exit 1
fi

echo "建立环境 .venv（$python），第一次约一两分钟 …"
if ! is_310 .venv/bin/python; then rm -rf .venv; "$python" -m venv .venv; fi
# uv installs in half a minute what takes pip several; its own version and hash come from the lock, too.
awk '/^uv==/{found=1} found{print; if ($0 !~ /\\$/) exit}' requirements.lock >.venv/uv.lock
# Bytecode is compiled once here: importing Rasa from source costs 15 s at every start.
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.lock
.venv/bin/uv pip sync --quiet --compile-bytecode --python .venv/bin/python --require-hashes requirements.lock
.venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
touch .venv/.installed
echo "环境好了。"
