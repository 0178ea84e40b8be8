/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tileprop: train multilayer perceptrons on CPUs.
 *
 * This header is the manual. It is C11 and can be included from C++, for which tileprop.hpp has classes.
 *
 * Objects
 *   tp_context    the machine: instruction set, number of threads, allocator, last message
 *   tp_model      architecture and parameters; const while it is used for inference
 *   tp_workspace  every buffer that a forward or backward pass needs
 *   tp_optimizer  the state of an update rule
 *   tp_trainer    mini-batches, shuffling, validation, epochs
 *   tp_dataset    samples and targets that were read from files
 *   tp_packed     a matrix that is laid out for many products
 *   tp_predictor  a copy of a model that is laid out for many predictions
 *   tp_output     a file that will be created or replaced
 *
 * Memory. Each object has its own destroy function, which releases it and accepts NULL. Destroy a context after
 * everything that was made from it, and a model after everything that was made for it; a predictor owes its model
 * nothing, and is destroyed after its workspaces. Workspaces, optimisers, trainers and packed matrices can use memory
 * of the caller: ask the size function for the number of bytes, pass a block (of any alignment) and its size to the
 * create function, and release the block after the destroy function. With NULL and 0 they allocate memory through the
 * context. Nothing is allocated after creation: tp_forward, tp_predictor_run, tp_backward, tp_optimizer_step and
 * tp_trainer_run never call an allocator.
 *
 * Errors. Functions return a tp_status. A function that fails leaves its outputs unchanged, unless its comment says
 * something else, and stores a message in the context. The message names the argument, file or field that is wrong, and
 * tp_context_message returns it. Messages count layers from 0. NULL for a required pointer is an error, never a crash;
 * if the context or the model itself is NULL, there is no message. It is also an error to pass a workspace or an
 * optimiser that was made for another tp_model, even if that has the same architecture, or a matrix that was packed for
 * another instruction set. Two mistakes cannot be detected: an array with fewer elements than the sizes say, and a call
 * of tp_idx_release with another context than the one that read the file. The library never prints, exits, aborts,
 * installs signal handlers, or changes the floating-point environment, the locale or the thread affinity.
 *
 * Threads. There is no global state. Several threads may use one context and one model or predictor at the same time,
 * if each thread has its own workspace and no thread changes the model. Functions that change an object need exclusive
 * access to it:
 *   tp_optimizer_step, tp_train_step               the optimiser and the model
 *   tp_trainer_run                                 the trainer and its model
 *   tp_model_set_parameters                        the model
 *   tp_context_set_threads                         the context
 *   tp_optimizer_set_..., tp_workspace_set_...     the optimiser, the workspace
 *   tp_packed_update                               the packed matrix
 * A call may use several OpenMP threads. By default it uses as many as OMP_NUM_THREADS says, or omp_set_num_threads if
 * that is less than the number of processors; else as many as OpenMP would use, which is one for each processor, but
 * not more than there is processor time for (tp_machine.quota). If the calling thread is already inside a parallel
 * region, it does all the work itself. So it does everywhere in a library that was built without OpenMP
 * (tp_machine.threading). If the process cannot start all the threads, the call uses fewer. OpenMP ends a process in
 * which it fails to start a thread. The library checks this before it starts threads, but OpenMP can still fail in two
 * cases: other code takes threads or memory at the same moment; or a smaller parallel region of your own program has
 * ended threads that OpenMP kept since the call before.
 * A request by pthread_cancel that arrives during a call takes effect after the call. Callbacks and allocator functions
 * run with cancellation disabled. PTHREAD_CANCEL_ASYNCHRONOUS is not supported.
 *
 * Unloading. dlclose does not remove the library and OpenMP from memory, because OpenMP's threads live longer than a
 * call. A plugin that links the static library must be linked with -z nodelete. The pkg-config file and the CMake
 * package contain this option.
 *
 * Fork. A child process may use the objects that its parent made, if no other thread was in a call at the time of the
 * fork. If the thread that called fork had used several threads in a call before, then in the child that thread
 * computes alone, because it would wait forever in GNU's OpenMP. Threads that the child starts are not limited. The
 * library does not know whether other code used OpenMP on the thread that called fork; if so, set the threads of the
 * child's contexts to 1.
 *
 * Same bits everywhere. In one release of the library, every result depends only on the inputs and the shapes. It does
 * not depend on the instruction set, the number of threads or the run. This is promised for the default floating-point
 * environment: round to nearest, no flush to zero, no traps (exceptions only raise their flags). In another environment
 * each thread computes in its own mode. A program that is linked with -ffast-math starts in another one. If a context
 * is created in such a mode, a note says so (tp_message_fn), and so does tp_machine.floating_point. The sign and the
 * payload of a NaN are not part of the promise.
 *
 * NaN and infinity. They are data, not errors; only options, weights of samples and the targets of TP_LOSS_POISSON must
 * be finite. A NaN in an operand that is used appears in the results that depend on it. Memory that is not used is
 * never read:
 *   product      NaN in row i of op(A) gives NaN in row i of C. NaN in column j of op(B) or of the bias gives NaN in
 *                column j of C. NaN in an element of C, if beta is not 0, gives NaN in this element. NaN in beta, or
 *                in alpha if k > 0, gives NaN in all elements. 0 times NaN is NaN, and so is 0 times infinity. With
 *                beta = 0 or -0, C is written without being read. With alpha = 0 or k = 0, A and B are not read.
 *   padding      Elements between the end of a row and the next row are neither read nor written.
 *   activations  f(NaN) is NaN. f(+Inf) and f(-Inf) are the limits of f (tp_activation).
 *   derivatives  The result is d f'(z), where d is the derivative from the layer above. NaN in d or f'(z) gives NaN,
 *                with two exceptions. ReLU and leaky ReLU look at their output: where it is NaN, the result is d. Where
 *                the output of ReLU is 0, the result is 0, even if d is NaN.
 *   softmax      A row that contains NaN or +Inf, or only -Inf, becomes NaN in all elements. Otherwise -Inf becomes 0.
 *   losses       The table at tp_loss.
 *   optimisers   Without clip_norm, NaN or infinity in a gradient makes the parameter of this gradient NaN or
 *                infinite, in later steps too, and changes no other parameter. With clip_norm, NaN in a gradient makes
 *                all parameters NaN. An infinite gradient makes its own parameter NaN and the other gradients 0.
 *                Finite gradients of any size are valid: Adam, RMSprop and Adagrad limit them to 2^63. With the other
 *                rules a velocity or a parameter that overflows becomes infinite.
 *   training     tp_trainer_run stops at a loss that is not finite, before this step changes anything. If an update
 *                makes parameters NaN or infinite, the next loss or the check at the end of the epoch detects it.
 *                Validation, tp_evaluate and tp_predict do not stop; their results are not finite then.
 *
 * Denormal numbers. Matrix products keep them, but those in bf16 do not (tp_bf16gemm). All other computations on floats
 * are scaling of samples and predictions, activations except the identity, their derivatives, losses, dropout, and
 * updates of parameters and state. These take a number of magnitude below 2^-126 as 0, and write 0 where the result has
 * a magnitude below 2^-126. So a dead unit, a moment that fades or a saturated output takes no more time than other
 * numbers. This rule is part of the arithmetic and gives the same bits everywhere. It needs no floating-point mode of
 * the processor and changes none. In updates the limit is higher in these cases, so that no product is denormal, but it
 * is never above 2^-100:
 *   SGD, momentum, Nesterov   gradients, after clipping, of magnitude at most 2^-126 / rate count as 0; a velocity that
 *                             is so small becomes 0
 *   weight decay              a weight w becomes 0 if the magnitude of its decay is at most 2^-126; the decay is
 *                             weight_decay w, for AdamW rate weight_decay w
 * Parameters and state that the program sets are copied as they are. The next update computes with them, and where its
 * results are denormal, they become 0.
 *
 * Stack. No function needs more than 64 KiB of the calling thread's stack. What callbacks and allocator functions use
 * is added to this. OpenMP's threads have their own stacks (OMP_STACKSIZE).
 *
 * Versions. What may change from one version to the next:
 *   patch   The interface stays the same. Results change only where they were wrong. The change log names these cases.
 *   minor   Functions, enum constants, and fields at the end of structs are added. Results may change; the change log
 *           says how. A program that was compiled for an older minor version of the same major version still works.
 *   major   Anything may change. Before version 1.0, a minor version may change what a major version may.
 * The name of the shared library (soname) contains the major version, and before 1.0 the minor version as well.
 *
 * Sizes of structs. Structs that the library reads can get more fields in later versions. Each of them begins with
 * struct_size, its sizeof when the program was compiled:
 *   options   Call the default function first. It sets struct_size and every field. Options without struct_size are
 *             refused with TP_ERR_ARGUMENT.
 *   data      In tp_data, tp_targets, tp_outputs and tp_epilogue, struct_size may be 0. This means the fields of
 *             version 0.2. A program that uses later fields must set struct_size.
 * The library uses the default value for a field that an older program does not have. If the struct is larger than the
 * one that the library knows, because the program was compiled for a newer version, the library returns
 * TP_ERR_UNSUPPORTED. The field reserved at the end of tp_layer must be 0, so that a later field cannot take its place
 * unnoticed. Structs that the library passes to callbacks, or to which it returns pointers, can get more fields too.
 * tp_score, tp_idx, tp_metrics and tp_output_metrics, which the library writes, never change.
 *
 * Notation. N samples (the batch), layers l = 1..L of width n_l, n_0 inputs. All matrices are row-major:
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

/* The first number of the version of this header; tp_version is the version of the library. */
#define TP_VERSION_MAJOR 0
/* The second number. */
#define TP_VERSION_MINOR 2
/* The third number. */
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

/* -------------------------------------------------------------------------------------------- status and version */

/* What functions return. */
typedef enum tp_status {
    TP_OK = 0,          /* success */
    TP_ERR_ARGUMENT,    /* an argument is NULL, out of range or contradicts another */
    TP_ERR_MEMORY,      /* the allocator returned NULL, or a provided block is too small */
    TP_ERR_UNSUPPORTED, /* this machine or this build cannot do what was asked */
    TP_ERR_IO,          /* a file could not be opened, read, written or renamed */
    TP_ERR_MISSING,     /* a data set has no files for the requested split */
    TP_ERR_FORMAT,      /* a file was read, but its contents are not valid */
    TP_ERR_NONFINITE,   /* a loss is NaN or infinite, or parameters are at the end of an epoch: tp_trainer_run */
    TP_ERR_STOPPED      /* a callback asked to stop; everything is consistent up to the last step */
} tp_status;

/* A short description of a status, never NULL. Do not free it. */
TP_API const char *tp_status_text(tp_status status);

/* The version of the library that was linked, for example "0.2.0". */
TP_API const char *tp_version(void);

/* ------------------------------------------------------------------------------------------------------- context */

/* The machine: instruction set, number of threads, allocator, last message. */
typedef struct tp_context tp_context;

/* Memory functions of the caller. Any thread that uses the context may call them. */
typedef struct tp_allocator {
    /* Returns size bytes at a multiple of alignment (a power of two, at least 64), or NULL. */
    void *(*allocate)(void *user, size_t alignment, size_t size);
    /* Releases a block that allocate returned. */
    void (*release)(void *user, void *block);
    void *user; /* passed to both */
} tp_allocator;

/* Receives each error message when the error happens, on the thread on which it happens. With status TP_OK it receives
 * a note: a call succeeds, but perhaps not as the user expects. The context stores errors only, not notes. */
typedef void tp_message_fn(void *user, tp_status status, const char *message);

/* Options of tp_context_create. */
typedef struct tp_context_options {
    size_t struct_size;     /* set by tp_context_options_default */
    const char *isa;        /* "scalar", "avx2", ...; NULL: $TILEPROP_ISA if set and not empty, else the best */
    int threads;            /* at most this many threads per call, 1..4096; 0: the default, see "Threads" above */
    tp_allocator allocator; /* both functions NULL: the C library's; Linux may put blocks of 4 MiB and more into huge
                               pages */
    tp_message_fn *message; /* may be NULL */
    void *message_user;     /* passed to message */
} tp_context_options;

/* Sets every field to its default. Interfaces to other languages call this function with the size of their own struct.
 */
TP_API void tp_context_options_init(tp_context_options *options, size_t struct_size);
/* Sets every field to its default. */
TP_INLINE void tp_context_options_default(tp_context_options *options) {
    tp_context_options_init(options, sizeof *options);
}

/* Detects the CPU and chooses the instruction set. options may be NULL: the defaults. If the name of the instruction
 * set is unknown, or this machine cannot run it, the result is TP_ERR_UNSUPPORTED, and the message lists the
 * instruction sets that this machine can run. It says so if the machine has "amx", but the system refuses it. */
TP_API tp_status tp_context_create(const tp_context_options *options, tp_context **context);
/* Releases the context. */
TP_API void tp_context_destroy(tp_context *context);

/* Name of the instruction set in use; NULL if context is NULL. */
TP_API const char *tp_context_isa(const tp_context *context);
/* The largest number of threads that a call uses, at most 4096; 1 if the library was built without OpenMP; 0 if context
 * is NULL. */
TP_API int tp_context_threads(const tp_context *context);

/* Changes the number of threads; threads has the same meaning as in the options. No other call may use the context at
 * the same time. Results do not depend on the number of threads. Existing workspaces keep their number of threads. */
TP_API tp_status tp_context_set_threads(tp_context *context, int threads);

