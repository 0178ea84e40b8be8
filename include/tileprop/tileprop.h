/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tileprop: train multilayer perceptrons on CPUs.
 *
 * This header is the manual. It is C11 and can be included from C++.
 *
 * Objects
 *   tp_context    the machine: instruction set, thread count, allocator, last message
 *   tp_model      architecture and parameters; const while it is used for inference
 *   tp_workspace  every buffer that a forward or backward pass needs
 *   tp_optimizer  the state of an update rule
 *   tp_trainer    mini-batches, shuffling, validation, epochs
 *   tp_dataset    samples and targets read from files
 *   tp_output     a file that is about to be made or replaced
 *
 * Memory. Every object is released by its own destroy function, which accepts NULL. A context must outlive
 * everything made from it, a model everything made for it. Workspaces, optimisers and trainers live in memory that the
 * caller may provide: ask the size function, pass the block (any alignment) and its size to the create function, and
 * release the block after the destroy function. With NULL and 0 they allocate through the context. After creation
 * nothing is allocated: tp_forward, tp_backward, tp_optimizer_step and tp_trainer_run never call an allocator.
 *
 * Errors. Functions return a tp_status. On failure outputs are untouched unless stated otherwise, and a message that
 * names the offending argument, file or field is stored in the context (tp_context_message); it counts layers from 0.
 * Passing NULL for a required pointer is an error, never a crash; so is a workspace or an optimiser that was made for
 * another model, and a matrix packed for another instruction set. What cannot be told is trusted: that a pointer has as
 * many elements as the sizes say, and that tp_idx_release gets the context that read the file. The library never
 * prints, exits, aborts, installs signal handlers, or changes the floating-point environment, locale or thread
 * affinity.
 *
 * Threads. No global state. Different threads may use one context and one model at the same time as long as each has
 * its own workspace and nobody changes the model. tp_optimizer_step, tp_train_step, tp_trainer_run,
 * tp_model_set_parameters and tp_context_set_threads change what they are given and need exclusive access to it.
 * Parallel work inside a call uses OpenMP threads; called from inside a parallel region the library runs on the
 * calling thread alone, and so it does everywhere if it was built without OpenMP (tp_machine says so). By default a
 * call uses as many threads as OpenMP would: what OMP_NUM_THREADS or omp_set_num_threads says; else one for each
 * processor, but no more than there is processor time for (tp_machine.quota). Where the process may not start so many
 * threads, fewer work. OpenMP ends a process in which it cannot start one: that remains possible if others take threads
 * or memory in that moment, or if a region of yours left OpenMP fewer threads than the call before. pthread_cancel
 * takes effect after the call; callbacks and allocators run with cancellation held off. PTHREAD_CANCEL_ASYNCHRONOUS is
 * not supported.
 *
 * Unloading. dlclose leaves the library and OpenMP in memory, whose threads outlive calls. A plugin that links the
 * static library must be linked with -z nodelete, as the pkg-config file and the CMake package do.
 *
 * Fork. A child may use what its parent had made, if no call was under way in another thread. If the library shared out
 * work on the forking thread before, then on that thread it runs alone in the child, where GNU's OpenMP would hang;
 * threads that the child starts have teams again. If other code of yours did, give the child's contexts one thread.
 *
 * Same bits everywhere. For one release of the library, every result depends only on the inputs and the shapes: not on
 * the instruction set, the number of threads or the run. The promise holds in the default floating-point environment
 * (round to nearest, no flush to zero, no traps: exceptions raise their flags); in another one every thread that takes
 * part computes in the mode that it has. A program that is linked with -ffast-math begins in another one. A context
 * that is created there says so in a note (tp_message_fn) and in tp_machine. Sign and payload of a NaN are outside the
 * promise.
 *
 * NaN and infinity are data, not errors; only options must be finite. What takes part shows, the rest is not read:
 *   product      NaN in row i of op(A) shows in row i of C, in column j of op(B) or of the bias in column j, in C or in
 *                alpha or beta wherever that is used; 0 times NaN or infinity is NaN. beta = 0 (or -0) stores without
 *                reading C; alpha = 0 or k = 0 does not read A and B.
 *   padding      what lies between rows is neither read nor written, anywhere.
 *   activations  f(NaN) is NaN; at infinity f is its limit.
 *   derivatives  the incoming derivative times f': NaN in either shows; but ReLU and leaky ReLU choose by their output:
 *                at NaN the derivative passes unchanged, and ReLU gives 0 where its output is 0.
 *   softmax      a row with NaN or +Inf, or all -Inf, is all NaN; else -Inf gives 0.
 *   losses       NaN in an output or target gives NaN; finite logits never give the logarithm of 0. At an infinite
 *                output MSE, MAE and Huber are Inf (NaN if the target is the same); at an infinite logit BCE is Inf or
 *                NaN, and CCE NaN for +Inf, for -Inf Inf or, where the target is 0, without that term.
 *   optimisers   NaN or infinity in the gradient makes its own parameter NaN or infinite, in later steps too, and no
 *                other; but with clip_norm NaN makes all NaN, and infinity makes the rest of the gradient 0. Finite
 *                gradients may be as large as they like: Adam takes at most 2^63 of them (tp_optimizer_kind). Where
 *                another rule's velocity or parameter overflows, it shows as infinity.
 *   training     a loss that is not finite stops tp_trainer_run before that step changes anything; parameters that a
 *                step made so are found by the next loss or at the end of the epoch. Validation, tp_evaluate and
 *                tp_predict report what they find.
 *
 * Denormal numbers. Products keep them. Everything else that the library computes on floats (scaling of samples,
 * activations but for the identity, their derivatives, losses, dropout, updates of parameters and state) reads a number
 * of magnitude below 2^-126 as 0 and writes 0 where a result would be one, whatever its sign. So a dead unit, a moment
 * that fades or a saturated output takes no more time than others. This is part of the arithmetic, the same bits
 * everywhere; the floating-point mode of the processor is neither needed nor changed. Updates go a little further, so
 * that no product in them is denormal, but never above 2^-100: SGD, momentum and Nesterov take gradients, and make
 * velocities, of less than 2^-126 / rate for 0, and a weight that decays becomes 0 where its decay (weight_decay w, for
 * AdamW rate weight_decay w) would be below 2^-126. Denormal weights that an optimiser finds become 0 in its first
 * step.
 *
 * Stack. No function needs more than 64 KiB of the calling thread's stack, its callbacks and hooks not counted.
 * OpenMP's threads have stacks of their own (OMP_STACKSIZE).
 *
 * Notation. N samples (the batch), layers l = 1..L of width n_l, n_0 inputs; all matrices are row-major:
 *   A_0 = X                           N x n_0
 *   Z_l = A_{l-1} W_l + 1 b_l         N x n_l      W_l: n_{l-1} x n_l, b_l: n_l
 *   A_l = f_l(Z_l)                    N x n_l      A_L is the prediction
 *   dZ_l = dJ/dZ_l                    N x n_l
 */
