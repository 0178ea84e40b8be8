/* SPDX-License-Identifier: BSD-3-Clause */
/* The CPU quota of control groups, in trees of files like those of many systems, and the default number of threads. */
#include "core/parallel.h"
#include "core/quota.h"
#include "core/system.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(quota, .init = tp_test_scratch_open, .fini = tp_test_scratch_close);

#define GROUPS "/proc/self/cgroup"
#define MOUNTS "/proc/self/mountinfo"
#define UNIFIED "30 20 0:26 / /sys/fs/cgroup ro,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
#define VERSION_1 "33 25 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
#define V1 "/sys/fs/cgroup/cpu,cpuacct"

struct file {
    const char *path, *text;
};

struct tree {
    const char *name;
    int quota;
    struct file file[8];
};

static const struct tree trees[] = {
    {"nothing at all", 0, {{0}}},
    {"groups without mounts", 0, {{GROUPS, "0::/\n"}}},
    {"mounts without groups", 0, {{MOUNTS, UNIFIED}, {"/sys/fs/cgroup/cpu.max", "100000 100000\n"}}},
    {"a container with a namespace of its own",
     2,
     {{GROUPS, "0::/\n"}, {MOUNTS, UNIFIED}, {"/sys/fs/cgroup/cpu.max", "150000 100000\n"}}},
    {"a service without a limit in a slice that has one",
     1,
     {{GROUPS, "0::/system.slice/job.service\n"},
      {MOUNTS, UNIFIED},
      {"/sys/fs/cgroup/system.slice/job.service/cpu.max", "max 100000\n"},
      {"/sys/fs/cgroup/system.slice/cpu.max", "100000 100000\n"}}},
    {"a tighter limit inside",
     3,
     {{GROUPS, "0::/a/b/c\n"},
      {MOUNTS, UNIFIED},
      {"/sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n"},
      {"/sys/fs/cgroup/a/b/cpu.max", "300000 100000\n"},
      {"/sys/fs/cgroup/a/cpu.max", "400000 100000\n"},
      {"/sys/fs/cgroup/a/b/c/d/cpu.max", "100000 100000\n"}}},
    {"the least of three in the middle",
     2,
     {{GROUPS, "0::/a/b\n"},
      {MOUNTS, UNIFIED},
      {"/sys/fs/cgroup/a/b/cpu.max", "900000 100000\n"},
      {"/sys/fs/cgroup/a/cpu.max", "20000 10000\n"},
      {"/sys/fs/cgroup/cpu.max", "700000 100000\n"}}},
    {"version 1, a job of Slurm",
     3,
     {{GROUPS, "9:cpuset:/slurm/job_7\n4:cpuacct,cpu:/slurm/job_7/step_0\n0::/elsewhere\n"},
      {MOUNTS, VERSION_1},
      {V1 "/slurm/job_7/step_0/cpu.cfs_quota_us", "-1\n"},
      {V1 "/slurm/job_7/step_0/cpu.cfs_period_us", "100000\n"},
      {V1 "/slurm/job_7/cpu.cfs_quota_us", "250000\n"},
      {V1 "/slurm/job_7/cpu.cfs_period_us", "100000\n"}}},
    {"version 1, a container that sees no more than its group",
     4,
     {{GROUPS, "4:cpu:/docker/abc\n"},
      {MOUNTS, "33 25 0:29 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n"},
      {"/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "400000\n"},
      {"/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"}}},
    {"a group below the one that the mount begins with",
     2,
     {{GROUPS, "0::/docker/abc/job\n"},
      {MOUNTS, "33 25 0:29 /docker/abc /cgroup ro - cgroup2 cgroup2 rw\n"},
      {"/cgroup/job/cpu.max", "200000 100000\n"},
      {"/docker/abc/job/cpu.max", "100000 100000\n"}}},
    {"both versions, the limit in the first",
     2,
     {{GROUPS, "4:cpu,cpuacct:/a\n0::/b\n"},
      {MOUNTS, VERSION_1 "34 25 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"},
      {V1 "/a/cpu.cfs_quota_us", "200000\n"},
      {V1 "/a/cpu.cfs_period_us", "100000\n"}}},
    {"both versions, the tighter limit in the second",
     1,
     {{GROUPS, "4:cpu,cpuacct:/a\n0::/b\n"},
      {MOUNTS, VERSION_1 "34 25 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"},
      {V1 "/a/cpu.cfs_quota_us", "200000\n"},
      {V1 "/a/cpu.cfs_period_us", "100000\n"},
      {"/sys/fs/cgroup/unified/b/cpu.max", "90000 100000\n"}}},
    {"a controller that only begins like it, and a hierarchy that is called like it",
     0,
     {{GROUPS, "4:cpuset,cpuacct:/\n5:name=cpu:/\n"},
      {MOUNTS,
       "33 25 0:29 / /a rw - cgroup cgroup rw,cpuset,cpuacct\n34 25 0:30 / /a rw - cgroup cgroup rw,name=cpu\n"},
      {"/a/cpu.cfs_quota_us", "100000\n"},
      {"/a/cpu.cfs_period_us", "100000\n"}}},
    {"files of the other version",
     0,
     {{GROUPS, "4:cpu,cpuacct:/\n0::/\n"},
      {MOUNTS, VERSION_1 UNIFIED},
      {V1 "/cpu.max", "100000 100000\n"},
      {"/sys/fs/cgroup/cpu.cfs_quota_us", "100000\n"},
      {"/sys/fs/cgroup/cpu.cfs_period_us", "100000\n"}}},
    {"a group outside the namespace",
     0,
     {{GROUPS, "0::/../other\n"},
      {MOUNTS, UNIFIED},
      {"/sys/fs/cgroup/cpu.max", "100000 100000\n"},
      {"/sys/fs/other/cpu.max", "100000 100000\n"}}},
    {"a mount that begins outside the namespace",
     0,
     {{GROUPS, "0::/\n"},
      {MOUNTS, "33 25 0:29 /../.. /cgroup ro - cgroup2 cgroup2 rw\n"},
      {"/cgroup/cpu.max", "100000 100000\n"}}},
    {"both outside, where the way between is known",
     2,
     {{GROUPS, "0::/../a/b\n"},
      {MOUNTS, "33 25 0:29 /../a /cgroup ro - cgroup2 cgroup2 rw\n"},
      {"/cgroup/b/cpu.max", "200000 100000\n"}}},
    {"names that begin with dots",
     2,
     {{GROUPS, "0::/..a\n"}, {MOUNTS, UNIFIED}, {"/sys/fs/cgroup/..a/cpu.max", "2 1"}}},
    {"a name that begins like another",
     0,
     {{GROUPS, "0::/docker/abc\n"},
      {MOUNTS, "33 25 0:29 /docker/ab /cgroup ro - cgroup2 cgroup2 rw\n"},
      {"/cgroup/cpu.max", "100000 100000\n"},
      {"/cgroup/c/cpu.max", "100000 100000\n"},
      {"/cgroupc/cpu.max", "100000 100000\n"}}},
    {"a group that was removed",
     3,
     {{GROUPS, "0::/a/gone (deleted)\n"}, {MOUNTS, UNIFIED}, {"/sys/fs/cgroup/a/cpu.max", "300000 100000\n"}}},
    {"blanks and backslashes in names",
     2,
     {{GROUPS, "0::/a b\\c:d/e\n"},
      {MOUNTS, "33 25 0:29 /a\\040b\\134c:d /my\\040cgroups\\0 ro - cgroup2 no\\040device rw\n"},
      {"/my cgroups\\0/e/cpu.max", "200000 100000\n"}}},
    {"a source without a name",
     2,
     {{GROUPS, "0::/\n4:cpu:/\n"},
      {MOUNTS, "33 25 0:29 / /a ro shared:1 master:2 -  cgroup2 rw\n34 25 0:29 / /b ro - cgroup  rw,cpu\n"},
      {"/b/cpu.cfs_quota_us", "200000\n"},
      {"/b/cpu.cfs_period_us", "100000\n"},
      {"/a/cpu.max", "100000 100000\n"}}},
    {"the tightest of several mounts",
     1,
     {{GROUPS, "0::/a/b\n"},
      {MOUNTS, "33 25 0:29 /a/b /narrow ro - cgroup2 cgroup2 rw\n" UNIFIED},
      {"/narrow/cpu.max", "200000 100000\n"},
      {"/sys/fs/cgroup/a/b/cpu.max", "200000 100000\n"},
      {"/sys/fs/cgroup/a/cpu.max", "100000 100000\n"}}},
};

static void write_tree(const char *root, const struct file *file) {
    char path[PATH_MAX];
    for (; file->path; file++) {
        snprintf(path, sizeof path, "%s%s", root, file->path);
        for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
            *slash = '\0';
            mkdir(path, 0777);
            *slash = '/';
        }
        remove(path); /* file systems are slow to shorten files */
        FILE *stream = fopen(path, "w");
        cr_assert(stream && fputs(file->text, stream) >= 0 && fclose(stream) == 0, "%s", path);
    }
}

