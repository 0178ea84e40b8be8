#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Tests export and import: sh tests/cli_exchange.sh PATH_TO_TILEPROP.
# shellcheck source=tests/cli_lib.sh
. "$(dirname "$0")/cli_lib.sh"

# layers FILE: a net of two layers, 3 -> 2 -> 2, as PyTorch would write it.
layers() {
    perl -e '
        my $header = q({"fc1.bias":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},) .
            q("fc1.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[8,32]},) .
            q("fc2.bias":{"dtype":"F32","shape":[2],"data_offsets":[32,40]},) .
            q("fc2.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[40,56]}});
        print pack("Q<", length $header), $header, pack("f<*", 0, 1, 1, 2, 3, 4, 5, 6, 0.5, 0, 1, -1, 2, 0);
    ' >"$1"
}

# predicts MODEL OUTPUT: on the table of numbers, whose last column no model needs.
predicts() {
    exits 0 predict --model "$1" --input numbers.csv --format csv --output "$2"
}

# shellcheck disable=SC2086 # options
exits 0 train $numbers --dropout 0.1 --out model.safetensors && predicts model.safetensors expected.csv
result "a model to exchange"

# --------------------------------------------------------------------------------------------------- there and back

exits 0 export model.safetensors layers.safetensors && grep -q '^tileprop: note: the model scales its inputs and' err &&
    exits 0 import layers.safetensors back.safetensors && same_tensors model.safetensors back.safetensors &&
    predicts back.safetensors actual.csv && cmp expected.csv actual.csv
result "parameters, scaling and columns are the same after export and import"
exits 0 export model.safetensors named --to torch --pattern 'net.fc{1}.weight' && grep -aq '"net.fc3.bias":' named &&
    exits 0 import named back.safetensors --from torch --pattern 'net.fc{}.weight' &&
    same_tensors model.safetensors back.safetensors
result "with names of a pattern"
echo '[{"weight": "a", "bias": "b"}, {"weight": "c", "bias": "d"}, {"weight": "e", "bias": "f"}]' >map.json
exits 0 export model.safetensors named.safetensors --map map.json && grep -aq '"f":' named.safetensors &&
    exits 0 import named.safetensors back.safetensors --map map.json && same_tensors model.safetensors back.safetensors
result "with names of a map"
fails 1 "tensor a is neither the weight nor the bias" import named.safetensors back.safetensors
cp model.safetensors old.safetensors
exits 0 import layers.safetensors old.safetensors --like old.safetensors &&
    same_tensors model.safetensors old.safetensors
result "--like may be the file that is replaced"

# ------------------------------------------------------------------------------------------- from another program

layers fc.safetensors
echo '3,1,2' >row.csv
# 1 3 + 2 1 + 3 2 + 0 = 11; 4 3 + 5 1 + 6 2 + 1 = 30; (11 - 30 + 0.5, 22) -> 22
exits 0 import fc.safetensors fc.model --activations relu,identity &&
    exits 0 predict --model fc.model --input row.csv --no-header --format csv && tail -n 1 out | grep -q '^-18.5,22$'
result "a model of other tensors predicts from a table"
exits 0 import fc.safetensors fc.model --activations relu,softmax &&
    exits 0 predict --model fc.model --input row.csv --no-header && grep -q '^1 1$' out
result "softmax has classes"
echo '{"activations": "leaky_relu,identity", "slope": 0.5, "loss": "mae"}' >config.json
exits 0 import fc.safetensors fc.model --config config.json && grep -aq '"layers.0.slope":"0.5"' fc.model &&
    grep -aq '"loss":"mae"' fc.model
result "a configuration says what the file does not"
exits 0 import fc.safetensors fc.model --activations leaky_relu,softmax &&
    grep -aq '"layers.0.slope":"0.00999999978"' fc.model
result "the slope is that of training"

# ---------------------------------------------------------------------------------------------------------- refusals

fails 1 "does not say the activations of its 2 layers" import fc.safetensors new.model
fails 2 "'rel' is unknown; did you mean 'relu'?" import fc.safetensors new.model --activations rel,identity
fails 2 "'x' is unknown; there are identity, relu," import fc.safetensors new.model --activations x
fails 2 "'' is unknown" import fc.safetensors new.model --activations relu,
fails 1 "has 2 layers, but 3 activations are given" import fc.safetensors new.model --activations relu,relu,relu
fails 1 "softmax is for the last layer" import fc.safetensors new.model --activations softmax,relu
fails 1 "has 2 layers; the model that it should be like has 3" import fc.safetensors new.model --like model.safetensors
fails 1 "is a model's file" import model.safetensors new.model
fails 1 "has no tensor with a name like fd{}.weight; it has fc1.bias, fc1.weight," import fc.safetensors new.model \
    --pattern 'fd{}.weight'
fails 1 "it must contain \"weight\"" import fc.safetensors new.model --pattern 'fc{}'
fails 2 "new.onyx: its ending is that of no format; --to says which one it is: torch (.safetensors)" \
    export model.safetensors new.onyx
fails 2 "--from says which one it is" import row.csv new.model
fails 2 "--to 'toch': must be one of torch" export model.safetensors new.safetensors --to toch
fails 2 "cannot be combined with --pattern" import fc.safetensors new.model --map map.json --pattern '{}weight'
fails 2 "--map nonesuch: No such file" import fc.safetensors new.model --map nonesuch
fails 2 "--map row.csv: line 1" import fc.safetensors new.model --map row.csv
echo '{}' >bad.json
fails 2 "--map bad.json: must be a JSON list of 1 to 64 layers" export model.safetensors new.safetensors --map bad.json
echo '[{"weight": "a"}]' >bad.json
fails 2 "--map bad.json: layer 0: must be {\"weight\": NAME" export model.safetensors new.safetensors --map bad.json
echo '[{"weight": "a", "bias": null}]' >bad.json
fails 1 "name_count is 1; the model has 3 layers" export model.safetensors new.safetensors --map bad.json
fails 1 "has no tensor a; it has fc1.bias" import fc.safetensors new.model --activations relu --map bad.json
fails 2 "--out model.safetensors: is the file of --model, too" export model.safetensors model.safetensors
fails 2 "--out fc.safetensors: is the file of --file, too" import fc.safetensors fc.safetensors --activations relu
fails 2 "--out FILE is missing" export model.safetensors

# ------------------------------------------------------------------------------------ where a model is expected

imports="'tileprop import' makes a model of it"
printf 'PK\3\4%26snet/data.pkl' '' >net.pt
printf '\200\002\212\012l\374\234\106\371\040\152\250\120\031' >old.pt
printf '\010\010\022\007pytorch' >net.onnx
fails 1 "fc.safetensors has layers as PyTorch names them: $imports" predict --model fc.safetensors --input row.csv
fails 1 "layers.safetensors has layers as PyTorch names them: $imports" verify layers.safetensors
fails 1 "net.onnx is an ONNX file: $imports" evaluate --model net.onnx --data numbers.csv
for file in net.pt old.pt; do
    fails 1 "$file is a file of torch.save: of safetensors.torch.save_file" predict --model $file --input row.csv
    fails 2 "$file is a file of torch.save: of safetensors.torch.save_file" import $file new.model
done
head -c -8 model.safetensors >short
exits 1 predict --model short --input row.csv && ! grep -q import err
result "a damaged model is no model of another program"
exits 1 import net.onnx new.model && ! grep -q "$imports" err
result "nor is import the way where it fails"

# ------------------------------------------------------------------------------------------------------------- ONNX

if exits 0 export model.safetensors model.onnx; then
    exits 0 import model.onnx back.safetensors && cmp model.safetensors back.safetensors
    result "a model is the same after export to ONNX and import"
    exits 0 export model.safetensors other --to onnx && cmp model.onnx other &&
        exits 0 import other back.safetensors --from onnx && cmp model.safetensors back.safetensors
    result "whatever the ONNX file is called"
    exits 0 import model.onnx back.safetensors --loss mse && grep -aq '"loss":"mse"' back.safetensors
    result "the loss may be another one"
    fails 2 "--activations relu: is not for onnx, which says it itself" import model.onnx new.model --activations relu
    fails 2 "--pattern {}.weight: is not for onnx" export model.safetensors new.onnx --pattern '{}.weight'
    fails 1 "row.csv: not an ONNX file, or damaged" import row.csv new.model --from onnx
else
    grep -q TILEPROP_ONNX err
    result "a program without protobuf-c says so"
    skip "it was built without protobuf-c: no ONNX files"
fi

holds "nothing was written after errors" test ! -e new.model -a ! -e new.safetensors
holds "no temporary file is left" no_leftovers

finish
