/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/quota.h"
#include "core/cancel.h"
#include "core/system.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define DIGITS 18           /* fewer than a number of 64 bits can have */
#define TEXT 64             /* more than a file of a quota has */
#define PATH (2 * PATH_MAX) /* a place of a mount and a group in it */

/* ---- numbers ---- */

/* What follows the number that text begins with; NULL if it begins with none. */
static const char *take_number(const char *text, uint64_t *number) {
    const size_t digits = strspn(text, "0123456789");
    *number = 0;
    for (size_t i = 0; i < digits && i < DIGITS; i++)
        *number = 10 * *number + (uint64_t)(text[i] - '0');
    return digits > 0 && digits <= DIGITS ? text + digits : NULL;
}

static bool is_number(const char *text, uint64_t *number) {
    const char *end = take_number(text, number);
    return end && (!*end || !strcmp(end, "\n"));
}

/* Time in each period, as processors; 0 where it makes no sense. */
static int processors(uint64_t quota, uint64_t period) {
    if (!quota || !period)
        return 0;
    const uint64_t count = quota / period + (quota % period != 0);
    return count <= INT_MAX ? (int)count : 0;
}

/* ---- the files of a control group ---- */

/* The start of directory/name; directory has room for the name. */
static bool read_file(char directory[PATH], const char *name, char text[TEXT]) {
    const size_t length = strlen(directory);
    const bool fits = (size_t)snprintf(directory + length, PATH - length, "/%s", name) < PATH - length;
    const bool done = fits && tp_system_text(directory, text, TEXT);
    directory[length] = '\0';
    return done;
}

/* "200000 100000", or "max 100000" for no limit. */
static int read_unified(char directory[PATH]) {
    char text[TEXT];
    uint64_t quota, period;
    const char *end = read_file(directory, "cpu.max", text) ? take_number(text, &quota) : NULL;
    return end && *end == ' ' && is_number(end + 1, &period) ? processors(quota, period) : 0;
}

/* "200000", or "-1" for no limit; and "100000". */
static int read_version_1(char directory[PATH]) {
    char text[TEXT];
    uint64_t quota, period;
    return read_file(directory, "cpu.cfs_quota_us", text) && is_number(text, &quota) &&
                   read_file(directory, "cpu.cfs_period_us", text) && is_number(text, &period)
               ? processors(quota, period)
               : 0;
}

/* ---- where they are ---- */

/* The control group of the process in each hierarchy, as /proc/self/cgroup has it; "" if it has none. */
struct groups {
    char unified[TP_LINE_SIZE], version_1[TP_LINE_SIZE];
};

/* Words separated by commas. */
static bool has_word(const char *list, const char *word) {
    const size_t length = strlen(word);
    for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',')
        if (strcspn(at, ",") == length && !strncmp(at, word, length))
            return true;
    return false;
}

/* "4:cpu,cpuacct:/group", "0::/group" */
static void take_group(char *line, struct groups *groups) {
    const char *number = strsep(&line, ":"), *controllers = strsep(&line, ":");
    if (!line || line[0] != '/')
        return;
    if (!strcmp(number, "0") && !*controllers)
        strcpy(groups->unified, line);
    else if (has_word(controllers, "cpu"))
        strcpy(groups->version_1, line);
}

static void find_groups(const char *root, struct tp_lines *lines, struct groups *groups) {
    groups->unified[0] = groups->version_1[0] = '\0';
    snprintf(lines->text, sizeof lines->text, "%s/proc/self/cgroup", root);
    if (!tp_lines_open(lines, lines->text))
        return;
    for (char *line; (line = tp_lines_next(lines));)
        take_group(line, groups);
    tp_lines_close(lines);
}

/* A hierarchy of control groups, or a part of it. */
struct mount {
    bool unified;
    char *top;   /* the group that it begins with */
    char *place; /* the directory of that group */
};

static bool is_octal(const char *text) {
    return text[0] >= '0' && text[0] <= '3' && strspn(text, "01234567") >= 3;
}

/* "\040" stands for a blank. */
static char *unescape(char *text) {
    char *to = text;
    for (const char *from = text; *from; to++) {
        int character = (unsigned char)*from++;
        if (character == '\\' && is_octal(from)) {
            character = (from[0] - '0') << 6 | (from[1] - '0') << 3 | (from[2] - '0');
            from += 3;
        }
        *to = (char)character;
    }
    *to = '\0';
    return text;
}

/* "31 23 0:28 TOP PLACE rw,relatime shared:9 - TYPE SOURCE rw,cpu" */
static bool take_mount(char *line, struct mount *mount) {
    char *kind = strstr(line, " - ");
    if (!kind)
        return false;
    *kind = '\0';
    kind += strlen(" - ");
    for (int i = 0; i < 3; i++) /* what numbers the mount */
        strsep(&line, " ");
    mount->top = strsep(&line, " ");
    mount->place = strsep(&line, " ");
    const char *type = strsep(&kind, " ");
    strsep(&kind, " ");
    mount->unified = !strcmp(type, "cgroup2");
    if (!mount->place || mount->place[0] != '/' || !kind ||
        !(mount->unified || (!strcmp(type, "cgroup") && has_word(kind, "cpu"))))
        return false;
    unescape(mount->top);
    unescape(mount->place);
    return true;
}

static bool leads_up(const char *path) {
    for (const char *at = path; (at = strstr(at, "/..")); at++)
        if (!at[3] || at[3] == '/')
            return true;
    return false;
}

/* What leads from the group top down to another one, "" if they are the same; NULL if that is not below. */
static const char *way_down(const char *top, const char *group) {
    const size_t length = strcmp(top, "/") ? strlen(top) : 0;
    if (!*group || strncmp(group, top, length) != 0 || (group[length] && group[length] != '/'))
        return NULL;
    const char *way = group + length;
    return leads_up(way) ? NULL : strcmp(way, "/") ? way : "";
}

static int least(int a, int b) {
    return a && (!b || a < b) ? a : b;
}

/* From the group of the process up to the top of the mount. */
static int walk_up(const char *root, const struct mount *mount, const struct groups *groups) {
    char directory[PATH];
    const char *way = way_down(mount->top, mount->unified ? groups->unified : groups->version_1);
    const size_t top = strlen(root) + strlen(mount->place);
    int quota = 0;
    if (!way || (size_t)snprintf(directory, sizeof directory, "%s%s%s", root, mount->place, way) >= sizeof directory)
        return 0;
    for (char *last = directory; last; last = strrchr(directory + top, '/')) {
        if (last > directory)
            *last = '\0';
        quota = least(quota, mount->unified ? read_unified(directory) : read_version_1(directory));
    }
    return quota;
}

static int find_quota(const char *root) {
    struct tp_lines lines;
    struct groups groups;
    struct mount mount;
    int quota = 0;
    find_groups(root, &lines, &groups);
    snprintf(lines.text, sizeof lines.text, "%s/proc/self/mountinfo", root);
    if (!tp_lines_open(&lines, lines.text))
        return 0;
    for (char *line; (line = tp_lines_next(&lines));)
        if (take_mount(line, &mount))
            quota = least(quota, walk_up(root, &mount, &groups));
    tp_lines_close(&lines);
    return quota;
}

int tp_quota(const char *root) {
    const int cancel = tp_cancel_hold();
    const int quota = find_quota(root);
    tp_cancel_restore(cancel);
    return quota;
}
