# SPDX-License-Identifier: BSD-3-Clause
# ONNX's schema as C, in names of ours: the static library has one name space with programs and other libraries. It is
# made when CMake configures, so that programs that only look at sources find it.
set(TILEPROP_ONNX_SCHEMA_DIR ${CMAKE_CURRENT_BINARY_DIR}/onnx)
set(TILEPROP_ONNX_SCHEMA_DIR ${TILEPROP_ONNX_SCHEMA_DIR} PARENT_SCOPE) # for tests
set(TILEPROP_ONNX_SCHEMA_SOURCES ${TILEPROP_ONNX_SCHEMA_DIR}/onnx.pb-c.c)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${TILEPROP_ONNX_SCHEMA})
set(fresh ${TILEPROP_ONNX_SCHEMA_DIR}/fresh)
file(READ ${TILEPROP_ONNX_SCHEMA} schema)
string(REGEX REPLACE "\npackage [^;]*;" "\npackage tp_onnx;" schema "${schema}")
file(WRITE ${fresh}/onnx.proto "${schema}")
execute_process(COMMAND ${TILEPROP_PROTOC} --proto_path=${fresh} --c_out=${fresh} ${fresh}/onnx.proto
    RESULT_VARIABLE failed ERROR_VARIABLE why)
if(failed)
    message(FATAL_ERROR "${TILEPROP_PROTOC} cannot compile ${TILEPROP_ONNX_SCHEMA}: ${why}")
endif()
foreach(suffix c h) # which leaves files alone that are the same
    configure_file(${fresh}/onnx.pb-c.${suffix} ${TILEPROP_ONNX_SCHEMA_DIR}/onnx.pb-c.${suffix} COPYONLY)
endforeach()