#ifndef TILEPROP_TILEPROP_H
#define TILEPROP_TILEPROP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TP_VERSION_MAJOR 0
#define TP_VERSION_MINOR 2
#define TP_VERSION_PATCH 0

#if defined(__GNUC__)
#define TP_API __attribute__((visibility("default")))
#define TP_INLINE static __inline__ __attribute__((unused)) /* in every version of C */
#define TP_EXTENSION __extension__
#else
#define TP_API
#define TP_INLINE static inline
#define TP_EXTENSION
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* -------------------------------------------------------------------------------------------- versions and structs */

/*
 * What a version may change, and which shared library a program needs:
 *   patch  nothing of the interface. Results may change only where they were wrong; the change log says so.
 *   minor  additions: functions, enum constants, fields at the end of structs. Results may change; the change log says
 *          so. A program that was compiled for an older minor version of the same major version works as before.
 *   major  anything. Before 1.0 a minor version may do what a major one may.
 * The name of the shared library (soname) has the major version, before 1.0 the minor version as well.
 *
 * Structs that the library reads can grow. Each begins with struct_size, the sizeof of the program that was compiled:
 *   options   Call the default function first: it sets struct_size and every field. An options struct without it is
 *             refused with TP_ERR_ARGUMENT.
 *   data      tp_data, tp_targets, tp_outputs and tp_epilogue: 0, as in a struct that begins as zeros, means the fields
 *             of version 0.2; a program that uses later fields sets struct_size.
 * Fields that an older program does not have are taken as their defaults. A struct that is larger than the library
 * knows, from a program that was compiled for a newer version, is refused with TP_ERR_UNSUPPORTED.
 * reserved, at the end of tp_layer, must be 0: so no later field can hide in its padding.
 * Structs that the library passes to callbacks, or returns pointers to, may grow as well. tp_score and tp_idx, which
 * the library writes, never change.
 */

/* -------------------------------------------------------------------------------------------- status and version */

typedef enum tp_status {
    TP_OK = 0,
    TP_ERR_ARGUMENT,    /* an argument is NULL, out of range or contradicts another */
    TP_ERR_MEMORY,      /* the allocator returned NULL, or a provided block is too small */
    TP_ERR_UNSUPPORTED, /* this machine or this build cannot do what was asked */
    TP_ERR_IO,          /* a file could not be opened, read, written or renamed */
    TP_ERR_MISSING,     /* a data set has no files for the split that was asked for */
    TP_ERR_FORMAT,      /* a file was read, but its contents are not valid */
    TP_ERR_NONFINITE,   /* a loss became NaN or infinite; the parameters are those before that step */
    TP_ERR_STOPPED      /* a callback asked to stop; everything is consistent up to the last step */
} tp_status;

/* A short description of a status, never NULL, not to be freed. */
TP_API const char *tp_status_text(tp_status status);

/* The version of the library that was linked, for example "0.2.0". */
TP_API const char *tp_version(void);

/* ------------------------------------------------------------------------------------------------------- context */

typedef struct tp_context tp_context;

/* Memory hooks. allocate returns size bytes aligned to alignment (a power of two, at least 64) or NULL; release gets
 * what allocate returned. Both may be called from any thread that uses the context. */
typedef struct tp_allocator {
    void *(*allocate)(void *user, size_t alignment, size_t size);
    void (*release)(void *user, void *block);
    void *user;
} tp_allocator;

/* Receives every error message as it happens, on the thread on which it happened; with status TP_OK it receives notes:
 * something succeeded, but not as the user may expect. The context keeps errors only. */
typedef void tp_message_fn(void *user, tp_status status, const char *message);

typedef struct tp_context_options {
    size_t struct_size;     /* set by tp_context_options_default */
    const char *isa;        /* "scalar", "avx2", ...; NULL: $TILEPROP_ISA if set and not empty, else the best */
    int threads;            /* at most this many threads per call; 0: the default, as under "Threads" above */
    tp_allocator allocator; /* both functions NULL: the C library's */
    tp_message_fn *message; /* may be NULL */
    void *message_user;
} tp_context_options;

/* The default of every field. init, for other languages, takes the size of the struct that they have. */
TP_API void tp_context_options_init(tp_context_options *options, size_t struct_size);
TP_INLINE void tp_context_options_default(tp_context_options *options) {
    tp_context_options_init(options, sizeof *options);
}

/* Detects the CPU and chooses the instruction set. options may be NULL (defaults). An ISA name that is unknown or that
 * this machine cannot run gives TP_ERR_UNSUPPORTED; the message callback lists what it can run. */
TP_API tp_status tp_context_create(const tp_context_options *options, tp_context **context);
TP_API void tp_context_destroy(tp_context *context);

/* Name of the instruction set in use. */
TP_API const char *tp_context_isa(const tp_context *context);

/* At most this many threads work in a call: as many as were asked for; 1 if the library was built without OpenMP. */
TP_API int tp_context_threads(const tp_context *context);

/* threads as in the options. Not while another call uses the context. Results do not depend on it. Workspaces made
 * before keep the thread count that they were made for. */
TP_API tp_status tp_context_set_threads(tp_context *context, int threads);

/* Messages have at most 1023 bytes, on one line. What they quote (paths, names in files) is shown in at most 300:
 * longer ones lose their middle. Control characters and whatever is not UTF-8 are shown as \xNN. This copies the
 * message of the last error (any thread), or "" if there was none, always terminated. Returns its full length without
 * the terminator, so a return of size or more means that it was cut. */
TP_API size_t tp_context_message(const tp_context *context, char *buffer, size_t size);

/* Stores message as the library stores its own, calls the callback, and returns status: for interfaces to other
 * languages, which check what C cannot see. NULL for context stores nothing, NULL for message "". */
TP_API tp_status tp_context_set_message(const tp_context *context, tp_status status, const char *message);