Test(quota, of_many_systems) {
    char root[PATH_MAX];
    for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) {
        snprintf(root, sizeof root, "%s/%zu", tp_test_scratch.path, i);
        write_tree(root, trees[i].file);
        cr_expect_eq(tp_quota(root), trees[i].quota, "%s: %d instead of %d", trees[i].name, tp_quota(root),
                     trees[i].quota);
    }
}

static int unified_quota(const char *text) {
    const struct file files[] = {{GROUPS, "0::/\n"}, {MOUNTS, UNIFIED}, {"/sys/fs/cgroup/cpu.max", text}, {0}};
    write_tree(tp_test_scratch.path, files);
    return tp_quota(tp_test_scratch.path);
}

static int version_1_quota(const char *quota, const char *period) {
    const struct file files[] = {{GROUPS, "4:cpu:/\n"},
                                 {MOUNTS, VERSION_1},
                                 {V1 "/cpu.cfs_quota_us", quota},
                                 {V1 "/cpu.cfs_period_us", period},
                                 {0}};
    write_tree(tp_test_scratch.path, files);
    return tp_quota(tp_test_scratch.path);
}

Test(quota, is_rounded_up) {
    cr_expect_eq(unified_quota("1000 1000000\n"), 1);
    cr_expect_eq(unified_quota("100000 100000\n"), 1);
    cr_expect_eq(unified_quota("100001 100000\n"), 2);
    cr_expect_eq(unified_quota("200000 100000"), 2);
    cr_expect_eq(unified_quota("2147483647 1\n"), INT_MAX);
    cr_expect_eq(unified_quota("2147483648 1\n"), 0);
    cr_expect_eq(unified_quota("999999999999999999 999999999999999999\n"), 1);
    cr_expect_eq(version_1_quota("250000\n", "100000\n"), 3);
    cr_expect_eq(version_1_quota("250000", "125000"), 2);
}

