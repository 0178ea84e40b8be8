/* SPDX-License-Identifier: BSD-3-Clause */
/* Command-line options as tables: a row says how an option is spelt, what it accepts, where its value goes, and its
 * help line. Parsing, error messages and --help all come from the rows. */
#ifndef TILEPROP_TOOLS_OPTIONS_H
#define TILEPROP_TOOLS_OPTIONS_H

#include <tileprop/tileprop.h>

enum option_kind {
    OPTION_FLAG,      /* bool, no argument */
    OPTION_INTEGER,   /* uint64_t, least..most */
    OPTION_REAL,      /* double, finite also as a float, low <= x < below (low < x if above_low) */
    OPTION_REALS,     /* struct real_list, each like OPTION_REAL */
    OPTION_NAME,      /* int, a value that value_name knows */
    OPTION_SIZES,     /* struct size_list, each least..most */
    OPTION_SIZE_GRID, /* struct size_grid: lists like those of OPTION_SIZES */
    OPTION_TEXT       /* const char *, not empty */
};

/* What a command does with the file whose path a text is: files.h. */
enum file_role {
    FILE_NONE = 0,
    FILE_INPUT,
    FILE_DATA,   /* file or directory of samples, or name of a data set */
    FILE_SAVED,  /* output that appears whole, at the end: a tp_output */
    FILE_STREAM, /* output that is written as the command goes on */
};

/* What an option is to a configuration: options_json.h. */
enum option_use {
    OPTION_RESULT = 0,   /* results depend on it, unless it is a path */
    OPTION_HERE,         /* they do not: it is about this machine, or what is shown */
    OPTION_CONFIG,       /* a file with other options; as the next one on the command line alone */
    OPTION_PRINT_CONFIG, /* prints the options instead of anything else */
};

struct size_list {
    size_t count;
    size_t size[TP_MAX_LAYERS - 1];
};

#define GRID_MAX 64
struct size_grid {
    size_t count;
    struct size_list list[GRID_MAX];
};

#define REALS_MAX 1024
struct real_list {
    bool by_word;      /* the row's word was given instead of numbers */
    const char *names; /* the text, if it is NAME=X,...: X are the numbers; options_next_name reads it */
    size_t count;
    float real[REALS_MAX];
};

/* Arguments that are no options. */
struct operand_list {
    char *const *text;
    size_t count;
};

/* What people type for a name that is called otherwise here. */
struct synonyms {
    const char *words; /* with blanks between them; NULL ends a table */
    const char *meant;
};

struct option_row {
    const char *name;
    const char *also;     /* what other programs call it, for suggestions: words with blanks between them; or NULL */
    const char *argument; /* its name in --help; NULL for flags */
    enum option_kind kind;
    bool required;       /* texts only */
    bool operand;        /* likewise: an argument without an option also gives it; several do in the order of rows */
    enum file_role role; /* likewise */
    enum option_use use;
    const char *endings[2]; /* likewise: of which the name of the file must have one; NULL: any, or no second one */
    const char *replaces;   /* name of the input that this output may replace; NULL: none */
    size_t offset;          /* of the value in the subcommand's struct */
    size_t given;           /* offset of a bool that becomes true when the option is present; 0: none */
    uint64_t least, most;
    double low, below;
    bool above_low;
    const char *(*value_name)(int value); /* names of 0, 1, ..., in any case; NULL ends them */
    const struct synonyms *value_also;    /* of these names, for suggestions; or NULL */
    const char *word;                     /* that real lists accept instead of numbers, or NULL */
    bool by_name;                         /* real lists: NAME=X,... is accepted, too */
    const char *advice;                   /* behind the refusal of a value; or NULL */
    const char *advice_on;                /* only if one of these characters is in it; or NULL */
    const char *help;
};

/* Which machine resources to use; first in every subcommand's struct. */
struct machine_options {
    uint64_t threads; /* 0: the library's choice */
    const char *isa;  /* NULL: the library's choice */
};

/* Parts of a row. A file with a table defines OPTION_STRUCT, the type that receives the values. */
#define OPTION_AT(member) .offset = offsetof(OPTION_STRUCT, member)
#define OPTION_GIVEN(member) .given = offsetof(OPTION_STRUCT, member)
#define IS_FLAG(member) .kind = OPTION_FLAG, OPTION_AT(member)
#define IS_INTEGER(member, min, max)                                                                                   \
    .argument = "N", .kind = OPTION_INTEGER, .least = min, .most = max, OPTION_AT(member)
#define IS_REAL(member, min, limit) .argument = "X", .kind = OPTION_REAL, .low = min, .below = limit, OPTION_AT(member)
#define IS_REALS(member, min, limit)                                                                                   \
    .argument = "LIST", .kind = OPTION_REALS, .low = min, .below = limit, OPTION_AT(member)
