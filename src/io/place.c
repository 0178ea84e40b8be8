/* SPDX-License-Identifier: BSD-3-Clause */

#include "io/place.h"

#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MAX_LINKS 40 /* as in Linux */

static const struct tp_problem no_problem = {NULL, 0};

static struct tp_problem problem(const char *what) {
    return (struct tp_problem){what, errno};
}

static int look(int directory, const char *name, int flags, struct statx *facts) {
    memset(facts, 0, sizeof *facts);
    return statx(directory, name, flags | AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, facts);
}

static bool same_file(const struct statx *a, const struct statx *b) {
    return a->stx_ino == b->stx_ino && a->stx_dev_major == b->stx_dev_major && a->stx_dev_minor == b->stx_dev_minor;
}

/* Makes text the path of the directory, and name what it had after the last slash. text has a byte to spare. */
static bool split(char *text, char name[NAME_MAX + 1]) {
    char *slash = strrchr(text, '/');
    char *last = slash ? slash + 1 : text;
    const size_t length = strlen(last);
    if (length > NAME_MAX)
        return false;
    memcpy(name, last, length + 1);
    memcpy(last, ".", 2);
    if (!length)
        memcpy(name, ".", 2);
    return true;
}

/* Goes on to the directory that text names, from the one where place is. */
static bool enter(struct tp_place *place, const char *text) {
    const int before = place->directory;
    int next = tp_open_at(before, text, O_RDONLY | O_DIRECTORY, 0);
    place->syncable = next >= 0;
    if (next < 0 && errno == EACCES) /* one that may be used but not listed */
        next = tp_open_at(before, text, O_PATH | O_DIRECTORY, 0);
    const int error = errno;
    tp_place_leave(place);
    errno = error;
    place->directory = next;
    return next >= 0;
}

/* The rule of Linux's protected_symlinks. */
static struct tp_problem check_link(const struct tp_place *place) {
    struct statx directory;
    if (look(place->directory, "", AT_EMPTY_PATH, &directory))
        return problem("examine its directory");
    const bool open_to_all = (directory.stx_mode & S_ISVTX) && (directory.stx_mode & S_IWOTH);
    if (!open_to_all || place->facts.stx_uid == geteuid() || place->facts.stx_uid == directory.stx_uid)
        return no_problem;
    return (struct tp_problem){"is a symbolic link of another user in a directory in which everybody may write", 0};
}

/* text becomes what the link at place says. */
static struct tp_problem follow(const struct tp_place *place, char text[PATH_MAX + 1]) {
    const struct tp_problem found = check_link(place);
    if (found.what)
        return found;
    const ssize_t length = readlinkat(place->directory, place->name, text, PATH_MAX);
    if (length < 0)
        return problem("read the symbolic link");
    text[length] = '\0';
    return length < PATH_MAX ? no_problem : (struct tp_problem){"read the symbolic link", ENAMETOOLONG};
}

/* One step: place is where text leads, or a link to it, which step tells. */
static struct tp_problem step(struct tp_place *place, char text[PATH_MAX + 1]) {
    if (!split(text, place->name))
        return (struct tp_problem){"write", ENAMETOOLONG};
    if (!enter(place, text))
        return problem("open its directory");
    place->exists = !look(place->directory, place->name, 0, &place->facts);
    return place->exists || errno == ENOENT ? no_problem : problem("examine");
}

static struct tp_problem walk(struct tp_place *place, char text[PATH_MAX + 1]) {
    for (int links = 0; links <= MAX_LINKS; links++) {
        struct tp_problem found = step(place, text);
        if (found.what || !place->exists || !S_ISLNK(place->facts.stx_mode))
            return found;
        place->linked = true;
        found = follow(place, text);
        if (found.what)
            return found;
    }
    return (struct tp_problem){"write", ELOOP};
}

struct tp_problem tp_place_find(const char *path, struct tp_place *place) {
    char text[PATH_MAX + 1]; /* a byte for split */
    const size_t length = strlen(path);
    if (!length || length >= PATH_MAX)
        return (struct tp_problem){"write", length ? ENAMETOOLONG : ENOENT};
    memcpy(text, path, length + 1);
    memset(place, 0, sizeof *place);
    place->directory = AT_FDCWD;
    const struct tp_problem found = walk(place, text);
    if (found.what)
        tp_place_leave(place);
    return found;
}

void tp_place_leave(const struct tp_place *place) {
    if (place->directory >= 0)
        close(place->directory); /* nothing was written */
}

bool tp_place_same(const struct tp_place *a, const struct tp_place *b) {
    struct statx x, y;
    const bool there = !look(a->directory, a->name, 0, &x), here = !look(b->directory, b->name, 0, &y);
    if (there || here)
        return there && here && same_file(&x, &y);
    return !strcmp(a->name, b->name) && !look(a->directory, "", AT_EMPTY_PATH, &x) &&
           !look(b->directory, "", AT_EMPTY_PATH, &y) && same_file(&x, &y);
}
