/* SPDX-License-Identifier: BSD-3-Clause */
/* The compiler includes it into every source of the library, and CMake compiles it when it configures: refuses options
 * that change the bits of results, and what can be seen of them. tools/cmake/refused.txt names those that cannot. */
#ifndef TP_CORE_ARITHMETIC_H
#define TP_CORE_ARITHMETIC_H

#ifdef __FAST_MATH__
#error "tileprop refuses -ffast-math, and -Ofast, which implies it: they change the bits of results"
#endif
#if defined __FINITE_MATH_ONLY__ && __FINITE_MATH_ONLY__
#error "tileprop refuses -ffinite-math-only: it loses NaN and infinities"
#endif
#ifdef __ASSOCIATIVE_MATH__
#error "tileprop refuses -fassociative-math, and -funsafe-math-optimizations, which implies it: sums change their order"
#endif
#ifdef __RECIPROCAL_MATH__
#error "tileprop refuses -freciprocal-math: it changes the bits of quotients"
#endif
#ifdef __NO_SIGNED_ZEROS__
#error "tileprop refuses -fno-signed-zeros: it changes the sign of zeros"
#endif
#if defined __GNUC__ && !defined __clang__ && defined __GCC_IEC_559 && __GCC_IEC_559 < 2
#error "tileprop refuses options, such as -fsingle-precision-constant, by which arithmetic is not that of IEC 559"
#endif
/* With half floats in hardware it is 16, which is the same for wider types. */
#if defined __FLT_EVAL_METHOD__ && __FLT_EVAL_METHOD__ != 0 && __FLT_EVAL_METHOD__ != 16
#error "tileprop refuses -mfpmath=387 and -ffp-eval-method: results would be rounded twice"
#endif

/* The structs of the public header and of zlib have enums, which other programs take for ints. */
enum tp_enum_size { TP_ENUM_SIZE };
_Static_assert(sizeof(enum tp_enum_size) == sizeof(int), "tileprop refuses -fshort-enums: it changes public structs");

#endif
