/* SPDX-License-Identifier: BSD-3-Clause */
/* HDF5: datasets at paths. libhdf5 has process state and in its usual build no locks of its own: one thread of ours at
 * a time is in it. A program that calls it in other threads meanwhile needs a build of it with locks. */
#include "io/format.h"

#include <string.h>

static bool recognises(const struct tp_file_head *head) {
    return !head->gzip && head->size >= 8 && !memcmp(head->bytes, "\x89HDF\r\n\x1a\n", 8);
}

#ifdef TP_HAVE_HDF5

#include "core/memory.h"
#include "core/size.h"
#include "io/array.h"
#include "io/array_names.h"

#include <hdf5.h>
#include <pthread.h>
#include <stdio.h>

#define BLOCK (4U << 20) /* bytes that libhdf5 is asked for at a time, or one row */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

struct file {
    struct tp_table *table;
    const struct tp_read_options *options;
    struct tp_file bytes; /* the same file, to be mapped */
    hid_t id;
};

/* ---- messages ---- */

static herr_t take_description(unsigned n, const H5E_error2_t *error, void *user) {
    (void)n;
    const char **text = user;
    *text = error->desc;
    return 0;
}

/* What the innermost function of the library said. */
static tp_status fail(const struct file *file, const char *name, const char *what) {
    const char *why = "libhdf5 does not say why";
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, take_description, &why);
    return tp_fail(file->table->context, TP_ERR_FORMAT, "%s: %s: cannot %s: %s", file->table->path, name, what, why);
}

/* ---- which datasets there are ---- */

static bool has(void *user, const char *name) {
    const struct file *file = user;
    const hid_t object = H5Oopen(file->id, name, H5P_DEFAULT);
    if (object < 0)
        return false;
    const bool is_dataset = H5Iget_type(object) == H5I_DATASET;
    H5Oclose(object);
    return is_dataset;
}

struct listing {
    char *text;
    size_t size;
};

static herr_t list_one(hid_t group, const char *name, const H5L_info_t *info, void *user) {
    (void)group, (void)info;
    const struct listing *listing = user;
    tp_array_names_list(listing->text, listing->size, name, strlen(name));
    return 0;
}

static void list(void *user, char *text, size_t size) {
    const struct file *file = user;
    struct listing listing = {text, size};
    H5Literate(file->id, H5_INDEX_NAME, H5_ITER_INC, NULL, list_one, &listing);
}

/* ---- one dataset ---- */

struct dataset {
    const struct file *file;
    const char *name;
    hid_t id, type, space;
    struct tp_array array;
    hid_t memory; /* type of the numbers */
};

static const char *name_class(H5T_class_t class) {
    static const char *const names[] = {
        [H5T_TIME] = "times",          [H5T_STRING] = "texts",        [H5T_BITFIELD] = "bit fields",
        [H5T_OPAQUE] = "opaque bytes", [H5T_COMPOUND] = "structures", [H5T_REFERENCE] = "references",
        [H5T_ENUM] = "enumerations",   [H5T_VLEN] = "lists",          [H5T_ARRAY] = "arrays",
    };
    return class >= 0 && (size_t) class < sizeof names / sizeof *names && names[class] ? names[class]
                                                                                       : "of an unknown type";
}

/* What its elements become: as with the other formats, a type that holds them exactly, or double. */
static tp_status choose_numbers(struct dataset *dataset) {
    const H5T_class_t class = H5Tget_class(dataset->type);
    const size_t size = H5Tget_size(dataset->type);
    if (class != H5T_INTEGER && class != H5T_FLOAT)
        return tp_fail(dataset->file->table->context, TP_ERR_UNSUPPORTED,
                       "%s: %s: its elements are %s; they must be integers or floats", dataset->file->table->path,
                       dataset->name, name_class(class));
    const bool byte = class == H5T_INTEGER && size == 1 && H5Tget_sign(dataset->type) == H5T_SGN_NONE;
    const bool exact = size <= (class == H5T_FLOAT ? sizeof(float) : sizeof(int16_t));
    dataset->array.element = byte    ? tp_element_of('u', 1)
                             : exact ? tp_element_of('f', sizeof(float))
                                     : tp_element_of('f', sizeof(double));
    dataset->memory = byte ? H5T_NATIVE_UINT8 : exact ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE;
    return TP_OK;
}

static tp_status read_shape(struct dataset *dataset) {
    hsize_t dims[H5S_MAX_RANK];
    const int rank = H5Sget_simple_extent_dims(dataset->space, dims, NULL);
    if (rank < 1 || rank > TP_ARRAY_MAX_RANK)
        return fail(dataset->file, dataset->name, "have rows, because it has no dimensions");
    dataset->array.rank = (size_t)rank;
    for (int i = 0; i < rank; i++)
        dataset->array.dims[i] = dims[i];
    return TP_OK;
}

/* Of a contiguous dataset whose elements are in the machine's format. A dataset that was never written has no place. */
static tp_status map(const struct dataset *dataset, const struct tp_array *array, const void **numbers) {
    const struct file *file = dataset->file;
    const haddr_t offset = H5Dget_offset(dataset->id);
    const size_t bytes = array->elements * array->element->size;
    if (offset == HADDR_UNDEF || H5Tequal(dataset->type, dataset->memory) <= 0 || offset % array->element->size ||
        offset > file->bytes.size || bytes > file->bytes.size - offset)
        return TP_OK;
    return tp_store_map(file->table, &file->bytes, offset, bytes, numbers);
}

