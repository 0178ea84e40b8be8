/* SPDX-License-Identifier: BSD-3-Clause */
/* Files that are made or replaced: what is refused before anything is written, what is kept of the old file, and what a
 * failure leaves. What the parts of a path may be is in here, which call of the system may fail in test_file_faults.c.
 */

#include "core/context.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define NEW "new contents"
#define NOBODY 65534

static const tp_context *context; /* that of the scratch directory, but notes are counted */
static tp_context listening;
static struct {
    int count;
    char text[1024];
} notes;

static void hear(void *user, tp_status status, const char *message) {
    (void)user;
    notes.count += status == TP_OK;
    if (status == TP_OK)
        snprintf(notes.text, sizeof notes.text, "%s", message);
}

static void set_up(void) {
    tp_test_scratch_open();
    listening = *tp_test_scratch.context;
    listening.on_message = hear;
    context = &listening;
    memset(&notes, 0, sizeof notes);
    cr_assert_eq(chdir(tp_test_scratch.path), 0);
    umask(022);
}

TestSuite(output, .init = set_up, .fini = tp_test_scratch_close);

/* ---- what there is ---- */

static void write_file(const char *name, const char *text) {
    tp_test_write_file(name, text, strlen(text));
}

static void check_file(const char *name, const char *text) {
    char found[64] = "";
    FILE *file = fopen(name, "rb");
    cr_assert_not_null(file, "%s: %s", name, strerror(errno));
    fread(found, 1, sizeof found - 1, file);
    fclose(file);
    cr_expect_str_eq(found, text, "%s has \"%s\"", name, found);
}

static mode_t mode_of(const char *name) {
    struct stat facts;
    cr_assert_eq(lstat(name, &facts), 0, "%s: %s", name, strerror(errno));
    return facts.st_mode & 07777;
}

/* The number of temporary files here, and the name of one. */
static int temporaries(char name[NAME_MAX + 1]) {
    int count = 0;
    DIR *directory = opendir(".");
    cr_assert_not_null(directory);
    for (const struct dirent *entry; (entry = readdir(directory));) {
        if (!strncmp(entry->d_name, ".tileprop-", 10)) {
            count++;
            snprintf(name, NAME_MAX + 1, "%s", entry->d_name);
        }
    }
    closedir(directory);
    return count;
}

static int left_over(void) {
    char name[NAME_MAX + 1];
    return temporaries(name);
}

/* ---- what is done ---- */

static tp_output *create(const char *path) {
    tp_output *output = NULL;
    cr_assert_eq(tp_output_create(context, path, &output), TP_OK, "%s", tp_test_message(context));
    return output;
}

static tp_status write_and_commit(tp_output *output) {
    const tp_status status = tp_output_write(output, NEW, sizeof NEW - 1);
    return status ? status : tp_output_commit(output);
}

static void save(const char *path) {
    tp_output *output = create(path);
    cr_expect_eq(write_and_commit(output), TP_OK, "%s", tp_test_message(context));
    tp_output_destroy(output);
    cr_expect_eq(left_over(), 0);
}

/* Refused before anything is written. */
static void refuse(const char *path, const char *fragment) {
    const size_t held = tp_test_held();
    tp_output *output = NULL;
    cr_expect_eq(tp_output_create(context, path, &output), TP_ERR_IO, "%s", path);
    cr_expect(strstr(tp_test_message(context), fragment), "\"%s\" does not say \"%s\"", tp_test_message(context),
              fragment);
    cr_expect_null(output);
    cr_expect_eq(tp_test_held(), held, "something leaked");
    cr_expect_eq(left_over(), 0);
}

/* Runs a part of a test as a user who may do little; true if that was possible. */
static bool as_nobody(void (*part)(void)) {
    if (geteuid())
        return false;
    cr_assert_eq(setegid(NOBODY) || seteuid(NOBODY), 0);
    part();
    cr_assert_eq(seteuid(0) || setegid(0), 0);
    return true;
}

