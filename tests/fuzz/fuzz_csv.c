/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes as a CSV file: refused with a message, or a table; the same one, and the same message, whatever the parts
 * that threads read. */
#include "../../src/io/csv.h"
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

struct outcome {
    tp_status status;
    char message[1024];
    struct tp_table table;
};

static void read_in_parts(const char *path, size_t part, struct outcome *outcome) {
    const struct tp_read_options options = {0};
    memset(outcome, 0, sizeof *outcome);
    outcome->table = (struct tp_table){.context = fuzz_context(), .path = path};
    outcome->status = tp_csv_read_in_parts(path, &options, part, &outcome->table);
    require(outcome->status == TP_OK || outcome->status == TP_ERR_FORMAT);
    if (outcome->status) {
        fuzz_require_message();
        tp_context_message(fuzz_context(), outcome->message, sizeof outcome->message);
    }
}

static void require_same_field(const struct tp_field *a, const struct tp_field *b, size_t rows) {
    require(!a->codes == !b->codes && a->word_count == b->word_count);
    require(!a->name == !b->name && (!a->name || !strcmp(a->name, b->name)));
    for (size_t i = 0; i < a->word_count; i++)
        require(!strcmp(a->words[i], b->words[i]));
    for (size_t row = 0; row < rows; row++) {
        if (a->codes) {
            require(a->codes[row] == b->codes[row]);
            require(a->codes[row] == TP_NO_WORD || a->codes[row] < a->word_count);
        } else {
            const double x = tp_field_number(a, row), y = tp_field_number(b, row);
            require(!memcmp(&x, &y, sizeof x));
        }
    }
}

static void require_same(const struct outcome *a, const struct outcome *b) {
    require(a->status == b->status && !strcmp(a->message, b->message));
    if (a->status)
        return;
    require(a->table.rows == b->table.rows && a->table.count == b->table.count && a->table.rows);
    require(!memcmp(a->table.lines, b->table.lines, a->table.rows * sizeof *a->table.lines));
    for (size_t i = 0; i < a->table.count; i++)
        require_same_field(&a->table.fields[i], &b->table.fields[i], a->table.rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct outcome whole, parts;
    const char *path = fuzz_file(data, size);
    read_in_parts(path, 0, &whole);
    for (size_t part = 1; part <= size && part <= 27; part = 3 * part) {
        read_in_parts(path, part, &parts);
        require_same(&whole, &parts);
        tp_table_release(&parts.table);
    }
    tp_table_release(&whole.table);
    return 0;
}