/* Copies the message of the last error in this context, on any thread, into buffer; "" if there was none. The copy is
 * always terminated. Returns the full length of the message without the terminator: if that is size or more, the copy
 * was cut. A message is one line of at most 1023 bytes. A quoted string (a path, a name in a file) takes at most 300 of
 * them; the middle of a longer string is left out. Control characters and bytes that are not UTF-8 are shown as \xNN.
 */
TP_API size_t tp_context_message(const tp_context *context, char *buffer, size_t size);

/* Stores message in the context, calls the message callback, and returns status. Interfaces to other languages use it
 * for errors that C cannot detect. If context is NULL, nothing is stored. If message is NULL, "" is stored. With TP_OK
 * the message is a note, which only the callback receives. Of a message of more than 1023 bytes, the middle is left
 * out. */
TP_API tp_status tp_context_set_message(const tp_context *context, tp_status status, const char *message);

/* Facts about the machine, for logs and bug reports. */
typedef struct tp_machine {
    char vendor[16];       /* "GenuineIntel", "AuthenticAMD", "Arm", ... */
    char features[128];    /* detected and usable features, separated by blanks */
    size_t l1d;            /* first-level data cache in bytes, 0 if unknown */
    size_t l2;             /* second-level cache in bytes, 0 if unknown */
    size_t l3;             /* third-level cache in bytes, 0 if unknown */
    int processors;        /* processors that this process may run on */
    const char *isa;       /* name of the instruction set in use */
    size_t tile_rows;      /* microkernel MR */
    size_t tile_columns;   /* microkernel NR */
    size_t mc;             /* cache blocking of the matrix product: rows of A and C in a block */
    size_t kc;             /* its k steps */
    size_t nc;             /* its columns of B and C */
    char usable[64];       /* instruction sets that this machine can run, best first, separated by blanks */
    const char *sleef;     /* version of SLEEF that the build used */
    const char *threading; /* "OpenMP"; or "none": a build without it, in which every call stays on its thread */
    /* Processors whose time the limits of control groups (containers, Slurm) leave to this process, rounded up; 0: no
     * limit. */
    int quota;
    /* The mode of the thread that created the context: "default"; else those of "flush-to-zero", "denormals-are-zero",
     * "rounding up", "rounding down", "rounding towards zero" and "traps" that it has, separated by commas. */
    char floating_point[96];
    /* How this processor can multiply bf16, best first, separated by blanks (tp_context_bf16); the system may refuse
     * "amx". */
    char bf16[64];
} tp_machine;

/* Lives as long as the context; NULL if context is NULL. */
TP_API const tp_machine *tp_context_machine(const tp_context *context);

/* ------------------------------------------------------------------------------------------------ matrix product */

/* Whether a product uses a matrix or its transpose. */
typedef enum tp_transpose {
    TP_TRANSPOSE_NO = 0, /* the matrix as stored */
    TP_TRANSPOSE_YES = 1 /* its transpose */
} tp_transpose;

/*
 * C = alpha op(A) op(B) + beta C, f32, row-major; op(X) is X or its transpose.
 *   op(A)           m x k
 *   op(B)           k x n
 *   C               m x n; must not overlap A or B
 *   lda, ldb, ldc   distances between stored rows, in elements; at least the length of a stored row, and at least 1
 *   workspace       at least tp_sgemm_workspace_size bytes, any alignment; NULL with size 0 allocates for this call
 * Each element of C is computed in this order: acc = beta C (0 if beta is 0), then for k ascending
 * acc = fma(alpha a, b, acc), where alpha a is rounded. If beta = 0, C is not read. If alpha = 0 or k = 0, A and B are
 * not read. If m = 0 or n = 0, nothing is done.
 */
TP_API tp_status tp_sgemm(tp_context *context, tp_transpose transpose_a, tp_transpose transpose_b, size_t m, size_t n,
                          size_t k, float alpha, const float *a, size_t lda, const float *b, size_t ldb, float beta,
                          float *c, size_t ldc, void *workspace, size_t workspace_size);

/* Bytes that tp_sgemm needs for these sizes with the context's number of threads; 0 if context is NULL. */
TP_API size_t tp_sgemm_workspace_size(const tp_context *context, size_t m, size_t n, size_t k);

/* The type of a matrix's elements, and in what precision a model's products read their operands. */
typedef enum tp_precision {
    TP_PRECISION_F32 = 0, /* float */
    TP_PRECISION_BF16,    /* the upper 16 bits of a float, as uint16_t */
    TP_PRECISION_COUNT    /* how many there are */
} tp_precision;

/*
 * C = op(A) op(B) + beta C in bf16, row-major, with sizes, distances and workspace as for tp_sgemm.
 *   a, b    of the type that a_precision and b_precision say. f32 is rounded to bf16: to nearest, ties to even; what is
 *           smaller than 2^-126 becomes 0, what is too large infinity, and NaN stays NaN. bf16 below 2^-126 counts as
 *           0.
 *   c       f32; must not overlap A or B
 * The k steps are cut into blocks of 32, the last one filled up with zeros. For each element of C and each block:
 * E = O = 0, E = f(fma(a, b, E)) for even k ascending, O = f(fma(a, b, O)) for odd k ascending, C = f(C + f(E + O)),
 * where f makes 0 of what, rounded to 24 bits, is below 2^-126, and beta C counts as 0 if it is. That is the order of
 * TDPBF16PS (Intel, Architecture Instruction Set Extensions, chapter 3); every processor keeps it and gives the same
 * bits. If beta = 0, C is not read. If k = 0, A and B are not read. If m = 0 or n = 0, nothing is done.
 */
TP_API tp_status tp_bf16gemm(tp_context *context, tp_transpose transpose_a, tp_transpose transpose_b, size_t m,
                             size_t n, size_t k, tp_precision a_precision, const void *a, size_t lda,
                             tp_precision b_precision, const void *b, size_t ldb, float beta, float *c, size_t ldc,
                             void *workspace, size_t workspace_size);

/* Bytes that tp_bf16gemm needs for these sizes with the context's number of threads; 0 if context is NULL. */
TP_API size_t tp_bf16gemm_workspace_size(const tp_context *context, size_t m, size_t n, size_t k);

/* How the context multiplies bf16: "amx", "avx512bf16", or by multiply-adds of f32, then the name of the instruction
 * set; NULL if context is NULL. The first call that needs it chooses the best. AMX is chosen only after the system has
 * given the process leave to use tile registers, and a tile computed with them was right. */
TP_API const char *tp_context_bf16(const tp_context *context);

/* out[i] = in[i], rounded as by tp_bf16gemm; count elements, which may not overlap. */
TP_API tp_status tp_bf16_from_f32(const tp_context *context, uint16_t *out, const float *in, size_t count);
/* out[i] = in[i], exactly; count elements, which may not overlap. */
TP_API tp_status tp_bf16_to_f32(const tp_context *context, float *out, const uint16_t *in, size_t count);

/* A copy of op(B), laid out for many products. Any number of threads may use it at the same time. It holds its own copy
 * of the elements: B may be changed or freed. */
typedef struct tp_packed tp_packed;

/* Bytes for a packed op(B) of k x n; 0 if context is NULL or the size does not fit in size_t. */
TP_API size_t tp_packed_size(const tp_context *context, size_t k, size_t n);
/* Packs op(B), k x n. memory and size are as for workspaces: NULL and 0 allocate. */
TP_API tp_status tp_packed_create(tp_context *context, tp_transpose transpose_b, size_t k, size_t n, const float *b,
                                  size_t ldb, void *memory, size_t size, tp_packed **packed);
/* Packs another op(B) of the same k x n in place of the old one. No product may use it at the same time. */
TP_API tp_status tp_packed_update(tp_packed *packed, tp_transpose transpose_b, const float *b, size_t ldb);
/* Releases the packed matrix. */
TP_API void tp_packed_destroy(tp_packed *packed);

/* --------------------------------------------------------------------------------------------------------- model */

/*
 * f(z). NaN gives NaN. The limits, except those of softmax (see NaN and infinity at the top of this header):
 *   activation                          f(-Inf)   f(+Inf)
 *   identity                            -Inf      +Inf
 *   ReLU, softplus, SiLU, GELU, exp     0         +Inf
 *   leaky ReLU                          -Inf      +Inf      (f(-Inf) is NaN with slope 0)
 *   ELU                                 -slope    +Inf
 *   sigmoid                             0         1
 *   tanh                                -1        1
 * Accuracy, as tests/ulp.c measures it over all 2^32 floats: the largest errors in units in the last place (ulp) of the
 * true value, where the result is at least 2^-126; where it is smaller, the result is 0:
 *   function     error of f                error of f'
 *   ReLU         exact
 *   leaky ReLU   0.5
 *   sigmoid      2.41                      1.50
 *   tanh         1.00                      0.5
 *   ELU          1.00 (slope 1)            0.5
 *   softplus     1.50                      1.00
 *   SiLU         3.40                      3.22 (*)
 *   GELU         3.57                      3.53 (*)
 *   exp          0.99                      exact
 *   ln           0.63
 *   log1p        1.01
 * Softmax and the losses are made of exp, ln and log1p.
 * (*) f' of SiLU and GELU is a sum of two terms. The error is in ulp of the sum of the absolute values of the terms,
 * where that sum is at least 2^-119. Where it is smaller, the result may be 0.
 */
typedef enum tp_activation {
    TP_ACTIVATION_IDENTITY = 0, /* z */
    TP_ACTIVATION_RELU,         /* z <= 0 ? 0 : z; derivative 0 at 0 */
    TP_ACTIVATION_LEAKY_RELU,   /* z <= 0 ? slope z : z */
    TP_ACTIVATION_SIGMOID,      /* (z >= 0 ? 1 : e) / (1 + e), e = exp(-|z|) */
    TP_ACTIVATION_TANH,         /* tanh z */
    TP_ACTIVATION_SOFTMAX,      /* exp(z_k - m) / sum_j exp(z_j - m), m = max z; last layer only */
    TP_ACTIVATION_ELU,          /* z <= 0 ? slope (exp(z) - 1) : z; Clevert et al. 2016, whose alpha is slope */
    TP_ACTIVATION_SOFTPLUS,     /* ln(1 + exp(z)) */
    TP_ACTIVATION_SILU,         /* z / (1 + exp(-z)), also called Swish */
    TP_ACTIVATION_GELU, /* z (1 + erf(z / sqrt 2)) / 2; Hendrycks and Gimpel 2016, not the approximation by tanh */
    TP_ACTIVATION_EXP,  /* exp(z): rates; the output of TP_LOSS_POISSON */
    TP_ACTIVATION_COUNT /* how many there are */
} tp_activation;

/* What is done to each element of C after its last k step, while it is still in a register or in cache. */
typedef struct tp_epilogue {
    size_t struct_size;       /* sizeof(tp_epilogue) or 0 */
    const float *bias;        /* n values, one for each column; the sums start with them; needs beta = 0; NULL: none */
    tp_activation activation; /* f; every activation except softmax */
    float slope;              /* as in tp_layer */
    /* NULL: C = f(C). Otherwise f is not applied, and C is multiplied by the derivative: C = C * f'(z). Pass the
     * outputs a = f(z), m x n; for SiLU and GELU pass z itself. */
    const float *outputs;
    size_t ld; /* distance between the rows of outputs, at least n */
} tp_epilogue;

/* C = epilogue(alpha op(A) op(B) + beta C), where op(B) is packed. Each element is computed in the same order as by
 * tp_sgemm, so the bits are the same. epilogue may be NULL. workspace is as for tp_sgemm, with n and k of the packed
 * matrix. */
TP_API tp_status tp_sgemm_packed(tp_context *context, tp_transpose transpose_a, size_t m, float alpha, const float *a,
                                 size_t lda, const tp_packed *b, float beta, const tp_epilogue *epilogue, float *c,
                                 size_t ldc, void *workspace, size_t workspace_size);

/*
 * Losses; each is a mean over samples, and y is the target. A loss and its options are one objective of the model:
 * training, validation, tp_loss_value and tp_evaluate all report the same loss, including label smoothing (Keras does
 * the same, and so does PyTorch with one criterion for both).
 * NaN in an output or a target gives NaN. At an infinite output a, or an infinite logit z, the loss is:
 *   loss              +Inf                       -Inf
 *   MSE, MAE, Huber   Inf; NaN if y is +Inf      Inf; NaN if y is -Inf
 *   BCE               NaN                        Inf if y > 0; NaN if y = 0
 *   CCE               NaN                        Inf if y > 0; if y = 0, as without this class; NaN if all are -Inf
 *   Poisson           Inf                        Inf if y > 0; 0 if y = 0
 * where y is the target after label smoothing. Finite logits never lead to the logarithm of 0.
 */
typedef enum tp_loss {
    /* (1/n_L) sum_j (a_j - y_j)^2; with every activation */
    TP_LOSS_MSE = 0,
    /* sum_j max(z_j, 0) - z_j y_j + log1p(exp(-|z_j|)); needs TP_ACTIVATION_SIGMOID as last activation */
    TP_LOSS_BCE,
    /* logsumexp(z) - sum_j y_j z_j, sum_j y_j = 1; needs TP_ACTIVATION_SOFTMAX as last activation */
    TP_LOSS_CCE,
    /* (1/n_L) sum_j |a_j - y_j|, derivative 0 where a_j = y_j; with every activation */
    TP_LOSS_MAE,
    /* (1/n_L) sum_j h(a_j - y_j), h(e) = |e| <= delta ? e^2/2 : delta (|e| - delta/2); with every activation: Huber
     * 1964 */
    TP_LOSS_HUBER,
    /* (1/n_L) sum_j exp(z_j) - y_j z_j, the negative log-likelihood of counts y_j that have Poisson distributions of
     * means a_j = exp(z_j), as PyTorch's PoissonNLLLoss with log_input; without ln y_j!, which does not depend on the
     * model, so that it may be negative. Needs TP_ACTIVATION_EXP as last activation. Target values must be finite and
     * at least 0; others are refused. */
    TP_LOSS_POISSON,
    /* how many there are */
    TP_LOSS_COUNT
} tp_loss;

