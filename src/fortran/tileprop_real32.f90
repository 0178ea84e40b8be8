! SPDX-License-Identifier: BSD-3-Clause
module tileprop_real32
    use, intrinsic :: iso_fortran_env, only: wp => real32
    include 'tileprop_real.inc'
end module
