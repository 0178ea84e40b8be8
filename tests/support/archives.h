/* SPDX-License-Identifier: BSD-3-Clause */
/* For tests of readers: archives of arrays, made with the libraries that read them (TP_HAVE_LIBZIP, TP_HAVE_HDF5). */
#ifndef TP_TESTS_ARCHIVES_H
#define TP_TESTS_ARCHIVES_H

#ifdef TP_HAVE_LIBZIP
#include <zip.h>

/* Adds an NPY file (tp_test_npy) to the archive at path, which is made if there is none. */
void tp_test_npz_add(const char *path, const char *name, const char *dictionary, const void *data, size_t size,
                     zip_int32_t method);
#endif

#ifdef TP_HAVE_HDF5
#include <hdf5.h>

/* Adds a dataset of two dimensions. chunk: rows of a chunk, which is compressed; 0: contiguous. */
void tp_test_hdf5_add(hid_t file, const char *name, hid_t type, hsize_t rows, hsize_t columns, hsize_t chunk,
                      const double *numbers);

/* Makes or replaces a file with the datasets X, compressed, and y, one column. */
void tp_test_hdf5_write(const char *path, hsize_t rows, hsize_t columns, const double *x, const double *y);
#endif

#endif
