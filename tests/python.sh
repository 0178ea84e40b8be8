#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Tests the Python package, by pytest. Skipped where Debian's packages for it are not installed (tools/setup.sh test).
#   python.sh SOURCE_DIR BUILD_DIR LIBRARY PYTHON
set -eu

source=$1
build=$2
python=$4
for module in numpy scipy sklearn pandas torch pytest pip setuptools wheel venv; do
    "$python" -c "import $module" 2>/dev/null || {
        echo "SKIPPED: the Python package is not tested, because $python has no module $module"
        exit 0
    }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --build "$build" --target python_wheel >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
TILEPROP_WHEEL=$(echo "$build"/python/tileprop-*.whl)
TILEPROP_LIBRARY=$3
PYTHONPATH=$source/tools/python
PYTHONDONTWRITEBYTECODE=1
export TILEPROP_WHEEL TILEPROP_LIBRARY PYTHONPATH PYTHONDONTWRITEBYTECODE
cd "$work"
"$python" -m pytest -q -rsx -p no:cacheprovider --basetemp="$work/pytest" "$source/tests/python"
