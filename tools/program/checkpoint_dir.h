/* SPDX-License-Identifier: BSD-3-Clause */
/* The directory of a run's checkpoints: step-000000001234.safetensors, ... It belongs to one run at a time: a lock
 * tells others, and what an earlier process of it has left half written is removed. File systems without locks do
 * without both.
 */
#ifndef TILEPROP_TOOLS_CHECKPOINT_DIR_H
#define TILEPROP_TOOLS_CHECKPOINT_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct checkpoint_dir {
    const char *path;
    int descriptor; /* -1: not open */
    bool locked;
    uint64_t newest; /* step of the newest checkpoint that is known to be whole; 0: none */
};

/* Steps of checkpoints, the newest first. */
struct checkpoint_list {
    uint64_t *step;
    size_t count;
};

/* Makes it if it is missing. These return an exit code; they have said why. In any case checkpoint_dir_close comes at
 * the end. */
int checkpoint_dir_open(struct checkpoint_dir *directory, const char *path);
int checkpoint_dir_list(const struct checkpoint_dir *directory, struct checkpoint_list *list);

void checkpoint_dir_close(struct checkpoint_dir *directory);

/* The path of a checkpoint, to be freed; NULL: out of memory. */
char *checkpoint_dir_file(const struct checkpoint_dir *directory, uint64_t step);

/* After a checkpoint could not be written: what there is of it is removed. */
void checkpoint_dir_failed(const struct checkpoint_dir *directory);

/* Of those up to the newest the keep newest ones stay. What cannot be removed stays, too. */
void checkpoint_dir_prune(const struct checkpoint_dir *directory, uint64_t keep);

/* After the checkpoint of this step was written: it is the newest. The others are pruned, and those after the one that
 * was the newest, which nobody could read, are removed. */
void checkpoint_dir_written(struct checkpoint_dir *directory, uint64_t step, uint64_t keep);

#endif
