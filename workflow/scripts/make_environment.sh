#!/usr/bin/env bash
# Makes a virtual environment from a lock list; torch, which the list leaves to the site, is installed beside it.
# usage: make_environment.sh FOLDER LOCK_LIST [TORCH_BACKEND]
# The torch build: TORCH_BACKEND or UV_TORCH_BACKEND (cpu, cu130, auto ...); else what UV_FIND_LINKS / PIP_FIND_LINKS offer; else the build for this
# machine's device from PyTorch's own index, or, where that cannot be reached, the package index's.
set -euo pipefail
folder=$1 lock=$2 backend=${3:-${UV_TORCH_BACKEND:-}}
torch=torch==2.13.0
unset UV_TORCH_BACKEND
export UV_FIND_LINKS=${UV_FIND_LINKS:-${PIP_FIND_LINKS:-}} UV_PYTHON_DOWNLOADS=never UV_SYSTEM_CERTS=${UV_SYSTEM_CERTS:-1}
[ -n "$UV_FIND_LINKS" ] || unset UV_FIND_LINKS
index=$(python -m pip config get global.index-url 2>/dev/null || true)
[ -z "$index" ] || export UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-$index}
interpreter=$(python -c 'import sys; print(sys.executable)')
python="$folder/bin/python"

install() { uv pip install --python "$python" "$@"; }
install_torch() {
  if [ -n "$backend" ]; then install --torch-backend "$backend" "$torch"
  elif [ -n "${UV_FIND_LINKS:-}" ]; then install "$torch"
  else install --torch-backend auto "$torch" || install "$torch"
  fi
}
with_uv() {
  uv venv --clear --python "$interpreter" "$folder" && install_torch && install --require-hashes --no-deps -r "$lock"
}
with_pip() {
  echo "uv could not do it; trying pip"
  "$interpreter" -m venv --clear "$folder" && "$python" -m pip install "$torch" && "$python" -m pip install --require-hashes --no-deps -r "$lock"
}
with_uv || with_pip
"$python" -c 'import torch; print("torch", torch.__version__, "CUDA", torch.version.cuda)'