/* Initial weights; initial biases are 0. fan_in = n_{l-1}, fan_out = n_l. N(m, v) is the normal distribution of mean m
 * and variance v, U(a, b) the uniform one between a and b. */
typedef enum tp_init {
    TP_INIT_AUTO = 0,       /* He normal before ReLU, leaky ReLU, ELU, softplus, SiLU and GELU; else Glorot uniform */
    TP_INIT_HE_NORMAL,      /* N(0, 2 / fan_in) */
    TP_INIT_HE_UNIFORM,     /* U(-r, r), r = sqrt(6 / fan_in) */
    TP_INIT_GLOROT_NORMAL,  /* N(0, 2 / (fan_in + fan_out)) */
    TP_INIT_GLOROT_UNIFORM, /* U(-r, r), r = sqrt(6 / (fan_in + fan_out)) */
    TP_INIT_ZERO,           /* 0 */
    TP_INIT_COUNT           /* how many there are */
} tp_init;

/* The name that files and the command line use: "f32", ... NULL if the value is not valid. */
TP_API const char *tp_precision_name(tp_precision precision);
/* The name that files and the command line use: "relu", ... NULL if the value is not valid. */
TP_API const char *tp_activation_name(tp_activation activation);
/* The name that files and the command line use: "cce", ... NULL if the value is not valid. */
TP_API const char *tp_loss_name(tp_loss loss);
/* The name that files and the command line use: "he_normal", ... NULL if the value is not valid. */
TP_API const char *tp_init_name(tp_init init);

/* The largest number of layers of a model. */
#define TP_MAX_LAYERS 64

/* A layer: A_l = f_l(A_{l-1} W_l + 1 b_l). */
typedef struct tp_layer {
    size_t width;             /* n_l, at least 1 */
    tp_activation activation; /* f_l */
    float slope;              /* leaky ReLU: 0 <= slope <= 1; ELU: its alpha, positive and finite; 0 means alpha = 1 */
    float dropout;            /* p, 0 <= p < 1 (tp_workspace_set_dropout); must be 0 in the last layer */
    uint32_t reserved;        /* must be 0 */
} tp_layer;

/*
 * How values in the units of the program become values of the network, and back:
 *   scaled = (value - mean) (1 / deviation)
 *   value = scaled deviation + mean
 * Each operation is done in double. The result is rounded once to float, or stays double. Means must be finite.
 * Deviations must be positive and finite, and so must 1 / deviation.
 */
typedef struct tp_scaling {
    size_t count;            /* 0: no scaling; 1: one pair for all values; else the number of inputs (or outputs) */
    const double *mean;      /* count values, or NULL if count is 0 */
    const double *deviation; /* count values, or NULL if count is 0 */
} tp_scaling;

/* What the columns of a table are and how they become inputs and targets: tp_dataset_open. */
typedef struct tp_schema tp_schema;

/* The architecture of a model. */
typedef struct tp_model_options {
    size_t struct_size;     /* set by tp_model_options_default */
    size_t inputs;          /* n_0, at least 1 */
    size_t layer_count;     /* L, 1..TP_MAX_LAYERS */
    const tp_layer *layers; /* L entries, copied */
    size_t layer_size;      /* sizeof(tp_layer); set by tp_model_options_default */
    tp_loss loss;           /* what training minimises */
    tp_init init;           /* the initial weights */
    uint64_t seed;          /* of the initial weights: weight i of layer l is a function of (seed, l, i) */
    /* Scaling of inputs by the trainer, tp_evaluate and tp_predict; tp_forward takes scaled inputs. Copied. */
    tp_scaling inputs_scaled;
    /* Scaling of targets by the trainer and tp_evaluate, and of outputs back by tp_predict. Only with target values,
     * not classes, and only with MSE, MAE and Huber. Losses are those of scaled outputs. Copied. */
    tp_scaling outputs_scaled;
    float huber_delta; /* delta of TP_LOSS_HUBER, > 0 */
    /* s, 0 <= s < 1; must be 0 except with TP_LOSS_BCE and TP_LOSS_CCE. The loss replaces every target y by
     * (1-s) y + s/n_L with CCE, and by (1-s) y + s/2 with BCE: Szegedy et al. 2016. */
    float label_smoothing;
    const tp_schema *schema; /* of the data, kept with the model and in its file; copied; NULL: none. tp_schema_apply
                                sets it. */
    /* Of products, in training and inference; kept in the model's file. In bf16 weights, activations and derivatives
     * are rounded where products read them (tp_bf16gemm); master weights, gradients, optimiser state, biases, losses
     * and softmax are f32 all the same. */
    tp_precision precision;
    uint32_t reserved; /* must be 0 */
} tp_model_options;

/* Sets every field to its default; layer_size is the caller's sizeof(tp_layer). For interfaces to other languages. */
TP_API void tp_model_options_init(tp_model_options *options, size_t struct_size, size_t layer_size);
/* CCE, initial weights by activation, seed 1, no scaling, Huber's delta 1, no label smoothing, precision f32. The
 * caller must set inputs, layer_count and layers. */
TP_INLINE void tp_model_options_default(tp_model_options *options) {
    tp_model_options_init(options, sizeof *options, sizeof(tp_layer));
}

/* Architecture and parameters. */
typedef struct tp_model tp_model;

/* Makes a model with initial weights. TP_ERR_ARGUMENT, with the number of the layer in the message, if softmax is not
 * in the last layer or the loss does not fit the last activation. */
TP_API tp_status tp_model_create(tp_context *context, const tp_model_options *options, tp_model **model);
/* Releases the model. */
TP_API void tp_model_destroy(tp_model *model);

/* tp_model_describe for interfaces to other languages, which pass the size of their own struct. layers points into the
 * model, where entries are layer_size bytes apart. That can differ from the caller's sizeof(tp_layer), so read them
 * with tp_model_layer. A struct that is smaller than the one of version 0.2 is refused. */
TP_API tp_status tp_model_get_options(const tp_model *model, tp_model_options *options, size_t struct_size);
/* The architecture. layers points into the model. A program that was compiled for another version of this header must
 * read layers with tp_model_layer. */
TP_INLINE tp_status tp_model_describe(const tp_model *model, tp_model_options *options) {
    return tp_model_get_options(model, options, sizeof *options);
}
/* Layer 0..L-1. It lives as long as the model. NULL if there is no such layer. */
TP_API const tp_layer *tp_model_layer(const tp_model *model, size_t layer);

/* Number of parameters: the sum over l of n_{l-1} n_l + n_l. The flat order of parameters and gradients is W_1
 * (row-major), b_1, W_2, b_2, ... */
TP_API size_t tp_model_parameter_count(const tp_model *model);
/* Offsets of W_l and b_l in the flat order, layer = 0..L-1. weight or bias may be NULL. */
TP_API tp_status tp_model_layer_offsets(const tp_model *model, size_t layer, size_t *weight, size_t *bias);
/* Copies all parameters out of the model. count must be tp_model_parameter_count. */
TP_API tp_status tp_model_get_parameters(const tp_model *model, float *parameters, size_t count);
/* Copies all parameters into the model. count must be tp_model_parameter_count. */
TP_API tp_status tp_model_set_parameters(tp_model *model, const float *parameters, size_t count);

/*
 * A file that will be created or replaced. It is replaced completely and durably, or stays as it was.
 * tp_output_create checks beforehand, before long work, whether the file can be replaced. It keeps the directory open
 * and creates a temporary file .tileprop-<random>.tmp in it, which only its owner can read. tp_output_commit syncs the
 * temporary file, gives it the permissions of the file that it replaces (a new file gets 0666 less the umask, or what
 * the directory's default access control list says), renames it and syncs the directory. A process that is killed
 * leaves at most the temporary file.
 *   - Symbolic links: the target is replaced and the link stays. A link to nothing is refused. So is a link that
 *     another user made in a sticky directory in which everybody may write.
 *   - Anything that exists and is not a regular file is refused.
 *   - The new file has the owner and the group of the file that it replaces. If the process may not set them,
 *     tp_output_create fails. Other names of the old file (hard links) keep the old contents. Access control lists are
 *     not kept.
 *   - A file that is a mount point cannot be renamed. It is written in place after the temporary file is on disk, and a
 *     note says so. If this is interrupted, the file is damaged and the temporary file has the contents.
 *   - If the directory is moved in the meantime, the new file is in the moved directory, and a note says where.
 *   - If tp_output_commit fails after everything was written, the temporary file stays and the message contains its
 *     name. If something could not be written, the temporary file is removed. If only the last step fails, which syncs
 *     the directory, the new file is in place.
 *
 * Only one thread may use an output at a time.
 */
typedef struct tp_output tp_output;

/* Prepares to create or replace the file at path. */
TP_API tp_status tp_output_create(const tp_context *context, const char *path, tp_output **output);
/* Releases the output. Without tp_output_commit, the file at path is unchanged. */
TP_API void tp_output_destroy(tp_output *output);

/* Appends data to the new contents. After a failure the output can only be destroyed. A process that has a limit on the
 * size of files must ignore SIGXFSZ, a signal that would end it: then a file that is too large is an error like others.
 */
TP_API tp_status tp_output_write(tp_output *output, const void *data, size_t size);
/* Puts the new file in place. Afterwards the output can only be destroyed. */
TP_API tp_status tp_output_commit(tp_output *output);

/* Whether path, with symbolic links followed, is at this moment the file that the output creates or replaces. */
TP_API bool tp_output_is(const tp_output *output, const char *path);

/*
 * Writes the model to an output, which must be empty, and commits the output. The file is in safetensors format:
 *   layers.<l>.weight                 f32 [n_{l-1}, n_l], l from 0
 *   layers.<l>.bias                   f32 [n_l]
 *   input_mean, input_deviation       f64 [n_0], if each input has its own scaling
 *   output_mean, output_deviation     f64 [n_L], if each output has its own scaling
 *   schema                            u8, JSON of the schema, if the model has one
 *   __metadata__                      the rest of the model, the SHA-256 of the tensors' bytes, the format's version,
 *                                     the notes under their names (tp_model_set_note)
 * The JSON has the names of task, missing, unknown and scaling, and for features and for targets an array of each of
 * the fields of tp_column (but not of counts), where null is NaN or NULL, and of the columns' places in the file. A
 * name that is not UTF-8 is an array of its bytes. TP_ERR_UNSUPPORTED if the JSON has more than 64 MiB.
 * Equal models give equal bytes. init and seed are not stored. Saving needs 64 KiB of memory besides the header's and
 * the schema's.
 */
TP_API tp_status tp_model_save_to(const tp_model *model, tp_output *output);

/* tp_model_save_to with an output of its own for path. */
TP_API tp_status tp_model_save(const tp_model *model, const char *path);

/* Loads a model from a file, also from files of version 0.1. A format that is newer than the library is refused with
 * TP_ERR_UNSUPPORTED. The header of the file, of at most 256 KiB, is checked completely before parameters are allocated
 * and read. Parameters are read once, directly to their place, and checked against the SHA-256. A file without SHA-256
 * is loaded with a note. */
TP_API tp_status tp_model_load(tp_context *context, const char *path, tp_model **model);

/* Writes the bytes of the model's file to memory, to send the model or to store it with other things. needed is set to
 * their number. With buffer NULL and size 0, nothing else is done. If size is less than needed, nothing is written and
 * the result is TP_ERR_MEMORY, but needed is set. It needs as much memory as saving. */
TP_API tp_status tp_model_write(const tp_model *model, void *buffer, size_t size, size_t *needed);
/* tp_model_load from memory: buffer has the size bytes of a model's file, at any alignment, and nothing more. Messages
 * say "the buffer" instead of the path. The model does not need the buffer afterwards. */
TP_API tp_status tp_model_read(tp_context *context, const void *buffer, size_t size, tp_model **model);

/* tp_model_describe_file for interfaces to other languages, which pass the sizes of their own structs. */
TP_API tp_status tp_model_get_file_options(tp_context *context, const char *path, tp_model_options *options,
                                           size_t struct_size, tp_layer *layers, size_t layer_size);
/* The architecture of the model that tp_model_load would make. Only the header of the file is read, so a program can
 * refuse a model before its parameters are read. layers has room for TP_MAX_LAYERS entries; options->layers will point
 * to it. Of the scalings only count is set, and schema is NULL. */
TP_INLINE tp_status tp_model_describe_file(tp_context *context, const char *path, tp_model_options *options,
                                           tp_layer *layers) {
    return tp_model_get_file_options(context, path, options, sizeof *options, layers, sizeof *layers);
}

/* Sets a note about a model: a text by name, which the files of the model keep, and which means nothing to the library.
 * Names begin with "note." and have 6 to 63 bytes. Names and texts are UTF-8 without control characters but tabs, line
 * feeds and carriage returns; those of all notes have at most 65536 bytes together, zeros not counted. A note of the
 * same name is replaced; with NULL as text it is removed, if there is one. The text is copied into memory of the
 * context's allocator. After a failure nothing has changed. Nobody may use the model's notes or save it meanwhile.
 * TP_ERR_ARGUMENT if the name or the text is not allowed; a file with such a note is refused with TP_ERR_FORMAT. */
TP_API tp_status tp_model_set_note(tp_model *model, const char *name, const char *text);
/* The text of a note. It lives until the note is set again or the model is destroyed. NULL if there is none, or an
 * argument is NULL. */
