! SPDX-License-Identifier: BSD-3-Clause
! Objects in arrays and in types of the program: each lives as long as a variable needs it, and no longer. The context
! counts the blocks that it has.
module counted
    use, intrinsic :: iso_c_binding
    use tileprop
    implicit none

    type :: network
        type(tp_model) :: model
        integer :: generation = 0
        type(tp_workspace) :: workspace
    end type

    type, extends(network) :: trained_network
        type(tp_optimizer) :: optimizer
    end type

    type :: ensemble
        type(tp_model), allocatable :: members(:)
        type(tp_model), allocatable :: best
    end type

    interface
        function c_aligned_alloc(alignment, bytes) result(at) bind(c, name='aligned_alloc')
            import :: c_ptr, c_size_t
            integer(c_size_t), value :: alignment, bytes
            type(c_ptr) :: at
        end function
        subroutine c_free(at) bind(c, name='free')
            import :: c_ptr
            type(c_ptr), value :: at
        end subroutine
    end interface

contains

    function count_up(user, alignment, bytes) result(at) bind(c)
        type(c_ptr), value :: user
        integer(c_size_t), value :: alignment, bytes
        type(c_ptr) :: at
        integer, pointer :: blocks
        call c_f_pointer(user, blocks)
        blocks = blocks + 1
        at = c_aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment)
    end function

    subroutine count_down(user, at) bind(c)
        type(c_ptr), value :: user, at
        integer, pointer :: blocks
        call c_f_pointer(user, blocks)
        if (c_associated(at)) blocks = blocks - 1
        call c_free(at)
    end subroutine
end module

program test_fortran_objects
    use, intrinsic :: iso_fortran_env, only: real32, int8
    use checks
    use counted
    implicit none
    integer, target, save :: blocks = 0
    integer :: round

    call begin_checks
    call tp_context_destroy(context)
    call make_counting_context
    do round = 1, 2 ! the second finds on the stack what the first has left there
        call released(plain, 'variables')
        call released(arrays, 'arrays')
        call released(components, 'components')
        call released(arrays_of_wholes, 'arrays of wholes')
        call released(overwritten_component, 'a component that is replaced')
        call released(allocatable_components, 'allocatable components')
        call released(in_memory, 'objects in memory of the program')
        call released(sourced, 'allocate with source')
    end do
    call end_checks

