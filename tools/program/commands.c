/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"

const struct command *const commands[] = {&train_command,     &evaluate_command,
                                          &predict_command,   &cv_command,
                                          &plot_command,      &describe_command,
                                          &convert_command,   &export_command,
                                          &import_command,    &verify_command,
                                          &reproduce_command, &card_command,
                                          &info_command,      NULL};

const char commands_summary[] = "Trains and runs multilayer perceptrons.";

const char commands_exit_codes[] = "0 success, 1 bad data, model or file, 2 wrong usage, 75 stopped for now, to be\n"
                                   "resumed, 130 stopped by Ctrl-C, 143 by SIGTERM, 129 by SIGHUP.\n";