TP_API const char *tp_model_note(const tp_model *model, const char *name);
/* Name of note number index, from 0, in the order of the bytes of names. It lives as long as the note's text. NULL if
 * there are not so many, or model is NULL. */
TP_API const char *tp_model_note_name(const tp_model *model, size_t index);

/* ---------------------------------------------------------------------------- models from and for other programs */

/*
 * How a file of another program names the tensors of layers, and what it does not say about a model.
 *
 * Names. A linear layer has a tensor of weights, [outputs, inputs], and one of biases, [outputs]. Three ways tell which
 * tensors these are:
 *   by order     Import takes all tensors, whose names must end with "weight" and "bias". Layers have the order of
 *                their names, in which numbers are compared as numbers: "fc2.weight" comes before "fc10.weight". Export
 *                writes "0.weight", "0.bias", "2.weight", ...: the places that linear layers have in nn.Sequential,
 *                where each activation except the identity, and each dropout, has a place of its own.
 *   by pattern   The name of weights with {} where the number is: "fc{}.weight". The last "weight" in it becomes "bias"
 *                in the name of the biases. Import takes the tensors that match, in the order of their numbers, and
 *                leaves others out. Export writes places as above; with {1} the numbers 1, 2, 3, ..., and likewise
 *                with any other first number.
 *   by names     weights and biases have the names of all layers, in order. Import leaves other tensors out.
 */
typedef struct tp_exchange_options {
    size_t struct_size;         /* set by tp_exchange_options_default */
    const char *pattern;        /* as above; NULL: by order, or by names */
    size_t name_count;          /* entries of weights and of biases: the number of layers; 0: by order, or by pattern */
    const char *const *weights; /* names of the tensors of weights */
    /* Names of the tensors of biases. NULL: as if each were that of the weights with "bias" for its last "weight". An
     * entry that is NULL: import takes 0 as biases. */
    const char *const *biases;
    /* Import: a model that says all that the file does not: activations, dropout, loss, scaling, schema. The shapes
     * must be those of its parameters. NULL: what the file's metadata says, as tp_model_export_torch writes it. */
    const tp_model *like;
    size_t activation_count; /* of activations: one for each layer, or 2: that of all layers but the last, and that of
                                the last; 0: as like or the metadata says */
    const tp_activation *activations; /* activation_count of them */
    /* C source: what the names of arrays and functions begin with, an identifier; NULL: "model". */
    const char *name;
    float slope;  /* of the activations above that have one; 0 means the default */
    tp_loss loss; /* import; TP_LOSS_COUNT: as like or the metadata says, else that of the last activation: CCE of
                     softmax, BCE of sigmoid, Poisson of exp, MSE of others */
} tp_exchange_options;

/* Sets every field to its default; for interfaces to other languages. */
TP_API void tp_exchange_options_init(tp_exchange_options *options, size_t struct_size);
/* Names by order, everything else as the file says. */
TP_INLINE void tp_exchange_options_default(tp_exchange_options *options) {
    tp_exchange_options_init(options, sizeof *options);
}

/*
 * Writes the layers to an output, which must be empty, as PyTorch has them, and commits the output: a safetensors file
 * for load_state_dict, of f32 tensors with the names that options say, weights [outputs, inputs]. options may be NULL:
 * the defaults; only names count. The metadata has what PyTorch does not know: activations, dropout, loss, scaling and
 * schema, but no notes. Scaling is not part of the layers: a note says so if the model has one. Inputs of the layers
 * are scaled inputs, and outputs scaled outputs (tp_scaling). TP_ERR_ARGUMENT if two tensors would have the same name.
 * TP_ERR_UNSUPPORTED if the header has more than 4 MiB. It needs memory for the largest layer, twice.
 */
TP_API tp_status tp_model_export_torch(const tp_model *model, tp_output *output, const tp_exchange_options *options);

/*
 * Writes the model to an output, which must be empty, as a header of C99, and commits the output: parameters as const
 * arrays and, with options->name for NAME, a function
 *   static inline void NAME_predict(const float *x, float *y)
 * of one sample in the units of the program, as tp_predict has them. It depends on fmaf and fabsf of <math.h>, and on
 * the functions that activations need: expf, expm1f, tanhf, log1pf, erfcf. It is scalar, has no state, allocates
 * nothing and keeps values on the stack; a comment says how many bytes. Without activations that need such functions
 * its bits are those of tp_predict, if the compiler keeps to IEEE 754 (no -ffast-math, -ffp-contract=off) and fmaf
 * rounds once. With them each value of an activation differs from the library's by at most 8 ulp, with functions of
 * glibc 2.36, and results as the later layers carry that on. On processors without fused multiply-add fmaf is exact,
 * but slow: the header says how to replace it. Products of a model of another precision than f32 are in f32, too.
 * options may be NULL: the defaults; only name counts. TP_ERR_ARGUMENT if it is no identifier of at most 40 characters.
 */
TP_API tp_status tp_model_export_c(const tp_model *model, tp_output *output, const tp_exchange_options *options);

/*
 * Makes a model from a safetensors file as PyTorch writes it (safetensors.torch.save_file of a state_dict). Tensors are
 * F32, or F64, F16 and BF16, which are converted to f32: F64 is rounded to nearest. options may be NULL: the defaults.
 * Files that tp_model_export_torch wrote give a model of the same parameters, bit for bit. A model of which neither the
 * metadata nor options->like says anything gets a schema of columns without names: its inputs are numbers, its targets
 * what the loss says: classes 0, 1, ... with CCE, and with BCE and one output; labels; numbers.
 * TP_ERR_FORMAT, with name and shape of the tensor and with what would fit, if the tensors do not make up layers.
 * TP_ERR_ARGUMENT if nothing says the activations, or there are not as many as layers. A note says which order layers
 * got by order if their names differ not only in numbers. Needs memory for 16 rows of weights besides the model.
 */
TP_API tp_status tp_model_import_torch(tp_context *context, const char *path, const tp_exchange_options *options,
                                       tp_model **model);

/*
 * Writes the model to an output, which must be empty, as an ONNX file (opset 13), and commits the output.
 * TP_ERR_UNSUPPORTED if the library was built without protobuf-c, the file would have 2 GiB or more, or a mean, a
 * deviation or its reciprocal is no float. It needs memory for the parameters once more.
 *   input      f32 [N, n_0], in the units of the program; N is any number of samples
 *   output     f32 [N, n_L], likewise: what tp_predict gives, but for roundings
 *   nodes      Sub and Mul scale inputs (a second Sub has what a mean has beyond a float); a Gemm for each layer, and
 *              its activation, for SiLU and GELU made of several nodes; Mul and Add scale outputs back
 *   metadata   what nodes do not say: names with "tileprop." of loss, dropout, scaling in double, schema; the notes;
 *              and for other programs, from the schema, JSON arrays input_names (of a category "name=category") and
 *              class_names or output_names
 */
TP_API tp_status tp_model_export_onnx(const tp_model *model, tp_output *output);
/* The same to memory, as tp_model_write. */
TP_API tp_status tp_model_write_onnx(const tp_model *model, void *buffer, size_t size, size_t *needed);

/*
 * Makes a model from an ONNX file of opset 7 or later, whose output must be computed by a chain of
 *   Add, Sub, Mul and Div by constants     the scaling of inputs; optional
 *   Gemm, or MatMul and perhaps Add        a layer; weights and biases are constants (Transpose of one is, too)
 *   Relu, LeakyRelu, Sigmoid, Tanh, Softmax, Elu, Softplus, Exp, Gelu; nodes that make up SiLU or GELU
 *                                          its activation; none: identity
 *   Add, Sub, Mul and Div by constants     the scaling of outputs; optional
 * and Identity, Dropout and Flatten anywhere. Constants are float, or double, float16 and bfloat16, which become f32:
 * double is rounded to nearest. Of options, which may be NULL, only the loss counts: without one it is as
 * tp_exchange_options says, but MSE where outputs are scaled. Files that tp_model_export_onnx wrote give the same
 * model, bit for bit. TP_ERR_FORMAT, with the node or tensor and with what would fit, if there is anything else, or
 * metadata of ours is not what the nodes say. TP_ERR_UNSUPPORTED if the library was built without protobuf-c. Needs
 * memory for three times the file.
 */
TP_API tp_status tp_model_import_onnx(tp_context *context, const char *path, const tp_exchange_options *options,
                                      tp_model **model);
/* The same from memory, as tp_model_read. */
TP_API tp_status tp_model_read_onnx(tp_context *context, const void *buffer, size_t size,
                                    const tp_exchange_options *options, tp_model **model);

/* ---------------------------------------------------------------------------------- workspace, forward, backward */

/* What a workspace is for. tp_evaluate and tp_predict take a workspace of any mode. */
typedef enum tp_mode {
    /* tp_forward; keeps two activation buffers */
    TP_MODE_INFERENCE = 0,
    /* also tp_loss_value, tp_backward and tp_train_step; keeps every activation (of SiLU and GELU also z), gradients
     * and deltas */
    TP_MODE_TRAINING,
    /* also tp_jacobian and tp_jvp, but not tp_backward; keeps every activation (of SiLU and GELU also z), and 2 n_L
     * rows of the widest layer for each thread */
    TP_MODE_DERIVATIVES
} tp_mode;

/* Every buffer that a forward or backward pass needs. */
typedef struct tp_workspace tp_workspace;

/* Options of tp_workspace_create. */
typedef struct tp_workspace_options {
    size_t struct_size; /* set by tp_workspace_options_default */
    size_t max_batch;   /* the largest number of samples in a batch, at least 1 */
    tp_mode mode;       /* what the workspace is for */
    int threads;        /* most threads that work with it; 0: the context's present number. 1 never enters OpenMP. */
} tp_workspace_options;

/* Sets every field to its default; for interfaces to other languages. */
TP_API void tp_workspace_options_init(tp_workspace_options *options, size_t struct_size);
/* One sample, inference, the context's number of threads. */
TP_INLINE void tp_workspace_options_default(tp_workspace_options *options) {
    tp_workspace_options_init(options, sizeof *options);
}

/* Bytes that the workspace needs; 0 if an argument is invalid. A part of them is for each thread, so that fewer threads
 * need less. */
TP_API size_t tp_workspace_size(const tp_model *model, const tp_workspace_options *options);
/* Makes a workspace in memory of size bytes, any alignment; with NULL and 0 it allocates. */
TP_API tp_status tp_workspace_create(const tp_model *model, const tp_workspace_options *options, void *memory,
                                     size_t size, tp_workspace **workspace);
/* Releases the workspace. */
TP_API void tp_workspace_destroy(tp_workspace *workspace);

/*
 * Switches dropout (Srivastava et al. 2014) on or off in a training workspace, for the following calls of tp_forward
 * and their tp_backward. With dropout, each output of a layer becomes 0 with the probability p of the layer, else it is
 * multiplied by 1 / (1 - p), rounded to float. Which outputs become 0 is a function of seed, step, layer, number of the
 * sample in the batch, and unit. Pass step = 1, 2, 3, ... for each forward pass; 0 switches dropout off, as after
 * creation. The workspace forgets its last forward pass. The trainer calls this itself, with its seed and step.
 * Inference workspaces, tp_evaluate and tp_predict never use dropout.
 */
TP_API tp_status tp_workspace_set_dropout(tp_workspace *workspace, uint64_t seed, uint64_t step);

/*
 * Computes A_L (see the notation at the top of this header) for a batch.
 *   x   batch rows of n_0 scaled inputs, row distance ldx >= n_0
 *   y   batch rows of n_L outputs, not scaled back, row distance ldy >= n_L; may be NULL, except with an inference
 *       workspace
 * With a training workspace, x must stay unchanged until the following tp_backward. If batch = 0, nothing is done.
 *
 * The order of a layer's sums depends on its shape alone, so that a sample has the same bits in every batch. Output j
 * before the activation is acc = b_j, then for k ascending acc = fma(a_k, w_kj, acc). In a layer of n <= 4 outputs with
 * at least 32 (n - 1) inputs, for instance the last one of a regression or of a binary classifier, it is a sum in 16
 * parts instead. Part l is acc = 0, then acc = fma(a_k, w_kj, acc) for k = l, l + 16, ... Part l + 8 is added to part l
 * for l < 8, then part l + 4 to part l for l < 4, and so on with 2 and 1. Then b_j is added to part 0.
 */
TP_API tp_status tp_forward(const tp_model *model, tp_workspace *workspace, size_t batch, const float *x, size_t ldx,
                            float *y, size_t ldy);

/* Targets of a batch. Exactly one of classes and values is set. */
typedef struct tp_targets {
    size_t struct_size; /* sizeof(tp_targets) or 0 */
    /* One class per sample, 0..n_L-1, which means a row with 1 at this place and 0 elsewhere. If n_L = 1 and the loss
     * is not CCE: 0 or 1, the target itself. */
    const int32_t *classes;
    const float *values;  /* rows of n_L targets, already scaled if the model has outputs_scaled */
    size_t ld;            /* row distance of values, at least n_L */
    const float *weights; /* w_i, one per sample; NULL: all 1 */
    /* If not NULL, w_i is multiplied by the weight of the sample's class. One weight for each class that classes may
     * contain. Only with classes. */
    const float *class_weights;
} tp_targets;

/*
 * The loss of samples with losses L_i and weights w_i:
 *   J = sum_i w_i L_i / sum_i w_i
 * The sums are in double, in the order of the samples. Weights must be finite and at least 0. If all weights are 0, J
 * and its gradients are 0. If the loss of a sample is not finite, J is not finite either, even if the weight of this
 * sample is 0. Weights that are all 1 give the same bits as NULL, and multiplying all weights by the same power of two
 * does not change the bits.
 * A sample is correct if the index of its largest output is the index of its largest target (the lowest one of equals).
 * With one output, or with BCE and values, it is correct if every output is on the side of its target: output >= 0.5
 * where target >= 0.5. For BCE, CCE and Poisson, logits z_L are compared instead of outputs. With values, no sample
 * counts as correct for losses other than BCE and CCE. Targets are compared without label smoothing. A sample with a
 * loss of NaN is not correct.
 */
