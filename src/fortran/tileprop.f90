! SPDX-License-Identifier: BSD-3-Clause
! tileprop in Fortran 2008. The manual is the C header include/tileprop/tileprop.h. Procedures have the names of the C
! functions, and their arguments in the same order. There are no arguments for sizes and leading dimensions: these come
! with the arrays. The differences from C are:
!
! Arrays     x(features, samples): a sample is a column. Real arrays are real32 or real64. All real arrays of a call
!            but those of a target must be of the same kind. The library computes in real32 and converts real64
!            itself. An array section is used without a copy if the elements of a column are contiguous.
! Status     Functions return it, with the constants of C. tp_context_message(context) returns the message of the last
!            error, and tp_status_text(status) describes the status. If tp_context_create fails there is no context; its
!            argument message then contains the message.
! Objects    tp_context, tp_model, ... are types of variables. Functions that make an object have it as first argument.
!            An object is released when the last variable that needs it goes out of scope, in any order. The destroy
!            procedures release it at once. After an assignment both variables mean the same object, also if they are
!            arrays, or components of types of the program. gfortran 12 has errors there:
!              - Do not assign a part of an array of a type with objects, or a type of which an array of objects with a
!                fixed size is a component: the program crashes. Assign element by element.
!              - The copy of a component keeps the object only until the procedure with the assignment returns. Then it
!                is valid as long as the variable that was copied. To keep it, assign the component itself.
!              - The copy of an allocatable component, or by allocate (source=), is valid as long as the variable that
!                was copied.
!              - An object stays until the end of the program if a function makes it as a component of its result, or if
!                both sides of an assignment are parts of one array of objects. Make objects in subroutines.
! Memory     Objects in memory of the program must not be used after this memory is released. Their variables may stay.
! Options    Set them with the default procedures. Layers, validation data and callbacks are arguments of the create
!            functions instead of pointers in the options.
! Targets    tp_classes(classes, one_based), int32 or int64, or tp_values(values) make a type(tp_target) with a copy of
!            them. tp_weigh_samples(target, weights) and tp_weigh_classes(target, class_weights) add weights.
!            tp_evaluate and validation refuse class weights.
! Numbers    A size, count or step must not be negative. A seed may be: it is 64 bits.
! Samples    tp_samples(x, target), for trainers, tp_evaluate and tp_predict. Arrays of real32, real64 or bytes are used
!            without a copy. So they must have the target attribute, and must exist as long as the set or its trainer is
!            used.
! Callbacks  Extend the type tp_observer with on_epoch and on_step, and pass a variable of it to tp_trainer_create. It
!            must have the target attribute, and must exist as long as the trainer.
! Counting   Layers, notes, and arrays of an optimiser's state, count from 1. Classes count from 0, or from 1 with
!            one_based.
! Products   tp_sgemm multiplies matrices in Fortran's order of elements. A packed matrix is the left factor.
!            tp_bf16gemm takes a and b as real arrays, or both as contiguous int16 arrays of bf16 numbers.
module tileprop
    use tileprop_types
    use tileprop_objects, only: tp_context, tp_packed, tp_model, tp_workspace, tp_predictor, tp_optimizer, &
        tp_trainer, tp_snapshot, tp_dataset, tp_output, tp_string
    use tileprop_arrays, only: tp_target, tp_classes, tp_values, tp_weigh_samples, tp_weigh_classes, tp_sample_set, &
        tp_samples
    use tileprop_real32
    use tileprop_real64
    use tileprop_calls
    use tileprop_evaluation
    use tileprop_training
    use tileprop_checkpoints
    use tileprop_files
    use tileprop_tables
    use tileprop_notes
    use tileprop_exchange
    implicit none
    public
    private :: adopt_model
end module
