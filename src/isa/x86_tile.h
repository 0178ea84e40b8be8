/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A tile of C, m <= MR rows of NR columns or, with AVX-512, fewer, in assembly. Compilers spill registers between two
 * tiles and reckon addresses in the middle of one; where the other hardware thread of a core is busy, every instruction
 * counts.
 *
 *   rdi  struct tile_work      rsi rdx  B, and what is asked for ahead     rcx rbx  distance along k, three times that
 *   r8 r9 r10 r11  A           rax      rounds left                        r12 r13 r14  later rows, r15 stops left
 *   r14 instead, if B is copied: where to
 *
 * with AVX-512 accumulators zmm0 to zmm26, a row of B zmm27 to zmm29, an element of A zmm30 or zmm31; with AVX2 ymm0 to
 * ymm11, ymm12 and ymm13, ymm14 or ymm15.
 */
#ifndef TP_ISA_X86_TILE_H
#define TP_ISA_X86_TILE_H

_Static_assert(ROUND == 4 && ROWS_APART == 3 && sizeof(size_t) == 8, "as the assembly has it");

#if NV == 3

/* X(s, i, registers of row i) for the first rows. */
#define ROWS_2(X, s) X(s, 0, 0, 1, 2) X(s, 1, 3, 4, 5)
#define ROWS_3(X, s) ROWS_2(X, s) X(s, 2, 6, 7, 8)
#define ROWS_4(X, s) ROWS_3(X, s) X(s, 3, 9, 10, 11)
#define ROWS_5(X, s) ROWS_4(X, s) X(s, 4, 12, 13, 14)
#define ROWS_6(X, s) ROWS_5(X, s) X(s, 5, 15, 16, 17)
#define ROWS_7(X, s) ROWS_6(X, s) X(s, 6, 18, 19, 20)
#define ROWS_8(X, s) ROWS_7(X, s) X(s, 7, 21, 22, 23)
#define ROWS_9(X, s) ROWS_8(X, s) X(s, 8, 24, 25, 26)
#define TILE_CASES(vectors, masked, ahead, copies)                                                                     \
    TILE_CASE(3, vectors, masked, ahead, copies);                                                                      \
    TILE_CASE(4, vectors, masked, ahead, copies);                                                                      \
    TILE_CASE(5, vectors, masked, ahead, copies);                                                                      \
    TILE_CASE(6, vectors, masked, ahead, copies);                                                                      \
    TILE_CASE(7, vectors, masked, ahead, copies);                                                                      \
    TILE_CASE(8, vectors, masked, ahead, copies);                                                                      \
    TILE_CASE(9, vectors, masked, ahead, copies)

/* What is done to the vectors of a row, and to the last one if that has a mask. */
#define IN_FIRST(all, last) ".if %c[nv] > 1 || %c[masked] == 0\n" all ".else\n" last ".endif\n"
#define IN_SECOND(all, last)                                                                                           \
    ".if %c[nv] > 2 || %c[nv] == 2 && %c[masked] == 0\n" all ".elseif %c[nv] == 2\n" last ".endif\n"
#define IN_THIRD(all, last) ".if %c[nv] == 3 && %c[masked] == 0\n" all ".elseif %c[nv] == 3\n" last ".endif\n"
#define VECTORS(all, last, x, y, z)                                                                                    \
    IN_FIRST(all(0, x), last(0, x)) IN_SECOND(all(64, y), last(64, y)) IN_THIRD(all(128, z), last(128, z))