Test(quota, of_files_that_make_no_sense) {
    static const char *const texts[] = {
        "",
        "\n",
        "max",
        "max\n",
        "max max\n",
        "200000\n",
        "200000 \n",
        "200000 0\n",
        "0 100000\n",
        "-1 100000\n",
        "200000 -1\n",
        "2e5 100000\n",
        "200000  100000\n",
        "200000\t100000\n",
        " 200000 100000\n",
        "200000 100000 7\n",
        "200000 100000\n\n",
        "0x20000 100000\n",
        "+200000 100000\n",
        "1000000000000000000 1000000000000000000\n",
        "18446744073709551617 1\n",
        "200000 100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        cr_expect_eq(unified_quota(texts[i]), 0, "\"%s\"", texts[i]);
        cr_expect_eq(version_1_quota(texts[i], "100000\n"), strcmp(texts[i], "200000\n") ? 0 : 2, "\"%s\"", texts[i]);
        cr_expect_eq(version_1_quota("200000\n", texts[i]), strcmp(texts[i], "200000\n") ? 0 : 1, "\"%s\"", texts[i]);
    }
}

/* Every one alone, and with good lines around it, which count. */
Test(quota, of_lines_that_make_no_sense) {
    static const char *const lines[] = {"\n",
                                        " \n",
                                        ":\n",
                                        "::\n",
                                        "0::\n",
                                        "0:/\n",
                                        "0::relative\n",
                                        "::::::\n",
                                        " - \n",
                                        " - - \n",
                                        "- cgroup2 a b\n",
                                        " - cgroup2\n",
                                        " - cgroup2 a\n",
                                        " - cgroup2 a b\n",
                                        "1 2 3 - cgroup2 a b\n",
                                        "1 2 3 / - cgroup2 a b\n",
                                        "1 2 3  /a rw - cgroup2\n",
                                        "1 2 3 / relative rw - cgroup2 a b\n",
                                        "1 2 3 / \\ rw - cgroup2 a b\n",
                                        "1 2 3 \\400\\9 /\\04 rw - cgroup2 a b\n",
                                        "      - cgroup2 a b\n"};
    char groups[256], mounts[512];
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        snprintf(groups, sizeof groups, "%s0::/a\n%s", lines[i], lines[i]);
        snprintf(mounts, sizeof mounts, "%s" UNIFIED "%s", lines[i], lines[i]);
        const struct file bad[] = {{GROUPS, lines[i]}, {MOUNTS, lines[i]}, {"/cpu.max", "100000 100000\n"}, {0}};
        const struct file good[] = {
            {GROUPS, groups}, {MOUNTS, mounts}, {"/sys/fs/cgroup/a/cpu.max", "200000 100000\n"}, {0}};
        write_tree(tp_test_scratch.path, bad);
        cr_expect_eq(tp_quota(tp_test_scratch.path), 0, "%s", lines[i]);
        write_tree(tp_test_scratch.path, good);
        cr_expect_eq(tp_quota(tp_test_scratch.path), 2, "%s", lines[i]);
    }
}

