# SPDX-License-Identifier: BSD-3-Clause
# From the C header: for every number that it defines, enum constant, struct and field a line of a program that prints
# its value, or its size and place. -v language=c or fortran; with list the last line has the names of all structs.

function emit(what, c, fortran) {
    if (language == "c")
        printf "    printf(\"%s %%zu\\n\", (size_t)(%s));\n", what, c
    else
        printf "    print '(a, 1x, i0)', '%s', &\n        %s\n", what, fortran
}

function field(struct, name) {
    sub(/\[.*/, "", name)
    gsub(/[ *]/, "", name)
    if (name ~ /_room$/) return # what a union has in common with other fields
    emit(struct "." name, "offsetof(" struct ", " name ")", "from(c_loc(a_" struct "), c_loc(a_" struct "%" name "))")
    emit("sizeof " struct "." name, "sizeof ((" struct " *)0)->" name, "c_sizeof(a_" struct "%" name ")")
}

# A declaration of one or more fields, or of a pointer to a function.
function declaration(struct, text,    names, count, i) {
    if (match(text, /\(\*[a-z_]+\)/)) {
        field(struct, substr(text, RSTART + 2, RLENGTH - 3))
        return
    }
    count = split(text, names, /,/)
    sub(/.*[ *]/, "", names[1])
    for (i = 1; i <= count; i++) field(struct, names[i])
}

/^#define TP_[A-Z_]+ [0-9]+$/ { emit($2, $2, $2) }
{ text = text $0 "\n" }

END {
    while (match(text, /\/\*([^*]|\*+[^*\/])*\*+\//)) text = substr(text, 1, RSTART - 1) substr(text, RSTART + RLENGTH)
    gsub(/TP_EXTENSION union \{/, "", text)
    gsub(/\];[ \n]*\};/, "];", text)
    gsub(/[ \n]+/, " ", text)
    rest = text
    while (match(rest, /typedef (enum|struct) tp_[a-z_]+ \{[^}]*\}/)) {
        type = substr(rest, RSTART, RLENGTH)
        rest = substr(rest, RSTART + RLENGTH)
        body = type
        sub(/^[^{]*\{/, "", body)
        sub(/\}$/, "", body)
        split(type, word, " ")
        if (word[2] == "enum") {
            count = split(body, part, /,/)
            for (i = 1; i <= count; i++) {
                sub(/=.*/, "", part[i])
                gsub(/ /, "", part[i])
                if (part[i] != "") emit(part[i], part[i], part[i])
            }
        } else {
            structs = structs " " word[3]
            emit("sizeof " word[3], "sizeof(" word[3] ")", "c_sizeof(a_" word[3] ")")
            count = split(body, part, /;/)
            for (i = 1; i <= count; i++) if (part[i] ~ /[a-z]/) declaration(word[3], part[i])
        }
    }
    if (language == "list") print structs
}
