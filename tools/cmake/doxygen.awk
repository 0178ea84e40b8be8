# SPDX-License-Identifier: BSD-3-Clause
# The public header as Doxygen shall read it: a comment before a declaration becomes /** and one behind it /**<, the
# first block is the main page, indented lines (tables, formulas) are shown as they are, and characters that Doxygen
# would take for commands are escaped. Every line keeps its number, so that warnings are about the right one.

# The line that is held back ends with what the next one needs before it.
function put(line, before) {
    if (NR > 1) print held before
    held = line
}

# text is a line of a comment between what opens and closes it there.
function comment(open, text, close_) {
    list = text ~ /^  +- / || (list && text ~ /^    /)
    table = text ~ /^  / && !list
    if (!table) {
        gsub(/[\\@<>#%&$]/, "\\\\&", text)
        gsub(/(tp|TP)_[A-Za-z0-9_]*[A-Za-z0-9]/, "#&", text)
        if (main_page && blank && match(text, /^ [A-Z][A-Za-z]+( [a-z]+)?( [a-z]+)?\. /))
            text = " <b>" substr(text, 2, RLENGTH - 2) "</b> " substr(text, RLENGTH + 1)
    }
    blank = text ~ /^ *$/
    put(open (was_table && !table ? "@endverbatim" : "") text (table && close_ ? " @endverbatim" : "") close_,
        table && !was_table ? " @verbatim" : "")
    was_table = table && !close_
    inside = !close_
    if (close_) main_page = list = 0
}

NR == 1 { # the licence
    put("/** @file tileprop.h The whole interface. @ref index \"The main page\" has what holds for all of it. */", "")
    next
}

!inside && /\/\*/ && !/^\/\* -----/ {
    at = index($0, "/*")
    before = substr($0, 1, at - 1)
    text = substr($0, at + 2)
    open = before ~ /[^ ]/ ? "/**<" : "/**"
    if (text == "" && !seen++) {
        main_page = 1
        open = "/** @mainpage tileprop"
    }
    if (sub(/ *\*\/$/, "", text))
        comment(before open, text, " */")
    else
        comment(before open, text, "")
    next
}

inside {
    text = $0
    closing = sub(/ *\*\/$/, "", text)
    sub(/^ *\*?/, "", text)
    comment("", text, closing ? " */" : "")
    next
}

{ put($0, "") }
END { print held }