#define IS_NAME(names, member) .argument = "NAME", .kind = OPTION_NAME, .value_name = names, OPTION_AT(member)
#define HAS_SYNONYMS(table) .value_also = table
#define IS_SIZES(member, min, max)                                                                                     \
    .argument = "LIST", .kind = OPTION_SIZES, .least = min, .most = max, OPTION_AT(member)
#define IS_TEXT(what, member) .argument = what, .kind = OPTION_TEXT, OPTION_AT(member)
#define IS_FILE(use, member) IS_TEXT("FILE", member), .role = use

/* Rows that several subcommands share. */
#define OPTION_ROW_MODEL(is_operand)                                                                                   \
    {                                                                                                                  \
        .name = "model", .also = "checkpoint load net", IS_FILE(FILE_INPUT, model), .required = true,                  \
        .operand = is_operand, .help = "the saved model"                                                               \
    }
#define OPTION_ROW_CONFIG                                                                                              \
    {                                                                                                                  \
        .name = "config", .also = "configuration config-file options json", IS_FILE(FILE_INPUT, config),               \
        .use = OPTION_CONFIG,                                                                                          \
        .help = "JSON object with options as members, '-': from standard input; those of the command line win"         \
    }
/* Of import and export. */
#define OPTION_ROW_PATTERN                                                                                             \
    {                                                                                                                  \
        .name = "pattern", .also = "names prefix", IS_TEXT("TEXT", pattern),                                           \
        .help = "torch: the name of weights with {} where the number is, as 'net.{}.weight'; {1}: 1, 2, 3, ..."        \
    }
#define OPTION_ROW_MAP                                                                                                 \
    {                                                                                                                  \
        .name = "map", .also = "mapping names", IS_FILE(FILE_INPUT, map),                                              \
        .help = "torch: JSON file with the names of the tensors of each layer"                                         \
    }
#define OPTION_ROW_THREADS                                                                                             \
    {                                                                                                                  \
        .name = "threads", .also = "jobs num-threads n-jobs cores", IS_INTEGER(machine.threads, 1, 4096),              \
        .use = OPTION_HERE,                                                                                            \
        .help =                                                                                                        \
            "use at most N threads (default: $OMP_NUM_THREADS, else one per processor, or fewer where a CPU quota "    \
            "leaves less time); results do not depend on it"                                                           \
    }
#define OPTION_ROW_ISA                                                                                                 \
    {                                                                                                                  \
        .name = "isa", .also = "simd instruction-set", IS_TEXT("NAME", machine.isa), .use = OPTION_HERE,               \
        .help = "instruction set; 'tileprop info' lists the usable ones (default: $TILEPROP_ISA, else the best); "     \
                "results do not depend on it"                                                                          \
    }
#define OPTION_ROW_MPI(what)                                                                                           \
    {                                                                                                                  \
        .name = "mpi", IS_FLAG(mpi), .use = OPTION_HERE,                                                               \
        .help = "the processes of mpirun " what "; results do not depend on their number"                              \
    }
#define OPTION_ROW_JSON                                                                                                \
    {                                                                                                                  \
        .name = "json", IS_FLAG(json), .use = OPTION_HERE,                                                             \
        .help = "print one JSON object on standard output, at the end, and nothing else"                               \
    }

/* What options_parse returns when the subcommand should go on; everything else is its exit code. */
#define OPTIONS_PARSED (-1)

struct command;

/* Fills values: the defaults, then files of options, then argv[1..]. On --help and --print-config prints what is asked
 * for; on an error says what is wrong. */
int options_parse(const struct command *command, int argc, char **argv, void *values);

/* Takes text as the value of the row's option; false, with a message, if it is refused. origin is what messages write
 * before the name: "--", or where else the text comes from. */
bool options_accept(const char *origin, const struct option_row *row, const char *text, void *values);

/* The name of an option that may have been meant. */
struct nearest options_nearest(const struct command *command, const char *name);

/* Whether the text is what the row accepts; fills value, which has the type of the row's kind. */
bool options_parse_value(const struct option_row *row, const char *text, void *value);

/* The name of an entry of real_list.names, which is moved to the next one; not terminated. */
const char *options_next_name(const char **names, size_t *length);

/* Writes what the row accepts, as in "must be ...". */
void options_describe_limits(const struct option_row *row, char *text, size_t size);

/* Writes what the row is for, its names, and the default in values. */
void options_describe(const struct option_row *row, const void *values, char *text, size_t size);

/* The help of a subcommand on standard output; values holds the defaults. */
void options_print_help(const struct command *command, const void *values);

/* Prints the hint at --help on standard error and returns EXIT_USAGE. */
int options_usage_error(const struct command *command);

#endif
