/* SPDX-License-Identifier: BSD-3-Clause */
/* The libraries of others: how each is told which core to use, and what it runs as. */
#include "library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bench_cblas_sgemm_fn *bench_cblas_sgemm;
bench_dnnl_bf16gemm_fn *bench_dnnl_bf16gemm;
bench_dnnl_sgemm_fn *bench_dnnl_sgemm;

static bool open_openblas(void *handle, const char *isa, int threads, struct bench_library_info *info) {
    (void)isa;
    char *(*config)(void) = (char *(*)(void))dlsym(handle, "openblas_get_config");
    char *(*core)(void) = (char *(*)(void))dlsym(handle, "openblas_get_corename");
    void (*set_threads)(int) = (void (*)(int))dlsym(handle, "openblas_set_num_threads");
    bench_cblas_sgemm = (bench_cblas_sgemm_fn *)dlsym(handle, "cblas_sgemm");
    if (!config || !core || !set_threads || !bench_cblas_sgemm)
        return bench_library_lacks(info, "openblas_get_config and cblas_sgemm");
    set_threads(threads);
    if (sscanf(config(), "OpenBLAS %63s", info->version) != 1)
        return bench_library_lacks(info, "its version");
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

static bool open_blis(void *handle, const char *isa, int threads, struct bench_library_info *info) {
    const char *(*version)(void) = (const char *(*)(void))dlsym(handle, "bli_info_get_version_str");
    const char *(*core_name)(int) = (const char *(*)(int))dlsym(handle, "bli_arch_string");
    int (*core)(void) = (int (*)(void))dlsym(handle, "bli_arch_query_id");
    void (*start)(void) = (void (*)(void))dlsym(handle, "bli_init");
    void (*set_threads)(long) = (void (*)(long))dlsym(handle, "bli_thread_set_num_threads");
    bench_cblas_sgemm = (bench_cblas_sgemm_fn *)dlsym(handle, "cblas_sgemm");
    if (!version || !core_name || !core || !start || !set_threads || !bench_cblas_sgemm)
        return bench_library_lacks(info, "bli_arch_string and cblas_sgemm");
    const char *wanted = bench_library_core(&bench_blis, isa);
    if (wanted && !choose_blis_core(wanted, core_name))
        return bench_library_lacks(info, wanted);
    start();
    set_threads(threads);
    snprintf(info->version, sizeof info->version, "%s", version());
    snprintf(info->core, sizeof info->core, "%s", core_name(core()));
    return true;
}

const struct bench_library bench_openblas = {
    .name = "openblas",
    .files = {"/usr/lib/*/openblas-openmp/libopenblas.so.0", "libopenblas.so.0"},
    .variable = "OPENBLAS_CORETYPE",
    .avx512 = "SkylakeX",
    .avx2 = "Haswell",
    .open = open_openblas};

const struct bench_library bench_blis = {.name = "blis",
                                         .files = {"/usr/lib/*/blis-openmp/libblis.so.4", "libblis.so.4"},
                                         .avx512 = "skx",
                                         .avx2 = "haswell",
                                         .open = open_blis};

struct dnnl_version {
    int major, minor, patch; /* and more */
};

/* Values of dnnl_cpu_isa_t. */
static void name_onednn_core(int isa, char *name, size_t size) {
    static const struct {
        int isa;
        const char *name;
    } names[] = {{0x7, "AVX2"}, {0x27, "AVX512_CORE"}, {0xe7, "AVX512_CORE_BF16"}, {0x3e7, "AVX512_CORE_AMX"}};
    snprintf(name, size, "isa %#x", (unsigned)isa);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (isa == names[i].isa)
            snprintf(name, size, "%s", names[i].name);
}

/* The number of threads comes from the environment: OMP_NUM_THREADS. */
static bool open_onednn(void *handle, const char *isa, int threads, struct bench_library_info *info) {
    (void)isa;
    (void)threads;
    const struct dnnl_version *(*version)(void) = (const struct dnnl_version *(*)(void))dlsym(handle, "dnnl_version");
    int (*core)(void) = (int (*)(void))dlsym(handle, "dnnl_get_effective_cpu_isa");
    bench_dnnl_sgemm = (bench_dnnl_sgemm_fn *)dlsym(handle, "dnnl_sgemm");
    bench_dnnl_bf16gemm = (bench_dnnl_bf16gemm_fn *)dlsym(handle, "dnnl_gemm_bf16bf16f32");
    if (!version || !core || !bench_dnnl_sgemm)
        return bench_library_lacks(info, "dnnl_get_effective_cpu_isa and dnnl_sgemm");
    const struct dnnl_version *v = version();
    snprintf(info->version, sizeof info->version, "%d.%d.%d", v->major, v->minor, v->patch);
    name_onednn_core(core(), info->core, sizeof info->core);
    return true;
}

const struct bench_library bench_onednn = {.name = "onednn",
                                           .files = {"libdnnl.so.3", "libdnnl.so.2"},
                                           .variable =
                                               "DNNL_MAX_CPU_ISA", /* also read by versions that call it ONEDNN_ */
                                           .avx512 = "AVX512_CORE",
                                           .amx = "AVX512_CORE_AMX",
                                           .avx512bf16 = "AVX512_CORE_BF16",
                                           .avx2 = "AVX2",
                                           .open = open_onednn};

/* ------------------------------------------------------------------------------------------- libfann, for training */

void *bench_fann_handle;

static bool open_fann(void *handle, const char *isa, int threads, struct bench_library_info *info) {
    (void)isa;
    (void)threads;
    bench_fann_handle = handle;
    if (!dlsym(handle, "fann_create_standard_array") || !dlsym(handle, "fann_train"))
        return bench_library_lacks(info, "fann_create_standard_array and fann_train");
    char *path = realpath(info->path, NULL);
    const char *version = path ? strstr(path, ".so.") : NULL;
    snprintf(info->version, sizeof info->version, "%.20s", version ? version + strlen(".so.") : "unknown");
    free(path);
    snprintf(info->core, sizeof info->core, "plain C");
    return true;
}

const struct bench_library bench_fann = {.name = "fann", .files = {"libfloatfann.so.2"}, .open = open_fann};

/* ------------------------------------------------------------------------------------------------ Python packages */

const struct bench_library bench_torch = {.name = "torch",
                                          .files = {"/usr/bin/python3"},
                                          .variable = "ATEN_CPU_CAPABILITY",
                                          .avx512 = "avx512",
                                          .avx2 = "avx2",
                                          .script = "train/train_torch.py"};

const struct bench_library bench_sklearn = {.name = "sklearn",
                                            .files = {"/usr/bin/python3"},
                                            .avx512 = "SkylakeX",
                                            .avx2 = "Haswell",
                                            .script = "train/train_sklearn.py"};