/* One line of machine facts for logs and bug reports. */
typedef struct tp_machine {
    char vendor[16];       /* "GenuineIntel", "AuthenticAMD", "Arm", ... */
    char features[128];    /* detected and usable features, separated by blanks */
    size_t l1d, l2, l3;    /* data cache sizes in bytes, 0 if unknown */
    int processors;        /* processors that this process may run on */
    const char *isa;       /* in use */
    size_t tile_rows;      /* microkernel MR */
    size_t tile_columns;   /* microkernel NR */
    size_t mc, kc, nc;     /* cache blocking of the matrix product, in elements */
    char usable[64];       /* instruction sets that this machine can run, best first, separated by blanks */
    const char *sleef;     /* version of SLEEF that the build used */
    const char *threading; /* "OpenMP", or "none": a build without it, where every call stays on its thread */
    int quota;             /* processors whose time control groups (of containers, of Slurm) leave to this process,
                              rounded up; 0: no limit */
    char floating_point[96]; /* mode of the thread that created the context: "default", or what it has of
                                "flush-to-zero", "denormals-are-zero", "rounding up", "rounding down",
                                "rounding towards zero" and "traps", separated by commas */
} tp_machine;

/* Lives as long as the context; NULL if context is NULL. */
TP_API const tp_machine *tp_context_machine(const tp_context *context);

/* ------------------------------------------------------------------------------------------------ matrix product */

typedef enum tp_transpose { TP_TRANSPOSE_NO = 0, TP_TRANSPOSE_YES = 1 } tp_transpose;

/*
 * C = alpha op(A) op(B) + beta C, f32, row-major; op(X) is X or its transpose.
 *   op(A): m x k, op(B): k x n, C: m x n. lda, ldb, ldc are the distances between rows as stored, in elements, at least
 *   the stored row length (and at least 1).
 * Each element is one chain: acc = beta * C (0 if beta is 0), then for k ascending acc = fma(alpha * a, b, acc), where
 * alpha * a is rounded. beta = 0 never reads C; alpha = 0 or k = 0 never reads A and B; m = 0 or n = 0 does nothing.
 * C must not overlap A or B.
 * workspace: at least tp_sgemm_workspace_size bytes, any alignment; NULL with size 0 allocates for the call.
 */
TP_API tp_status tp_sgemm(tp_context *context, tp_transpose transpose_a, tp_transpose transpose_b, size_t m, size_t n,
                          size_t k, float alpha, const float *a, size_t lda, const float *b, size_t ldb, float beta,
                          float *c, size_t ldc, void *workspace, size_t workspace_size);

/* Bytes that tp_sgemm needs for these sizes with the context's thread count; 0 if context is NULL. */
TP_API size_t tp_sgemm_workspace_size(const tp_context *context, size_t m, size_t n, size_t k);

/* op(B) laid out once for many products. Read-only: any number of threads may use it. It takes no part of B along. */
typedef struct tp_packed tp_packed;

/* Bytes for op(B): k x n; 0 if context is NULL or the size does not fit in size_t. */
TP_API size_t tp_packed_size(const tp_context *context, size_t k, size_t n);
/* memory and size as for workspaces. */
TP_API tp_status tp_packed_create(tp_context *context, tp_transpose transpose_b, size_t k, size_t n, const float *b,
                                  size_t ldb, void *memory, size_t size, tp_packed **packed);
/* Packs another matrix of the same k x n in place of the old one; not while it is in use. */
TP_API tp_status tp_packed_update(tp_packed *packed, tp_transpose transpose_b, const float *b, size_t ldb);
TP_API void tp_packed_destroy(tp_packed *packed);

/* --------------------------------------------------------------------------------------------------------- model */

/* NaN gives NaN. At -Inf sigmoid, softplus, SiLU and GELU are 0, tanh -1, ELU -slope; at +Inf sigmoid and tanh are 1,
 * the others but softmax +Inf. */
typedef enum tp_activation {
    TP_ACTIVATION_IDENTITY = 0, /* z */
    TP_ACTIVATION_RELU,         /* z <= 0 ? 0 : z; derivative 0 at 0; NaN passes */
    TP_ACTIVATION_LEAKY_RELU,   /* z <= 0 ? slope z : z */
    TP_ACTIVATION_SIGMOID,      /* (z >= 0 ? 1 : e) / (1 + e), e = exp(-|z|) */
    TP_ACTIVATION_TANH,         /* tanh z */
    TP_ACTIVATION_SOFTMAX,      /* exp(z_k - m) / sum_j exp(z_j - m), m = max z; last layer only */
    TP_ACTIVATION_ELU,          /* z <= 0 ? slope (exp(z) - 1) : z; Clevert et al. 2016, whose alpha is slope */
    TP_ACTIVATION_SOFTPLUS,     /* ln(1 + exp(z)) */
    TP_ACTIVATION_SILU,         /* z / (1 + exp(-z)), also called Swish */
    TP_ACTIVATION_GELU, /* z (1 + erf(z / sqrt 2)) / 2; Hendrycks and Gimpel 2016, not the approximation by tanh */
    TP_ACTIVATION_COUNT
} tp_activation;

/*
 * Accuracy, as tests/ulp.c measures it over all 2^32 floats: the largest errors in units in the last place (ulp) of
 * the true value, for results of at least 2^-126; below, the result is 0.
 *   sigmoid 2.41   tanh 1.00   ELU 1.00, slope 1   softplus 1.50   SiLU 3.40   GELU 3.57   leaky ReLU 0.5   ReLU exact
 *   derivatives: sigmoid 1.50   tanh 0.5   ELU 0.5   softplus 1.00
 *   derivatives of SiLU 3.22 and GELU 3.53, in ulp of the sum of the absolute values of their two terms, where that is
 *   at least 2^-119; below, the result may be 0
 *   softmax and the losses are made of exp 0.99, ln 0.63 and log1p 1.01
 */

/* What is done to each element of C after its last k step, while it is at hand. */
typedef struct tp_epilogue {
    size_t struct_size;       /* sizeof(tp_epilogue) or 0 */
    const float *bias;        /* n values, one per column, with which the sums start; needs beta = 0; NULL: none */
    tp_activation activation; /* C = f(C), elementwise ones only */
    float slope;              /* as in tp_layer */
    const float *outputs;     /* instead: C = C * f'(z) by the outputs a = f(z), m x n, with SiLU and GELU by z itself;
                                 NULL: C = f(C) */
    size_t ld;                /* row distance of outputs, at least n */
} tp_epilogue;

/* tp_sgemm with a packed op(B): C = epilogue(alpha op(A) op(B) + beta C), the same chains and so the same bits.
 * epilogue may be NULL. workspace as for tp_sgemm, with n and k of the packed matrix. */