typedef struct tp_score {
    double loss;    /* J, the weighted mean over the samples */
    size_t correct; /* samples that are predicted correctly, whatever their weights */
    size_t samples; /* how many there are */
    double weight;  /* sum_i w_i */
} tp_score;

/* Loss of the last tp_forward of this training workspace. */
TP_API tp_status tp_loss_value(const tp_model *model, tp_workspace *workspace, const tp_targets *targets,
                               tp_score *score);

/*
 * Back-propagates the last tp_forward of this training workspace:
 *   dZ_L = dJ/dZ_L                          includes the factor 1/N, or w_i / sum_i w_i
 *   dZ_l = (dZ_{l+1} W_{l+1}^T) * f_l'(Z_l)
 *   dJ/dW_l = A_{l-1}^T dZ_l
 *   dJ/db_l = column sums of dZ_l
 *   dJ/dX = dZ_1 W_1^T
 * and writes:
 *   gradients   dJ/dW_l and dJ/db_l, tp_model_parameter_count floats in the flat order
 *   dx          dJ/dX, batch rows of n_0, row distance lddx; must not overlap x, which the gradients need
 *   score       J and more; may be NULL
 * Either gradients or dx may be NULL; then it is not computed. The function may be called again for the same forward
 * pass with other targets.
 */
TP_API tp_status tp_backward(const tp_model *model, tp_workspace *workspace, const tp_targets *targets,
                             float *gradients, float *dx, size_t lddx, tp_score *score);

/*
 * tp_backward for a large batch that is passed in parts. The results are derivatives of a sum instead of a mean, and
 * the gradients are added to those of the parts before:
 *   gradients += d (sum_i w_i L_i) / d parameters
 *   dx = d (sum_i w_i L_i) / dX
 * Gradients are added sample by sample. So the parts of a batch, in their order, give the same bits wherever the batch
 * is cut. Begin with gradients of 0. Before tp_optimizer_step, divide them by the sum of the parts' score->weight.
 */
TP_API tp_status tp_backward_accumulate(const tp_model *model, tp_workspace *workspace, const tp_targets *targets,
                                        float *gradients, float *dx, size_t lddx, tp_score *score);

/* tp_backward for a loss of your own. dy is dJ/dA_L, batch rows of n_L, row distance lddy. dx must not overlap dy. */
TP_API tp_status tp_backward_from(const tp_model *model, tp_workspace *workspace, const float *dy, size_t lddy,
                                  float *gradients, float *dx, size_t lddx);

/*
 * The Jacobian: derivatives of the outputs of each sample by its inputs. It needs a workspace of TP_MODE_DERIVATIVES.
 *   jacobian[i][j][k] = d A_L[i,j] / d X[i,k]    batch x n_L x n_0, contiguous
 * x, y and their row distances are those of tp_forward; y may be NULL. If batch = 0, nothing is done. For each sample
 * the cost is one forward pass and n_L backward passes of one sample.
 */
TP_API tp_status tp_jacobian(const tp_model *model, tp_workspace *workspace, size_t batch, const float *x, size_t ldx,
                             float *y, size_t ldy, float *jacobian);
/*
 * Jacobian-vector products (forward mode): derivatives of the outputs of each sample along one direction of its inputs.
 * It needs a workspace of TP_MODE_DERIVATIVES.
 *   jv[i] = (d A_L[i] / d X[i]) v[i]
 *   v    batch rows of n_0, row distance ldv
 *   jv   batch rows of n_L, row distance ldjv
 * x, y and their row distances are those of tp_forward; y may be NULL. v and jv must not overlap each other, x or y. If
 * batch = 0, nothing is done. The cost is two forward passes.
 */
TP_API tp_status tp_jvp(const tp_model *model, tp_workspace *workspace, size_t batch, const float *x, size_t ldx,
                        const float *v, size_t ldv, float *y, size_t ldy, float *jv, size_t ldjv);

/* ----------------------------------------------------------------------------------------------------- optimiser */

/*
 * Update rules. g is the gradient, t = 1, 2, ... the step, r the learning rate of the step, w a parameter.
 * The limits of Adam keep g^2 a normal number. g beyond +-2^63 counts as +-2^63. g counts as 0 if its magnitude is at
 * most the larger one of sqrt(2^-126 / (1-b2)) and 2^-126 / (1-b1): 3.4e-18 by default. RMSprop has the same limits
 * with b1 = 0, Adagrad with b1 = b2 = 0, and with the term of the decay in g.
 */
typedef enum tp_optimizer_kind {
    /* w -= r g */
    TP_OPTIMIZER_SGD = 0,
    /* v = mu v + g; w -= r v */
    TP_OPTIMIZER_MOMENTUM,
    /* v = mu v + g; w -= r (g + mu v) */
    TP_OPTIMIZER_NESTEROV,
    /* m = b1 m + (1-b1) g; s = b2 s + (1-b2) g^2; w -= r' m / (sqrt(s)/c + eps), r' = r/(1-b1^t), c = sqrt(1-b2^t):
     * Kingma and Ba 2015, bias-corrected */
    TP_OPTIMIZER_ADAM,
    /* w -= r decay w, then Adam without decay in the gradient: Loshchilov and Hutter 2019 */
    TP_OPTIMIZER_ADAMW,
    /* s = b2 s + (1-b2) g^2; w -= r g / (sqrt(s) + eps), without momentum; b2 is what others call alpha, there 0.99 by
     * default: Tieleman and Hinton 2012, as in PyTorch */
    TP_OPTIMIZER_RMSPROP,
    /* s += g^2; w -= r g / (sqrt(s) + eps), from s = 0: Duchi et al. 2011. An s that overflows stops its parameter. */
    TP_OPTIMIZER_ADAGRAD,
    /* how many there are */
    TP_OPTIMIZER_COUNT
} tp_optimizer_kind;

/* The factor of the learning rate at step t = 1..total_steps. Warm-up multiplies it by another factor. */
typedef enum tp_schedule {
    /* cosine if total_steps is set, as the trainer does; else constant */
    TP_SCHEDULE_AUTO = 0,
    /* 1 */
    TP_SCHEDULE_CONSTANT,
    /* step_factor ^ floor((t-1) / step_every) */
    TP_SCHEDULE_STEP,
    /* final_factor + (1 - final_factor) (1 + cos(pi p)) / 2, p = (t - 1 - warmup_steps) / (total_steps - warmup_steps),
     * limited to 0..1 */
    TP_SCHEDULE_COSINE,
    /* step_factor ^ reductions: the trainer reduces the rate when epochs become no better, tp_train_options */
    TP_SCHEDULE_PLATEAU,
    /* final_factor ^ p, p as with cosine; final_factor may be more than 1: the range test of learning rates */
    TP_SCHEDULE_EXPONENTIAL,
    /* how many there are */
    TP_SCHEDULE_COUNT
} tp_schedule;

/* The name that the command line uses: "adam", ... NULL if the value is not valid. */
TP_API const char *tp_optimizer_name(tp_optimizer_kind kind);
/* The name that the command line uses: "cosine", ... NULL if the value is not valid. */
TP_API const char *tp_schedule_name(tp_schedule schedule);

/* Options of tp_optimizer_create, and of the optimiser in tp_train_options. */
typedef struct tp_optimizer_options {
    size_t struct_size;     /* set by tp_optimizer_options_default */
    tp_optimizer_kind kind; /* the update rule */
    float learning_rate;    /* > 0 */
    float momentum;         /* mu, 0 <= mu < 1 */
    float beta1;            /* b1, 0 <= b1 < 1 */
    float beta2;            /* b2, 0 <= b2 < 1 */
    float epsilon;          /* eps, > 0 */
    float weight_decay;     /* decay, >= 0; of weights, not biases: decay w is added to g, except with AdamW */
    float clip_norm; /* > 0: g is scaled, before decay is added, so that its Euclidean norm is at most this; 0: off */
    tp_schedule schedule;  /* of the learning rate */
    uint64_t warmup_steps; /* while t <= warmup_steps, the learning rate is multiplied by t / warmup_steps */
    uint64_t total_steps;  /* cosine and exponential only, > warmup_steps; 0: the trainer fills in its own number */
    uint64_t step_every;   /* step schedule only, >= 1 */
    float step_factor;     /* step and plateau schedules only, > 0 */
    float final_factor;    /* cosine only, 0..1; exponential only, > 0 */
    /* A factor of the learning rate for each layer, L entries, each 0 or more and finite, copied; NULL: all 1. The
     * product with the rate of a step is rounded to float. A layer whose factor is 0 is frozen: its parameters and
     * their state keep their bits, its gradients are not computed by the trainer and tp_train_step, and with clip_norm
     * they are not a part of the norm. */
    const float *layer_rates;
} tp_optimizer_options;

/* Sets every field to its default; for interfaces to other languages. */
TP_API void tp_optimizer_options_init(tp_optimizer_options *options, size_t struct_size);
/* Adam, learning rate 1e-3, momentum 0.9, beta1 0.9, beta2 0.999, epsilon 1e-8, no decay, no clipping, schedule auto.
 */
TP_INLINE void tp_optimizer_options_default(tp_optimizer_options *options) {
    tp_optimizer_options_init(options, sizeof *options);
}

/* The state of an update rule. */
typedef struct tp_optimizer tp_optimizer;

/* Bytes that the optimiser needs; 0 if an argument is invalid. */
TP_API size_t tp_optimizer_size(const tp_model *model, const tp_optimizer_options *options);
/* Makes an optimiser for this model, in memory of size bytes, any alignment; with NULL and 0 it allocates. */
TP_API tp_status tp_optimizer_create(const tp_model *model, const tp_optimizer_options *options, void *memory,
                                     size_t size, tp_optimizer **optimizer);
/* Releases the optimiser. */
TP_API void tp_optimizer_destroy(tp_optimizer *optimizer);

/* One update of the model's parameters. gradients are in the flat order and stay unchanged. */
TP_API tp_status tp_optimizer_step(tp_optimizer *optimizer, tp_model *model, const float *gradients);

/*
 * One training step: tp_forward, tp_backward and tp_optimizer_step in one call, for training loops of your own. The
 * bits are those of the three calls. Gradients are used while they are in cache, without a copy in memory.
 *   batch       at least 1
 *   x           batch rows of n_0 scaled inputs; not needed after the call
 *   workspace   a training workspace
 *   optimizer   made for this model
 *   score       the loss before the update; may be NULL
 * TP_ERR_NONFINITE if the loss is not finite. Then score contains this loss, and the model and the optimiser are
 * unchanged; the message names the first input or target that is not finite, with its row in the batch, or else the
 * first layer whose output is not finite.
 */
TP_API tp_status tp_train_step(tp_model *model, tp_workspace *workspace, tp_optimizer *optimizer, size_t batch,
                               const float *x, size_t ldx, const tp_targets *targets, tp_score *score);

/* Changes the learning rate, > 0, for the following steps. It is still multiplied by the factor of the schedule. It is
 * not part of the state that tp_optimizer_get_state copies: keep it yourself. */
TP_API tp_status tp_optimizer_set_learning_rate(tp_optimizer *optimizer, float learning_rate);

/*
 * Number of arrays in the state of the optimiser. The arrays and the number of steps are all that is needed to continue
 * with the same bits in another optimiser of the same options. A learning rate that was set by
 * tp_optimizer_set_learning_rate is not in the state: set it again. Each array is in the flat order of the parameters:
 *   SGD                  0
 *   momentum, Nesterov   1: v
 *   Adam, AdamW          2: m, then s
 *   RMSprop, Adagrad     1: s
 */
TP_API size_t tp_optimizer_state_count(const tp_optimizer *optimizer);
/* Copies array number which, from 0, out of the state. count must be tp_model_parameter_count. */
TP_API tp_status tp_optimizer_get_state(const tp_optimizer *optimizer, size_t which, float *values, size_t count);
/* Copies array number which, from 0, into the state. count must be tp_model_parameter_count. Those of s must not be
 * negative; NaN and infinity are allowed. */
TP_API tp_status tp_optimizer_set_state(tp_optimizer *optimizer, size_t which, const float *values, size_t count);
/* Sets the number of steps done so far, at most 2^53. */
TP_API tp_status tp_optimizer_set_steps(tp_optimizer *optimizer, uint64_t steps);

/* Number of steps done so far. */
TP_API uint64_t tp_optimizer_steps(const tp_optimizer *optimizer);
/* Learning rate of a step, counted from 1. */
TP_API float tp_optimizer_learning_rate(const tp_optimizer *optimizer, uint64_t step);

/* --------------------------------------------------------------------------------------------- data and training */

/*
 * Samples in memory of the caller, in the units of the program (tp_scaling).
 *   inputs    exactly one of bytes, floats and doubles is set
 *   targets   exactly one of classes, values and double_values is set; none is needed for tp_predict
 * Value j of sample i is at i * sample_stride + j * value_stride, in elements (with rows: rows[i] instead of i).
 * Strides 0 and 0 mean that samples follow each other. A Fortran array of (samples, features) has the strides 1 and
 * samples. If only one stride is 0, all samples, or all values of a sample, are the same.
 * With rows, a part of larger arrays is a set of its own without a copy: the numbers may be in any order, and repeat.
 * They are below the length of every array, which cannot be checked. rows is not copied.
 */
