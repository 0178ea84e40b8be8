! SPDX-License-Identifier: BSD-3-Clause
module tileprop_real64
    use, intrinsic :: iso_fortran_env, only: wp => real64
    include 'tileprop_real.inc'
end module
