#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Tests verify, reproduce and card: sh tests/cli_reproduce.sh PATH_TO_TILEPROP. A model says how it was trained, and
# training it again gives the same bits.
# shellcheck source=tests/cli_lib.sh
. "$(dirname "$0")/cli_lib.sh"

# edited FROM TO CODE: the model FROM, after Perl's CODE has changed its $header and $tensors; its digest is right.
edited() {
    perl -MDigest::SHA=sha256_hex -e '
        local $/;
        open my $file, "<:raw", $ARGV[0] or die;
        my $text = <$file>;
        my $size = unpack "Q<", $text;
        my ($header, $tensors) = (substr($text, 8, $size), substr($text, 8 + $size));
        eval $ARGV[2];
        die $@ if $@;
        $header =~ s/("sha256":")[0-9a-f]{64}/$1 . sha256_hex($tensors)/e;
        die "another size" if length $header != $size;
        open $file, ">:raw", $ARGV[1] or die;
        print $file pack("Q<", $size), $header, $tensors;' "$1" "$2" "$3" 2>err
}

# reproduces MODEL ARGUMENT...
reproduces() {
    exits 0 reproduce "$@" --quiet && [ "$(tail -n 1 out)" = identical ]
    result "reproduce $*: identical"
}

# differs MODEL FRAGMENT ARGUMENT...: exit code 1, and the last line on standard output.
differs() {
    model=$1
    fragment=$2
    shift 2
    exits 1 reproduce "$model" "$@" --quiet && tail -n 1 out | grep -qF -e "$fragment" && ! grep -q identical out
    result "reproduce $model $*: $fragment"
}

awk 'BEGIN {
    print "length,colour,half,kind"
    for (i = 0; i < 150; i++) {
        k = i % 3
        print k * 3 + i * 37 % 50 / 10 "," (i * 7 % 5 > 2 ? "red" : "blue") "," i * 13 % 4 ".5," \
            (k == 0 ? "rose" : k == 1 ? "iris" : "daisy")
    }
}' >flowers.csv

# ------------------------------------------------------------------------------------------------------- the same

train="train --data flowers.csv --validation 0.2 --epochs 4 --batch 16 --quiet"
# shellcheck disable=SC2086 # options
exits 0 $train --hidden 12,8 --dropout 0.2 --class-weights balanced --seed 9 --clip 0.5 --warmup 3 --out flowers \
    --log log.jsonl && grep -q '"parameters_sha256":"[0-9a-f]\{64\}"}$' log.jsonl && exits 0 verify flowers &&
    grep -q "^flowers: ok, parameters $(sed -n 's/.*_sha256":"\(.*\)"}$/\1/p' log.jsonl | tail -n 1)$" out
result "a model is verified, and its hash is that of the log's last line"
for isa in $("$tileprop" info | sed -n 's/^usable  *//p'); do
    for threads in 1 2; do
        reproduces flowers --data flowers.csv --log log.jsonl --isa "$isa" --threads $threads
    done
done
holds "all epochs of the log are compared" grep -q '^epochs      the same, 4 of 4 in log.jsonl$' out
gzip <flowers.csv >flowers.csv.gz
reproduces flowers --data flowers.csv.gz
exits 0 reproduce flowers --data - --quiet <flowers.csv && [ "$(tail -n 1 out)" = identical ]
result "from standard input"
exits 0 train $numbers --epochs 3 --optimizer momentum --lr 0.05 --schedule step --no-shuffle --validation 0.25 \
    --quiet --out table
reproduces table --data numbers.csv
exits 0 train $small --epochs 2 --loss bce --label-smoothing 0.1 --init-weights glorot_uniform --quiet --out images
reproduces images --data data
exits 0 cv --data flowers.csv --hidden 6/none --lr 0.01,0.1 --epochs 3 --folds 3 --out best
reproduces best --data flowers.csv
# shellcheck disable=SC2086
exits 0 $train --init flowers --freeze 1 --lr 0.01 --out further
reproduces further --data flowers.csv --init flowers
exits 0 train --data flowers.csv --init flowers --epochs 1 --quiet --out further2
reproduces further2 --data flowers.csv --init flowers
for warmup in 4000 3000; do # it diverges after an epoch, and within one
    exits 1 train $numbers --optimizer sgd --schedule constant --lr 100 --warmup $warmup --epochs 400 --out late \
        --log late.jsonl
    reproduces late --data numbers.csv --log late.jsonl
