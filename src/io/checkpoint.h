/* SPDX-License-Identifier: BSD-3-Clause */
/* What a checkpoint's header says of a run, and the comparison of two headers. */
#ifndef TP_IO_CHECKPOINT_H
#define TP_IO_CHECKPOINT_H

#include "io/safetensors.h"
#include "net/snapshot.h"

#define TP_CHECKPOINT_CRC "crc32"
#define TP_AT "at." /* keys that begin with it say where the run is, the others what it is */

/* Fills in what stands for the data: what the program says, or the fingerprints of both sets. */
tp_status tp_checkpoint_fingerprint(struct tp_snapshot *snapshot);

/* The header of a file with this snapshot, whose point need not be set; NULL if memory runs out. */
json_t *tp_checkpoint_header(const struct tp_snapshot *snapshot);

/* The name of an array's tensor; which is an enum tp_kept. */
const char *tp_kept_name(int which);

/* TP_ERR_FORMAT unless the file at path with this header is a checkpoint. */
tp_status tp_checkpoint_check_format(const struct tp_context *context, const char *path, const json_t *header);

/* TP_ERR_ARGUMENT, naming the differences, unless the file at path with the header found is of the run with the header
 * own. Its tensors are where they are in that. */
tp_status tp_checkpoint_compare(const struct tp_context *context, const char *path, const json_t *own,
                                const json_t *found);

/* Where the run of the file was; TP_ERR_FORMAT if it cannot be there. */
tp_status tp_checkpoint_point(const struct tp_snapshot *snapshot, const char *path, const json_t *header,
                              struct tp_point *point);

#endif