#define LOAD(offset, r) "vmovups " #offset "(%%rax),%%zmm" #r "\n"
#define LOAD_LAST(offset, r) "vmovups " #offset "(%%rax),%%zmm" #r "%{%%k1%}%{z%}\n"
#define STORE(offset, r) "vmovups %%zmm" #r "," #offset "(%%rax)\n"
#define STORE_LAST(offset, r) "vmovups %%zmm" #r "," #offset "(%%rax)%{%%k1%}\n"
#define ZERO(r) "vpxord %%zmm" #r ",%%zmm" #r ",%%zmm" #r "\n"
#define ZERO_ROW(s, i, x, y, z) ZERO(x) ZERO(y) ZERO(z)
#define READ_SCALE "vbroadcastss %c[scale](%%rdi),%%zmm31\n"
#define SCALE(r) "vmulps %%zmm" #r ",%%zmm31,%%zmm" #r "\n"
#define SCALE_ROW(s, i, x, y, z) SCALE(x) SCALE(y) SCALE(z)
#define LOAD_ROW(s, i, x, y, z) VECTORS(LOAD, LOAD_LAST, x, y, z) "add %%r15,%%rax\n"
#define STORE_ROW(s, i, x, y, z) VECTORS(STORE, STORE_LAST, x, y, z) "add %%r15,%%rax\n"

#define UP_TO_NV(x, y, z) x ".if %c[nv] > 1\n" y ".endif\n.if %c[nv] > 2\n" z ".endif\n"
#define FMA(b, f, r) "vfmadd231ps %%zmm" #b ",%%zmm" #f ",%%zmm" #r "\n"
#define FACTOR(address, f, x, y, z)                                                                                    \
    "vbroadcastss " address ",%%zmm" #f "\n" UP_TO_NV(FMA(27, f, x), FMA(28, f, y), FMA(29, f, z))
#define EVEN(address, x, y, z) FACTOR(address, 30, x, y, z)
#define ODD(address, x, y, z) FACTOR(address, 31, x, y, z)
/* The factor read by each FMA: fewer instructions, and for every third row no more reads than there are ports for. */
#define FMA_FROM(address, b, r) "vfmadd231ps " address "%{1to16%},%%zmm" #b ",%%zmm" #r "\n"
#define FIRST(address, x, y, z) UP_TO_NV(FMA_FROM(address, 27, x), FMA_FROM(address, 28, y), FMA_FROM(address, 29, z))
#define B_LOAD(at, offset, r) "vmovups " #offset "+" at ",%%zmm" #r "\n"
#define B_LAST(at, offset, r) "vmovups " #offset "+" at ",%%zmm" #r "%{%%k1%}%{z%}\n"
#define B_ROW(at)                                                                                                      \
    IN_FIRST(B_LOAD(at, 0, 27), B_LAST(at, 0, 27))                                                                     \
    IN_SECOND(B_LOAD(at, 64, 28), B_LAST(at, 64, 28)) IN_THIRD(B_LOAD(at, 128, 29), B_LAST(at, 128, 29))
#define PREFETCH_ENDS(at) "prefetcht0 " at "\n .if %c[nv] > 1\n prefetcht0 64*(%c[nv]-1)+" at "\n .endif\n"
#define PREFETCH_ROW "prefetcht0 (%%r12)\n prefetcht0 64(%%r12)\n prefetcht0 128(%%r12)\n"
#define LATER_0
#define LATER_1 "prefetcht0 (%%r12)\n"
#define LATER_2 "prefetcht0 64(%%r12)\n"
#define LATER_3 "prefetcht0 128(%%r12)\n"
#define COPY_ROW(s)
#define SET_MASK ".if %c[masked]\n kmovw %c[mask](%%rdi),%%k1\n .endif\n"

#else

#define ROWS_2(X, s) X(s, 0, 0, 1) X(s, 1, 2, 3)
#define ROWS_3(X, s) ROWS_2(X, s) X(s, 2, 4, 5)
#define ROWS_4(X, s) ROWS_3(X, s) X(s, 3, 6, 7)
#define ROWS_5(X, s) ROWS_4(X, s) X(s, 4, 8, 9)
#define ROWS_6(X, s) ROWS_5(X, s) X(s, 5, 10, 11)
#define TILE_CASES(vectors, masked, ahead, copies)                                                                     \
    TILE_CASE(2, vectors, masked, ahead, copies);                                                                      \
    TILE_CASE(3, vectors, masked, ahead, copies);                                                                      \
    TILE_CASE(4, vectors, masked, ahead, copies);                                                                      \
    TILE_CASE(5, vectors, masked, ahead, copies);                                                                      \
    TILE_CASE(6, vectors, masked, ahead, copies)

