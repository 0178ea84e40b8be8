/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes the same samples as files of several formats into the working directory, all as long: larger ROWS, of floats.
 * The last of the columns is the class. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef TP_HAVE_HDF5
#include <hdf5.h>
#endif

#define COLUMNS 785
#define CLASSES 10
#define BLOCK 64 /* rows, of a chunk too */

static void fill_row(size_t row, unsigned char *bytes) {
    for (size_t i = 0; i + 1 < COLUMNS; i++)
        bytes[i] = (unsigned char)((row % CLASSES * 25 + i * 7 + row * i) % 251);
    bytes[COLUMNS - 1] = (unsigned char)(row % CLASSES);
}

static void write_npy(size_t rows) {
    char text[118];
    unsigned char bytes[COLUMNS];
    float floats[COLUMNS];
    FILE *file = fopen("f4.npy", "wb");
    snprintf(text, sizeof text, "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %d), }", rows, COLUMNS);
    if (!file)
        exit(EXIT_FAILURE);
    fprintf(file, "\x93NUMPY\1%cv%c%-117s\n", 0, 0, text);
    for (size_t row = 0; row < rows; row++) {
        fill_row(row, bytes);
        for (size_t i = 0; i < COLUMNS; i++)
            floats[i] = bytes[i];
        fwrite(floats, sizeof floats, 1, file);
    }
    if (fclose(file))
        exit(EXIT_FAILURE);
}

/* The highest byte first. */
static void write_number(uint32_t number, FILE *file) {
    for (unsigned shift = 32; shift; shift -= 8)
        putc((int)(number >> (shift - 8) & 255), file);
}

static void write_value(unsigned char byte, bool float_type, FILE *file) {
    const float value = byte;
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (float_type)
        write_number(bits, file);
    else
        putc(byte, file);
}

static void write_idx(const char *name, size_t rows, bool float_type) {
    unsigned char bytes[COLUMNS];
    FILE *file = fopen(name, "wb");
    if (!file)
        exit(EXIT_FAILURE);
    write_number(float_type ? 0xd02 : 0x802, file);
    write_number((uint32_t)rows, file);
    write_number(COLUMNS, file);
    for (size_t row = 0; row < rows; row++) {
        fill_row(row, bytes);
        for (size_t i = 0; i < COLUMNS; i++)
            write_value(bytes[i], float_type, file);
    }
    if (fclose(file))
        exit(EXIT_FAILURE);
}

#ifdef TP_HAVE_HDF5
static void write_blocks(hid_t set, hid_t space, hsize_t rows) {
    static unsigned char bytes[BLOCK][COLUMNS];
    for (hsize_t row = 0; row < rows; row += BLOCK) {
        const hsize_t start[] = {row, 0}, count[] = {rows - row < BLOCK ? rows - row : BLOCK, COLUMNS};
        const hid_t memory = H5Screate_simple(2, count, NULL);
        for (hsize_t i = 0; i < count[0]; i++)
            fill_row(row + i, bytes[i]);
        H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL);
        if (H5Dwrite(set, H5T_NATIVE_UINT8, memory, space, H5P_DEFAULT, bytes) < 0)
            exit(EXIT_FAILURE);
        H5Sclose(memory);
    }
}

static void write_hdf5(const char *name, hsize_t rows, bool chunked) {
    const hsize_t dims[] = {rows, COLUMNS}, chunk[] = {BLOCK, COLUMNS};
    const hid_t file = H5Fcreate(name, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t space = H5Screate_simple(2, dims, NULL), layout = H5Pcreate(H5P_DATASET_CREATE);
    if (chunked) {
        H5Pset_chunk(layout, 2, chunk);
        H5Pset_deflate(layout, 1);
    }
    const hid_t set = H5Dcreate2(file, "X", H5T_IEEE_F32LE, space, H5P_DEFAULT, layout, H5P_DEFAULT);
    write_blocks(set, space, rows);
    H5Dclose(set);
    H5Pclose(layout);
    H5Sclose(space);
    if (H5Fclose(file) < 0)
        exit(EXIT_FAILURE);
}
#endif

int main(int argc, char **argv) {
    const size_t rows = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
    if (!rows)
        return 2;
    write_npy(rows);
    write_idx("f4.idx", rows, true);
    write_idx("u8.idx", sizeof(float) * rows, false);
#ifdef TP_HAVE_HDF5
    write_hdf5("contiguous.h5", rows, false);
    write_hdf5("chunked.h5", rows, true);
#endif
    return EXIT_SUCCESS;
}