typedef struct tp_data {
    size_t struct_size;     /* sizeof(tp_data) or 0 */
    size_t samples;         /* number of samples */
    size_t features;        /* number of inputs of a sample */
    const uint8_t *bytes;   /* inputs */
    const float *floats;    /* inputs */
    const int32_t *classes; /* targets, one class per sample, as in tp_targets */
    const float *values;    /* targets, outputs for each sample */
    size_t outputs;         /* row length of values; with classes, one more than the largest class */
    const float *weights;   /* as in tp_targets, one per sample; also for validation and tp_evaluate; NULL: all 1 */
    const double *doubles;  /* inputs */
    const double *double_values; /* targets, outputs for each sample */
    size_t sample_stride;        /* from sample to sample in bytes, floats or doubles */
    size_t value_stride;         /* from value to value there */
    size_t target_sample_stride; /* from sample to sample in values or double_values */
    size_t target_stride;        /* from value to value there */
    const uint32_t *rows;        /* sample i is number rows[i] in every array above; NULL: number i */
} tp_data;

/* What on_epoch receives. */
typedef struct tp_epoch {
    size_t epoch;              /* number of this epoch, from 1 */
    size_t epochs;             /* number of epochs of the whole training */
    uint64_t steps;            /* steps since the start of training */
    double learning_rate;      /* of the last step */
    tp_score train;            /* weighted mean over the samples of the epoch; losses are those before each update */
    tp_score validation;       /* samples = 0 without validation */
    double seconds;            /* wall time of the epoch with its validation */
    double samples_per_second; /* training samples over the time of steps and on_step */
    size_t best_epoch;         /* number of the best epoch so far, maybe this one: tp_monitor */
} tp_epoch;

/* What on_step receives. */
typedef struct tp_step {
    uint64_t step;            /* number of this step since the start of training, from 1 */
    uint64_t steps_per_epoch; /* number of steps of an epoch */
    size_t epoch;             /* number of this epoch, from 1 */
    size_t epochs;            /* number of epochs of the whole training */
    double loss;              /* of this batch, before the update */
    double seconds;           /* since tp_trainer_run began */
} tp_step;

/* Called after an epoch, on the thread that called tp_trainer_run. Return nonzero to stop. It may use and change the
 * model. It must return (no longjmp, no pthread_exit). */
typedef int tp_epoch_fn(void *user, const tp_epoch *epoch);
/* Called after a step, on the thread that called tp_trainer_run, while the other threads wait. OpenMP inside it
 * therefore runs on one thread. Return nonzero to stop. It may use and change the model. It must return (no longjmp, no
 * pthread_exit). */
typedef int tp_step_fn(void *user, const tp_step *step);

/* Seconds that a thread spends on each part of training. Callbacks, shuffling, validation and checks are in none of
 * them. Reading the clock costs about 0.1 microseconds for each part. */
typedef struct tp_phases {
    double data;     /* copying and scaling samples into the batch */
    double forward;  /* products, biases and activations of the forward pass */
    double loss;     /* the loss and its derivative */
    double backward; /* gradients */
    double update;   /* updates, also those inside the product of a gradient; with one sample, this product as well */
    double barrier;  /* waiting for other threads */
} tp_phases;

/* What tells how good an epoch is: the score of the validation samples or, without any, of the training samples. */
typedef enum tp_monitor {
    TP_MONITOR_LOSS = 0, /* the lower the better */
    TP_MONITOR_ACCURACY, /* correct / samples, the higher the better */
    TP_MONITOR_COUNT     /* how many there are */
} tp_monitor;

/* Which parameters the model has after the run, and in the callback after an epoch. */
typedef enum tp_keep {
    TP_KEEP_LAST = 0, /* those after the last step, or their average */
    TP_KEEP_BEST,     /* after the run those of the best epoch, which needs validation; in the callback as with LAST */
    TP_KEEP_COUNT     /* how many there are */
} tp_keep;

/* Whether a trainer tries out instruction sets and numbers of threads, which all give the same bits. */
typedef enum tp_tune {
    TP_TUNE_AUTO = 0, /* while 500 steps and two seconds or more are left, unless the environment has TILEPROP_TUNE=off;
                         instruction sets unless the context was made for a certain one, teams of up to the context's
                         threads */
    TP_TUNE_OFF,      /* no: the built-in choice */
    TP_TUNE_COUNT     /* how many there are */
} tp_tune;

/* The name that the command line uses: "loss", ... NULL if the value is not valid. */
TP_API const char *tp_monitor_name(tp_monitor monitor);
/* The name that the command line uses: "last", ... NULL if the value is not valid. */
TP_API const char *tp_keep_name(tp_keep keep);

/*
 * A group: processes, its ranks, that train one model together, each with a trainer of its own for the same model, data
 * and options but for threads, tune, phases and callbacks. The parameters are the same bits on every rank after each
 * step, and the same for any number of ranks. Rank r of R has the parts r G/R .. (r+1) G/R - 1 of the G parts of each
 * batch, and reads no inputs of other samples; it keeps its share of the optimiser's state, about 1/R of it, and
 * updates that share of the parameters.
 *
 * The functions only move bytes; what they mean, and all arithmetic, is the trainer's. They are called on the thread
 * that called the trainer, some of them while its other threads compute. Every rank must make the calls that exchange
 * something, at the same place of the run: tp_trainer_run, tp_trainer_save, tp_snapshot_take; and what callbacks change
 * in the model they must change on every rank.
 *
 * tp_trainer_run first compares what the ranks are about to do: version, model, parameters, data, options and where the
 * run is; if a rank differs, all get TP_ERR_ARGUMENT, and the message names it. Then, if a callback of one rank asks to
 * stop, all stop after the same step; if a loss is not finite, all get TP_ERR_NONFINITE and the message of the rank
 * whose sample it is. tp_trainer_save writes on rank 0 alone, and its status is that of all. With on_step the
 * parameters are complete before each call of it; without, they arrive while the next step begins.
 */

/* Exchanges that are under way at a time have different slots, 0..TP_GROUP_SLOTS - 1. */
#define TP_GROUP_SLOTS (TP_MAX_LAYERS + 1)

/* Begins to send send_bytes bytes to rank peer, and to receive receive_bytes from it, any number each, 0 as well. The
 * peer makes the matching call with the same slot, and exchanges of two ranks with one slot match in the order of
 * their calls. send must not change, and receive must not be used, until the exchange is done. Returns at once. */
typedef tp_status tp_group_start_fn(void *user, int slot, int peer, const void *send, size_t send_bytes, void *receive,
                                    size_t receive_bytes);
/* Whether the exchange of the slot is done, in both directions, in *done; waits until it is if wait. Once it is done,
 * the slot may be used again. */
typedef tp_status tp_group_finish_fn(void *user, int slot, bool wait, bool *done);

/* Why one of them has failed last, for messages; maybe "". */
typedef const char *tp_group_reason_fn(const void *user);

/* What a trainer of a group needs. A status other than TP_OK of one of its functions ends the run with that status on
 * this rank; its trainer can then only be destroyed, once no exchange that is under way writes to it any more. */
typedef struct tp_group {
    size_t struct_size;         /* sizeof(tp_group) */
    int32_t rank;               /* of this process: 0..ranks - 1 */
    int32_t ranks;              /* in the group: a power of two, at most parts */
    void *user;                 /* passed to the functions */
    tp_group_start_fn *start;   /* begins an exchange */
    tp_group_finish_fn *finish; /* ends it */
    tp_group_reason_fn *reason; /* may be NULL */
} tp_group;

/* Options of tp_trainer_create. */
typedef struct tp_train_options {
    size_t struct_size;         /* set by tp_train_options_default */
    size_t batch;               /* samples of a step, >= 1 */
    size_t epochs;              /* >= 1 */
    bool shuffle;               /* a new order of samples in each epoch, a function of (seed, epoch) */
    bool phases;                /* measure what the calling thread spends its time on: tp_trainer_phases */
    uint64_t seed;              /* of the order, of the samples that are held out, and of dropout */
    double validation_fraction; /* 0 <= f < 1: held out from the data, chosen by seed, of each class the same part;
                                   without shuffle the last ones */
    const tp_data *validation;  /* a validation set; NULL: none. Not together with validation_fraction. */
    TP_EXTENSION union {
        tp_optimizer_options optimizer;    /* the update rule */
        unsigned char optimizer_room[256]; /* for fields of later versions */
    };
    tp_epoch_fn *on_epoch;      /* may be NULL */
    tp_step_fn *on_step;        /* may be NULL */
    void *user;                 /* passed to both */
    const float *class_weights; /* as in tp_targets, of the training samples, but not of those for validation; NULL:
                                   all 1 */
    tp_monitor monitor;         /* what tells how good an epoch is */
    tp_keep keep;               /* the parameters that the run leaves in the model */
    size_t patience;            /* the run ends after so many epochs in a row that are no better; 0: never */
    double min_delta;           /* a better epoch is better by more than this; 0 or more, finite */
    size_t plateau;             /* plateau schedule: epochs in a row that are no better until a reduction, >= 1 */
    double average;             /* d > 0: after each step e = fma((float)(1 - d), w - e, e), starting with e = w; the
                                   averages e, not w, are validated, seen by on_epoch and kept; 0 <= d < 1; 0: off */
    tp_tune tune;               /* what the run may try out to be faster */
    int32_t reserved;           /* 0 */
    const char *fingerprint;    /* a text that stands for data and validation in checkpoints, of at most 255 bytes,
                                   copied; NULL or "": tp_data_fingerprint of both, taken by each tp_trainer_save and
                                   tp_trainer_resume, and by the first tp_snapshot_save of a snapshot */
    size_t parts;               /* G, a power of two: into how many parts each batch is cut, see below */
    const tp_group *group;      /* of processes that train together; copied; NULL: this one alone */
} tp_train_options;

/*
 * Parts. A batch of n samples is cut into G parts, which follow each other: each has floor(n/G) samples, the first
 * n mod G have one more. The gradient of a part is one chain over its samples, in their order, of w_i dL_i, and so, in
 * double, are its loss, w_i L_i, and its weight, w_i; parts without samples have 0. Parts are added as a binary tree:
 * neighbours 2i and 2i+1, the lower one first, until one is left. The sum of gradients is divided by the sum of weights
 * within the update, as one factor, which is the float nearest to 1/sum or, where the norm is clipped, to
 * clip_norm/|sum|; there the squares are added layer by layer. Each G has bits of its own, whatever the number of
 * ranks, threads and the instruction set. G = 1: gradients are those of the weighted mean, as everywhere else.
 */

/* Sets every field to its default; for interfaces to other languages. */
TP_API void tp_train_options_init(tp_train_options *options, size_t struct_size, size_t optimizer_size);
/* Batch 128, 10 epochs, shuffled, seed 1, no validation, the default optimiser, monitor loss, keep last, no patience,
 * plateau 5, no average, 1 part, no group. The learning rate falls to 0 by the cosine schedule, because the trainer
 * sets total_steps. */
TP_INLINE void tp_train_options_default(tp_train_options *options) {
    tp_train_options_init(options, sizeof *options, sizeof(tp_optimizer_options));
}

/* Trains a model on a data set: mini-batches, shuffling, validation, epochs. */
typedef struct tp_trainer tp_trainer;

/* Bytes that the trainer needs; 0 if an argument is invalid. */
TP_API size_t tp_trainer_size(const tp_model *model, const tp_data *data, const tp_train_options *options);
/* Makes a trainer in memory of size bytes, any alignment; with NULL and 0 it allocates. The structs that data,
 * options and options->validation point to are copied. The arrays that they point to, and the model, must stay valid
 * while the trainer lives. The last batch of an epoch may be smaller than the others. */
TP_API tp_status tp_trainer_create(tp_model *model, const tp_data *data, const tp_train_options *options, void *memory,
                                   size_t size, tp_trainer **trainer);
/* Releases the trainer. */
TP_API void tp_trainer_destroy(tp_trainer *trainer);

/* Trains until all epochs are done, or patience ends. Called again, it does nothing more.
 *   TP_ERR_STOPPED     A callback asked to stop. Call again to continue with the next step. With several threads, each
 *                      start and each stop may copy the weights of the first layer, so frequent stops cost time.
 *   TP_ERR_NONFINITE   The loss of a step is not finite: the message names the step and the first input or target that
 *                      is not finite, with the number of its sample in the arrays of tp_data, or else the first layer
 *                      whose output is not finite. The parameters are those before the step. Or parameters are not
 *                      finite at the end of an epoch: the message names the epoch and the layer. */
TP_API tp_status tp_trainer_run(tp_trainer *trainer);

/* The instruction set of the next step, maybe one that the trainer has found to be the fastest: tp_tune. NULL if
 * trainer is NULL. */
TP_API const char *tp_trainer_isa(const tp_trainer *trainer);
/* The number of threads of the next step likewise; 0 if trainer is NULL. */
TP_API int tp_trainer_threads(const tp_trainer *trainer);

/* Number of epochs that are done; 0 if trainer is NULL. */
TP_API size_t tp_trainer_epochs(const tp_trainer *trainer);
/* Number of steps that are done; 0 if trainer is NULL. */
TP_API uint64_t tp_trainer_steps(const tp_trainer *trainer);
/* Number of the best epoch so far, from 1; 0: there is none yet, or trainer is NULL. */
TP_API size_t tp_trainer_best_epoch(const tp_trainer *trainer);

