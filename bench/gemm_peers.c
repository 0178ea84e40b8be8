/* SPDX-License-Identifier: BSD-3-Clause */
/* OpenBLAS, BLIS and oneDNN: how each is told which core to use, and called. */
#include "gemm_library.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------- OpenBLAS and BLIS */

enum { ROW_MAJOR = 101, NO_TRANSPOSE = 111, TRANSPOSE = 112 }; /* of CBLAS */

typedef void cblas_sgemm_fn(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                            const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);

static cblas_sgemm_fn *cblas_sgemm;

static void multiply_cblas(const struct gemm_shape *s, const struct gemm_operands *x) {
    const int m = (int)s->m, n = (int)s->n, k = (int)s->k;
    cblas_sgemm(ROW_MAJOR, s->transpose_a ? TRANSPOSE : NO_TRANSPOSE, s->transpose_b ? TRANSPOSE : NO_TRANSPOSE, m, n,
                k, 1, x->a, s->transpose_a ? m : k, x->b, s->transpose_b ? k : n, 0, x->c, n);
}

static bool lacks(struct gemm_library_info *info, const char *what) {
    snprintf(info->problem, sizeof info->problem, "the library does not know %s", what);
    return false;
}

static bool open_openblas(void *handle, const char *isa, int threads, struct gemm_library_info *info) {
    (void)isa;
    char *(*config)(void) = (char *(*)(void))dlsym(handle, "openblas_get_config");
    char *(*core)(void) = (char *(*)(void))dlsym(handle, "openblas_get_corename");
    void (*set_threads)(int) = (void (*)(int))dlsym(handle, "openblas_set_num_threads");
    cblas_sgemm = (cblas_sgemm_fn *)dlsym(handle, "cblas_sgemm");
    if (!config || !core || !set_threads || !cblas_sgemm)
        return lacks(info, "openblas_get_config and cblas_sgemm");
    set_threads(threads);
    if (sscanf(config(), "OpenBLAS %63s", info->version) != 1)
        return lacks(info, "its version");
    snprintf(info->core, sizeof info->core, "%s", core());
    return true;
}

/* BLIS up to 0.9 takes the core's number, which changes between versions, and reads names as number 0. */
static bool choose_blis_core(const char *wanted, const char *(*core_name)(int)) {
    int id = 0;
    while (strcmp(core_name(id), wanted) != 0)
        if (!strcmp(core_name(id++), "generic"))
            return false;
    char number[12];
    snprintf(number, sizeof number, "%d", id);
    return setenv("BLIS_ARCH_TYPE", number, 1) == 0;
}

static bool open_blis(void *handle, const char *isa, int threads, struct gemm_library_info *info) {
    const char *(*version)(void) = (const char *(*)(void))dlsym(handle, "bli_info_get_version_str");
    const char *(*core_name)(int) = (const char *(*)(int))dlsym(handle, "bli_arch_string");
    int (*core)(void) = (int (*)(void))dlsym(handle, "bli_arch_query_id");
    void (*start)(void) = (void (*)(void))dlsym(handle, "bli_init");
    void (*set_threads)(long) = (void (*)(long))dlsym(handle, "bli_thread_set_num_threads");
    cblas_sgemm = (cblas_sgemm_fn *)dlsym(handle, "cblas_sgemm");
    if (!version || !core_name || !core || !start || !set_threads || !cblas_sgemm)
        return lacks(info, "bli_arch_string and cblas_sgemm");
    const char *wanted = gemm_library_core(&gemm_blis, isa);
    if (wanted && !choose_blis_core(wanted, core_name))
        return lacks(info, wanted);
    start();
    set_threads(threads);
    snprintf(info->version, sizeof info->version, "%s", version());
    snprintf(info->core, sizeof info->core, "%s", core_name(core()));
    return true;
}

const struct gemm_library gemm_openblas = {.name = "openblas",
                                           .files = {"/usr/lib/*/openblas-openmp/libopenblas.so.0", "libopenblas.so.0"},
                                           .variable = "OPENBLAS_CORETYPE",
                                           .avx512 = "SkylakeX",
                                           .avx2 = "Haswell",
                                           .open = open_openblas,
                                           .multiply = multiply_cblas};

const struct gemm_library gemm_blis = {.name = "blis",
                                       .files = {"/usr/lib/*/blis-openmp/libblis.so.4", "libblis.so.4"},
                                       .avx512 = "skx",
                                       .avx2 = "haswell",
                                       .open = open_blis,
                                       .multiply = multiply_cblas};

/* --------------------------------------------------------------------------------------------------------- oneDNN */

/* Row-major; the same in versions 1 to 3. */
typedef int dnnl_sgemm_fn(char transpose_a, char transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
                          const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc);

struct dnnl_version {
    int major, minor, patch; /* and more */
};

static dnnl_sgemm_fn *dnnl_sgemm;

static void multiply_onednn(const struct gemm_shape *s, const struct gemm_operands *x) {
    const int64_t m = (int64_t)s->m, n = (int64_t)s->n, k = (int64_t)s->k;
    const int failed = dnnl_sgemm(s->transpose_a ? 'T' : 'N', s->transpose_b ? 'T' : 'N', m, n, k, 1, x->a,
                                  s->transpose_a ? m : k, x->b, s->transpose_b ? k : n, 0, x->c, n);
    if (failed)
        exit(1); /* the reader of the results sees that this worker ended */
}

/* Values of dnnl_cpu_isa_t. */
static void name_onednn_core(int isa, char *name, size_t size) {
    if (isa == 0x7 || isa == 0x27)
        snprintf(name, size, "%s", isa == 0x7 ? "AVX2" : "AVX512_CORE");
    else
        snprintf(name, size, "isa %#x", (unsigned)isa);
}

/* The number of threads comes from the environment: OMP_NUM_THREADS. */
static bool open_onednn(void *handle, const char *isa, int threads, struct gemm_library_info *info) {
    (void)isa;
    (void)threads;
    const struct dnnl_version *(*version)(void) = (const struct dnnl_version *(*)(void))dlsym(handle, "dnnl_version");
    int (*core)(void) = (int (*)(void))dlsym(handle, "dnnl_get_effective_cpu_isa");
    dnnl_sgemm = (dnnl_sgemm_fn *)dlsym(handle, "dnnl_sgemm");
    if (!version || !core || !dnnl_sgemm)
        return lacks(info, "dnnl_get_effective_cpu_isa and dnnl_sgemm");
    const struct dnnl_version *v = version();
    snprintf(info->version, sizeof info->version, "%d.%d.%d", v->major, v->minor, v->patch);
    name_onednn_core(core(), info->core, sizeof info->core);
    return true;
}

const struct gemm_library gemm_onednn = {.name = "onednn",
                                         .files = {"libdnnl.so.3", "libdnnl.so.2"},
                                         .variable =
                                             "DNNL_MAX_CPU_ISA", /* also read by versions that call it ONEDNN_ */
                                         .avx512 = "AVX512_CORE",
                                         .avx2 = "AVX2",
                                         .open = open_onednn,
                                         .multiply = multiply_onednn};
