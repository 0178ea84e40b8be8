/* SPDX-License-Identifier: BSD-3-Clause */

#include "sink.h"
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* fopencookie's: 0 is an error. Why it failed is said once. */
static ssize_t write_output(void *user, const char *data, size_t size) {
    struct sink *sink = user;
    if (!sink->ended && session_check(sink->session, tp_output_write(sink->output, data, size)))
        sink->ended = true;
    return sink->ended ? 0 : (ssize_t)size;
}

static int open_saved(struct sink *sink) {
    const int code = session_check(sink->session, tp_output_create(sink->session->context, sink->path, &sink->output));
    if (code)
        return code;
    sink->file = fopencookie(sink, "w", (cookie_io_functions_t){.write = write_output});
    if (!sink->file)
        complain("out of memory");
    return sink->file ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int open_special(struct sink *sink) {
    sink->file = fopen(sink->path, "w");
    if (!sink->file)
        complain("%s: %s", sink->path, strerror(errno));
    return sink->file ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool is_special(const char *path) {
    struct stat facts;
    return !stat(path, &facts) && !S_ISREG(facts.st_mode) && !S_ISDIR(facts.st_mode);
}

int sink_open(struct sink *sink, const struct session *session, const char *path) {
    *sink = (struct sink){.session = session, .path = path};
    if (path)
        return (is_special(path) ? open_special : open_saved)(sink);
    sink->file = stdout;
    return EXIT_SUCCESS;
}

/* main closes standard output. */
int sink_commit(struct sink *sink) {
    FILE *const file = sink->file;
    if (file == stdout)
        return EXIT_SUCCESS;
    sink->file = NULL;
    if (!sink->output)
        return close_file(file, sink->path, 0) ? EXIT_SUCCESS : EXIT_FAILURE;
    const bool written = !ferror(file);
    if (fclose(file) || !written)
        return EXIT_FAILURE; /* write_output has said why */
    return session_check(sink->session, tp_output_commit(sink->output));
}

void sink_close(struct sink *sink) {
    sink->ended = true;
    if (sink->file && sink->file != stdout)
        fclose(sink->file);
    tp_output_destroy(sink->output);
}
