#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Compiles models that were exported as C source, and compares what they predict with the program:
# sh tests/cli_exchange_c.sh PATH_TO_TILEPROP; CC is the compiler.
# shellcheck source=tests/cli_lib.sh
. "$(dirname "$0")/cli_lib.sh"
: "${CC:=cc}"

# numpy COLUMNS <NUMBERS: floats as an NPY file of rows.
numpy() {
    perl -e '
        my $columns = shift;
        local $/;
        my $data = <STDIN>;
        my $rows = length($data) / 4 / $columns;
        my $header = "{\"descr\": \"<f4\", \"fortran_order\": False, \"shape\": ($rows, $columns), }";
        $header =~ tr/"/\x27/;
        $header .= " " x (117 - length $header) . "\n";
        print "\x93NUMPY\x01\x00", pack("v", length $header), $header, $data' "$1"
}

# floats FILE: what an NPY file has behind its header.
floats() {
    tail -c +129 "$1"
}

# Layers of one weight, 1, so that a prediction is the activation of the input.
perl -e 'my $h = q({"weight":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}});
    print pack("Q<", length $h), $h, pack("f<", 1)' >one.safetensors
# Every 65537th float below 88, the largest whose exponential is one, but NaN and infinities.
perl -e 'for ($bits = 1; $bits < 2 ** 32; $bits += 65537) {
    print pack("L<", $bits) if ($bits >> 23 & 255) < 255 && unpack("f<", pack("L<", $bits)) <= 88;
}' | numpy 1 >every.npy

models=
# expect NAME INPUTS OUTPUTS ULP: the model's C source, and what the program predicts of NAME.npy; ULP is how many units
# in the last place each output may differ.
expect() {
    exits 0 export "$1.model" "$1.h" --name "$1" &&
        exits 0 predict --isa scalar --model "$1.model" --input "$1.npy" --format npy --output "$1.out.npy" &&
        floats "$1.npy" >"$1.in" && floats "$1.out.npy" >"$1.expected" && [ -s "$1.expected" ] &&
        models="$models $1:$2:$3:$4"
    result "$1 is exported"
}

for row in identity:0 relu:0 leaky_relu:0 sigmoid:8 tanh:8 elu:8 softplus:8 \
    silu:8 gelu:8 exp:8; do
    name=${row%:*}
    exits 0 import one.safetensors "$name.model" --activations "$name"
    cp every.npy "$name.npy"
    expect "$name" 1 1 "${row#*:}"
done
perl -e 'srand 1; print pack "f<*", map { rand(4) - 2 } 1 .. 600' | numpy 3 >random.npy
for activation in relu leaky_relu gelu; do
    # shellcheck disable=SC2086 # options
    exits 0 train $numbers --activation $activation --epochs 2 --out net_$activation.model
    cp random.npy net_$activation.npy
    expect net_$activation 3 1 "$([ $activation = gelu ] && echo 100 || echo 0)"
done
# shellcheck disable=SC2086
exits 0 train $small --out softmax.model
tail -c +17 data/train-images-idx3-ubyte | perl -e 'local $/; print pack "f<*", unpack "C*", <STDIN>' |
    numpy 64 >softmax.npy
expect softmax 64 4 100

{
    for model in $models; do
        echo "#include \"${model%%:*}.h\""
    done
    cat <<'END'
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Floats in order, as integers. */
static int64_t place(float v) {
    int32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits < 0 ? -(int64_t)(bits & INT32_MAX) : bits;
}

static FILE *open(const char *name, const char *ending) {
    char path[100];
    snprintf(path, sizeof path, "%s.%s", name, ending);
    return fopen(path, "rb");
}

static void compare(const char *name, size_t inputs, size_t outputs, long ulp,
                    void (*predict)(const float *, float *)) {
    FILE *in = open(name, "in"), *expected = open(name, "expected");
    float x[64], y[4], z[4];
    long rows = 0, most = 0;
    while (fread(x, sizeof *x, inputs, in) == inputs && fread(y, sizeof *y, outputs, expected) == outputs) {
        predict(x, z);
        for (size_t j = 0; j < outputs; j++) {
            const long differ = labs((long)(place(y[j]) - place(z[j])));
            most = differ > most ? differ : most;
            if (differ > ulp || (ulp == 0 && memcmp(&y[j], &z[j], sizeof *y))) {
                printf("%s: row %ld: %a instead of %a for %a\n", name, rows, (double)z[j], (double)y[j], (double)*x);
                exit(1);
            }
        }
        rows++;
    }
    printf("%s: %ld rows differ by at most %ld units in the last place\n", name, rows, most);
    if (rows < 200)
        exit(1);
}

int main(void) {
END
    for model in $models; do
        IFS=: read -r name inputs outputs ulp <<END
$model
END
        echo "    compare(\"$name\", $inputs, $outputs, $ulp, ${name}_predict);"
    done
    echo '}'
} >main.c
$CC -std=c99 -O1 -Wall -Wextra -Werror -ffp-contract=off main.c -o main -lm >out 2>err
result "C99 without a warning"
./main >out 2>err
result "predictions are those of the program"
cat out

fails 1 "name \"1st\": it must be an identifier of C of at most 40 characters" export relu.model new.h --name 1st
fails 2 "--name x: is not for torch" export relu.model new.safetensors --name x
fails 2 "--pattern x: is not for c" export relu.model new.h --pattern x
fails 2 "--from 'c': must be one of" import relu.h new.model --from c
exits 0 export relu.model whatever --to c && grep -q 'void model_predict(const float \*x, float \*y)' whatever
result "the usual name is model"

finish
