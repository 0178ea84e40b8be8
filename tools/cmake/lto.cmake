# SPDX-License-Identifier: BSD-3-Clause
# Whoever installs libtileprop.a does not know which compiler will link it, and a compiler cannot read the intermediate
# code of another. So with link-time optimisation gcc also writes machine code into the objects of the archive.
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    target_compile_options(tileprop_objects PRIVATE -ffat-lto-objects)
else()
    string(TOUPPER "${CMAKE_BUILD_TYPE}" configuration)
    if("${CMAKE_C_FLAGS} ${CMAKE_C_FLAGS_${configuration}}" MATCHES "-flto" OR CMAKE_INTERPROCEDURAL_OPTIMIZATION
       OR CMAKE_INTERPROCEDURAL_OPTIMIZATION_${configuration})
        message(WARNING "With link-time optimisation libtileprop.a can be linked by ${CMAKE_C_COMPILER_ID} "
            "${CMAKE_C_COMPILER_VERSION} alone: its objects hold no machine code. Without, by every compiler.")
    endif()
endif()
