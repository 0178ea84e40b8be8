! SPDX-License-Identifier: BSD-3-Clause
! Objects of the C library behind Fortran variables. A variable points to a node, which counts the variables and nodes
! that use it; the object goes with its last user. So the order in which a program drops its variables does not matter.
!
! A variable counts only at the address where it was made to count. For compilers copy variables bit by bit: with
! allocate (source=), and gfortran 12 into temporaries that it finalises. Such a copy never releases what it did not
! count.
module tileprop_objects
    use, intrinsic :: iso_c_binding
    use, intrinsic :: iso_fortran_env, only: real32
    use tileprop_c, only: c_set_message => tp_context_set_message
    use tileprop_types, only: TP_OK, TP_ERR_ARGUMENT
    implicit none
    private
    public :: tp_object, tp_context, tp_packed, tp_model, tp_workspace, tp_predictor, tp_optimizer, tp_trainer, &
        tp_snapshot, tp_dataset, tp_output
    public :: tp_node, packed_node, model_sizes, model_node, workspace_node, adopt, need, let_go, handle
    public :: fail, fits, not_negative, counts, model_of, pass_of, tp_string, terminated

    integer, parameter :: most_needs = 5

    type :: link
        class(tp_node), pointer :: to => null()
    end type

    type :: tp_node
        type(c_ptr) :: handle = c_null_ptr
        type(c_ptr) :: context = c_null_ptr
        integer(c_int) :: users = 1
        procedure(destroy_handle), pointer, nopass :: destroy => null()
        type(link) :: needs(most_needs) ! what must outlive it
    end type

    type, extends(tp_node) :: packed_node
        integer(c_size_t) :: rows = 0, columns = 0
    end type

    type :: model_sizes
        integer(c_size_t) :: inputs = 0, outputs = 0, parameters = 0
    end type

    type, extends(tp_node) :: model_node
        type(model_sizes) :: sizes
    end type

    type, extends(tp_node) :: workspace_node
        logical :: training = .false.
        integer(c_size_t) :: batch = 0 ! of the last pass, 0 before the first
        real(real32), pointer, contiguous :: x(:, :) => null() ! its samples, which a backward pass reads again
    contains
        final :: forget_samples
    end type

    abstract interface
        subroutine destroy_handle(object) bind(c)
            import :: c_ptr
            type(c_ptr), value :: object
        end subroutine
    end interface

    type :: tp_object
        class(tp_node), pointer :: node => null()
        integer(c_intptr_t) :: home = 0 ! its address, if it counts
    contains
        final :: drop
    end type

    ! gfortran 12 ignores an inherited assignment where a whole of which the object is a component is assigned.

    type, extends(tp_object) :: tp_context
    contains
        procedure, private :: share_context
        generic :: assignment(=) => share_context
    end type
    type, extends(tp_object) :: tp_packed
    contains
        procedure, private :: share_packed
        generic :: assignment(=) => share_packed
    end type
    type, extends(tp_object) :: tp_model
    contains
        procedure, private :: share_model
        generic :: assignment(=) => share_model
    end type
    type, extends(tp_object) :: tp_workspace
    contains
        procedure, private :: share_workspace
        generic :: assignment(=) => share_workspace
    end type
    type, extends(tp_object) :: tp_predictor
    contains
        procedure, private :: share_predictor
        generic :: assignment(=) => share_predictor
    end type
    type, extends(tp_object) :: tp_optimizer
    contains
        procedure, private :: share_optimizer
        generic :: assignment(=) => share_optimizer
    end type
    type, extends(tp_object) :: tp_trainer
    contains
        procedure, private :: share_trainer
        generic :: assignment(=) => share_trainer
    end type
    type, extends(tp_object) :: tp_snapshot
    contains
        procedure, private :: share_snapshot
        generic :: assignment(=) => share_snapshot
    end type
    type, extends(tp_object) :: tp_dataset
    contains
        procedure, private :: share_dataset
        generic :: assignment(=) => share_dataset
    end type
    type, extends(tp_object) :: tp_output
    contains
        procedure, private :: share_output
        generic :: assignment(=) => share_output
    end type

    interface tp_string
        module procedure string_of_pointer, string_of_array
    end interface

    interface
        pure function c_strlen(text) result(length) bind(c, name='strlen')
            import :: c_ptr, c_size_t
            type(c_ptr), value :: text
            integer(c_size_t) :: length
        end function
    end interface