static void need_root(const char *what) {
    if (!geteuid())
        return;
    fprintf(stderr, "SKIPPED: %s, which needs root\n", what);
    cr_skip_test("needs root");
}

/* ---- before long work ---- */

Test(output, what_cannot_be_replaced_is_refused_at_once) {
    char longest[PATH_MAX + 2];
    cr_assert_eq(mkdir("directory", 0700) || mkfifo("fifo", 0600) || symlink("nothing", "dangling"), 0);
    cr_assert_eq(symlink("two", "one") || symlink("one", "two"), 0);
    refuse("directory", "directory: is a directory");
    refuse("directory/", "is a directory");
    refuse("directory/.", "is a directory");
    refuse("directory/..", "is a directory");
    refuse("fifo", "is not a regular file");
    refuse("fifo/model", "cannot open its directory: Not a directory");
    refuse("dangling", "is a symbolic link to nothing");
    refuse("one", "cannot write: Too many levels of symbolic links");
    refuse("missing/model", "missing/model: cannot open its directory: No such file or directory");
    refuse("/proc/model", "cannot create a temporary file in its directory: ");
    memset(longest, 'x', sizeof longest);
    longest[NAME_MAX + 1] = '\0';
    refuse(longest, "File name too long");
    longest[NAME_MAX] = '\0';
    save(longest);
    check_file(longest, NEW);
    for (size_t i = 0; i < PATH_MAX; i++)
        longest[i] = i % 2 ? '/' : '.';
    longest[PATH_MAX] = '\0';
    refuse(longest, "cannot write: File name too long");
    memcpy(longest + PATH_MAX - 4, "/x", 3);
    save(longest);
    check_file("x", NEW);
}

static void refuse_read_only_directory(void) {
    refuse("here/model", "cannot create a temporary file in its directory: Permission denied");
}

Test(output, a_directory_that_cannot_be_written) {
    need_root("saving as another user");
    cr_assert_eq(mkdir("here", 0755) || chmod(".", 0755), 0);
    cr_assert(as_nobody(refuse_read_only_directory));
}

static void save_here(void) {
    tp_output *output = create("here/model");
    cr_expect_eq(write_and_commit(output), TP_OK, "%s", tp_test_message(context));
    tp_output_destroy(output);
}

Test(output, a_directory_that_cannot_be_read) {
    need_root("saving as another user");
    cr_assert_eq(mkdir("here", 0333) || chmod("here", 0333) || chmod(".", 0755), 0);
    cr_assert(as_nobody(save_here));
    check_file("here/model", NEW);
}

static void refuse_foreign_file(void) {
    refuse("here/model", "here/model: belongs to user 0 and group 0, to whom this process cannot give the new file: ");
}

Test(output, owners_are_kept) {
    struct stat facts;
    need_root("files of other users");
    cr_assert_eq(mkdir("here", 0777) || chmod("here", 0777) || chmod(".", 0755), 0);
    write_file("here/model", "old");
    cr_assert(as_nobody(refuse_foreign_file));
    check_file("here/model", "old");
    cr_assert_eq(chown("here/model", 1234, 5678) || chmod("here/model", 0640), 0);
    save("here/model");
    cr_assert_eq(stat("here/model", &facts), 0);
    cr_expect(facts.st_uid == 1234 && facts.st_gid == 5678 && (facts.st_mode & 07777) == 0640);
    check_file("here/model", NEW);
}

static void refuse_foreign_link(void) {
    refuse("shared/link", "is a symbolic link of another user in a directory in which everybody may write");
}

