# SPDX-License-Identifier: BSD-3-Clause
# Target docs: reference pages of the public header, HTML and manual pages, in docs/ of the build directory. A symbol
# without a comment is an error.
find_package(Doxygen QUIET)
if(DOXYGEN_FOUND)
    set(DOXYGEN_PROJECT_NAME tileprop)
    set(DOXYGEN_PROJECT_BRIEF "${PROJECT_DESCRIPTION}")
    set(DOXYGEN_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/docs)
    set(DOXYGEN_GENERATE_MAN YES)
    set(DOXYGEN_MAN_LINKS YES) # a page for each function
    set(DOXYGEN_INPUT_FILTER "awk -f '${PROJECT_SOURCE_DIR}/tools/cmake/doxygen.awk'")
    set(DOXYGEN_MARKDOWN_SUPPORT NO) # formulas have asterisks and underscores
    set(DOXYGEN_JAVADOC_AUTOBRIEF YES)
    set(DOXYGEN_OPTIMIZE_OUTPUT_FOR_C YES)
    set(DOXYGEN_TYPEDEF_HIDES_STRUCT YES)
    set(DOXYGEN_EXTRACT_STATIC YES) # inline functions
    set(DOXYGEN_MACRO_EXPANSION YES)
    set(DOXYGEN_EXPAND_ONLY_PREDEF YES)
    set(DOXYGEN_PREDEFINED TP_API= TP_INLINE=static TP_EXTENSION=)
    set(DOXYGEN_EXCLUDE_SYMBOLS TP_API TP_INLINE TP_EXTENSION TILEPROP_TILEPROP_H)
    set(DOXYGEN_STRIP_FROM_PATH ${PROJECT_SOURCE_DIR}/include)
    set(DOXYGEN_STRIP_FROM_INC_PATH ${PROJECT_SOURCE_DIR}/include)
    set(DOXYGEN_HAVE_DOT NO)
    set(DOXYGEN_WARN_AS_ERROR FAIL_ON_WARNINGS)
    set(DOXYGEN_QUIET YES)
    doxygen_add_docs(docs ${PROJECT_SOURCE_DIR}/include/tileprop/tileprop.h)
endif()
