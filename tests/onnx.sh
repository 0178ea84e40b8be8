#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# sh onnx.sh SOURCE MODELS_PROGRAM: ONNX files of all kinds of models are valid and usable in a program of others.
set -u

source=$1
models=$2
. "$source/tests/scratch.sh"

# Debian's Python has these, if anyone's.
python=/usr/bin/python3
"$models" >out 2>err
result "models are written"
if $python -c 'import cv2, onnx' >out 2>err; then
    $python "$source/tests/onnx_clients.py" "$work" >out 2>err
    result "onnx accepts them, and OpenCV predicts the same"
    sed 's/^/# /' out
else
    echo "# SKIPPED: files are not looked at by onnx and OpenCV (Debian: python3-onnx, python3-opencv)"
fi
echo "1..$checks"
[ $failures -eq 0 ]
