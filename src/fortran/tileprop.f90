! SPDX-License-Identifier: BSD-3-Clause
! tileprop in Fortran 2008. The manual is the C header: procedures have C's names, and take their arguments in C's order
! but for sizes and leading dimensions, which arrays bring along. What differs:
!
! Arrays     x(features, samples): a sample is a column. Real arrays may be real32 or real64, all of a call alike; the
!            library computes in real32, and scales values between real64 and real32 itself. Sections are passed in
!            place if the elements of a column are side by side.
! Status     Functions return it, with C's constants. tp_context_message(context) is the message of the last error,
!            tp_status_text(status) its kind; of a context that could not be made, the argument message says why.
! Objects    tp_context, tp_model, ... are variables: functions that make one have it as their first argument.
!            They are released when the last variable goes that needs them, in any order; the destroy procedures
!            do so at once. An assignment makes two variables of one object.
! Options    Set them by the default procedures. Pointers in them are for arguments: layers, validation, observer.
! Targets    tp_classes(classes, one_based), int32 or int64, or tp_values(values), with weights by
!            tp_weigh_samples(target, weights) and tp_weigh_classes(target, class_weights).
! Samples    tp_samples(x, target), for trainers, tp_evaluate and tp_predict: arrays of real32, real64 or bytes are used
!            in place, so they must be targets and stay as long as the set or its trainer is used.
! Callbacks  An extension of tp_observer with on_epoch and on_step, as an argument of tp_trainer_create.
! Counting   Layers and arrays of an optimiser's state count from 1, classes from 0 unless one_based says otherwise.
! Products   tp_sgemm multiplies matrices as Fortran has them; a packed matrix is the left factor.
module tileprop
    use tileprop_types
    use tileprop_objects, only: tp_context, tp_packed, tp_model, tp_workspace, tp_optimizer, tp_trainer, tp_dataset, &
        tp_output, tp_string
    use tileprop_arrays, only: tp_target, tp_classes, tp_values, tp_weigh_samples, tp_weigh_classes, tp_sample_set, &
        tp_samples
    use tileprop_real32
    use tileprop_real64
    use tileprop_calls
    use tileprop_training
    use tileprop_files
    implicit none
    public
end module
