/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/tables.h"

#include "support/archives.h"
#include "support/require.h"

#ifdef TP_HAVE_LIBZIP

void tp_test_npz_add(const char *path, const char *name, const char *dictionary, const void *data, size_t size,
                     zip_int32_t method) {
    unsigned char file[4096];
    const size_t whole = tp_test_npy(file, 1, dictionary, data, size);
    zip_t *zip = zip_open(path, ZIP_CREATE, NULL);
    require(zip);
    const zip_int64_t index = zip_file_add(zip, name, zip_source_buffer(zip, file, whole, 0), 0);
    require(index >= 0);
    require(!zip_set_file_compression(zip, (zip_uint64_t)index, method, 0));
    require(!zip_close(zip));
}

#endif

#ifdef TP_HAVE_HDF5

void tp_test_hdf5_add(hid_t file, const char *name, hid_t type, hsize_t rows, hsize_t columns, hsize_t chunk,
                      const double *numbers) {
    const hsize_t dims[] = {rows, columns}, chunks[] = {chunk, columns};
    const hid_t space = H5Screate_simple(2, dims, NULL), layout = H5Pcreate(H5P_DATASET_CREATE);
    if (chunk) {
        H5Pset_chunk(layout, 2, chunks);
        H5Pset_deflate(layout, 6);
    }
    const hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, layout, H5P_DEFAULT);
    require(H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers) >= 0);
    H5Dclose(set);
    H5Pclose(layout);
    H5Sclose(space);
}

void tp_test_hdf5_write(const char *path, hsize_t rows, hsize_t columns, const double *x, const double *y) {
    const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    require(file >= 0);
    tp_test_hdf5_add(file, "X", H5T_IEEE_F32BE, rows, columns, rows, x);
    tp_test_hdf5_add(file, "y", H5T_STD_I32LE, rows, 1, 0, y);
    H5Fclose(file);
}

#endif