#define ZERO(r) "vxorps %%ymm" #r ",%%ymm" #r ",%%ymm" #r "\n"
#define ZERO_ROW(s, i, x, y) ZERO(x) ZERO(y)
#define READ_SCALE "vbroadcastss %c[scale](%%rdi),%%ymm15\n"
#define SCALE(r) "vmulps %%ymm" #r ",%%ymm15,%%ymm" #r "\n"
#define SCALE_ROW(s, i, x, y) SCALE(x) SCALE(y)
#define LOAD_ROW(s, i, x, y) "vmovups (%%rax),%%ymm" #x "\n vmovups 32(%%rax),%%ymm" #y "\n add %%r15,%%rax\n"
#define STORE_ROW(s, i, x, y) "vmovups %%ymm" #x ",(%%rax)\n vmovups %%ymm" #y ",32(%%rax)\n add %%r15,%%rax\n"
#define FMA(b, f, r) "vfmadd231ps %%ymm" #b ",%%ymm" #f ",%%ymm" #r "\n"
#define FACTOR(address, f, x, y) "vbroadcastss " address ",%%ymm" #f "\n" FMA(12, f, x) FMA(13, f, y)
#define EVEN(address, x, y) FACTOR(address, 14, x, y)
#define ODD(address, x, y) FACTOR(address, 15, x, y)
#define FIRST ODD
#define B_ROW(at) "vmovups " at ",%%ymm12\n vmovups 32+" at ",%%ymm13\n"
#define COPY_ROW(s) ".if %c[copies]\n vmovups %%ymm12,64*" #s "(%%r14)\n vmovups %%ymm13,32+64*" #s "(%%r14)\n .endif\n"
#define PREFETCH_ENDS(at) ".if %c[ahead]\n prefetcht0 " at "\n .endif\n"
#define PREFETCH_ROW "prefetcht0 (%%r12)\n"
#define LATER_0
#define LATER_1 PREFETCH_ROW
#define LATER_2
#define LATER_3
#define SET_MASK

#endif

/* Row i of A at step s of a round: rows apart, and side by side. */
#define APART_0(s) "4*" #s "(%%r8)"
#define APART_1(s) "4*" #s "(%%r8,%%r11)"
#define APART_2(s) "4*" #s "(%%r8,%%r11,2)"
#define APART_3(s) "4*" #s "(%%r9)"
#define APART_4(s) "4*" #s "(%%r9,%%r11)"
#define APART_5(s) "4*" #s "(%%r9,%%r11,2)"
#define APART_6(s) "4*" #s "(%%r10)"
#define APART_7(s) "4*" #s "(%%r10,%%r11)"
#define APART_8(s) "4*" #s "(%%r10,%%r11,2)"
#define BESIDE_0 "(%%r8)"
#define BESIDE_1 "(%%r8,%%r11)"
#define BESIDE_2 "(%%r8,%%r11,2)"
#define BESIDE_3 "(%%r8,%%r9)"

#define APART(s, i, ...) APART_ROW_##i(APART_##i(s), __VA_ARGS__)
#define APART_ROW_0 FIRST
#define APART_ROW_1 EVEN
#define APART_ROW_2 ODD
#define APART_ROW_3 FIRST
#define APART_ROW_4 EVEN
#define APART_ROW_5 ODD
#define APART_ROW_6 FIRST
#define APART_ROW_7 EVEN
#define APART_ROW_8 ODD
#define BESIDE(s, i, ...) BESIDE_ROW_##i("4*" #i BESIDE_##s, __VA_ARGS__)
#define BESIDE_ROW_0 EVEN
#define BESIDE_ROW_1 ODD
#define BESIDE_ROW_2 EVEN
#define BESIDE_ROW_3 ODD
#define BESIDE_ROW_4 EVEN
#define BESIDE_ROW_5 ODD
#define BESIDE_ROW_6 EVEN
#define BESIDE_ROW_7 ODD
#define BESIDE_ROW_8 EVEN