TP_API tp_status tp_sgemm_packed(tp_context *context, tp_transpose transpose_a, size_t m, float alpha, const float *a,
                                 size_t lda, const tp_packed *b, float beta, const tp_epilogue *epilogue, float *c,
                                 size_t ldc, void *workspace, size_t workspace_size);

/* Losses are means over samples. y is the target. The loss with its options is one objective of the model: training,
 * validation, tp_loss_value and tp_evaluate all report it, label smoothing included (as in Keras, and in PyTorch with
 * one criterion for both). */
typedef enum tp_loss {
    TP_LOSS_MSE = 0, /* (1/n_L) sum_j (a_j - y_j)^2; with every activation */
    TP_LOSS_BCE, /* sum_j max(z_j, 0) - z_j y_j + log1p(exp(-|z_j|)); needs TP_ACTIVATION_SIGMOID as last activation */
    TP_LOSS_CCE, /* logsumexp(z) - sum_j y_j z_j, sum_j y_j = 1; needs TP_ACTIVATION_SOFTMAX as last activation */
    TP_LOSS_MAE, /* (1/n_L) sum_j |a_j - y_j|, derivative 0 where a_j = y_j; with every activation */
    TP_LOSS_HUBER, /* (1/n_L) sum_j h(a_j - y_j), h(e) = |e| <= delta ? e^2/2 : delta (|e| - delta/2); with every
                 activation: Huber 1964 */
    TP_LOSS_COUNT
} tp_loss;

/* Weight initialisation; biases start at 0. fan_in = n_{l-1}, fan_out = n_l. */
typedef enum tp_init {
    TP_INIT_AUTO = 0,       /* He normal before ReLU and its kin (leaky ReLU, ELU, softplus, SiLU, GELU), else Glorot
                               uniform */
    TP_INIT_HE_NORMAL,      /* N(0, 2 / fan_in) */
    TP_INIT_HE_UNIFORM,     /* U(-r, r), r = sqrt(6 / fan_in) */
    TP_INIT_GLOROT_NORMAL,  /* N(0, 2 / (fan_in + fan_out)) */
    TP_INIT_GLOROT_UNIFORM, /* U(-r, r), r = sqrt(6 / (fan_in + fan_out)) */
    TP_INIT_ZERO,
    TP_INIT_COUNT
} tp_init;

/* The names that files and the command line use: "relu", "cce", "he_normal", ... NULL if the value is not valid. */
TP_API const char *tp_activation_name(tp_activation activation);
TP_API const char *tp_loss_name(tp_loss loss);
TP_API const char *tp_init_name(tp_init init);

#define TP_MAX_LAYERS 64

typedef struct tp_layer {
    size_t width;             /* n_l, at least 1 */
    tp_activation activation; /* f_l */
    float slope;              /* leaky ReLU: 0 <= slope <= 1; ELU: its alpha, positive and finite, 0 standing for 1 */
    float dropout;            /* 0 <= p < 1: tp_workspace_set_dropout; 0 in the last layer */
    uint32_t reserved;        /* 0 */
} tp_layer;

/*
 * How values in a program's units become those of the network and back:
 *   scaled = (value - mean) (1 / deviation), value = scaled deviation + mean,
 * each operation in double, the result rounded once to float (or left in double). Means are finite; deviations are
 * positive, and they and their reciprocals finite. Copied with what they point to.
 */
typedef struct tp_scaling {
    size_t count;            /* 0: values are left as they are; 1: one pair for all; or as many as inputs (outputs) */
    const double *mean;      /* count each, or NULL */
    const double *deviation;
} tp_scaling;

typedef struct tp_model_options {
    size_t struct_size;     /* set by tp_model_options_default */
    size_t inputs;          /* n_0, at least 1 */
    size_t layer_count;     /* L, 1..TP_MAX_LAYERS */
    const tp_layer *layers; /* L entries, copied */
    size_t layer_size;      /* sizeof(tp_layer), as the default function sets it */
    tp_loss loss;
    tp_init init;
    uint64_t seed;         /* of the initialisation: weight i of layer l is a function of (seed, l, i) */
    tp_scaling inputs_scaled;  /* by the trainer, tp_evaluate and tp_predict; tp_forward takes scaled inputs */
    tp_scaling outputs_scaled; /* targets of the trainer and tp_evaluate, and back by tp_predict; for values, with */
                               /* MSE, MAE and Huber; the losses are those of scaled outputs */
    float huber_delta;     /* TP_LOSS_HUBER only: delta > 0 */
    float label_smoothing; /* TP_LOSS_BCE and TP_LOSS_CCE only, else 0: s, 0 <= s < 1; every target y becomes */
                           /* (1-s) y + s/n_L with CCE, (1-s) y + s/2 with BCE: Szegedy et al. 2016 */
} tp_model_options;

/* CCE, He/Glorot by activation, seed 1, no scaling, Huber's delta 1, no smoothing; inputs and layers are left for the
 * caller to fill. */
TP_API void tp_model_options_init(tp_model_options *options, size_t struct_size, size_t layer_size);
TP_INLINE void tp_model_options_default(tp_model_options *options) {
    tp_model_options_init(options, sizeof *options, sizeof(tp_layer));
}

typedef struct tp_model tp_model;

/* Fails with TP_ERR_ARGUMENT, naming the layer, for softmax before the last layer and for a loss that does not fit the
 * last activation. */
TP_API tp_status tp_model_create(tp_context *context, const tp_model_options *options, tp_model **model);
TP_API void tp_model_destroy(tp_model *model);

/* The architecture. layers points into the model; in a program that was compiled for another version its entries are
 * layer_size bytes apart: tp_model_layer finds one. */
TP_API tp_status tp_model_get_options(const tp_model *model, tp_model_options *options, size_t struct_size);
TP_INLINE tp_status tp_model_describe(const tp_model *model, tp_model_options *options) {
    return tp_model_get_options(model, options, sizeof *options);
}
/* Layer 0..L-1, which lives as long as the model; NULL if there is none. */
TP_API const tp_layer *tp_model_layer(const tp_model *model, size_t layer);

/* Number of parameters: sum over l of n_{l-1} n_l + n_l. The flat order, for parameters and gradients, is W_1
 * (row-major), b_1, W_2, b_2, ... */
TP_API size_t tp_model_parameter_count(const tp_model *model);
/* Offset of W_l and b_l in the flat order, layer = 0..L-1. Either output may be NULL. */
TP_API tp_status tp_model_layer_offsets(const tp_model *model, size_t layer, size_t *weight, size_t *bias);
/* Copies all parameters out or in; count must be tp_model_parameter_count. */
TP_API tp_status tp_model_get_parameters(const tp_model *model, float *parameters, size_t count);
TP_API tp_status tp_model_set_parameters(tp_model *model, const float *parameters, size_t count);