/* Also where the kernel's own rule (fs.protected_symlinks) is off, and for root. */
Test(output, links_of_others_in_shared_directories) {
    need_root("links of other users");
    cr_assert_eq(chmod(".", 0755) || mkdir("shared", 0777) || chmod("shared", 01777), 0);
    write_file("target", "old");
    cr_assert_eq(chmod("target", 0666) || symlink("../target", "shared/link"), 0);
    cr_assert_eq(lchown("shared/link", 1234, 1234), 0);
    refuse_foreign_link();
    cr_assert(as_nobody(refuse_foreign_link));
    check_file("target", "old");
    cr_assert_eq(chmod("shared", 0777), 0); /* not sticky */
    save("shared/link");
    check_file("target", NEW);
    write_file("target", "old");
    cr_assert_eq(chmod("shared", 01777) || lchown("shared/link", 0, 0), 0); /* the directory's owner made it */
    save("shared/link");
    check_file("target", NEW);
}

/* ---- names and links ---- */

Test(output, links_stay) {
    cr_assert_eq(mkdir("a", 0700) || mkdir("b", 0700) || symlink("b/target", "link"), 0);
    cr_assert_eq(symlink("../link", "a/again") || symlink("a", "to_a"), 0);
    write_file("b/target", "old");
    cr_assert_eq(link("b/target", "b/hard"), 0);
    save("to_a/again");
    check_file("b/target", NEW);
    check_file("b/hard", "old");
    cr_expect_eq(mode_of("link"), 0777, "the link is gone");
}

Test(output, which_file_it_is) {
    cr_assert_eq(mkdir("here", 0700) || symlink("here", "there") || symlink("here/new", "dangling"), 0);
    tp_output *output = create("here/new");
    static const char *const same[] = {"here/new", "there/new", "./here/../there/new", "dangling"};
    static const char *const others[] = {"new", "here", "here/old", "missing/new", "here/new/", "", "there"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        cr_expect(tp_output_is(output, same[i]), "%s", same[i]);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_expect_not(tp_output_is(output, others[i]), "%s", others[i]);
    write_file("here/new", "old");
    cr_assert_eq(link("here/new", "hard"), 0);
    write_file("here/old", "old");
    cr_expect(tp_output_is(output, "hard") && tp_output_is(output, "there/new"));
    cr_expect_not(tp_output_is(output, "here/old"));
    cr_expect_not(tp_output_is(output, "nothing"));
    tp_output_destroy(output);
}

/* Deeper than any path can be. */
Test(output, a_deep_working_directory) {
    enum { DEPTH = 30 };
    char name[201];
    memset(name, 'd', 200);
    name[200] = '\0';
    for (int i = 0; i < DEPTH; i++)
        cr_assert_eq(mkdir(name, 0700) || chdir(name), 0);
    cr_assert_eq(symlink("model", "link"), 0);
    save("model");
    check_file("model", NEW);
    write_file("../../../../../../../../../../../../../../../../../../../../../../../../../../../../../../x", "");
    FILE *file = fopen("model", "w");
    fclose(file);
    save("link");
    check_file("model", NEW);
    cr_assert_eq(unlink("model") || unlink("link"), 0);
    for (int i = 0; i < DEPTH; i++)
        cr_assert_eq(chdir("..") || rmdir(name), 0);
}

/* ---- permissions ---- */

Test(output, permissions) {
    char name[NAME_MAX + 1] = "";
    static const mode_t masks[] = {0, 022, 027, 077};
    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
        umask(masks[i]);
        tp_output *output = create("model");
        cr_expect_eq(temporaries(name), 1);
        cr_expect_eq(mode_of(name), 0600);
        cr_expect_eq(write_and_commit(output), TP_OK);
        cr_expect_eq(umask(masks[i]), masks[i]);
        cr_expect_eq(mode_of("model"), 0666 & ~masks[i]);
        tp_output_destroy(output);
        cr_assert_eq(chmod("model", 0604), 0);
        output = create("model");
        cr_expect_eq(temporaries(name), 1);
        cr_expect_eq(mode_of(name), 0600);
        cr_expect_eq(write_and_commit(output), TP_OK);
        cr_expect_eq(mode_of("model"), 0604);
        tp_output_destroy(output);
        cr_assert_eq(unlink("model"), 0);
    }
}