static void write_lines(size_t before, size_t after) {
    char *text = malloc(before + after + 1);
    cr_assert(text);
    memset(text, 'x', before);
    memset(text + before, 'y', after);
    text[before] = '\n';
    text[before + after] = '\n';
    tp_test_write_file("lines", text, before + after + 1);
    free(text);
}

/* Two lines, of which the first has this length and the second 5. */
Test(quota, lines_of_any_length) {
    static struct tp_lines lines;
    for (size_t length = 0; length < 3 * TP_LINE_SIZE + 9; length += length % TP_LINE_SIZE < 9 ? 1 : 509) {
        write_lines(length, 6);
        cr_assert(tp_lines_open(&lines, tp_test_in_scratch("lines")));
        if (length < TP_LINE_SIZE) {
            const char *first = tp_lines_next(&lines);
            cr_expect(first && strlen(first) == length && strspn(first, "x") == length, "%zu", length);
        }
        const char *second = tp_lines_next(&lines);
        cr_expect(second && strcmp(second, "yyyyy") == 0, "after %zu bytes", length);
        cr_expect_null(tp_lines_next(&lines));
        cr_expect_null(tp_lines_next(&lines));
        tp_lines_close(&lines);
    }
    cr_expect_not(tp_lines_open(&lines, tp_test_in_scratch("missing")));
}

Test(quota, texts_are_cut) {
    char text[4];
    tp_test_write_file("text", "12345", 5);
    cr_expect(tp_system_text(tp_test_in_scratch("text"), text, sizeof text));
    cr_expect_str_eq(text, "123");
    cr_expect_not(tp_system_text(tp_test_in_scratch("missing"), text, sizeof text));
    cr_expect_str_empty(text);
    tp_test_write_file("text", "", 0);
    cr_expect_not(tp_system_text(tp_test_in_scratch("text"), text, sizeof text));
}