/*
 * Files are replaced as a whole and durably, or left as they were. tp_output_create finds out what can be found out
 * before long work: it holds the directory open and creates a temporary file in it, .tileprop-<random>.tmp, for its
 * owner's eyes only. Committing syncs that file, gives it the permissions of the file that it replaces (else 0666 less
 * the umask), renames it and syncs the directory. A process that is killed leaves at most the temporary file.
 *   - A symbolic link stays and its target is replaced; one to nothing is refused, and so is one that another user made
 *     in a sticky directory in which everybody may write. Anything but a regular file is refused.
 *   - Owner and group of the file that is replaced are kept; where the process may not, creating fails. Other names of
 *     that file (hard links) keep the old contents. Access control lists are not kept.
 *   - A file that is a mount point cannot be renamed; once the temporary file is on disk it is written in place; a
 *     note tells. If that is cut short the file is damaged and the temporary file is there.
 *   - If the directory is moved meanwhile the file is in it all the same, and a note tells where.
 *   - If a commit fails after everything was written, the temporary file stays and the message names it; if something
 *     could not be written, it goes. If only the last sync, of the directory, fails, the new file is in place.
 * An output belongs to one thread at a time.
 */
typedef struct tp_output tp_output;

TP_API tp_status tp_output_create(const tp_context *context, const char *path, tp_output **output);
/* Without a commit nothing has changed. */
TP_API void tp_output_destroy(tp_output *output);

/* Appends to what is to be saved. After a failure, as after a commit, the output can only be destroyed. EFBIG is an
 * error like others: a process with a limit on the size of files has to ignore SIGXFSZ. */
TP_API tp_status tp_output_write(tp_output *output, const void *data, size_t size);
TP_API tp_status tp_output_commit(tp_output *output);

/* Whether path leads, now and through any links, to the file that the output replaces or makes. */
TP_API bool tp_output_is(const tp_output *output, const char *path);

/* Safetensors files: f32 tensors layers.<l>.weight [n_{l-1}, n_l] and layers.<l>.bias [n_l], l from 0; where each input
 * or output is scaled by a pair of its own, f64 tensors input_mean, input_deviation, output_mean and output_deviation.
 * Everything else that describes the model is in __metadata__, the SHA-256 of the tensors' bytes and the version of the
 * format too. Files of version 0.1 load as well; a format that is newer than the library is refused
 * (TP_ERR_UNSUPPORTED). Equal models give equal bytes. Init and seed are not stored. tp_model_save_to writes the file
 * to an output, which must be empty, and commits it; tp_model_save is the same with an output of its own. Both take
 * 64 KiB of memory besides the header's. */
TP_API tp_status tp_model_save_to(const tp_model *model, tp_output *output);
TP_API tp_status tp_model_save(const tp_model *model, const char *path);

/* Loading checks all that the header says, which has at most 256 KiB, before it reads or allocates parameters; these
 * are then read once, to their place, and checked against the SHA-256. Files without one load with a note. */
TP_API tp_status tp_model_load(tp_context *context, const char *path, tp_model **model);

/* What tp_model_load would make, from the header alone, so that a model that does not fit is found before its
 * parameters are read. layers: room for TP_MAX_LAYERS, to which options->layers will point. Of scaling only the counts
 * are told. */
TP_API tp_status tp_model_get_file_options(tp_context *context, const char *path, tp_model_options *options,
                                           size_t struct_size, tp_layer *layers, size_t layer_size);
TP_INLINE tp_status tp_model_describe_file(tp_context *context, const char *path, tp_model_options *options,
                                           tp_layer *layers) {
    return tp_model_get_file_options(context, path, options, sizeof *options, layers, sizeof *layers);
}

/* ---------------------------------------------------------------------------------- workspace, forward, backward */

typedef enum tp_mode {
    TP_MODE_INFERENCE = 0, /* tp_forward only; two activation buffers */
    TP_MODE_TRAINING,      /* keeps every activation (of SiLU and GELU also z) for tp_backward; gradients and deltas */
    TP_MODE_DERIVATIVES /* tp_forward, tp_jacobian and tp_jvp; keeps every activation, and 2 x n_L rows for each thread
                         */
} tp_mode;

typedef struct tp_workspace tp_workspace;

typedef struct tp_workspace_options {
    size_t struct_size; /* set by tp_workspace_options_default */
    size_t max_batch;   /* batches of up to so many samples, at least 1 */
    tp_mode mode;
    int threads; /* at most so many threads work with it; 0: the context's present number. 1 never enters OpenMP. */
} tp_workspace_options;

/* One sample, inference, the context's threads. */
TP_API void tp_workspace_options_init(tp_workspace_options *options, size_t struct_size);
TP_INLINE void tp_workspace_options_default(tp_workspace_options *options) {
    tp_workspace_options_init(options, sizeof *options);
}

/* Bytes, of which each thread takes a part; 0 if an argument is invalid. */
TP_API size_t tp_workspace_size(const tp_model *model, const tp_workspace_options *options);
TP_API tp_status tp_workspace_create(const tp_model *model, const tp_workspace_options *options, void *memory,
                                     size_t size, tp_workspace **workspace);
TP_API void tp_workspace_destroy(tp_workspace *workspace);

/*
 * Dropout (Srivastava et al. 2014) in the tp_forward calls that follow with this training workspace, and their
 * tp_backward: each output of a layer is 0 with the layer's probability p, else times 1 / (1 - p), rounded. Which ones
 * is a function of (seed, step, layer, number of the sample in the batch, unit). step is to be counted from 1, for each
 * forward pass anew; 0, as after creation: no dropout. The workspace forgets its last forward pass. The trainer does
 * this itself, with its seed and step. Inference workspaces, tp_evaluate and tp_predict do without dropout.
 */
TP_API tp_status tp_workspace_set_dropout(tp_workspace *workspace, uint64_t seed, uint64_t step);

/*
 * A_L for batch rows of x (already scaled inputs, row distance ldx >= n_0), written to y (row distance ldy >= n_L).
 * y may be NULL but with an inference workspace. Equation: see the notation above.
 * With a training workspace x must stay unchanged until the tp_backward that follows. batch = 0 does nothing.
 */
TP_API tp_status tp_forward(const tp_model *model, tp_workspace *workspace, size_t batch, const float *x, size_t ldx,
                            float *y, size_t ldy);