contains

    ! Threads may make and drop objects of one model at the same time.
    function count_users(node, more) result(users)
        class(tp_node), intent(inout) :: node
        integer(c_int), intent(in) :: more
        integer(c_int) :: users
        !$omp atomic capture
        node%users = node%users + more
        users = node%users
        !$omp end atomic
    end function

    recursive subroutine release(node)
        class(tp_node), pointer, intent(inout) :: node
        integer :: i
        if (.not. associated(node)) return
        if (count_users(node, -1_c_int) == 0) then
            if (associated(node%destroy)) call node%destroy(node%handle)
            do i = 1, most_needs
                call release(node%needs(i)%to)
            end do
            deallocate (node)
        end if
        node => null()
    end subroutine

    subroutine forget_samples(node)
        type(workspace_node), intent(inout) :: node
        if (associated(node%x)) deallocate (node%x)
    end subroutine

    ! node keeps what other stands for.
    subroutine need(node, other)
        class(tp_node), intent(inout) :: node
        class(tp_node), pointer, intent(in) :: other
        integer :: i
        integer(c_int) :: users
        if (.not. associated(other)) return
        do i = 1, most_needs
            if (.not. associated(node%needs(i)%to)) exit
        end do
        users = count_users(other, 1_c_int)
        node%needs(i)%to => other
        node%context = other%context
    end subroutine

    ! A node whose object was made becomes the object's; after a failure the object is as before. In memory of the
    ! program there is nothing to destroy, and this memory may go before the last user.
    subroutine adopt(object, made, status, destroy, memory)
        class(tp_object), intent(inout) :: object
        class(tp_node), pointer, intent(inout) :: made
        integer(c_int), intent(in) :: status
        procedure(destroy_handle) :: destroy
        integer(c_int8_t), pointer, contiguous, intent(in), optional :: memory(:)
        if (status /= TP_OK) then
            call release(made)
            return
        end if
        if (.not. present(memory)) made%destroy => destroy
        call take(object, made)
    end subroutine

    ! left gets the node of right, which may be left itself, or null.
    subroutine share(left, node)
        class(tp_object), intent(inout) :: left
        class(tp_node), pointer, intent(in) :: node
        class(tp_node), pointer :: kept
        integer(c_int) :: users
        kept => node
        if (associated(kept)) users = count_users(kept, 1_c_int)
        call take(left, kept)
    end subroutine

    ! object gets a node that counts it already.
    subroutine take(object, node)
        class(tp_object), intent(inout) :: object
        class(tp_node), pointer, intent(in) :: node
        call let_go(object)
        object%node => node
        object%home = address(object)
    end subroutine

    ! Leaves the object empty; the one that it was goes with its last user.
    subroutine let_go(object)
        class(tp_object), intent(inout) :: object
        if (object%home == address(object)) call release(object%node)
        object%node => null()
        object%home = 0
    end subroutine

    impure elemental subroutine drop(object)
        type(tp_object), intent(inout) :: object
        call let_go(object)
    end subroutine

    function address(object) result(number)
        class(tp_object), target, intent(in) :: object
        integer(c_intptr_t) :: number
        number = transfer(c_loc(object%home), number)
    end function

    impure elemental subroutine share_context(left, right)
        class(tp_context), intent(inout) :: left
        type(tp_context), intent(in) :: right
        call share(left, right%node)
    end subroutine

    impure elemental subroutine share_packed(left, right)
        class(tp_packed), intent(inout) :: left
        type(tp_packed), intent(in) :: right
        call share(left, right%node)
    end subroutine

    impure elemental subroutine share_model(left, right)
        class(tp_model), intent(inout) :: left
        type(tp_model), intent(in) :: right
        call share(left, right%node)
    end subroutine

    impure elemental subroutine share_workspace(left, right)
        class(tp_workspace), intent(inout) :: left
        type(tp_workspace), intent(in) :: right
        call share(left, right%node)
    end subroutine

    impure elemental subroutine share_predictor(left, right)
        class(tp_predictor), intent(inout) :: left
        type(tp_predictor), intent(in) :: right
        call share(left, right%node)
    end subroutine

    impure elemental subroutine share_optimizer(left, right)
        class(tp_optimizer), intent(inout) :: left
        type(tp_optimizer), intent(in) :: right
        call share(left, right%node)
    end subroutine

    impure elemental subroutine share_trainer(left, right)
        class(tp_trainer), intent(inout) :: left
        type(tp_trainer), intent(in) :: right
        call share(left, right%node)
    end subroutine

    impure elemental subroutine share_snapshot(left, right)
        class(tp_snapshot), intent(inout) :: left
        type(tp_snapshot), intent(in) :: right
        call share(left, right%node)
    end subroutine

    impure elemental subroutine share_dataset(left, right)
        class(tp_dataset), intent(inout) :: left
        type(tp_dataset), intent(in) :: right
        call share(left, right%node)
    end subroutine

    impure elemental subroutine share_output(left, right)
        class(tp_output), intent(inout) :: left
        type(tp_output), intent(in) :: right
        call share(left, right%node)
    end subroutine

    function handle(object) result(pointer)
        class(tp_object), intent(in) :: object
        type(c_ptr) :: pointer
        pointer = c_null_ptr
        if (associated(object%node)) pointer = object%node%handle
    end function

    ! The sizes of a model or a predictor; all 0 for a variable without one, which C then refuses.
    function model_of(model) result(sizes)
        class(tp_object), intent(in) :: model
        type(model_sizes) :: sizes
        if (.not. associated(model%node)) return
        select type (node => model%node)
        type is (model_node)
            sizes = node%sizes
        end select
    end function

    function pass_of(workspace) result(pass)
        class(tp_workspace), intent(in) :: workspace
        type(workspace_node), pointer :: pass
        pass => null()
        if (.not. associated(workspace%node)) return
        select type (node => workspace%node)
        type is (workspace_node)
            pass => node
        end select
    end function

    ! ------------------------------------------------------------------------------------------------------- errors

    function fail(object, text) result(status)
        class(tp_object), intent(in) :: object
        character(*), intent(in) :: text
        integer(c_int) :: status
        character(kind=c_char), allocatable, target :: message(:)
        type(c_ptr) :: context
        status = TP_ERR_ARGUMENT
        if (.not. associated(object%node)) return
        context = object%node%context
        allocate (message, source=terminated(text))
        status = c_set_message(context, status, c_loc(message))
    end function

    ! Whether an array has the shape that it must have. status is that of the checks before.
    subroutine fits(status, object, name, has, must)
        integer(c_int), intent(inout) :: status
        class(tp_object), intent(in) :: object
        character(*), intent(in) :: name
        integer(c_size_t), intent(in) :: has(:), must(:)
        if (status /= TP_OK .or. all(has == must)) return
        status = fail(object, name//' has the shape ('//list(has)//'); it must be ('//list(must)//')')
    end subroutine

    ! Whether a number is one that C takes as unsigned. status is that of the checks before.
    subroutine not_negative(status, object, name, number)
        integer(c_int), intent(inout) :: status
        class(tp_object), intent(in) :: object
        character(*), intent(in) :: name
        integer(c_int64_t), intent(in) :: number
        if (status /= TP_OK .or. number >= 0) return
        status = fail(object, name//' is '//list([int(number, c_size_t)])//'; it must not be negative')
    end subroutine

    ! Whether a number is one of 1 to most. status is that of the checks before.
    subroutine counts(status, object, name, number, most)
        integer(c_int), intent(inout) :: status
        class(tp_object), intent(in) :: object
        character(*), intent(in) :: name
        integer, intent(in) :: number, most
        if (status /= TP_OK .or. (number >= 1 .and. number <= most)) return
        status = fail(object, name//' is '//list([int(number, c_size_t)])//'; it must be 1..'// &
            list([int(most, c_size_t)]))
    end subroutine

    function list(sizes) result(text)
        integer(c_size_t), intent(in) :: sizes(:)
        character(:), allocatable :: text
        character(100) :: buffer
        write (buffer, '(*(i0, :, ", "))') sizes
        text = trim(buffer)
    end function

    ! ------------------------------------------------------------------------------------------------------ strings

    function string_of_pointer(text) result(string)
        type(c_ptr), intent(in) :: text
        character(:), allocatable :: string
        character(kind=c_char), pointer :: letters(:)
        string = ''
        if (.not. c_associated(text)) return
        call c_f_pointer(text, letters, [c_strlen(text)])
        string = string_of_array(letters)
    end function

    function string_of_array(letters) result(string)
        character(kind=c_char), intent(in) :: letters(:)
        character(:), allocatable :: string
        integer :: i, length
        do length = 0, size(letters) - 1
            if (letters(length + 1) == c_null_char) exit
        end do
        allocate (character(length) :: string)
        do i = 1, length
            string(i:i) = letters(i)
        end do
    end function

    ! text without the blanks at its end, as C has strings.
    function terminated(text) result(letters)
        character(*), intent(in) :: text
        character(kind=c_char) :: letters(len_trim(text) + 1)
        integer :: i
        do i = 1, len_trim(text)
            letters(i) = text(i:i)
        end do
        letters(len_trim(text) + 1) = c_null_char
    end function
end module
