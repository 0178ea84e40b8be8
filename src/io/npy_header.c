/* SPDX-License-Identifier: BSD-3-Clause */
/* {'descr': '<f4', 'fortran_order': False, 'shape': (150, 4), }: of Python's literals what numpy.save writes. */
#include "io/npy.h"

#include "core/memory.h"

#include <string.h>

#define BLANKS " \t\n\r\f"

struct parser {
    const struct tp_source *source;
    const char *at;
    struct tp_npy *npy;
    unsigned seen; /* bits of keys */
};

static tp_status fail_syntax(const struct parser *parser, const char *expected) {
    return tp_fail(parser->source->context, TP_ERR_FORMAT, "%s: its header has '%s' where %s belongs",
                   parser->source->label, parser->at, expected);
}

static bool take(struct parser *parser, const char *token) {
    const size_t length = strlen(token);
    parser->at += strspn(parser->at, BLANKS);
    if (strncmp(parser->at, token, length) != 0)
        return false;
    parser->at += length;
    return true;
}

/* A string without escapes, in either kind of quotes. */
static bool take_string(struct parser *parser, char *text, size_t size) {
    const char *quote = take(parser, "'") ? "'" : take(parser, "\"") ? "\"" : NULL;
    const size_t length = quote ? strcspn(parser->at, quote) : size;
    if (length >= size || !parser->at[length])
        return false;
    memcpy(text, parser->at, length);
    text[length] = '\0';
    parser->at += length + 1;
    return true;
}

/* An integer of decimal digits; SIZE_MAX where it is too large. Python 2 writes 150L. */
static bool take_integer(struct parser *parser, size_t *value) {
    parser->at += strspn(parser->at, BLANKS);
    size_t digits = strspn(parser->at, "0123456789");
    if (!digits)
        return false;
    *value = 0;
    for (; digits; digits--, parser->at++)
        *value = tp_size_add(tp_size_mul(*value, 10), (size_t)(*parser->at - '0'));
    take(parser, "L");
    return true;
}

static tp_status parse_shape(struct parser *parser) {
    struct tp_array *array = &parser->npy->array;
    if (!take(parser, "("))
        return fail_syntax(parser, "'('");
    while (!take(parser, ")")) {
        if (array->rank == TP_ARRAY_MAX_RANK)
            return fail_syntax(parser, "')' after 32 dimensions");
        if (!take_integer(parser, &array->dims[array->rank]))
            return fail_syntax(parser, "a dimension");
        array->rank++;
        if (!take(parser, ",") && *parser->at != ')')
            return fail_syntax(parser, "',' or ')'");
    }
    return TP_OK;
}

static tp_status parse_order(struct parser *parser) {
    parser->npy->array.fortran = take(parser, "True");
    return parser->npy->array.fortran || take(parser, "False") ? TP_OK : fail_syntax(parser, "True or False");
}

/* What columns cannot hold, as the user knows it. */
static const char *name_kind(char kind) {
    static const struct {
        char kind;
        const char *name;
    } names[] = {{'O', "Python objects"}, {'c', "complex numbers"},      {'V', "structures"},
                 {'M', "dates"},          {'m', "differences of dates"}, {'f', "floats of this size"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].kind == kind)
            return names[i].name;
    return "elements of this type";
}

static tp_status fail_type(const struct parser *parser, const char *type, char kind) {
    return tp_fail(parser->source->context, TP_ERR_UNSUPPORTED,
                   "%s: type '%s' is not supported: %s; it must be f2, f4, f8, i1 to i8, u1 to u8, bool, S or U",
                   parser->source->label, type, name_kind(kind));
}

static tp_status parse_type(struct parser *parser) {
    char type[32];
    if (take(parser, "["))
        return fail_type(parser, "[...]", 'V');
    if (!take_string(parser, type, sizeof type))
        return fail_syntax(parser, "a type");
    const char order = type[0], kind = order ? type[1] : '\0';
    struct parser digits = {.at = kind ? type + 2 : ""};
    size_t size = 0;
    if (!strchr("<>|=", order) || !take_integer(&digits, &size) || *digits.at)
        return fail_type(parser, type, kind);
    const bool text = (kind == 'S' || kind == 'U') && size > 0;
    parser->npy->array.element = tp_element_of(kind, size);
    if (!parser->npy->array.element && !text)
        return fail_type(parser, type, kind);
    parser->npy->array.swap = order == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? '>' : '<');
    parser->npy->kind = kind;
    parser->npy->size = kind == 'U' ? tp_size_mul(size, sizeof(uint32_t)) : size;
    return TP_OK;
}

static const struct {
    const char *name;
    tp_status (*parse)(struct parser *parser);
} keys[] = {{"descr", parse_type}, {"fortran_order", parse_order}, {"shape", parse_shape}};
#define KEYS (sizeof keys / sizeof *keys)

static tp_status parse_entry(struct parser *parser) {
    char name[32];
    const char *before = parser->at;
    if (take_string(parser, name, sizeof name) && take(parser, ":"))
        for (unsigned i = 0; i < KEYS; i++)
            if (!strcmp(name, keys[i].name) && !(parser->seen >> i & 1)) {
                parser->seen |= 1U << i;
                return keys[i].parse(parser);
            }
    parser->at = before;
    return fail_syntax(parser, "'descr', 'fortran_order' or 'shape', each once,");
}

tp_status tp_npy_parse(const struct tp_source *source, const char *text, struct tp_npy *npy) {
    struct parser parser = {.source = source, .at = text, .npy = npy};
    if (!take(&parser, "{"))
        return fail_syntax(&parser, "'{'");
    while (!take(&parser, "}")) {
        const tp_status status = parse_entry(&parser);
        if (status)
            return status;
        if (!take(&parser, ",") && *parser.at != '}')
            return fail_syntax(&parser, "',' or '}'");
    }
    parser.at += strspn(parser.at, BLANKS);
    if (*parser.at)
        return fail_syntax(&parser, "its end");
    return parser.seen == (1U << KEYS) - 1
               ? TP_OK
               : tp_fail(source->context, TP_ERR_FORMAT,
                         "%s: its header lacks one of 'descr', 'fortran_order' and 'shape'", source->label);
}