/* Exactly one of classes and values is set. */
typedef struct tp_targets {
    size_t struct_size;         /* sizeof(tp_targets) or 0 */
    const int32_t *classes;     /* one per sample, 0..n_L-1, standing for a one-hot row; with n_L = 1, but
                                   for CCE: 0 or 1, the target itself */
    const float *values;        /* rows of n_L targets */
    size_t ld;                  /* row distance of values, at least n_L */
    const float *weights;       /* w_i, one per sample; NULL: all 1 */
    const float *class_weights; /* w_i is multiplied by that of the sample's class: one for each class that classes may
                                   name; only with classes; NULL: all 1 */
} tp_targets;

/*
 * Of samples with losses L_i and weights w_i, which are finite and at least 0:
 *   J = sum_i w_i L_i / sum_i w_i, sums in double, in the order of the samples.
 * Where all weights are 0, J and its gradients are 0. A weight of 0 does not hide a loss that is not finite. Weights of
 * 1, and all weights times the same power of two, give the same bits as none.
 */
typedef struct tp_score {
    double loss;    /* J, the weighted mean over the samples */
    size_t correct; /* samples predicted right, whatever their weights: see below */
    size_t samples;
    double weight; /* sum_i w_i */
} tp_score;
/*
 * A sample is right if the largest output is at the largest target (lowest index among equals); with one output, or
 * with BCE and values, if every output is on the side of its target (output >= 0.5 where target >= 0.5). For BCE and
 * CCE the outputs are compared as logits z_L. For the other losses with values correct is 0. Targets are taken as they
 * are, not smoothed. A loss of NaN is never right.
 */

/* Loss of the last tp_forward of this training workspace. */
TP_API tp_status tp_loss_value(const tp_model *model, tp_workspace *workspace, const tp_targets *targets,
                               tp_score *score);

/*
 * Back-propagates the last tp_forward of this training workspace:
 *   dZ_L = dJ/dZ_L (includes the 1/N, or w_i / sum_i w_i), dZ_l = (dZ_{l+1} W_{l+1}^T) * f_l'(Z_l),
 *   dJ/dW_l = A_{l-1}^T dZ_l, dJ/db_l = column sums of dZ_l, dJ/dX = dZ_1 W_1^T.
 * gradients: tp_model_parameter_count floats in the flat order, overwritten. dx: batch rows of n_0 (row distance lddx).
 * One of both may be NULL and is not computed. score may be NULL. May be called again for the same forward with other
 * targets.
 */
TP_API tp_status tp_backward(const tp_model *model, tp_workspace *workspace, const tp_targets *targets,
                             float *gradients, float *dx, size_t lddx, tp_score *score);

/*
 * As tp_backward for a batch that comes in parts, whose gradients do not fit the memory of one pass: sums, not means,
 *   gradients += d (sum_i w_i L_i) / d parameters, dx = d (sum_i w_i L_i) / dX,
 * added sample by sample to what is there. So parts in a row give the same bits however the batch is cut. Begin with
 * zeros; divide by the sum of the parts' score->weight before tp_optimizer_step.
 */
TP_API tp_status tp_backward_accumulate(const tp_model *model, tp_workspace *workspace, const tp_targets *targets,
                                        float *gradients, float *dx, size_t lddx, tp_score *score);

/* As tp_backward for a loss of your own: dy is dJ/dA_L, batch rows of n_L (row distance lddy). */
TP_API tp_status tp_backward_from(const tp_model *model, tp_workspace *workspace, const float *dy, size_t lddy,
                                  float *gradients, float *dx, size_t lddx);

/*
 * Derivatives of the outputs by the inputs at each sample, with a workspace of mode TP_MODE_DERIVATIVES. x, y and their
 * row distances are those of tp_forward; y may be NULL. batch = 0 does nothing. tp_jacobian  jacobian[i][j][k] = d
 * A_L[i,j] / d X[i,k]: batch x n_L x n_0, contiguous. It costs n_L backward passes of one sample for each sample.
 *   tp_jvp       jv[i] = (d A_L[i] / d X[i]) v[i]: forward mode along one direction for each sample. v: batch rows of
 *                n_0 (row distance ldv), jv: batch rows of n_L (row distance ldjv). It costs two forward passes.
 * v and jv must not overlap each other or x and y.
 */
TP_API tp_status tp_jacobian(const tp_model *model, tp_workspace *workspace, size_t batch, const float *x, size_t ldx,
                             float *y, size_t ldy, float *jacobian);
TP_API tp_status tp_jvp(const tp_model *model, tp_workspace *workspace, size_t batch, const float *x, size_t ldx,
                        const float *v, size_t ldv, float *y, size_t ldy, float *jv, size_t ldjv);

/* ----------------------------------------------------------------------------------------------------- optimiser */

/* Update rules; g is the gradient, t = 1, 2, ... the step, r the learning rate of the step. */
typedef enum tp_optimizer_kind {
    TP_OPTIMIZER_SGD = 0,  /* w -= r g */
    TP_OPTIMIZER_MOMENTUM, /* v = mu v + g; w -= r v */
    TP_OPTIMIZER_NESTEROV, /* v = mu v + g; w -= r (g + mu v) */
    TP_OPTIMIZER_ADAM,     /* m = b1 m + (1-b1) g; s = b2 s + (1-b2) g^2; w -= r' m / (sqrt(s)/c + eps),
                    r' = r/(1-b1^t), c = sqrt(1-b2^t): Kingma and Ba 2015, bias-corrected. So that g^2 is a normal
                    number, g beyond +-2^63 counts as +-2^63, and g of magnitude at most sqrt(2^-126 / (1-b2)), or
                    2^-126 / (1-b1) if that is more, as 0: 3.4e-18 by default */
    TP_OPTIMIZER_ADAMW,    /* w -= r decay w, then Adam without decay in the gradient: Loshchilov and Hutter 2019 */
    TP_OPTIMIZER_COUNT
} tp_optimizer_kind;

/* Factor of the learning rate at step t = 1.. of total_steps, after warm-up. */
typedef enum tp_schedule {
    TP_SCHEDULE_AUTO = 0, /* cosine where total_steps is set, as a trainer does; else constant */
    TP_SCHEDULE_CONSTANT, /* 1 */
    TP_SCHEDULE_STEP,     /* step_factor ^ floor((t-1) / step_every) */
    TP_SCHEDULE_COSINE,   /* final + (1 - final) (1 + cos(pi p)) / 2, p = (t - 1 - warmup_steps) / (total_steps -
                    warmup_steps) kept within 0..1 */
    TP_SCHEDULE_COUNT
} tp_schedule;