/* Step s: a row of B, perhaps copied, one more asked for, and a line of what is needed later. */
#define AT_0(p) "0(%%" #p ")"
#define AT_1(p) "0(%%" #p ",%%rcx)"
#define AT_2(p) "0(%%" #p ",%%rcx,2)"
#define AT_3(p) "0(%%" #p ",%%rbx)"
#define STEP(s, ROWS, LAYOUT) B_ROW(AT_##s(rsi)) COPY_ROW(s) PREFETCH_ENDS(AT_##s(rdx)) LATER_##s ROWS(LAYOUT, s)

#define APART_START "mov 8+%c[a](%%rdi),%%r9\n mov 16+%c[a](%%rdi),%%r10\n"
#define BESIDE_START "lea (%%r11,%%r11,2),%%r9\n"
#define APART_NEXT "add $16,%%r8\n add $16,%%r9\n add $16,%%r10\n"
#define BESIDE_NEXT "lea (%%r8,%%r11,4),%%r8\n"

/* clang-format off */
/* The local labels: 10 to 13 steps of a round, 20 and 21 start, 30 to 33 stops, 40 skipped steps, 50 end. */
#define READ_WORK(LAYOUT)                                                                                              \
    SET_MASK                                                                                                           \
    "mov %c[a](%%rdi),%%r8\n mov %c[a_distance](%%rdi),%%r11\n" LAYOUT##_START                                         \
    "mov %c[b](%%rdi),%%rsi\n mov %c[b_ahead](%%rdi),%%rdx\n"                                                          \
    "mov %c[b_distance](%%rdi),%%rcx\n lea (%%rcx,%%rcx,2),%%rbx\n"                                                    \
    "mov %c[later](%%rdi),%%r12\n mov %c[later_distance](%%rdi),%%r13\n"                                               \
    ".if %c[copies]\n mov %c[b_copy](%%rdi),%%r14\n .else\n mov %c[later_rows](%%rdi),%%r14\n .endif\n"
#define START(ROWS)                                                                                                    \
    "mov %c[start](%%rdi),%%rax\n test %%rax,%%rax\n jnz 20f\n" ROWS(ZERO_ROW, )                                       \
    "21: mov %c[rounds](%%rdi),%%rax\n"                                                                                \
    "cmpl $0,%c[skip](%%rdi)\n mov %c[stops](%%rdi),%%r15\n jne 40f\n"
#define ROUNDS(ROWS, LAYOUT)                                                                                           \
    ".p2align 5\n"                                                                                                     \
    "10:\n" STEP(0, ROWS, LAYOUT)                                                                                      \
    "11:\n" STEP(1, ROWS, LAYOUT)                                                                                      \
    "12:\n" STEP(2, ROWS, LAYOUT)                                                                                      \
    "13:\n" STEP(3, ROWS, LAYOUT) LAYOUT##_NEXT                                                                        \
    "lea (%%rsi,%%rcx,4),%%rsi\n .if %c[ahead]\n lea (%%rdx,%%rcx,4),%%rdx\n .endif\n"                                 \
    ".if %c[copies]\n add $256,%%r14\n .endif\n"                                                                       \
    "dec %%rax\n jnz 10b\n"
/* Goes on to the row that the steps ask for next; what lies before it in the burst is asked for here. */
#define STOP                                                                                                           \
    "sub $1,%%r15\n jb 50f\n"                                                                                          \
    "mov %c[burst](%%rdi),%%rax\n"                                                                                     \
    "30: add %%r13,%%r12\n .if %c[copies] == 0\n dec %%r14\n jz 33f\n .endif\n"                                        \
    "31: dec %%rax\n jnz 32f\n"                                                                                        \
    "mov %c[pause](%%rdi),%%rax\n jmp 10b\n"                                                                           \
    "32:\n" PREFETCH_ROW "jmp 30b\n"                                                                                   \
    "33: mov 8+%c[later](%%rdi),%%r12\n mov 8+%c[later_distance](%%rdi),%%r13\n jmp 31b\n"