/* More mounts and groups within groups than there ever are. */
Test(quota, of_a_large_system) {
    enum { MANY = 20000, DEEP = 300 };
    static const char noise[] = "33 25 0:29 / /var/lib/overlay rw - overlay overlay rw,lowerdir=/a:/b,upperdir=/c\n";
    char *mounts = calloc(MANY * sizeof noise + sizeof UNIFIED, 1), groups[2 * DEEP + 8] = "0::";
    cr_assert(mounts);
    for (size_t i = 0; i < MANY; i++)
        memcpy(mounts + i * (sizeof noise - 1), noise, sizeof noise);
    strcat(mounts, UNIFIED);
    for (size_t i = 0; i < DEEP; i++)
        strcat(groups, "/d");
    strcat(groups, "\n");
    const struct file files[] = {{GROUPS, groups}, {MOUNTS, mounts}, {"/sys/fs/cgroup/d/cpu.max", "3 1\n"}, {0}};
    write_tree(tp_test_scratch.path, files);
    cr_expect_eq(tp_quota(tp_test_scratch.path), 3);
    free(mounts);
}

/* Bytes of good files change: a number comes back, and no file stays open. */
Test(quota, of_garbage) {
    static const char *const good[] = {"4:cpu,cpuacct:/a/b\n0::/a/b\n", VERSION_1 UNIFIED, "200000 100000\n"};
    static const char *const paths[] = {GROUPS, MOUNTS, "/sys/fs/cgroup/a/cpu.max"};
    static const char bytes[] = "\0\n \\/:,-09\xff";
    char text[3][512];
    const size_t held = tp_test_held();
    for (uint64_t round = 0; round < 3000; round++) {
        for (size_t i = 0; i < 3; i++) {
            const size_t size = strlen(good[i]);
            memcpy(text[i], good[i], size + 1);
            for (uint64_t change = 0; change < round % 5; change++) {
                const uint64_t random = tp_test_random(round, 8 * i + change);
                text[i][random % size] = bytes[(random >> 32) % (sizeof bytes - 1)];
            }
        }
        const struct file files[] = {{paths[0], text[0]}, {paths[1], text[1]}, {paths[2], text[2]}, {0}};
        write_tree(tp_test_scratch.path, files);
        cr_assert_geq(tp_quota(tp_test_scratch.path), 0);
        cr_assert(round % 5 || tp_quota(tp_test_scratch.path) == 2);
    }
    cr_expect_eq(tp_test_held(), held);
}

/* ---------------------------------------------------------------------------------------------------------- threads */

static int default_threads(int processors, int quota) {
    const tp_machine machine = {.processors = processors, .quota = quota};
    return tp_default_threads(&machine);
}

Test(quota, limits_the_default) {
    unsetenv("OMP_NUM_THREADS");
    omp_set_num_threads(7);
    cr_expect_eq(default_threads(7, 0), 7);
    cr_expect_eq(default_threads(7, 3), 3);
    cr_expect_eq(default_threads(7, 1), 1);
    cr_expect_eq(default_threads(7, 8), 7);
    cr_expect_eq(default_threads(2, 1), 1, "where processors were taken away");
}

Test(quota, does_not_limit_what_was_asked_for) {
    unsetenv("OMP_NUM_THREADS");
    omp_set_num_threads(7);
    cr_expect_eq(default_threads(8, 3), 7, "by the program");
    setenv("OMP_NUM_THREADS", " 7,2", 1);
    cr_expect_eq(default_threads(7, 3), 7, "by the user");
    setenv("OMP_NUM_THREADS", "", 1);
    cr_expect_eq(default_threads(7, 3), 3);
    setenv("OMP_NUM_THREADS", "many", 1);
    cr_expect_eq(default_threads(7, 3), 3);
}

Test(quota, of_this_machine_is_in_its_description) {
    const tp_machine *machine = tp_context_machine(tp_test_scratch.context);
    cr_expect_eq(machine->quota, tp_quota(""));
    cr_expect_eq(tp_context_set_threads(tp_test_scratch.context, 0), TP_OK);
    cr_expect_eq(tp_context_threads(tp_test_scratch.context), tp_default_threads(machine));
}
