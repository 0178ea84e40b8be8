/* SPDX-License-Identifier: BSD-3-Clause */
/* Structs of the public interface that a program may have in another size than the library: shorter, from an older
 * version, or longer, from a newer one. Each begins with its size as the program was compiled. */
#ifndef TP_CORE_OPTIONS_H
#define TP_CORE_OPTIONS_H

#include "core/context.h"

/* What the library knows of such a struct. */
struct tp_struct {
    const char *name;     /* for messages */
    size_t size, first;   /* here, and in the version in which it came to be */
    const void *defaults; /* a struct of this version */
    bool data;            /* size 0 stands for first */
};

/* A field that is added behind the last one makes the struct larger. */
#define TP_NO_PADDING(type, last)                                                                                      \
    _Static_assert(sizeof(type) == offsetof(type, last) + sizeof(((type *)0)->last), #type " has padding at its end")

/* The defaults into options of struct_size bytes, as far as these go; what goes beyond is 0. */
void tp_struct_init(const struct tp_struct *type, void *options, size_t struct_size);

/* A struct of the library's version from that of a program: fields that the program does not have are the defaults. */
tp_status tp_struct_take(const struct tp_context *context, const struct tp_struct *type, const void *given,
                         void *taken);

/* A struct of the library into one of a program likewise, whose size must be at least the first. */
tp_status tp_struct_give(const struct tp_context *context, const struct tp_struct *type, const void *own, void *given,
                         size_t struct_size);

#endif