/*
 * Checkpoints. A run that is saved after any step, and resumed in another process, on another machine, with other
 * instruction sets and threads, ends with the same bits as one that was never stopped.
 *
 * The file is of the safetensors format, replaced as tp_output does it. It holds the tensors, in the flat order of the
 * parameters: "parameters"; "state.0", "state.1" of the optimiser, as many as it has; "average" with the option
 * average; "best" with TP_KEEP_BEST; and "crc32", the CRC-32 of all bytes before it, little endian. Its metadata holds
 * the model's description, the options, the fingerprint of the data, the version of the library, and as "at.*" where
 * the run is.
 */

/* Saves where the run is. It allocates a copy of the state. It may be called between runs and in callbacks.
 * TP_ERR_NONFINITE if parameters are not finite, so that the run has diverged. */
TP_API tp_status tp_trainer_save(const tp_trainer *trainer, const char *path);

/* Takes the run to where the file was saved, as if it had stopped there. The trainer must have been made with the same
 * data, the same options but for callbacks, user, phases and tune, and a model of the same layers, loss and scaling,
 * whose parameters are replaced. It must not be called in a callback. After a failure the trainer and its model are
 * unchanged.
 *   TP_ERR_ARGUMENT   model, options or data are not those of the file: the message names every difference
 *   TP_ERR_FORMAT     the file is damaged, or is no checkpoint */
TP_API tp_status tp_trainer_resume(tp_trainer *trainer, const char *path);

/* A copy of where a run is, so that training goes on while the copy is written. */
typedef struct tp_snapshot tp_snapshot;

/* Bytes that a snapshot of this trainer needs; 0 if trainer is NULL. */
TP_API size_t tp_snapshot_size(const tp_trainer *trainer);
/* Makes an empty snapshot for this trainer, which must live longer, in memory of size bytes, any alignment; with NULL
 * and 0 it allocates. */
TP_API tp_status tp_snapshot_create(const tp_trainer *trainer, void *memory, size_t size, tp_snapshot **snapshot);
/* Releases the snapshot. */
TP_API void tp_snapshot_destroy(tp_snapshot *snapshot);
/* Copies where the run is; nothing is allocated. It may be called between runs and in callbacks. Nobody may write the
 * snapshot meanwhile. TP_ERR_NONFINITE if parameters are not finite, so that the run has diverged: the snapshot is then
 * empty. */
TP_API tp_status tp_snapshot_take(tp_snapshot *snapshot);
/* Writes the snapshot, as tp_trainer_save does. Another thread may do this while the trainer runs; messages of the
 * context then come from that thread. TP_ERR_ARGUMENT if it is empty. */
TP_API tp_status tp_snapshot_save(tp_snapshot *snapshot, const char *path);

/* Room for a fingerprint: 64 hexadecimal digits and a zero. */
#define TP_FINGERPRINT_SIZE 65

/*
 * SHA-256 of samples, targets and weights as 64 lower-case hexadecimal digits, which tells whether two sets are the
 * same. It does not depend on strides, rows, the machine or the format of a file. Targets may be absent. What is
 * hashed, all numbers little endian:
 *   header    "tileprop data 1" and a zero byte; as 8 bytes each the samples, the inputs of a sample, and its targets:
 *             1 with classes, outputs with values, 0 without targets; then one byte each for the type of inputs (1
 *             bytes, 2 floats, 3 doubles), of targets (0 none, 2 floats, 3 doubles, 4 classes) and of weights (0 none,
 *             2 floats)
 *   samples   for each sample its inputs, its targets (a class as 4 bytes) and its weight
 * Values are hashed as their bits: 0 and -0 are not the same. Data are checked as by tp_trainer_create, as far as they
 * can be without a model. Nothing is allocated.
 */
TP_API tp_status tp_data_fingerprint(const tp_context *context, const tp_data *data,
                                     char fingerprint[TP_FINGERPRINT_SIZE]);

/* SHA-256 of the parameters in their flat order, as 4 bytes each, little endian, likewise as digits. It may be called
 * in callbacks. Nothing is allocated. */
TP_API tp_status tp_model_fingerprint(const tp_model *model, char fingerprint[TP_FINGERPRINT_SIZE]);

/* The time that the calls of tp_trainer_run have spent on each part so far; all 0 without the option phases. The struct
 * lives as long as the trainer. It is brought up to date after each epoch and at the end of a call. NULL if trainer is
 * NULL. */
TP_API const tp_phases *tp_trainer_phases(const tp_trainer *trainer);

/* Loss and number of correct samples over a data set, in batches of max_batch samples. The workspace may have any mode.
 * confusion: NULL, or n_L x n_L counts, where the row is the target class and the column is the predicted class. For
 * confusion the targets must be classes, and n_L must be at least 2. */
TP_API tp_status tp_evaluate(const tp_model *model, tp_workspace *workspace, const tp_data *data, tp_score *score,
                             uint64_t *confusion);

/* Where tp_predict puts predictions, in the units of the program. Exactly one of floats and doubles is set. The strides
 * are those of tp_data, but each value must have a place of its own. */
typedef struct tp_outputs {
    size_t struct_size;   /* sizeof(tp_outputs) or 0 */
    float *floats;        /* predictions, rounded to float */
    double *doubles;      /* predictions */
    size_t sample_stride; /* as in tp_data */
    size_t value_stride;  /* as in tp_data */
} tp_outputs;

/* A_L of every sample, samples x n_L, in the units of the program. The inputs in data are in these units too. Targets
 * in data are ignored and may be missing. The workspace may have any mode. */
TP_API tp_status tp_predict(const tp_model *model, tp_workspace *workspace, const tp_data *data, const tp_outputs *y);

/*
 * tp_evaluate by all ranks of a group, any power of two up to 65536 of them. Every rank calls it with the same model
 * and data and a workspace of the same max_batch, whose threads may differ. Each computes its neighbouring samples of
 * every batch of max_batch samples, and every rank gets the score and the confusion that tp_evaluate gives with such a
 * workspace, bit for bit. Allocates 4 bytes for each sample of a batch, 8 with weights, and releases them.
 *
 * If a rank refuses its arguments or has no memory, all get its status and a message that names it; so they do if the
 * ranks have other numbers of samples or outputs or another max_batch, or not all of them weights or a confusion. A
 * group that is refused is seen by its rank alone. If an exchange fails, the status is that of the group's function,
 * score and confusion are undefined, and the group must no longer write to where it was told to.
 */
TP_API tp_status tp_group_evaluate(const tp_model *model, tp_workspace *workspace, const tp_data *data,
                                   const tp_group *group, tp_score *score, uint64_t *confusion);

/* tp_predict of this rank's samples: about samples / ranks neighbouring ones, in the order of ranks. Their predictions,
 * the bits of tp_predict, are in rows *first .. *first + *count - 1 of y, which has a place for every sample of data;
 * the other rows are left as they are. *count may be 0. The ranks do not communicate, so each may fail alone. */
TP_API tp_status tp_group_predict(const tp_model *model, tp_workspace *workspace, const tp_data *data,
                                  const tp_group *group, const tp_outputs *y, size_t *first, size_t *count);

/* ----------------------------------------------------------------------------------------------------- predictor */

/*
 * A copy of a model for inference alone, which never changes. Any number of threads may use it at the same time, each
 * with a workspace of its own. The weights lie as products read them fastest, for the sizes of batches that it is told:
 * in rows, in rows that are farther apart, or in panels as in a tp_packed; of a model with TP_PRECISION_BF16 in bf16.
 * Every batch has the bits that tp_forward,
 * tp_evaluate and tp_predict compute with the model, whatever was told or chosen.
 */
typedef struct tp_predictor tp_predictor;

/* Options of tp_predictor_create. */
typedef struct tp_predictor_options {
    size_t struct_size; /* set by tp_predictor_options_default */
    /* Choose by time how each layer's weights lie and how many threads work, instead of by rule. This runs some tens of
     * batches of each size, for some milliseconds or more, and needs three copies of the weights and a workspace
     * meanwhile. The environment variable TILEPROP_TUNE=off leaves the rule. */
    bool measure;
    /* Sizes of batches, batch_count of them, in any order, each at least 1. Batches of other sizes may be run as well;
     * they do what the nearest of these does. NULL: one sample. */
    const size_t *batches;
    size_t batch_count; /* 0 if batches is NULL */
} tp_predictor_options;

/* Sets every field to its default; for interfaces to other languages. */
TP_API void tp_predictor_options_init(tp_predictor_options *options, size_t struct_size);
/* Batches of one sample, no measurement. */
TP_INLINE void tp_predictor_options_default(tp_predictor_options *options) {
    tp_predictor_options_init(options, sizeof *options);
}

/* Makes a predictor of a model, which may be changed or destroyed afterwards. context may be another one than the
 * model's: it decides about instruction set, threads and memory, and gets the messages. options may be NULL: the
 * defaults. Of each layer wider than 16 the predictor keeps the weights once for each layout that some size needs,
 * mostly one or two; the schema and the notes are not copied. */
TP_API tp_status tp_predictor_create(tp_context *context, const tp_model *model, const tp_predictor_options *options,
                                     tp_predictor **predictor);
/* Releases the predictor. Its workspaces must have been destroyed before. */
TP_API void tp_predictor_destroy(tp_predictor *predictor);

/* Bytes that a workspace for the predictor needs; 0 if an argument is invalid. */
TP_API size_t tp_predictor_workspace_size(const tp_predictor *predictor, const tp_workspace_options *options);
/* Makes a workspace for the predictor, with tp_workspace_options as for a model, whose mode must be TP_MODE_INFERENCE.
 * memory and size are as for tp_workspace_create. */
TP_API tp_status tp_predictor_workspace_create(const tp_predictor *predictor, const tp_workspace_options *options,
                                               void *memory, size_t size, tp_workspace **workspace);

/* tp_forward with an inference workspace of the predictor: batch rows of scaled inputs x, row distance ldx, and of
 * outputs y, row distance ldy. Nothing is allocated. */
TP_API tp_status tp_predictor_run(const tp_predictor *predictor, tp_workspace *workspace, size_t batch, const float *x,
                                  size_t ldx, float *y, size_t ldy);
/* tp_evaluate with a workspace of the predictor, in batches of its max_batch. Nothing is allocated. */
TP_API tp_status tp_predictor_evaluate(const tp_predictor *predictor, tp_workspace *workspace, const tp_data *data,
                                       tp_score *score, uint64_t *confusion);
/* tp_predict with a workspace of the predictor, in batches of its max_batch: inputs and outputs are in the units of the
 * program. Nothing is allocated. */
TP_API tp_status tp_predictor_predict(const tp_predictor *predictor, tp_workspace *workspace, const tp_data *data,
                                      const tp_outputs *y);

/* ---------------------------------------------------------------------------------------------------- data files */

/* Types of elements, with the numbers that the IDX format has for them. */
typedef enum tp_idx_type {
    TP_IDX_TYPE_U8 = 0x08,  /* uint8_t */
    TP_IDX_TYPE_I8 = 0x09,  /* int8_t */
    TP_IDX_TYPE_I16 = 0x0b, /* int16_t */
    TP_IDX_TYPE_I32 = 0x0c, /* int32_t */
    TP_IDX_TYPE_F32 = 0x0d, /* float */
    TP_IDX_TYPE_F64 = 0x0e  /* double */
} tp_idx_type;

/* The largest number of dimensions of an IDX file. */
#define TP_IDX_MAX_RANK 8

/* The contents of an IDX file. */
typedef struct tp_idx {
    tp_idx_type type;             /* of the elements */
    size_t rank;                  /* number of dimensions */
    size_t dims[TP_IDX_MAX_RANK]; /* size of each dimension */
    size_t elements;              /* product of the sizes */
    void *data;                   /* elements, in the byte order of the machine */
} tp_idx;

/* Reads the file at path, plain or compressed by gzip; its first bytes tell which. The file must contain exactly what
 * its header says. Zeros after the last gzip member are ignored. data comes from the context's allocator. Release it
 * with tp_idx_release. */
TP_API tp_status tp_idx_read(tp_context *context, const char *path, tp_idx *idx);

/* Converts the elements to a type that tp_data takes. The result replaces data, in a new block:
 *   u8         stays u8 (bytes of tp_data)
 *   f32        stays f32 (floats of tp_data)
 *   i8, i16    become f32, exactly
 *   i32, f64   become f32, rounded to nearest
 * NaN and infinity stay. TP_ERR_FORMAT if a finite f64 is too large for a float; the message contains its index, and
 * path as the name of the file. */
TP_API tp_status tp_idx_to_samples(tp_context *context, const char *path, tp_idx *idx);
/* Releases data. */
TP_API void tp_idx_release(tp_context *context, tp_idx *idx);

/* The two parts of a data set. */
typedef enum tp_split {
    TP_SPLIT_TRAIN = 0, /* for training */
    TP_SPLIT_TEST       /* for the test */
} tp_split;

/* Samples and targets that were read from files. */
typedef struct tp_dataset tp_dataset;

/*
 * Loads one part of a data set. where is a directory with IDX files named like those of MNIST, or the name of a set
 * that a Debian package installs: "fashion-mnist". The first of these files that exists is read:
 *   training images   train-images-idx3-ubyte, train-images-idx3-ubyte.gz, train-images.idx3-ubyte,
 *                     train-images.idx3-ubyte.gz
 *   training labels   the same with train-labels and idx1
 *   test              the same with t10k instead of train
 * Images have two or more dimensions and any type; they are converted as by tp_idx_to_samples. Labels of type u8, i8,
 * i16 or i32 have one dimension and are classes: less than the number of samples, or than 1024 if that is more. Those
 * of type f32 or f64 have one or two dimensions and are values: one or more for each sample.
 */
TP_API tp_status tp_dataset_load(tp_context *context, const char *where, tp_split split, tp_dataset **dataset);
/* Releases the data set. */
TP_API void tp_dataset_destroy(tp_dataset *dataset);
/* The samples and targets. They live as long as the data set. NULL if dataset is NULL. */
TP_API const tp_data *tp_dataset_data(const tp_dataset *dataset);

