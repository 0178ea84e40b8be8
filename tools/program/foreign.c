/* SPDX-License-Identifier: BSD-3-Clause */
#include "foreign.h"

#include "../../src/io/model_names.h"
#include "ranks.h"
#include "report.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_MOST (256 * 1024)

/* How a file begins. */
struct head {
    size_t size;
    unsigned char bytes[HEAD_MOST];
};

static bool begins_with(const struct head *head, const void *bytes, size_t size) {
    return head->size >= size && !memcmp(head->bytes, bytes, size);
}

static bool contains(const struct head *head, const char *text) {
    return memmem(head->bytes, head->size, text, strlen(text));
}

/* A header of less than 16 MiB, whose length comes first. */
static bool is_safetensors(const struct head *head) {
    return head->size > 9 && !memcmp(head->bytes + 3, "\0\0\0\0\0{", 6);
}

static bool is_torch(const struct head *head) {
    return is_safetensors(head) && contains(head, "weight\"") &&
           !contains(head, "\"" TP_KEY_FORMAT "\":\"" TP_FORMAT); /* nor "tileprop checkpoint" */
}

/* A zip archive, or of versions before 1.6 the number that such a file begins with, pickled. */
static bool is_pickle(const struct head *head) {
    static const char old[] = "\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
    return begins_with(head, old, sizeof old - 1) || (begins_with(head, "PK\3\4", 4) && contains(head, "/data.pkl"));
}

/* The version of the format, field 1, then a field of bytes. */
static bool is_onnx(const struct head *head) {
    return !is_safetensors(head) && head->size > 2 && head->bytes[0] == 0x08 && head->bytes[1] < 0x20 &&
           (head->bytes[2] & 7) == 2;
}

static const struct foreign {
    const char *what, *how;
    bool (*is)(const struct head *head);
    bool is_imported;
} kinds[] = {
    {"has layers as PyTorch names them", "'tileprop import' makes a model of it", is_torch, true},
    {"is a file of torch.save",
     "of safetensors.torch.save_file(module.state_dict(), FILE) 'tileprop import' makes a model", is_pickle, false},
    {"is an ONNX file", "'tileprop import' makes a model of it", is_onnx, true},
};

/* Of a file: a pipe would wait for whoever writes, or have been read already. */
static bool read_head(const char *path, struct head *head) {
    const int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat about;
    if (file < 0)
        return false;
    const ssize_t size =
        !fstat(file, &about) && S_ISREG(about.st_mode) ? read(file, head->bytes, sizeof head->bytes) : 0;
    close(file);
    head->size = size > 0 ? (size_t)size : 0;
    return size > 0;
}

void foreign_explain(const char *path, bool imported) {
    struct head *head = ranks_is_first() ? malloc(sizeof *head) : NULL; /* of others the last line alone is passed on */
    const bool is_read = head && read_head(path, head);
    for (size_t i = 0; is_read && i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].is(head) && !(imported && kinds[i].is_imported)) {
            complain("%s %s: %s", path, kinds[i].what, kinds[i].how);
            break;
        }
    free(head);
}
