/* SPDX-License-Identifier: BSD-3-Clause */
#include "child.h"

#include "tap.h"

#include <sys/wait.h>
#include <unistd.h>

#define SECONDS 60 /* after which a child hangs */

bool test_in_child(const char *what, bool check(void)) {
    const pid_t process = fork();
    if (process == 0) {
        alarm(SECONDS);
        _exit(check() ? 0 : 1);
    }
    int status = -1;
    return test_tap_check(process > 0 && waitpid(process, &status, 0) == process, "%s: no child", what) &&
           test_tap_check(status == 0, "%s: %s %d", what, WIFSIGNALED(status) ? "killed by signal" : "status",
                          WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}
