# SPDX-License-Identifier: BSD-3-Clause
# ONNX's schema as C, in names of ours: the static library has one name space with programs and other libraries.
set(TILEPROP_ONNX_SCHEMA_DIR ${CMAKE_CURRENT_BINARY_DIR}/onnx)
set(TILEPROP_ONNX_SCHEMA_DIR ${TILEPROP_ONNX_SCHEMA_DIR} PARENT_SCOPE) # for tests
set(TILEPROP_ONNX_SCHEMA_SOURCES ${TILEPROP_ONNX_SCHEMA_DIR}/onnx.pb-c.c)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${TILEPROP_ONNX_SCHEMA})
file(READ ${TILEPROP_ONNX_SCHEMA} schema)
string(REGEX REPLACE "\npackage [^;]*;" "\npackage tp_onnx;" schema "${schema}")
set(renamed ${TILEPROP_ONNX_SCHEMA_DIR}/schema/onnx.proto)
file(GENERATE OUTPUT ${renamed} CONTENT "${schema}")
add_custom_command(OUTPUT ${TILEPROP_ONNX_SCHEMA_SOURCES} ${TILEPROP_ONNX_SCHEMA_DIR}/onnx.pb-c.h
    COMMAND ${TILEPROP_PROTOC} --proto_path=${TILEPROP_ONNX_SCHEMA_DIR}/schema --c_out=${TILEPROP_ONNX_SCHEMA_DIR}
        ${renamed}
    DEPENDS ${renamed} VERBATIM)
