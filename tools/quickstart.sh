#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# From a fresh clone to a trained network: installs the Debian packages that are missing (as root or through sudo),
# builds, trains on Fashion-MNIST with the defaults, and evaluates on the test images. Run it as often as you like.
set -eu

cd "$(dirname "$0")/.."
program=build/release/tileprop
model=build/fashion-mnist.safetensors
log=build/fashion-mnist.jsonl

sh tools/setup.sh run
echo "quickstart: building"
cmake --preset release -D BUILD_TESTING=OFF >/dev/null
cmake --build --preset release -j "$(nproc)"
echo "quickstart: training on 60000 images"
$program train --data fashion-mnist --out $model --log $log
echo "quickstart: evaluating on 10000 other images"
$program evaluate --model $model --data fashion-mnist
cat <<END

program  $PWD/$program (try --help)
model    $PWD/$model
log      $PWD/$log
END