/* Rows of the dataset, as many as fit in a block. */
static herr_t read_block(const struct dataset *dataset, size_t row, size_t rows, void *numbers) {
    hsize_t start[TP_ARRAY_MAX_RANK] = {row}, count[TP_ARRAY_MAX_RANK];
    const int rank = (int)dataset->array.rank;
    for (int i = 0; i < rank; i++)
        count[i] = i ? dataset->array.dims[i] : rows;
    if (H5Sselect_hyperslab(dataset->space, H5S_SELECT_SET, start, NULL, count, NULL) < 0)
        return -1;
    const hid_t memory = H5Screate_simple(rank, count, NULL);
    const herr_t result =
        memory < 0 ? -1 : H5Dread(dataset->id, dataset->memory, memory, dataset->space, H5P_DEFAULT, numbers);
    if (memory >= 0)
        H5Sclose(memory);
    return result;
}

static tp_status read_numbers(const struct dataset *dataset, const struct tp_array *array, unsigned char *numbers) {
    const size_t rows = array->dims[0], row_size = array->elements / rows * array->element->size;
    const size_t block = tp_max(BLOCK / row_size, 1);
    for (size_t row = 0; row < rows; row += block)
        if (read_block(dataset, row, tp_min(block, rows - row), numbers + row * row_size) < 0)
            return fail(dataset->file, dataset->name, "read it");
    return TP_OK;
}

/* A compressed dataset of any size can be in a small file: memory, or the disk of a temporary file, is what bounds it.
 */
static tp_status read_array(struct dataset *dataset, const struct tp_source *source) {
    const struct file *file = dataset->file;
    struct tp_array *array = &dataset->array;
    tp_status status = tp_array_measure(source, array, array->element->size);
    if (!status)
        status = map(dataset, array, &array->numbers);
    if (status || array->numbers)
        return status;
    void *numbers = NULL;
    status = tp_store_allocate(file->table, file->options, array->elements * array->element->size, &numbers);
    array->numbers = numbers;
    return status ? status : read_numbers(dataset, array, numbers);
}

static tp_status append_open(struct dataset *dataset) {
    char label[TP_MESSAGE_SIZE / 2];
    struct tp_table *table = dataset->file->table;
    snprintf(label, sizeof label, "%s: %s", table->path, dataset->name);
    const struct tp_source source = {.context = table->context, .label = label, .limit = SIZE_MAX};
    tp_status status = choose_numbers(dataset);
    if (!status)
        status = read_shape(dataset);
    if (!status)
        status = read_array(dataset, &source);
    return status ? status : tp_array_append(&source, &dataset->array, table);
}

static tp_status append(const struct file *file, const char *name, size_t *rank) {
    struct dataset dataset = {.file = file, .name = name, .id = H5Dopen2(file->id, name, H5P_DEFAULT)};
    if (dataset.id < 0)
        return fail(file, name, "open it");
    dataset.type = H5Dget_type(dataset.id);
    dataset.space = H5Dget_space(dataset.id);
    const tp_status status =
        dataset.type < 0 || dataset.space < 0 ? fail(file, name, "examine it") : append_open(&dataset);
    *rank = dataset.array.rank;
    if (dataset.space >= 0)
        H5Sclose(dataset.space);
    if (dataset.type >= 0)
        H5Tclose(dataset.type);
    H5Dclose(dataset.id);
    return status;
}

/* ---- files ---- */

static tp_status read_arrays(struct file *file) {
    struct tp_table *table = file->table;
    const struct tp_array_file arrays = {table, has, list, file};
    struct tp_array_names names;
    size_t rank = 0, ignored = 0;
    tp_status status = tp_array_names_find(&arrays, file->options, &names);
    if (!status)
        status = append(file, names.inputs, &rank);
    const size_t features = table->count;
    if (!status && names.targets)
        status = append(file, names.targets, &ignored);
    table->rank = tp_max(rank, 2);
    table->targets = table->count - features;
    return status;
}

static tp_status read_file(struct file *file) {
    file->id = H5Fopen(file->bytes.path, H5F_ACC_RDONLY, H5P_DEFAULT);
    if (file->id < 0)
        return fail(file, "the file", "open it");
    const tp_status status = read_arrays(file);
    H5Fclose(file->id);
    return status;
}

/* libhdf5 prints what goes wrong unless it is told not to. */
static tp_status read_quietly(struct file *file) {
    H5E_auto2_t print;
    void *user;
    pthread_mutex_lock(&lock);
    H5Eget_auto2(H5E_DEFAULT, &print, &user);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    const tp_status status = read_file(file);
    H5Eset_auto2(H5E_DEFAULT, print, user);
    pthread_mutex_unlock(&lock);
    return status;
}

static tp_status read_table(const char *path, const struct tp_read_options *options, struct tp_table *table) {
    struct file file = {.table = table, .options = options};
    tp_status status = tp_file_open(table->context, path, &file.bytes);
    if (status)
        return status;
    status = read_quietly(&file);
    tp_file_close(&file.bytes);
    return status;
}

#else

static tp_status read_table(const char *path, const struct tp_read_options *options, struct tp_table *table) {
    (void)options;
    return tp_fail(table->context, TP_ERR_UNSUPPORTED,
                   "%s: HDF5 files cannot be read: the library was built without libhdf5 (TILEPROP_HDF5=OFF)", path);
}

#endif

const struct tp_format tp_hdf5_format = {"hdf5", ".h5 .hdf5 .he5", recognises, false, true, read_table};