TP_API const char *tp_optimizer_name(tp_optimizer_kind kind);
TP_API const char *tp_schedule_name(tp_schedule schedule);

typedef struct tp_optimizer_options {
    size_t struct_size; /* set by tp_optimizer_options_default */
    tp_optimizer_kind kind;
    float learning_rate; /* > 0 */
    float momentum;      /* mu, 0 <= mu < 1 */
    float beta1, beta2;  /* 0 <= b < 1 */
    float epsilon;       /* > 0 */
    float weight_decay;  /* >= 0; of weights, not biases: added to g as decay w, except AdamW */
    float clip_norm;     /* > 0: scale the whole gradient, before decay is added, so that its Euclidean norm is at
                            most this; 0: off */
    tp_schedule schedule;
    uint64_t warmup_steps; /* the rate grows linearly: times t / warmup_steps while t <= warmup_steps */
    uint64_t total_steps;  /* cosine only, > warmup_steps; the trainer fills in 0 */
    uint64_t step_every;   /* step schedule only, >= 1 */
    float step_factor;     /* step schedule only, > 0 */
    float final_factor;    /* cosine only, 0..1 */
} tp_optimizer_options;

/* Adam, 1e-3, 0.9, 0.9, 0.999, 1e-8, no decay, no clipping, schedule auto. */
TP_API void tp_optimizer_options_init(tp_optimizer_options *options, size_t struct_size);
TP_INLINE void tp_optimizer_options_default(tp_optimizer_options *options) {
    tp_optimizer_options_init(options, sizeof *options);
}

typedef struct tp_optimizer tp_optimizer;

TP_API size_t tp_optimizer_size(const tp_model *model, const tp_optimizer_options *options);
TP_API tp_status tp_optimizer_create(const tp_model *model, const tp_optimizer_options *options, void *memory,
                                     size_t size, tp_optimizer **optimizer);
TP_API void tp_optimizer_destroy(tp_optimizer *optimizer);

/* One update of the model's parameters from flat gradients (not modified). */
TP_API tp_status tp_optimizer_step(tp_optimizer *optimizer, tp_model *model, const float *gradients);

/*
 * One training step in a loop of your own: tp_forward, tp_backward and tp_optimizer_step in one, with the gradients
 * going into the update while they are in cache; the same bits. x: batch >= 1 rows of n_0 already scaled inputs, not
 * needed after the call. workspace: a training workspace; optimizer: made for this model. score may be NULL.
 * TP_ERR_NONFINITE: the loss, which score tells, is not finite, and neither the parameters nor the optimiser changed.
 */
TP_API tp_status tp_train_step(tp_model *model, tp_workspace *workspace, tp_optimizer *optimizer, size_t batch,
                               const float *x, size_t ldx, const tp_targets *targets, tp_score *score);

/* Another learning rate > 0 from the next step on. The schedule's factor multiplies it as before. */
TP_API tp_status tp_optimizer_set_learning_rate(tp_optimizer *optimizer, float learning_rate);

/*
 * What the optimiser has gathered, to go on elsewhere with the same bits: tp_optimizer_state_count arrays in the flat
 * order of the parameters (SGD 0; momentum and Nesterov 1: v; Adam and AdamW 2: m, then s) and the number of steps.
 * which counts the arrays from 0; count must be tp_model_parameter_count. Values are taken as they are; those of s must
 * not be negative.
 */
TP_API size_t tp_optimizer_state_count(const tp_optimizer *optimizer);
TP_API tp_status tp_optimizer_get_state(const tp_optimizer *optimizer, size_t which, float *values, size_t count);
TP_API tp_status tp_optimizer_set_state(tp_optimizer *optimizer, size_t which, const float *values, size_t count);
TP_API tp_status tp_optimizer_set_steps(tp_optimizer *optimizer, uint64_t steps);

/* Steps done so far, and the rate that step t (from 1) uses. */
TP_API uint64_t tp_optimizer_steps(const tp_optimizer *optimizer);
TP_API float tp_optimizer_learning_rate(const tp_optimizer *optimizer, uint64_t step);

/* --------------------------------------------------------------------------------------------- data and training */

/*
 * Samples in memory that the caller owns. Exactly one of bytes, floats and doubles, and one of classes, values and
 * double_values, is set. Values are in the program's units (tp_scaling). Value j of sample i is at
 * i * sample_stride + j * value_stride, in elements; both 0: samples follow each other. So a Fortran array of (samples,
 * features) has the strides 1 and samples.
 */
typedef struct tp_data {
    size_t struct_size; /* sizeof(tp_data) or 0 */
    size_t samples;
    size_t features;
    const uint8_t *bytes;
    const float *floats;
    const int32_t *classes;
    const float *values;
    size_t outputs;       /* row length of values; with classes, one more than the largest class */
    const float *weights; /* as in tp_targets, one per sample, for training, validation and tp_evaluate; NULL: all 1 */
    const double *doubles;
    const double *double_values;
    size_t sample_stride, value_stride;         /* of bytes, floats or doubles */
    size_t target_sample_stride, target_stride; /* of values or double_values, likewise */
} tp_data;

typedef struct tp_epoch {
    size_t epoch; /* from 1 */
    size_t epochs;
    uint64_t steps;            /* done since the start */
    double learning_rate;      /* of the last step */
    tp_score train;            /* mean over the epoch's samples, by their weights, of the loss before each step */
    tp_score validation;       /* samples = 0 without validation */
    double seconds;            /* wall time of the epoch with its validation */
    double samples_per_second; /* training samples over the time of steps and on_step */
} tp_epoch;

typedef struct tp_step {
    uint64_t step; /* from 1 */
    uint64_t steps_per_epoch;
    size_t epoch; /* from 1 */
    size_t epochs;
    double loss;    /* of this batch, before the update */
    double seconds; /* since tp_trainer_run began */
} tp_step;

/* Return nonzero to stop after this step or epoch. Called on the thread that called tp_trainer_run; on_step while the
 * other threads wait, so that OpenMP in it runs on one thread. Both may use and change the model, and must return. */
typedef int tp_epoch_fn(void *user, const tp_epoch *epoch);
typedef int tp_step_fn(void *user, const tp_step *step);

/* Seconds that a thread spends on what, without callbacks: bringing samples into the batch; products, biases and
 * activations of the forward pass; loss and its derivative; gradients; updates, also those within the product that
 * makes the gradient, and for one sample that product; waiting for other threads. Shuffling, validation and checks are
 * in none of them. To read the clock for it costs some 0.1 microseconds a phase. */