#define OUT_OF_LINE(ROWS)                                                                                              \
    "20: mov %c[start_distance](%%rdi),%%r15\n" ROWS(LOAD_ROW, )                                                       \
    "cmpl $0x3f800000,%c[scale](%%rdi)\n je 21b\n" READ_SCALE ROWS(SCALE_ROW, ) "jmp 21b\n"                            \
    "40: cmpl $2,%c[skip](%%rdi)\n jb 11b\n je 12b\n jmp 13b\n"
#define END(ROWS)                                                                                                      \
    "50: mov %c[c](%%rdi),%%rax\n mov %c[c_distance](%%rdi),%%r15\n" ROWS(STORE_ROW, )
#define TILE(ROWS, LAYOUT)                                                                                             \
    READ_WORK(LAYOUT) START(ROWS) ROUNDS(ROWS, LAYOUT) STOP OUT_OF_LINE(ROWS) END(ROWS)
/* clang-format on */

#define OFFSET(member) [member] "i"(offsetof(struct tile_work, member))
#define RUN_TILE(text, vectors, mask_last, ask_ahead, copy_b)                                                          \
    __asm__ volatile(                                                                                                  \
        text                                                                                                           \
        :                                                                                                              \
        : "D"(w), OFFSET(a), OFFSET(a_distance), OFFSET(b), OFFSET(b_ahead), OFFSET(b_distance), OFFSET(c),            \
          OFFSET(c_distance), OFFSET(start), OFFSET(start_distance), OFFSET(skip), OFFSET(rounds), OFFSET(stops),      \
          OFFSET(pause), OFFSET(burst), OFFSET(later), OFFSET(later_distance), OFFSET(later_rows), OFFSET(b_copy),     \
          OFFSET(scale),                                                                                               \
          OFFSET(mask), [nv] "i"(vectors), [masked] "i"(mask_last), [ahead] "i"(ask_ahead), [copies] "i"(copy_b)       \
        : "rax", "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "cc", "memory",     \
          "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",   \
          "xmm13", "xmm14", "xmm15" UPPER_REGISTERS)

#if NV == 3
#define UPPER_REGISTERS                                                                                                \
    , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27",      \
        "xmm28", "xmm29", "xmm30", "xmm31", "k1"
#else
#define UPPER_REGISTERS
#endif

#define TILE_CASE(m, vectors, masked, ahead, copies)                                                                   \
    case m:                                                                                                            \
        if (beside)                                                                                                    \
            RUN_TILE(TILE(ROWS_##m, BESIDE), vectors, masked, ahead, copies);                                          \
        else                                                                                                           \
            RUN_TILE(TILE(ROWS_##m, APART), vectors, masked, ahead, copies);                                           \
        break
/* m, more than WIDE_ROWS, beside, ahead and copies are constants. */
ALWAYS_INLINE void whole_tile(const struct tile_work *w, size_t m, bool beside, bool ahead, bool copies) {
    if (copies)
        switch (m) { TILE_CASES(NV, 0, 1, 1); }
    else if (ahead)
        switch (m) { TILE_CASES(NV, 0, 1, 0); }
    else
        switch (m) { TILE_CASES(NV, 0, 0, 0); }
}

#if NV == 3
#define PARTIAL_TILES
/* Whole vectors, or the last one with a mask. */
ALWAYS_INLINE void partial_tile(const struct tile_work *w, size_t m, size_t nv, bool masked, bool beside) {
    if (nv == 1 && !masked)
        switch (m) { TILE_CASES(1, 0, 1, 0); }
    else if (nv == 2 && !masked)
        switch (m) { TILE_CASES(2, 0, 1, 0); }
    else if (nv == 1)
        switch (m) { TILE_CASES(1, 1, 1, 0); }
    else if (nv == 2)
        switch (m) { TILE_CASES(2, 1, 1, 0); }
    else
        switch (m) { TILE_CASES(3, 1, 1, 0); }
}
#endif

/* Compilers do not all know that the assembly has used the upper halves, which code without AVX would pay for. */
ALWAYS_INLINE void asm_end(void) {
    _mm256_zeroupper();
}

#endif
