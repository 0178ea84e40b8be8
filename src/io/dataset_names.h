/* SPDX-License-Identifier: BSD-3-Clause */
/* Where data sets are and how their files are called; shared by the library and the program, which does not write to
 * them. */
#ifndef TP_IO_DATASET_NAMES_H
#define TP_IO_DATASET_NAMES_H

/* Where Debian's dataset packages install. */
#define TP_DATASETS_ROOT "/usr/share/datasets"

enum tp_dataset_part { TP_DATASET_IMAGES, TP_DATASET_LABELS, TP_DATASET_PARTS };

#define TP_DATASET_SPLITS 2 /* as in tp_split */
#define TP_DATASET_NAMES 4
#define TP_DATASET_NAMES_OF(stem, type)                                                                                \
    { stem "-" type, stem "-" type ".gz", stem "." type, stem "." type ".gz" }

/* Of the files that are there the first counts. */
static const char *const tp_dataset_names[TP_DATASET_PARTS][TP_DATASET_SPLITS][TP_DATASET_NAMES] = {
    [TP_DATASET_IMAGES] = {TP_DATASET_NAMES_OF("train-images", "idx3-ubyte"),
                           TP_DATASET_NAMES_OF("t10k-images", "idx3-ubyte")},
    [TP_DATASET_LABELS] = {TP_DATASET_NAMES_OF("train-labels", "idx1-ubyte"),
                           TP_DATASET_NAMES_OF("t10k-labels", "idx1-ubyte")},
};

#endif