/* What a network is to find out, which decides its last layer and its loss. */
typedef enum tp_task {
    TP_TASK_AUTO = 0,   /* chosen from the targets: tp_dataset_open */
    TP_TASK_BINARY,     /* one of two classes: one sigmoid, BCE */
    TP_TASK_MULTICLASS, /* one of several classes: softmax, CCE */
    TP_TASK_MULTILABEL, /* several yes-or-no targets: a sigmoid for each, BCE */
    TP_TASK_REGRESSION, /* numbers: identity, MSE */
    TP_TASK_COUNT       /* how many there are */
} tp_task;

/* What to do with rows in which a value of a feature is missing. A row without its target, or without its weight, is
 * always an error, unless rows are left out. */
typedef enum tp_missing {
    TP_MISSING_ERROR = 0, /* refuse the data; the message names the first five rows and how many there are */
    TP_MISSING_MEAN,      /* take the mean of the training rows; of a category: none of them */
    TP_MISSING_DROP,      /* leave the row out; a note says how many */
    TP_MISSING_COUNT      /* how many there are */
} tp_missing;

/* What to do with a category that training has not seen. */
typedef enum tp_unknown {
    TP_UNKNOWN_ERROR = 0, /* refuse the data */
    TP_UNKNOWN_IGNORE,    /* none of the categories: all their inputs are 0 */
    TP_UNKNOWN_COUNT      /* how many there are */
} tp_unknown;

/* How the inputs of the network are scaled. */
typedef enum tp_input_scaling {
    TP_INPUT_SCALING_AUTO = 0, /* unit for bytes of images (samples of two or more dimensions), else standard */
    TP_INPUT_SCALING_NONE,     /* as they are */
    TP_INPUT_SCALING_UNIT,     /* bytes / 255 if all features are bytes; else as they are */
    TP_INPUT_SCALING_STANDARD, /* each numeric column to mean 0 and deviation 1 over the training rows; a constant one
                                  to 0 */
    TP_INPUT_SCALING_COUNT     /* how many there are */
} tp_input_scaling;

/* The name that files and the command line use: "regression", ... NULL if the value is not valid. */
TP_API const char *tp_task_name(tp_task task);
/* The name that files and the command line use: "error", ... NULL if the value is not valid. */
TP_API const char *tp_missing_name(tp_missing missing);
/* The name that files and the command line use: "ignore", ... NULL if the value is not valid. */
TP_API const char *tp_unknown_name(tp_unknown unknown);
/* The name that files and the command line use: "standard", ... NULL if the value is not valid. */
TP_API const char *tp_input_scaling_name(tp_input_scaling scaling);

/* How good predictions are, weighted by the samples' weights. What the task does not have, and what would be a division
 * by 0, is NaN. The struct never changes. */
typedef struct tp_metrics {
    size_t samples;     /* number of samples */
    double weight;      /* sum of the weights */
    size_t correct;     /* classes: samples predicted correctly; multi-label: those with every label correct */
    double accuracy;    /* the same by weight: accuracy, or subset accuracy */
    double macro_f1;    /* mean over the classes that occur among targets or predictions, or over all labels; an F1 that
                           is not defined counts as 0 */
    double weighted_f1; /* the same, weighted by support */
    double auc;         /* area under the ROC curve, ties as midranks; of several classes (one against the rest) or
                           labels the mean; NaN if one of them, or its opposite, is in no target */
    double log_loss;    /* predictions are clipped to [2^-52, 1 - 2^-52] and divided by their sum; of labels the mean */
    double r2;          /* mean over the outputs, as the two below */
    double rmse;        /* root of the mean square error, in the units of the targets */
    double mae;         /* mean absolute error, in these units */
} tp_metrics;

/* The same for one class, label or output. The struct never changes. */
typedef struct tp_output_metrics {
    double support;   /* weight of its samples */
    double precision; /* part of its predictions that is right; NaN without predictions */
    double recall;    /* part of its samples that is found; NaN without samples */
    double f1;        /* their harmonic mean; NaN with neither */
    double auc;       /* against the rest */
    double accuracy;  /* labels */
    double log_loss;  /* labels */
    double r2;        /* regression. A constant target: 1 if it is predicted exactly, else 0. One sample: NaN. */
    double rmse;      /* regression */
    double mae;       /* regression */
} tp_output_metrics;

/*
 * Compares predictions, as tp_predict writes them, with targets. Definitions are those of scikit-learn 1.2.
 *   task          not TP_TASK_AUTO
 *   targets       of samples, weights, rows and, as the task needs, classes or values; inputs are ignored
 *   outputs       values of a prediction: 1 for TP_TASK_BINARY, the probability of class 1
 *   predictions   samples rows of outputs, row distance ld; row i is that of sample i whatever targets->rows says
 *   metrics       receives the whole
 *   each          NULL, or receives those of each class (2 for TP_TASK_BINARY), label or output
 *   confusion     NULL, or classes x classes counts as for tp_evaluate; NULL for labels and regression
 * The predicted class is the first of the largest; of two, and for labels, yes is 0.5 and more. tp_evaluate counts in
 * the same way, but looks at logits, where these are so near 0 that their sigmoid rounds to 0.5. TP_ERR_NONFINITE if a
 * prediction or a target is NaN or infinite; the message names the first five samples. Uses one thread, and memory of
 * the context's allocator during the call, about 32 bytes for a sample.
 */
TP_API tp_status tp_metrics_compute(tp_context *context, tp_task task, const tp_data *targets, size_t outputs,
                                    const double *predictions, size_t ld, tp_metrics *metrics, tp_output_metrics *each,
                                    uint64_t *confusion);

/* What a column holds. */
typedef enum tp_column_kind {
    TP_COLUMN_NUMBER = 0, /* numbers: one input or output */
    TP_COLUMN_CATEGORY    /* names: as a feature one input for each category, 1 for its own and 0 for the others */
} tp_column_kind;

/* Parts of a column's range in which values are counted. */
#define TP_COLUMN_BINS 16

/* A column that is a feature or a target. */
typedef struct tp_column {
    const char *name;              /* NULL if the data has no names */
    tp_column_kind kind;           /* of a target with classes: category */
    size_t category_count;         /* 0 for numbers */
    const char *const *categories; /* their names in the order of inputs, or of classes; texts sorted by bytes, numbers
                                      by value */
    double mean;                   /* of the training rows, without missing values; NaN for categories */
    double deviation;              /* standard deviation (divided by the number of rows); NaN for categories */
    double minimum;                /* NaN for categories */
    double maximum;                /* NaN for categories */
    uint64_t missing;              /* training rows without a value */
    /* How many training rows have each category, or lie in each of TP_COLUMN_BINS equal parts from minimum to maximum;
     * NULL in a schema of a model that was loaded. */
    const uint64_t *counts;
} tp_column;

/* A schema lives as long as the data set or the model that it is of. */
/* What the network is to find out; TP_TASK_AUTO only of a data set whose targets were not looked at (schema_only, or
 * no_target without a schema). */
TP_API tp_task tp_schema_task(const tp_schema *schema);
/* Number of columns that are features. 0 if schema is NULL. */
TP_API size_t tp_schema_feature_count(const tp_schema *schema);
/* Number of columns that are targets. 0 if schema is NULL. */
TP_API size_t tp_schema_target_count(const tp_schema *schema);
/* Feature 0, 1, ...; NULL if there is no such column. */
TP_API const tp_column *tp_schema_feature(const tp_schema *schema, size_t i);
/* Target 0, 1, ...; NULL if there is no such column. */
TP_API const tp_column *tp_schema_target(const tp_schema *schema, size_t i);
/* Number of inputs of a network for this data: a number is one, a category one for each of its names. */
TP_API size_t tp_schema_inputs(const tp_schema *schema);
/* Number of outputs of a network for this data: 1 for two classes, else one for each class, label or number. */
TP_API size_t tp_schema_outputs(const tp_schema *schema);

/* Sets in options what a network for this data needs: schema, inputs, inputs_scaled, outputs_scaled, and the loss of
 * the task. The layers stay the caller's: the last one is tp_schema_outputs wide and has the activation of the loss.
 * What is set points into the schema. */
TP_API tp_status tp_schema_apply(const tp_schema *schema, tp_model_options *options);

/* The schema of the data that the model was made for; NULL if it has none, as models of older versions. */
TP_API const tp_schema *tp_model_schema(const tp_model *model);

/* Options of tp_dataset_open. Lists are names of columns, or numbers counted from 1, separated by commas; a name that
 * contains a comma is put in double quotes. */
typedef struct tp_dataset_options {
    size_t struct_size;       /* set by tp_dataset_options_default */
    const tp_schema *schema;  /* of a model: the data becomes what that expects, and the fields from target to scaling
                                 may be left as they are. Columns are found by name, in any order, or without names by
                                 number; targets may be absent. NULL: a schema is made from the data. */
    const char *target;       /* list of the targets; NULL: what the file says itself, else the last column */
    const char *ignore;       /* list of columns that are no features; NULL: none */
    const char *categories;   /* list of columns whose numbers are names of categories; NULL: none */
    const char *weight;       /* column of sample weights, of NPZ also an array of its own; NULL: all 1 */
    const char *id;           /* likewise one that names rows (tp_dataset_id), no feature; NULL: none */
    tp_task task;             /* TP_TASK_AUTO: what the targets say */
    tp_missing missing;       /* with a schema: TP_MISSING_ERROR means what was chosen for training */
    tp_unknown unknown;       /* with a schema: TP_UNKNOWN_ERROR means what was chosen for training */
    tp_input_scaling scaling; /* of the features */
    bool no_header;           /* CSV: the first line is a row. Else it is one if one of its fields is a number. */
    bool schema_only;         /* only the schema, of which every column is a feature; missing values are allowed, and
                                 tp_dataset_data has the number of samples and no arrays */
    bool no_target;           /* for predictions: do not read targets (they may be missing values). Without a schema
                                 every column must be of numbers and is a feature, but for those of target, ignore,
                                 weight and id, and targets that the file itself names. */
    bool keep_missing;        /* missing values are allowed and NaN in the inputs, unless rows are left out: to be
                                 written elsewhere, as training does not take them */
    tp_split split;           /* of a directory or an NPZ file that has both */
    const char *inputs;       /* NPZ: name of the array of features, HDF5: path of the dataset; NULL: the usual names */
    const char *targets;      /* the same for targets */
    double validation_fraction; /* 0 <= f < 1: rows held out, chosen by seed, of each class the same part */
    size_t folds;               /* 0, or k >= 2: fold number fold of k is held out instead */
    size_t fold;                /* 0..folds-1 */
    uint64_t seed;              /* of the rows that are held out */
    bool keep_order;            /* hold out the last rows, or for fold f the f-th run of rows, instead of chosen
                                   ones; both parts keep the order of the file */
    size_t memory;              /* arrays that have to be converted and take more bytes are kept in a temporary file in
                                   $TMPDIR; 0: half of the memory of the machine, of its control group, or of the
                                   process (RLIMIT_DATA), whichever is least */
} tp_dataset_options;

/* Sets every field to its default; for interfaces to other languages. */
TP_API void tp_dataset_options_init(tp_dataset_options *options, size_t struct_size);
/* Everything 0, NULL and false but the seed, which is 1. */
TP_INLINE void tp_dataset_options_default(tp_dataset_options *options) {
    tp_dataset_options_init(options, sizeof *options);
}

/*
 * Reads a file of samples. Its first bytes tell the format, else its name:
 *   CSV, TSV      also gzipped; TSV if the first line has tabs and no comma
 *   NPY, NPZ      versions 1 to 3, either order, f2 f4 f8, i1..i8, u1..u8, bool
 *   libsvm        text with one-based indices, also gzipped
 *   HDF5          if the library was built with it; libhdf5 is no guard against damaged files: only trusted ones
 *   IDX           also gzipped
 * path may also be "-", standard input, for text, gzipped or not, and a directory or a name as for tp_dataset_load.
 * options may be NULL: the defaults. The schema is made from the rows that are not held out. With TP_TASK_AUTO the
 * targets decide:
 *   one column of texts, or of at most 20 different integers   classes: two of them binary, else multi-class
 *   another column of numbers                                  regression
 *   several columns of 0 and 1                                 multi-label
 *   several columns of numbers                                 regression
 * A note says what was chosen and why. An NPY file, an uncompressed
 * array of an NPZ file, an IDX file of bytes, and a contiguous dataset of HDF5 are not read but mapped, so they may be
 * larger than memory, where their numbers need no conversion and the features are columns beside each other. The file
 * must not be changed then while the data set lives.
 */
TP_API tp_status tp_dataset_open(tp_context *context, const char *path, const tp_dataset_options *options,
                                 tp_dataset **dataset);
/* The schema of the data set; NULL if dataset is NULL or tp_dataset_load made it. */
TP_API const tp_schema *tp_dataset_schema(const tp_dataset *dataset);
/* The rows that are held out; NULL if there are none. */
TP_API const tp_data *tp_dataset_validation(const tp_dataset *dataset);
/* What the column id says of sample i of tp_dataset_data: its text, or the shortest text of its number, "" if it has
 * none. NULL without such a
 * column. Rows that were left out have no sample. The text is valid until the next call. */
TP_API const char *tp_dataset_id(tp_dataset *dataset, size_t i);
/* Row of the file, from 0, that sample i of tp_dataset_data is. */
TP_API size_t tp_dataset_row(const tp_dataset *dataset, size_t i);

#ifdef __cplusplus
}
#endif
#endif
