/* SPDX-License-Identifier: BSD-3-Clause */
/* A model card: what a model is and how it came to be, in Markdown. */
#ifndef TILEPROP_TOOLS_CARD_TEXT_H
#define TILEPROP_TOOLS_CARD_TEXT_H

#include <stdio.h>
#include <tileprop/tileprop.h>

/* path is that of the model's file. Returns an exit code; it has said why. */
int card_print(const tp_model *model, const char *path, FILE *file);

#endif
