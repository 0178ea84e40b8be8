# SPDX-License-Identifier: BSD-3-Clause
# The target python_wheel: the Python package together with the shared library, in <build>/python. It needs no network.
# On Debian the modules come from python3-pip, python3-setuptools and python3-wheel.
find_program(TILEPROP_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH DOC "Python that builds and tests the package")
find_program(TILEPROP_PYTHON python3)
mark_as_advanced(TILEPROP_PYTHON)
if(TILEPROP_PYTHON AND TILEPROP_SHARED)
    set(stage ${PROJECT_BINARY_DIR}/python/source)
    add_custom_target(python_wheel
        COMMAND ${CMAKE_COMMAND} -E rm -rf ${PROJECT_BINARY_DIR}/python
        COMMAND ${CMAKE_COMMAND} -E copy_directory ${PROJECT_SOURCE_DIR}/tools/python ${stage}
        COMMAND ${CMAKE_COMMAND} -E copy $<TARGET_FILE:tileprop_shared>
            ${stage}/tileprop/$<TARGET_SONAME_FILE_NAME:tileprop_shared>
        COMMAND ${CMAKE_COMMAND} -E copy ${PROJECT_SOURCE_DIR}/LICENSE ${stage}
        COMMAND ${CMAKE_COMMAND} -E echo ${PROJECT_VERSION} > ${stage}/VERSION
        COMMAND ${TILEPROP_PYTHON} -m pip --disable-pip-version-check --quiet wheel --no-build-isolation --no-deps
            --no-index --wheel-dir ${PROJECT_BINARY_DIR}/python ${stage}
        DEPENDS tileprop_shared COMMENT "Building the wheel in ${PROJECT_BINARY_DIR}/python")
endif()
