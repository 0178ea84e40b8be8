! SPDX-License-Identifier: BSD-3-Clause
! Arrays on their way to C, and what samples should become.
!
! An array x(features, samples) is, as it lies in memory, C's matrix of samples rows. Arrays of real32 go as they are,
! with the distance of their columns as leading dimension, if the elements of a column are side by side; else, and
! from real64, through a copy.
module tileprop_arrays
    use, intrinsic :: iso_c_binding
    use, intrinsic :: iso_fortran_env, only: real32, real64
    use tileprop_objects, only: tp_node, tp_object, tp_workspace, workspace_node, fail, fits, not_negative, pass_of
    use tileprop_types
    implicit none
    private
    public :: placed, place, place_output, take_back, outputs_view, copy_samples, begin_pass, last_batch
    public :: block, block_size
    public :: tp_target, tp_classes, tp_values, tp_weigh_samples, tp_weigh_classes, target_view, target_fits, &
        target_rows_fit
    public :: without_class_weights, check_rule
    public :: tp_sample_set, tp_samples, samples_view

    ! Where C finds a matrix.
    type :: placed
        type(c_ptr) :: at = c_null_ptr
        integer(c_size_t) :: ld = 1
        real(real32), pointer, contiguous :: copy(:, :) => null()
    contains
        final :: forget
    end type

    ! place(p, x): for C to read, or to read and write. place_output(p, x): for C to write only, so that x need not be
    ! defined.
    ! take_back(p, x): what C wrote reaches x.
    interface place
        module procedure place_real32, place_real64
    end interface
    interface place_output
        module procedure place_output_real32, place_output_real64
    end interface
    ! Where predictions go.
    interface outputs_view
        module procedure outputs_real32, outputs_real64
    end interface
    interface take_back
        module procedure take_back_real32, take_back_real64
    end interface

    ! What samples should become: classes, or values, and how much they count.
    type :: tp_target
        private
        integer(c_int32_t), allocatable :: classes(:)
        real(real32), allocatable :: values(:, :), weights(:), class_weights(:)
        real(real64), allocatable :: double_values(:, :) ! before values were rounded
    end type

    interface tp_classes
        module procedure classes_int32, classes_int64
    end interface
    interface tp_values
        module procedure values_real32, values_real64
    end interface
    interface tp_weigh_samples
        module procedure weigh_samples_real32, weigh_samples_real64
    end interface
    interface tp_weigh_classes
        module procedure weigh_classes_real32, weigh_classes_real64
    end interface

    ! Raw samples and their targets. Samples stay where they are, which the program must keep, if the values of one are
    ! side by side; else the set has a copy.
    type :: tp_sample_set
        type(tp_data) :: in_place
        real(real32), allocatable :: floats(:, :)
        real(real64), allocatable :: doubles(:, :)
        type(tp_target) :: target
        class(tp_node), pointer :: owner => null()
    end type

    interface tp_samples
        module procedure samples_real32, samples_real64, samples_bytes
    end interface