done
"$tileprop" train $numbers --epochs 4000000 --schedule constant --quiet --out stopped --log stopped.jsonl >out 2>err &
wait_for grep -qs '"epoch":3,' stopped.jsonl
kill -TERM $!
wait $!
[ $? -eq 143 ]
result "a run is stopped"
reproduces stopped --data numbers.csv --log stopped.jsonl
exits 0 train $numbers --validation 0.3 --epochs 60 --schedule plateau --plateau 1 --ema 0.9 --keep best --patience 4 \
    --lr 0.2 --quiet --out kept --log kept.jsonl
reproduces kept --data numbers.csv --log kept.jsonl
for lost in 0 2; do
    rm -rf checkpoints
    exits 0 train $numbers --validation 0.3 --epochs 5 --keep best --quiet --out whole --log whole.jsonl \
        --checkpoint checkpoints --keep-checkpoints 9
    ls checkpoints/* | tail -n $lost | xargs rm -f
    exits 0 train $numbers --validation 0.3 --epochs 5 --keep best --quiet --out resumed --log whole.jsonl \
        --resume checkpoints --every 1 --threads 1 && cmp whole resumed && [ "$(wc -l <whole.jsonl)" -eq 6 ]
    result "a run that is resumed, $lost checkpoints back, says the same"
    reproduces resumed --data numbers.csv --log whole.jsonl
done
sed 's/"version":"[^"]*"/"version":"0.0.1"/' log.jsonl >old.jsonl
edited flowers old '$header =~ s/(note.config":"\{\\"version\\":\\")\d[.]\d[.]\d/${1}0.0.1/ or die'
exits 0 reproduce old --data flowers.csv --log old.jsonl --quiet && grep -q 'is of version 0.0.1; this is' err &&
    [ "$(tail -n 1 out)" = identical ]
result "another version is only told"

# ------------------------------------------------------------------------------------------------------- not the same

sed '9s/^[^,]*/9.75/' flowers.csv >changed.csv
differs flowers "data        different: SHA-256 " --data changed.csv
sed 1d flowers.csv | tail -n +2 | { head -n 1 flowers.csv; cat; sed -n 2p flowers.csv; } >moved.csv
differs flowers "data        different: SHA-256 " --data moved.csv
edited flowers relabelled '$header =~ s/(note.validation":")./${1}x/ or die'
differs relabelled "validation  different: SHA-256 " --data flowers.csv
awk '/"epoch":[34],/ { sub(/"parameters_sha256":"../, "\"parameters_sha256\":\"xx") } { print }' log.jsonl >other.jsonl
differs flowers "epochs      different after epoch 3 of other.jsonl" --data flowers.csv --log other.jsonl
edited flowers flipped 'substr($tensors, length($tensors) / 4, 1) ^= "\x01"'
fails 1 "flipped: the parameters are not those that training left: SHA-256 " verify flipped
exits 1 verify flipped flowers && grep -q '^flowers: ok' out && grep -q '^tileprop: flipped: ' err
result "all models are verified"
differs flipped "parameters  different: 1 of " --data flowers.csv --log log.jsonl
holds "and where" grep -q '; the first is layer [12], weight ([0-9]*, [0-9]*): [-0-9.e]*, was [-0-9.e]*$' out
edited flowers renamed '$tensors =~ s/colour/coloxr/ or die'
differs renamed "model       different: layers, scaling or columns" --data flowers.csv
printf 'x' | dd of=flipped bs=1 seek=3000 conv=notrunc 2>/dev/null
fails 1 "flipped: " verify flipped

# ------------------------------------------------------------------------------------------------------- refusals

exits 0 $train --hidden 12,8 --lr 0.5 --log strange.jsonl
fails 1 "strange.jsonl: is not the log of this model: its dropout is another one" \
    reproduce flowers --data flowers.csv --log strange.jsonl
sed 1d log.jsonl >headless.jsonl
fails 1 "headless.jsonl: does not begin with the configuration" \
    reproduce flowers --data flowers.csv --log headless.jsonl