/* A list as the kernel has it in extended attributes: the owner, a user, the group, the mask, others. */
static const struct {
    uint32_t version;
    struct {
        uint16_t tag, permissions;
        uint32_t id;
    } entry[5];
} list = {2, {{1, 7, UINT32_MAX}, {2, 6, NOBODY}, {4, 5, UINT32_MAX}, {16, 6, UINT32_MAX}, {32, 0, UINT32_MAX}}};

/* A new file gets what any new file gets from the list of its directory, which goes before the umask. */
Test(output, default_access_control_list) {
    char expected[256], actual[256];
    if (setxattr(".", "system.posix_acl_default", &list, sizeof list, 0)) {
        fprintf(stderr, "SKIPPED: a default access control list: %s\n", strerror(errno));
        cr_skip_test("no access control lists");
    }
    umask(077);
    write_file("plain", "");
    save("model");
    cr_expect_eq(mode_of("plain"), 0660);
    cr_expect_eq(mode_of("model"), 0660);
    const ssize_t size = getxattr("plain", "system.posix_acl_access", expected, sizeof expected);
    cr_assert_gt(size, 0);
    cr_assert_eq(getxattr("model", "system.posix_acl_access", actual, sizeof actual), size);
    cr_expect_eq(memcmp(expected, actual, (size_t)size), 0);
}

/* ---- what is left ---- */

Test(output, nothing_happens_without_a_commit) {
    write_file("model", "old");
    const size_t held = tp_test_held();
    for (int written = 0; written < 3; written++) {
        tp_output *old = create("model"), *new = create("new");
        for (int i = 0; i < written; i++)
            cr_expect(!tp_output_write(old, NEW, 5) && !tp_output_write(new, NEW, 5));
        cr_expect_eq(left_over(), 2);
        tp_output_destroy(old);
        tp_output_destroy(new);
        cr_expect_eq(left_over(), 0);
        check_file("model", "old");
        cr_expect(access("new", F_OK));
    }
    cr_expect_eq(tp_test_held(), held, "something leaked");
}

/* A process with the number of one that was killed a thousand times has a thousand names taken. */
Test(output, names_do_not_run_out) {
    char name[64];
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, ".tileprop-%ld-%d.tmp", (long)getpid(), i);
        write_file(name, "");
    }
    tp_output *output = create("model");
    cr_expect_eq(write_and_commit(output), TP_OK, "%s", tp_test_message(context));
    tp_output_destroy(output);
    check_file("model", NEW);
    cr_expect_eq(left_over(), 1000);
}

Test(output, a_limit_on_the_size_of_files) {
    const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
    write_file("model", "old");
    signal(SIGXFSZ, SIG_IGN);
    for (rlim_t limit = 0; limit < sizeof NEW - 1; limit += 4) {
        tp_output *output = create("model");
        cr_assert_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){limit, RLIM_INFINITY}), 0);
        cr_expect_eq(tp_output_write(output, NEW, sizeof NEW - 1), TP_ERR_IO);
        cr_assert_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
        cr_expect(strstr(tp_test_message(context), "model: cannot write: File too large"));
        cr_expect_eq(tp_output_write(output, NEW, 1), TP_ERR_ARGUMENT);
        cr_expect(strstr(tp_test_message(context), "has failed before; it can only be destroyed"));
        cr_expect_eq(tp_output_commit(output), TP_ERR_ARGUMENT);
        tp_output_destroy(output);
        cr_expect_eq(left_over(), 0);
        check_file("model", "old");
    }
}

/* The name is taken by what cannot be replaced. */
Test(output, what_was_written_is_not_lost) {
    char name[NAME_MAX + 1] = "", expected[PATH_MAX + 400];
    tp_output *output = create("model");
    cr_assert_eq(mkdir("model", 0700), 0);
    cr_expect_eq(write_and_commit(output), TP_ERR_IO);
    tp_output_destroy(output);
    cr_assert_eq(temporaries(name), 1);
    check_file(name, NEW);
    cr_expect_eq(mode_of(name), 0644);
    snprintf(expected, sizeof expected,
             "model: cannot rename the temporary file to it: Is a directory; what was to be saved is in %s/%s",
             tp_test_scratch.path, name);
    cr_expect_str_eq(tp_test_message(context), expected);
}