typedef struct tp_phases {
    double data, forward, loss, backward, update, barrier;
} tp_phases;

typedef struct tp_train_options {
    size_t struct_size;         /* set by tp_train_options_default */
    size_t batch;               /* >= 1 */
    size_t epochs;              /* >= 1 */
    bool shuffle;               /* a new order each epoch, a function of (seed, epoch) */
    bool phases;                /* measure what the calling thread spends its time on: tp_trainer_phases */
    uint64_t seed;              /* of order, held-out samples and dropout */
    double validation_fraction; /* 0 <= f < 1: held out from the data, chosen by seed (the last ones without shuffle) */
    const tp_data *validation;  /* or a set of its own; NULL: none. Not both. */
    TP_EXTENSION union {
        tp_optimizer_options optimizer;
        unsigned char optimizer_room[256]; /* for its fields of later versions */
    };
    tp_epoch_fn *on_epoch; /* may be NULL */
    tp_step_fn *on_step;   /* may be NULL */
    void *user;
    const float *class_weights; /* as in tp_targets, of the training samples but not those held out or of validation;
                                   NULL: all 1 */
} tp_train_options;

/* Batch 128, 10 epochs, shuffled, seed 1, no validation, Adam as above, which makes the cosine schedule to 0. */
TP_API void tp_train_options_init(tp_train_options *options, size_t struct_size, size_t optimizer_size);
TP_INLINE void tp_train_options_default(tp_train_options *options) {
    tp_train_options_init(options, sizeof *options, sizeof(tp_optimizer_options));
}

typedef struct tp_trainer tp_trainer;

/* What data, options->validation and options->class_weights point to, and the model, must stay valid while the trainer
 * lives; the structs themselves are copied. The last batch of an epoch may be smaller. */
TP_API size_t tp_trainer_size(const tp_model *model, const tp_data *data, const tp_train_options *options);
TP_API tp_status tp_trainer_create(tp_model *model, const tp_data *data, const tp_train_options *options, void *memory,
                                   size_t size, tp_trainer **trainer);
TP_API void tp_trainer_destroy(tp_trainer *trainer);

/* Runs the epochs that are left. TP_ERR_STOPPED after a callback asked for it: call again to go on with the next step.
 * On several threads a run may begin and end with a copy of the first layer's weights: better not stop it often.
 * TP_ERR_NONFINITE: the message names the step and the first layer whose output is not finite; the parameters are those
 * before that step. */
TP_API tp_status tp_trainer_run(tp_trainer *trainer);

/* What the runs so far spent their time on; all 0 without the option. NULL if trainer is NULL. It lives as long as the
 * trainer and grows with every epoch and at the end of a run. */
TP_API const tp_phases *tp_trainer_phases(const tp_trainer *trainer);

/* Loss and right answers over a data set, in batches of at most the workspace's, of either mode. confusion: NULL, or
 * n_L x n_L counts, row = target class, column = predicted class; the targets must be classes and n_L at least 2. */
TP_API tp_status tp_evaluate(const tp_model *model, tp_workspace *workspace, const tp_data *data, tp_score *score,
                             uint64_t *confusion);

/* Where predictions go, in the program's units: exactly one of floats and doubles is set; strides as in tp_data. */
typedef struct tp_outputs {
    size_t struct_size; /* sizeof(tp_outputs) or 0 */
    float *floats;
    double *doubles;
    size_t sample_stride, value_stride;
} tp_outputs;

/* A_L of every sample, samples x n_L, for raw samples; targets in data are ignored and may be absent. */
TP_API tp_status tp_predict(const tp_model *model, tp_workspace *workspace, const tp_data *data, const tp_outputs *y);

/* ---------------------------------------------------------------------------------------------------- data files */

/* The format's numbers for the types uint8_t, int8_t, int16_t, int32_t, float and double. */
typedef enum tp_idx_type {
    TP_IDX_TYPE_U8 = 0x08,
    TP_IDX_TYPE_I8 = 0x09,
    TP_IDX_TYPE_I16 = 0x0b,
    TP_IDX_TYPE_I32 = 0x0c,
    TP_IDX_TYPE_F32 = 0x0d,
    TP_IDX_TYPE_F64 = 0x0e
} tp_idx_type;

#define TP_IDX_MAX_RANK 8

/* An IDX file in memory: elements of its own type, in the machine's byte order. */
typedef struct tp_idx {
    tp_idx_type type;
    size_t rank;
    size_t dims[TP_IDX_MAX_RANK];
    size_t elements;
    void *data;
} tp_idx;

/* Reads path, plain or gzipped (told by its first bytes). The file must hold exactly what its header says; zeros after
 * the last gzip member do not count. data comes from the context's allocator; release with tp_idx_release. */
TP_API tp_status tp_idx_read(tp_context *context, const char *path, tp_idx *idx);

/* Makes the elements what tp_data takes, in a new block in place of data: u8 (bytes) and f32 (floats) stay as they are,
 * all others become f32. Those of i8 and i16 are exact, those of i32 and f64 rounded to nearest; NaN and infinity stay.
 * TP_ERR_FORMAT if a finite f64 is beyond the floats, with its index in the message, where path names the file. */
TP_API tp_status tp_idx_to_samples(tp_context *context, const char *path, tp_idx *idx);
TP_API void tp_idx_release(tp_context *context, tp_idx *idx);

typedef enum tp_split { TP_SPLIT_TRAIN = 0, TP_SPLIT_TEST } tp_split;

typedef struct tp_dataset tp_dataset;

/* Loads one half of a data set of four MNIST-named IDX files from a directory, or from where Debian installs a set that
 * is given by name: "fashion-mnist". The images are the first that is there of train-images-idx3-ubyte, the same with
 * .gz, train-images.idx3-ubyte, and that with .gz; likewise the labels (train-labels-idx1-ubyte, ...), and the test
 * split (t10k for train). Images have any type, as by tp_idx_to_samples, and two or more dimensions; labels have one,
 * and u8, i8, i16 or i32; they are less than the number of samples, or than 1024 if that is more. */
TP_API tp_status tp_dataset_load(tp_context *context, const char *where, tp_split split, tp_dataset **dataset);
TP_API void tp_dataset_destroy(tp_dataset *dataset);
TP_API const tp_data *tp_dataset_data(const tp_dataset *dataset);

#ifdef __cplusplus
}
#endif
#endif