contains

    ! ------------------------------------------------------------------------------------------------------- matrices

    function address(p) result(number)
        type(c_ptr), intent(in) :: p
        integer(c_intptr_t) :: number
        number = transfer(p, number)
    end function

    ! The distance of columns in elements of that many bytes, 0 if C cannot have the array as it is. next_row and
    ! next_column are where the second ones begin.
    pure function distance(extent, bytes, first, next_row, next_column) result(ld)
        integer(c_size_t), intent(in) :: extent(2)
        integer(c_intptr_t), intent(in) :: bytes, first, next_row, next_column
        integer(c_size_t) :: ld
        ld = extent(1)
        if (extent(2) > 1) ld = (next_column - first) / bytes
        if (product(extent) == 0 .or. ld < extent(1)) ld = 0
        if (extent(1) > 1 .and. next_row - first /= bytes) ld = 0
    end function

    function distance_real32(x) result(ld)
        real(real32), target, intent(in) :: x(:, :)
        integer(c_size_t) :: ld
        integer :: row, column
        ld = 0
        if (size(x, kind=c_size_t) == 0) return
        row = min(2, size(x, 1))
        column = min(2, size(x, 2))
        ld = distance(shape(x, c_size_t), 4_c_intptr_t, address(c_loc(x(1, 1))), address(c_loc(x(row, 1))), &
            address(c_loc(x(1, column))))
    end function

    function distance_real64(x) result(ld)
        real(real64), target, intent(in) :: x(:, :)
        integer(c_size_t) :: ld
        integer :: row, column
        ld = 0
        if (size(x, kind=c_size_t) == 0) return
        row = min(2, size(x, 1))
        column = min(2, size(x, 2))
        ld = distance(shape(x, c_size_t), 8_c_intptr_t, address(c_loc(x(1, 1))), address(c_loc(x(row, 1))), &
            address(c_loc(x(1, column))))
    end function

    subroutine place_real32(p, x)
        type(placed), intent(inout) :: p
        real(real32), target :: x(:, :)
        call place_output(p, x)
        if (associated(p%copy)) p%copy(:size(x, 1), :size(x, 2)) = x
    end subroutine

    subroutine place_real64(p, x)
        type(placed), intent(inout) :: p
        real(real64), intent(in) :: x(:, :)
        call place_output(p, x)
        p%copy(:size(x, 1), :size(x, 2)) = real(x, real32)
    end subroutine

    subroutine place_output_real32(p, x)
        type(placed), intent(inout) :: p
        real(real32), target :: x(:, :)
        p%ld = distance_real32(x)
        if (p%ld > 0) then
            p%at = c_loc(x(1, 1))
        else
            call make_copy(p, shape(x, c_size_t))
        end if
    end subroutine

    subroutine place_output_real64(p, x)
        type(placed), intent(inout) :: p
        real(real64), intent(in) :: x(:, :)
        call make_copy(p, shape(x, c_size_t))
    end subroutine

    ! At least one element, so that it has an address.
    subroutine make_copy(p, extent)
        type(placed), intent(inout) :: p
        integer(c_size_t), intent(in) :: extent(2)
        p%ld = max(extent(1), 1_c_size_t)
        allocate (p%copy(p%ld, max(extent(2), 1_c_size_t)))
        p%at = c_loc(p%copy)
    end subroutine

    subroutine take_back_real32(p, x)
        type(placed), intent(in) :: p
        real(real32), intent(inout) :: x(:, :)
        if (associated(p%copy)) x = p%copy(:size(x, 1), :size(x, 2))
    end subroutine

    subroutine take_back_real64(p, x)
        type(placed), intent(in) :: p
        real(real64), intent(inout) :: x(:, :)
        x = p%copy(:size(x, 1), :size(x, 2))
    end subroutine

    function outputs_real32(y) result(view)
        real(real32), target, contiguous, intent(inout) :: y(:, :)
        type(tp_outputs) :: view
        view%struct_size = c_sizeof(view)
        view%floats = c_loc(y)
    end function

    function outputs_real64(y) result(view)
        real(real64), target, contiguous, intent(inout) :: y(:, :)
        type(tp_outputs) :: view
        view%struct_size = c_sizeof(view)
        view%doubles = c_loc(y)
    end function

    subroutine forget(p)
        type(placed), intent(inout) :: p
        if (associated(p%copy)) deallocate (p%copy)
    end subroutine

    ! Samples that a backward pass reads again are a copy, so that the program's array may go.
    subroutine copy_samples(workspace, p, rows, columns)
        type(tp_workspace), intent(in) :: workspace
        type(placed), intent(inout) :: p
        integer(c_size_t), intent(in) :: rows, columns
        type(workspace_node), pointer :: pass
        real(real32), pointer :: from(:, :)
        pass => pass_of(workspace)
        if (.not. associated(pass) .or. associated(p%copy)) return
        if (.not. pass%training) return
        call c_f_pointer(p%at, from, [p%ld, columns])
        call make_copy(p, [rows, columns])
        p%copy(:rows, :columns) = from(:rows, :)
    end subroutine

    ! After a forward pass that C has accepted, a backward pass is of so many samples, and of these, which move from p
    ! into the workspace. Until then C may still read those of the pass before; without samples it keeps that pass.
    subroutine begin_pass(workspace, p, batch)
        type(tp_workspace), intent(in) :: workspace
        type(placed), intent(inout) :: p
        integer(c_size_t), intent(in) :: batch
        type(workspace_node), pointer :: pass
        pass => pass_of(workspace)
        if (batch == 0 .or. .not. associated(pass)) return
        pass%batch = batch
        if (.not. pass%training) return
        if (associated(pass%x)) deallocate (pass%x)
        pass%x => p%copy
        p%copy => null()
    end subroutine

    ! 0 before the first pass, where C refuses to go back.
    function last_batch(workspace) result(batch)
        type(tp_workspace), intent(in) :: workspace
        integer(c_size_t) :: batch
        type(workspace_node), pointer :: pass
        batch = 0
        pass => pass_of(workspace)
        if (associated(pass)) batch = pass%batch
    end function

    ! Memory that a program provides: where, and how much; nowhere and 0 if it does not.
    function block(memory) result(at)
        integer(c_int8_t), pointer, contiguous, intent(in), optional :: memory(:)
        type(c_ptr) :: at
        at = c_null_ptr
        if (present(memory)) at = c_loc(memory)
    end function

    function block_size(memory) result(bytes)
        integer(c_int8_t), pointer, contiguous, intent(in), optional :: memory(:)
        integer(c_size_t) :: bytes
        bytes = 0
        if (present(memory)) bytes = size(memory, kind=c_size_t)
    end function

    ! ------------------------------------------------------------------------------------------------------ targets

    ! one_based: the classes are 1, 2, ... instead of 0, 1, ...
    function classes_int32(classes, one_based) result(target)
        integer(c_int32_t), intent(in) :: classes(:)
        logical, intent(in), optional :: one_based
        type(tp_target) :: target
        integer(c_int32_t) :: first
        first = 0
        if (present(one_based)) first = merge(1, 0, one_based)
        allocate (target%classes, source=classes - first)
    end function

    ! What int32 cannot hold is no class: it becomes another number that is none.
    function classes_int64(classes, one_based) result(target)
        integer(c_int64_t), intent(in) :: classes(:)
        logical, intent(in), optional :: one_based
        type(tp_target) :: target
        integer(c_int64_t), parameter :: largest = huge(1_c_int32_t) - 1
        target = classes_int32(int(max(-1_c_int64_t, min(classes, largest)), c_int32_t), one_based)
    end function

    ! values(outputs, samples)
    function values_real32(values) result(target)
        real(real32), intent(in) :: values(:, :)
        type(tp_target) :: target
        allocate (target%values, source=values)
    end function

    function values_real64(values) result(target)
        real(real64), intent(in) :: values(:, :)
        type(tp_target) :: target
        allocate (target%values, source=real(values, real32))
        allocate (target%double_values, source=values)
    end function

    function weigh_samples_real32(given, weights) result(target)
        type(tp_target), intent(in) :: given
        real(real32), intent(in) :: weights(:)
        type(tp_target) :: target
        target = given
        target%weights = weights
    end function

    function weigh_samples_real64(given, weights) result(target)
        type(tp_target), intent(in) :: given
        real(real64), intent(in) :: weights(:)
        type(tp_target) :: target
        target = given
        target%weights = real(weights, real32)
    end function

    ! class_weights: one for each class, the first for class 0, or 1 with one_based.
    function weigh_classes_real32(given, class_weights) result(target)
        type(tp_target), intent(in) :: given
        real(real32), intent(in) :: class_weights(:)
        type(tp_target) :: target
        target = given
        target%class_weights = class_weights
    end function

    function weigh_classes_real64(given, class_weights) result(target)
        type(tp_target), intent(in) :: given
        real(real64), intent(in) :: class_weights(:)
        type(tp_target) :: target
        target = given
        target%class_weights = real(class_weights, real32)
    end function

    function vector(x) result(at)
        real(real32), allocatable, target, intent(in) :: x(:)
        type(c_ptr) :: at
        at = c_null_ptr
        if (allocated(x)) at = c_loc(x)
    end function

    function view_classes(target) result(at)
        type(tp_target), target, intent(in) :: target
        type(c_ptr) :: at
        at = c_null_ptr
        if (allocated(target%classes)) at = c_loc(target%classes)
    end function

    function view_matrix(x) result(at)
        real(real32), allocatable, target, intent(in) :: x(:, :)
        type(c_ptr) :: at
        at = c_null_ptr
        if (allocated(x)) at = c_loc(x)
    end function

    function view_matrix64(x) result(at)
        real(real64), allocatable, target, intent(in) :: x(:, :)
        type(c_ptr) :: at
        at = c_null_ptr
        if (allocated(x)) at = c_loc(x)
    end function

    function target_view(target) result(view)
        type(tp_target), target, intent(in) :: target
        type(tp_targets) :: view
        view%struct_size = c_sizeof(view)
        view%classes = view_classes(target)
        view%values = view_matrix(target%values)
        if (allocated(target%values)) view%ld = size(target%values, 1)
        view%weights = vector(target%weights)
        view%class_weights = vector(target%class_weights)
    end function

    ! Whether a target is for that many outputs and samples, as far as it has them.
    ! Whether there is a row for each sample.
    subroutine target_rows_fit(status, object, target, outputs, samples)
        integer(c_int), intent(inout) :: status
        class(tp_object), intent(in) :: object
        type(tp_target), intent(in) :: target
        integer(c_size_t), intent(in) :: outputs, samples
        if (allocated(target%classes)) call fits(status, object, 'classes', shape(target%classes, c_size_t), [samples])
        if (allocated(target%values)) &
            call fits(status, object, 'values', shape(target%values, c_size_t), [outputs, samples])
        if (allocated(target%weights)) call fits(status, object, 'weights', shape(target%weights, c_size_t), [samples])
    end subroutine

    subroutine target_fits(status, object, target, outputs, samples)
        integer(c_int), intent(inout) :: status
        class(tp_object), intent(in) :: object
        type(tp_target), intent(in) :: target
        integer(c_size_t), intent(in) :: outputs, samples
        call target_rows_fit(status, object, target, outputs, samples)
        if (allocated(target%class_weights)) call fits(status, object, 'class_weights', &
            shape(target%class_weights, c_size_t), [max(outputs, 2_c_size_t)])
    end subroutine

    ! C's data have no class weights; those of a trainer are an option for the samples that it trains with.
    subroutine without_class_weights(status, object, target)
        integer(c_int), intent(inout) :: status
        class(tp_object), intent(in) :: object
        type(tp_target), intent(in) :: target
        if (status == TP_OK .and. allocated(target%class_weights)) &
            status = fail(object, 'class_weights are not for evaluation or validation; use tp_weigh_samples')
    end subroutine

    subroutine check_rule(status, object, options)
        integer(c_int), intent(inout) :: status
        class(tp_object), intent(in) :: object
        type(tp_optimizer_options), intent(in) :: options
        call not_negative(status, object, 'warmup_steps', options%warmup_steps)
        call not_negative(status, object, 'total_steps', options%total_steps)
        call not_negative(status, object, 'step_every', options%step_every)
    end subroutine

    ! ------------------------------------------------------------------------------------------------------ samples

    ! x(features, samples)
    function samples_real32(x, target) result(set)
        real(real32), pointer, intent(in) :: x(:, :)
        type(tp_target), intent(in), optional :: target
        type(tp_sample_set) :: set
        set = sample_set(shape(x, c_size_t), target)
        set%in_place%sample_stride = distance_real32(x)
        if (set%in_place%sample_stride > 0) then
            set%in_place%value_stride = 1
            set%in_place%floats = c_loc(x(1, 1))
        else
            allocate (set%floats, source=x)
        end if
    end function

    function samples_real64(x, target) result(set)
        real(real64), pointer, intent(in) :: x(:, :)
        type(tp_target), intent(in), optional :: target
        type(tp_sample_set) :: set
        set = sample_set(shape(x, c_size_t), target)
        set%in_place%sample_stride = distance_real64(x)
        if (set%in_place%sample_stride > 0) then
            set%in_place%value_stride = 1
            set%in_place%doubles = c_loc(x(1, 1))
        else
            allocate (set%doubles, source=x)
        end if
    end function

    ! Bytes 0..255, of which Fortran sees -128..127.
    function samples_bytes(x, target) result(set)
        integer(c_int8_t), pointer, contiguous, intent(in) :: x(:, :)
        type(tp_target), intent(in), optional :: target
        type(tp_sample_set) :: set
        set = sample_set(shape(x, c_size_t), target)
        set%in_place%bytes = c_loc(x)
    end function

    function sample_set(extent, target) result(set)
        integer(c_size_t), intent(in) :: extent(2)
        type(tp_target), intent(in), optional :: target
        type(tp_sample_set) :: set
        set%in_place%features = extent(1)
        set%in_place%samples = extent(2)
        if (present(target)) set%target = target
    end function

    ! The set as C sees it; one without a target of its own has that of a data set.
    function samples_view(set) result(view)
        type(tp_sample_set), target, intent(in) :: set
        type(tp_data) :: view
        type(tp_targets) :: targets
        view = set%in_place
        if (allocated(set%floats)) view%floats = view_matrix(set%floats)
        if (allocated(set%doubles)) view%doubles = view_matrix64(set%doubles)
        if (associated(set%owner)) return
        view%struct_size = c_sizeof(view)
        targets = target_view(set%target)
        view%classes = targets%classes
        view%double_values = view_matrix64(set%target%double_values)
        if (.not. allocated(set%target%double_values)) view%values = targets%values
        view%weights = targets%weights
        if (allocated(set%target%values)) view%outputs = size(set%target%values, 1)
        if (allocated(set%target%classes)) &
            view%outputs = maxval([-1_c_int32_t, set%target%classes]) + 1_c_size_t
    end function
end module