/* Who tidies up after processes that were killed may not know which are alive. */
Test(output, the_temporary_file_is_removed_by_others) {
    char name[NAME_MAX + 1] = "";
    tp_output *output = create("model");
    cr_assert_eq(temporaries(name), 1);
    cr_assert_eq(unlink(name), 0);
    cr_expect_eq(write_and_commit(output), TP_OK, "%s", tp_test_message(context));
    tp_output_destroy(output);
    check_file("model", NEW);
    cr_expect_eq(mode_of("model"), 0644);
    cr_expect_eq(left_over(), 0);
}

Test(output, the_directory_is_removed) {
    cr_assert_eq(mkdir("here", 0700), 0);
    tp_output *output = create("here/model");
    cr_assert_eq(system("rm -r here"), 0);
    cr_expect_eq(write_and_commit(output), TP_ERR_IO);
    cr_expect_str_eq(tp_test_message(context),
                     "here/model: cannot create a temporary file in its directory: No such file or directory");
    tp_output_destroy(output);
}

Test(output, the_directory_is_moved) {
    char expected[PATH_MAX + 100];
    cr_assert_eq(mkdir("here", 0700), 0);
    tp_output *output = create("here/model");
    cr_assert_eq(rename("here", "there") || mkdir("here", 0700), 0);
    cr_expect_eq(write_and_commit(output), TP_OK, "%s", tp_test_message(context));
    tp_output_destroy(output);
    check_file("there/model", NEW);
    cr_expect(access("here/model", F_OK));
    snprintf(expected, sizeof expected,
             "here/model: its directory seems to have been moved; the new file is %s/there/model",
             tp_test_scratch.path);
    cr_expect_eq(notes.count, 1);
    cr_expect_str_eq(notes.text, expected);
    cr_expect_str_eq(tp_test_message(context), "", "a note is not an error");
    save("here/model");
    cr_expect_eq(notes.count, 1, "%s", notes.text);
}

/* ---- mount points ---- */

/* Mounts go with the process. */
static void have_own_mounts(void) {
    if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL)) {
        fprintf(stderr, "SKIPPED: files that are mount points, because mounting needs root: %s\n", strerror(errno));
        cr_skip_test("no permission to mount");
    }
    cr_assert_eq(chdir(tp_test_scratch.path), 0);
}

static void mount_file(const char *what, const char *where) {
    cr_assert_eq(mount(what, where, NULL, MS_BIND, NULL), 0, "%s", strerror(errno));
}

Test(output, a_mount_point_is_written_in_place) {
    have_own_mounts();
    write_file("outside", "old contents that are longer than the new ones");
    write_file("model", "");
    mount_file("outside", "model");
    cr_assert_eq(chmod("outside", 0604), 0);
    save("model");
    check_file("model", NEW);
    check_file("outside", NEW);
    cr_expect_eq(mode_of("outside"), 0604);
    cr_expect_eq(notes.count, 1);
    cr_expect_str_eq(notes.text, "model: is a mount point and was written in place");
    cr_assert_eq(mount(NULL, "model", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL), 0, "%s", strerror(errno));
    refuse("model", "model: cannot write to the mount point: Read-only file system");
    cr_expect_eq(umount("model"), 0, "something is still open");
}

/* The file became a mount point in the meantime. */
Test(output, a_mount_point_that_is_new) {
    have_own_mounts();
    write_file("outside", "old");
    write_file("model", "old");
    tp_output *output = create("model");
    mount_file("outside", "model");
    cr_expect_eq(write_and_commit(output), TP_OK, "%s", tp_test_message(context));
    tp_output_destroy(output);
    check_file("outside", NEW);
    cr_expect_eq(notes.count, 1);
    cr_expect_eq(left_over(), 0);
    cr_expect_eq(umount("model"), 0, "something is still open");
    check_file("model", "old");
}