sed 3d log.jsonl >gap.jsonl
fails 1 "gap.jsonl: line 3 is no epoch of a log" reproduce flowers --data flowers.csv --log gap.jsonl
fails 2 "further: its training began with another model: --init MODEL is missing" \
    reproduce further --data flowers.csv
fails 2 "--init flowers: the training of flowers did not begin with a model" \
    reproduce flowers --data flowers.csv --init flowers
differs further "init        different: SHA-256 " --data flowers.csv --init best
edited flowers mute '$header =~ s/note.config/note.konfig/; $header =~ s/note.parameters/note.farameters/'
fails 1 "mute: has no note.config: the model does not say how it was trained" reproduce mute --data flowers.csv
fails 1 "mute: has no note.parameters" verify mute
exits 0 train --data flowers.csv --init mute --epochs 1 --quiet --out told && grep -aq '"note.konfig":"{' told &&
    grep -aq '"note.config":"{' told
result "notes of others stay when a model is trained on"
reproduces told --data flowers.csv --init mute
edited flowers lost '$header =~ s/\\"lr\\"/\\"mr\\"/ or die'
fails 1 "lost: note.config: unknown key 'mr'; did you mean 'lr'?" reproduce lost --data flowers.csv
fails 2 "--data D is missing" reproduce flowers
fails 2 "--model FILE is missing" reproduce --data flowers.csv
fails 2 "unexpected argument 'best'" reproduce flowers best --data flowers.csv
fails 2 "unexpected argument 'best'" card flowers best
fails 1 "none.csv" reproduce flowers --data none.csv
fails 1 "flowers.csv" verify flowers.csv

# ------------------------------------------------------------------------------------------------------------- cards

data=$("$tileprop" reproduce flowers --data flowers.csv --quiet | sed -n 's/^data .*SHA-256 //p')
exits 0 card flowers && cp out card && grep -q '^| task | multiclass |$' out &&
    grep -q '^| 1 | length | number | 0 to' out && grep -q '^| 2 | colour | category | blue, red |$' out &&
    grep -q '^| 1 | kind | category | daisy, iris, rose |$' out &&
    grep -q '^| 1 | 12 | relu | 0.2 | 60 |$' out && grep -q "^| training | 120 | $data |$" out &&
    grep -q '^| validation | 30 | ' out && grep -q '^| validation | [0-9.]* | [0-9.]* |$' out &&
    grep -q '^tileprop reproduce flowers --data DATA$' out && grep -q '^| lr | 0.001 |$' out
result "a card"
if command -v sha256sum >/dev/null; then
    holds "the SHA-256 of the file" grep -q "^| file | $(sha256sum <flowers | cut -d ' ' -f 1) |$" card
fi
exits 0 card flowers --out card.md && [ ! -s out ] && cmp card card.md
result "card --out"
sed '1s/.*/a|b,`c`,*d*,<e>/' flowers.csv >odd.csv
exits 0 train --data odd.csv --epochs 1 --quiet --out "it's odd" && exits 0 card "it's odd" &&
    grep -qF '| 1 | a\|b | number |' out && grep -qF '| 2 | \`c\` | category |' out && grep -qF '| 3 | \*d\* |' out &&
    grep -qF '| 1 | \<e\> |' out && grep -qF "tileprop reproduce 'it'\\''s odd' --data DATA" out
result "names are text, and the command is one for a shell"
exits 0 card further && grep -q -e ' --init INITIAL_MODEL$' out && exits 0 card stopped &&
    grep -q '; stopped: signal 15.$' out && exits 0 card mute && grep -q 'does not say how the model was trained' out
result "cards of models that began with another, were stopped, say nothing"
exits 0 card kept && grep -q '; the parameters are those after epoch [0-9]*[.]$' out
result "and of the best epoch"
exits 0 card images && grep -q '^| test | 200 |  |$' out && grep -q '^| test | [0-9.]* | [0-9.]* |$' out &&
    grep -q '^| 64 |  | number | 0 to' out
result "and of one that was tested"
fails 2 "--out flowers: is the file of --model, too" card flowers --out flowers

finish
