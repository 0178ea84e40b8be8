! SPDX-License-Identifier: BSD-3-Clause
! Notes of models, and fingerprints.
module tileprop_notes
    use, intrinsic :: iso_c_binding
    use tileprop_c, only: c_set_note => tp_model_set_note, c_note => tp_model_note, &
        c_note_name => tp_model_note_name, c_data_fingerprint => tp_data_fingerprint, &
        c_model_fingerprint => tp_model_fingerprint
    use tileprop_types
    use tileprop_objects
    use tileprop_arrays
    implicit none
    private
    public :: tp_model_set_note, tp_model_note, tp_model_note_name, tp_data_fingerprint, tp_model_fingerprint

    ! Names of their own, so that compilers do not take them for the C functions.
    interface tp_model_set_note; procedure model_set_note; end interface
    interface tp_model_note; procedure model_note; end interface
    interface tp_model_note_name; procedure model_note_name; end interface
    interface tp_data_fingerprint; procedure data_fingerprint; end interface
    interface tp_model_fingerprint; procedure model_fingerprint; end interface

contains

    ! Without text the note is removed. Blanks at the end of name and text are not kept.
    function model_set_note(model, name, text) result(status)
        type(tp_model), intent(in) :: model
        character(*), intent(in) :: name
        character(*), intent(in), optional :: text
        integer(c_int) :: status
        character(kind=c_char), allocatable, target :: name_(:), text_(:)
        type(c_ptr) :: place
        place = c_null_ptr
        allocate (name_, source=terminated(name))
        if (present(text)) then
            allocate (text_, source=terminated(text))
            place = c_loc(text_)
        end if
        status = c_set_note(handle(model), c_loc(name_), place)
    end function

    ! Empty if there is no such note.
    function model_note(model, name) result(text)
        type(tp_model), intent(in) :: model
        character(*), intent(in) :: name
        character(:), allocatable :: text
        character(kind=c_char), allocatable, target :: name_(:)
        allocate (name_, source=terminated(name))
        text = tp_string(c_note(handle(model), c_loc(name_)))
    end function

    ! Notes count from 1. Empty if there are not so many.
    function model_note_name(model, i) result(name)
        type(tp_model), intent(in) :: model
        integer, intent(in) :: i
        character(:), allocatable :: name
        name = tp_string(c_note_name(handle(model), int(i - 1, c_size_t)))
    end function

    function data_fingerprint(context, samples, fingerprint) result(status)
        type(tp_context), intent(in) :: context
        type(tp_sample_set), intent(in) :: samples
        character(TP_FINGERPRINT_SIZE - 1), intent(inout) :: fingerprint
        integer(c_int) :: status
        type(tp_data), target :: view
        character(kind=c_char), target :: digits(TP_FINGERPRINT_SIZE)
        view = samples_view(samples)
        status = TP_OK
        call target_rows_fit(status, context, samples%target, view%outputs, view%samples)
        if (status == TP_OK) status = c_data_fingerprint(handle(context), c_loc(view), c_loc(digits))
        if (status == TP_OK) fingerprint = tp_string(digits)
    end function

    function model_fingerprint(model, fingerprint) result(status)
        type(tp_model), intent(in) :: model
        character(TP_FINGERPRINT_SIZE - 1), intent(inout) :: fingerprint
        integer(c_int) :: status
        character(kind=c_char), target :: digits(TP_FINGERPRINT_SIZE)
        status = c_model_fingerprint(handle(model), c_loc(digits))
        if (status == TP_OK) fingerprint = tp_string(digits)
    end function
end module
