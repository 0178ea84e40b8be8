# SPDX-License-Identifier: BSD-3-Clause
# Sourced by test scripts: counts checks and reports one TAP line for each.

checks=0
failures=0

# result NAME: reports the exit status before it; after a failure shows what the program said.
result() {
    status=$?
    checks=$((checks + 1))
    if [ $status -eq 0 ]; then
        echo "ok $checks - $1"
    else
        failures=$((failures + 1))
        echo "not ok $checks - $1"
        sed 's/^/#   stdout: /' out | head -n 20
        sed 's/^/#   stderr: /' err | head -n 20
    fi
}
