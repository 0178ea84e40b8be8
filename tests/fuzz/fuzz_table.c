/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes as a file of samples: refused with a message, or a table all of whose columns can be read. HDF5 is left
 * out: for some damaged files libhdf5 leaks or takes gigabytes, and that is not ours to mend. */
#include "fuzz.h"
#include "io/format.h"

#include <string.h>

static void require_field(const struct tp_table *table, const struct tp_field *field) {
    volatile double number = 0; /* every element is read */
    require((field->numbers != NULL) != (field->codes != NULL));
    for (size_t row = 0; row < table->rows; row++) {
        if (field->numbers)
            number = tp_field_number(field, row);
        else
            require(field->codes[row] == TP_NO_WORD || strlen(field->words[field->codes[row]]) > 0);
    }
    (void)number;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    /* A few bytes of libsvm can ask for as many features as memory can hold. */
    const struct tp_read_options options = {.memory = 1 << 16, .features = 100};
    struct tp_table table;
    if (size >= 8 && !memcmp(data, "\x89HDF\r\n\x1a\n", 8))
        return 0;
    const tp_status status = tp_read_table(fuzz_context(), fuzz_file(data, size), &options, &table);
    if (status) {
        require(status != TP_ERR_ARGUMENT);
        fuzz_require_message();
        return 0;
    }
    require(table.rows > 0 && table.count > table.targets && table.rank >= 2);
    for (size_t i = 0; i < table.count; i++)
        require_field(&table, &table.fields[i]);
    tp_table_release(&table);
    return 0;
}