contains

    subroutine make_counting_context
        type(tp_context_options) :: options
        call tp_context_options_default(options)
        options%allocator = tp_allocator(c_funloc(count_up), c_funloc(count_down), c_loc(blocks))
        call ok(tp_context_create(context, options), 'counting context')
    end subroutine

    subroutine released(scope, name)
        interface
            subroutine scope
            end subroutine
        end interface
        character(*), intent(in) :: name
        integer :: before
        before = blocks
        call scope
        call check(blocks == before, name//': all was released, and once')
    end subroutine

    subroutine make(model)
        type(tp_model), intent(inout) :: model
        call make_model(model, TP_LOSS_MSE, TP_ACTIVATION_IDENTITY)
    end subroutine

    subroutine works(model, name)
        type(tp_model), intent(in) :: model
        character(*), intent(in) :: name
        real(real32) :: parameters(26)
        call ok(tp_model_get_parameters(model, parameters), name)
    end subroutine

    subroutine plain
        type(tp_model) :: a, b, c
        call make(a)
        b = a
        call make(c)
        c = b
        call tp_model_destroy(a)
        call tp_model_destroy(b)
        call works(c, 'the last of three')
        a = b
        call check(tp_model_parameter_count(a) == 0, 'an empty variable makes others empty')
        c = c
        call works(c, 'assigned to itself')
    end subroutine

    subroutine arrays
        type(tp_model) :: a(3), b(3)
        type(tp_model), allocatable :: c(:), d(:)
        integer :: i
        allocate (c(3), d(2))
        do i = 1, 3
            call make(a(i))
        end do
        call make(d(1))
        b = a
        c = b(3:1:-1)
        do i = 1, 3
            call tp_model_destroy(a(i))
            call tp_model_destroy(b(i))
        end do
        call works(c(1), 'the copy of an array')
        d = c(1)
        call move_alloc(c, d)
        call works(d(2), 'moved')
    end subroutine

    subroutine components
        type(network) :: a, b
        type(trained_network) :: c, d
        call make(a%model)
        call make_workspace(a%workspace, a%model, TP_MODE_TRAINING)
        b = a
        call tp_model_destroy(a%model)
        call tp_workspace_destroy(a%workspace)
        call works(b%model, 'the copy of a component')
        call ok(tp_forward(b%model, b%workspace, x), 'the copy of a second one')
        c%network = b
        d = c
        call tp_model_destroy(b%model)
        call tp_model_destroy(c%model)
        call works(d%model, 'the copy of an inherited component')
    end subroutine

    subroutine arrays_of_wholes
        type(network) :: a(2)
        type(network), allocatable :: b(:), grown(:)
        allocate (b(2), grown(3))
        call make(a(1)%model)
        b = a
        call tp_model_destroy(a(1)%model)
        grown(1) = b(1)
        grown(3) = b(1)
        call move_alloc(grown, b)
        call works(b(1)%model, 'an array that has grown')
    end subroutine

    subroutine overwritten_component
        type(network) :: a, b
        integer :: i
        call make(a%model)
        do i = 1, 3
            b = a
        end do
        call tp_model_destroy(a%model)
        call works(b%model, 'a component that was assigned more than once')
    end subroutine

    subroutine allocatable_components
        type(ensemble) :: a, b
        allocate (a%members(2), a%best, b%members(2))
        call make(a%members(1))
        call make(a%best)
        b = a
        call works(b%members(1), 'a component that is an array')
        call works(b%best, 'a component that is allocatable')
        b%members = a%members
        call tp_model_destroy(a%members(1))
        call works(b%members(1), 'a component that is an array and was assigned itself')
    end subroutine

    ! Compilers may release the memory before the variables of its objects.
    subroutine in_memory
        type(tp_model) :: model
        type(tp_packed) :: packed
        type(tp_workspace) :: workspace
        type(tp_optimizer) :: optimizer
        type(tp_trainer) :: trainer
        type(tp_workspace_options) :: room
        type(tp_optimizer_options) :: rule
        type(tp_train_options) :: options
        type(tp_sample_set) :: set
        real(real32), target :: samples(inputs, batch)
        integer(int8), allocatable, target :: memory(:)
        samples = x
        set = tp_samples(samples, tp_values(values))
        call make(model)
        call tp_workspace_options_default(room)
        call tp_optimizer_options_default(rule)
        call tp_train_options_default(options)
        room%max_batch = batch
        allocate (memory(tp_packed_size(context, inputs, batch)))
        call ok(tp_packed_create(packed, context, TP_TRANSPOSE_NO, x, memory), 'packed in my memory')
        memory = -1
        deallocate (memory)
        allocate (memory(tp_workspace_size(model, room)))
        call ok(tp_workspace_create(workspace, model, room, memory), 'workspace in my memory')
        memory = -1
        deallocate (memory)
        allocate (memory(tp_optimizer_size(model, rule)))
        call ok(tp_optimizer_create(optimizer, model, rule, memory), 'optimizer in my memory')
        memory = -1
        deallocate (memory)
        allocate (memory(tp_trainer_size(model, set, options)))
        call ok(tp_trainer_create(trainer, model, set, options, memory=memory), 'trainer in my memory')
        memory = -1
    end subroutine

    subroutine sourced
        type(tp_model) :: a
        type(tp_model), allocatable :: b
        call make(a)
        allocate (b, source=a)
        call works(b, 'a source')
    end subroutine
end program
