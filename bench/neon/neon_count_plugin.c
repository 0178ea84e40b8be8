/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A qemu plugin that counts the arm64 instructions that a program of one thread executes, and how many of them are
 * multiply-adds of four floats. Prints both when the program ends.
 *
 * Debian has no header for plugins; these are the declarations of plugin interface 1 that are used.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

struct qemu_plugin_tb; /* a block of instructions that are executed one after the other */
struct qemu_plugin_insn;
struct qemu_info;
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*translated)(uint64_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_atexit_cb(uint64_t id, void (*ended)(uint64_t id, void *user), void *user);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, enum qemu_plugin_op op, void *counter,
                                                uint64_t value);
void qemu_plugin_outs(const char *text);

EXPORT extern int qemu_plugin_version;
EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv);

int qemu_plugin_version = 1;

static uint64_t instructions, multiply_adds;

/* fmla Vd.4s, Vn.4s, Vm.4s and fmla Vd.4s, Vn.4s, Vm.s[lane]. */
static int is_multiply_add(uint32_t code) {
    return (code & 0xffe0fc00) == 0x4e20cc00 || (code & 0xffc0f400) == 0x4f801000;
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb) {
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        uint32_t code;
        memcpy(&code, qemu_plugin_insn_data(insn), sizeof code);
        qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64, &instructions, 1);
        if (is_multiply_add(code))
            qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64, &multiply_adds, 1);
    }
}

static void ended(uint64_t id, void *user) {
    (void)id;
    (void)user;
    char line[64];
    snprintf(line, sizeof line, "%" PRIu64 " %" PRIu64 "\n", instructions, multiply_adds);
    qemu_plugin_outs(line);
}

int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv) {
    (void)info;
    (void)argc;
    (void)argv;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
    return 0;
}
