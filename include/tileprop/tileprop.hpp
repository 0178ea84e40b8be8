/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tileprop in C++17 and later: classes that own the objects of tileprop.h, which is the manual. Functions have the
 * names and the order of arguments of C, less the prefix; sizes come from the arguments. It needs nothing but that
 * header and the standard library. What differs:
 *
 * Errors     In the namespace tileprop constructors and functions throw tileprop::error, which has the status and the
 *            message of the context, and return their result. The classes in tileprop::nothrow are the same, but
 *            constructors make nothing, create and the like return a status, and functions return a status or a result
 *            (a status and a value): [[nodiscard]], and noexcept. Compiled with -fno-exceptions there are only these.
 *            Objects of both kinds may be arguments of each other's functions, and one can be made from the other
 *            by a move.
 * Objects    are moved, not copied. A context must outlive what is made from it, a model or predictor what is made for
 *            it: declare them in this order. Functions of an empty object (moved from, or not yet made) fail with
 * TP_ERR_ARGUMENT. get() gives the C object, for C functions; a forward pass that they make is not known here, and what
 *            follows it has to be called in C as well.
 * Options    begin with the defaults. What their pointers and views refer to is needed until the object is made, what
 *            tileprop.h says must stay valid longer.
 * Arrays     Arguments are views: std::vector, std::array, std::span, C arrays, whatever std::data and std::size take,
 *            or view(pointer, size). Matrices take the distance between rows as well: {x, ldx}. Nothing is copied. A
 *            view that is too short for the call is refused with TP_ERR_ARGUMENT; one that has no data, as {} has, is
 *            C's NULL: not given, or not wanted. Blocks of memory are views of std::byte.
 * Callbacks  are any callable objects, by reference: they must outlive the trainer or context that they are given to.
 *            An exception of an observer stops the run after the step at hand; run() throws it, in nothrow too.
 *            Message callbacks must be noexcept, and so must the functions of a tp_allocator.
 * Memory     After creation functions allocate nothing, but for notes, the text of an exception and of
 *            context::message.
 */
#ifndef TILEPROP_TILEPROP_HPP
#define TILEPROP_TILEPROP_HPP

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <tileprop/tileprop.h>

namespace tileprop {

/* Sources with and without exceptions may be in one program. */
#if defined(__cpp_exceptions)
inline namespace exceptions_on {
#else
inline namespace exceptions_off {
#endif

using std::size_t;

/* ---------------------------------------------------------------------------------------------- names and versions */

inline const char *version() noexcept {
    return tp_version();
}
inline const char *text(tp_status code) noexcept {
    return tp_status_text(code);
}
inline const char *name(tp_activation activation) noexcept {
    return tp_activation_name(activation);
}
inline const char *name(tp_loss loss) noexcept {
    return tp_loss_name(loss);
}
inline const char *name(tp_precision precision) noexcept {
    return tp_precision_name(precision);
}
inline const char *name(tp_init init) noexcept {
    return tp_init_name(init);
}
inline const char *name(tp_optimizer_kind kind) noexcept {
    return tp_optimizer_name(kind);
}
inline const char *name(tp_schedule schedule) noexcept {
    return tp_schedule_name(schedule);
}
inline const char *name(tp_monitor monitor) noexcept {
    return tp_monitor_name(monitor);
}
inline const char *name(tp_keep keep) noexcept {
    return tp_keep_name(keep);
}
inline const char *name(tp_task task) noexcept {
    return tp_task_name(task);
}
inline const char *name(tp_missing missing) noexcept {
    return tp_missing_name(missing);
}
inline const char *name(tp_unknown unknown) noexcept {
    return tp_unknown_name(unknown);
}
inline const char *name(tp_input_scaling scaling) noexcept {
    return tp_input_scaling_name(scaling);
}

/* -------------------------------------------------------------------------------------------------------- errors */

/* What functions in nothrow return: a tp_status that must be looked at. */
class [[nodiscard]] status {
  public:
    constexpr status(tp_status code = TP_OK) noexcept : code_(code) {}
    constexpr operator tp_status() const noexcept { return code_; }

  private:
    tp_status code_;
};

/* value is set if status is TP_OK, or where tileprop.h says so. */
template <class T> struct [[nodiscard]] result {
    tp_status status;
    T value;
};

/* The two ways to tell errors: the parameter Errors of the classes below. */
struct statuses {
    static constexpr bool no_throw = true;
    using outcome = status;
    using finished = status;
    template <class T> using value = result<T>;

    static status end(tp_status code, const tp_context *, const char * = nullptr) noexcept { return code; }
    template <class T> static result<T> end_with(const T &value, tp_status code, const tp_context *) noexcept {
        return {code, value};
    }
    static status end_run(tp_status code, const tp_context *) noexcept { return code; }
};

#if defined(__cpp_exceptions)
/* what() is the message of the last error in the context, of this call unless another thread's calls fail as well. */
class error : public std::runtime_error {
  public:
    error(tp_status code, const std::string &message) : std::runtime_error(message), code_(code) {}
    tp_status status() const noexcept { return code_; }

  private:
    tp_status code_;
};

struct exceptions {
    static constexpr bool no_throw = false;
    using outcome = void;
    using finished = bool;
    template <class T> using value = T;

    static void end(tp_status code, const tp_context *context, const char *message = "") {
        if (!code)
            return;
        char last[1024];
        if (tp_context_message(context, last, sizeof last) > 0)
            message = last;
        throw error(code, *message ? message : text(code));
    }
    template <class T> static T end_with(const T &value, tp_status code, const tp_context *context) {
        end(code, context);
        return value;
    }
    static bool end_run(tp_status code, const tp_context *context) {
        end(code == TP_ERR_STOPPED ? TP_OK : code, context);
        return !code;
    }
};
#endif

/* --------------------------------------------------------------------------------------------------------- views */

/* Elements side by side that somebody else owns. It becomes a std::span where there is one. */
template <class T> class view {
    template <class Range>
    using if_elements = std::enable_if_t<
        std::is_convertible_v<std::remove_pointer_t<decltype(std::data(std::declval<Range &>()))> (*)[], T (*)[]>,
        decltype(std::size(std::declval<Range &>()))>;

  public:
    constexpr view() noexcept = default;
    constexpr view(T *first, size_t count) noexcept : first_(first), count_(count) {}
    view(std::initializer_list<std::remove_const_t<T>>) = delete; /* else {0, 2} would be a pointer and a size */
    template <class Range, class = if_elements<Range>>
    constexpr view(Range &&range) noexcept : first_(std::data(range)), count_(std::size(range)) {}
    constexpr T *data() const noexcept { return first_; }
    constexpr size_t size() const noexcept { return count_; }
    constexpr T *begin() const noexcept { return first_; }
    constexpr T *end() const noexcept { return first_ + count_; }
    constexpr T &operator[](size_t i) const noexcept { return first_[i]; }

  private:
    T *first_ = nullptr;
    size_t count_ = 0;
};
template <class Range> view(Range &&) -> view<std::remove_pointer_t<decltype(std::data(std::declval<Range &>()))>>;

/* Rows of a matrix, and the distance between them in elements; 0: they follow each other. */
template <class T> struct matrix {
    view<T> elements;
    size_t ld = 0;

    constexpr matrix() noexcept = default;
    template <class Range, class = std::enable_if_t<std::is_constructible_v<view<T>, Range>>>
    constexpr matrix(Range &&range, size_t distance = 0) noexcept
        : elements(std::forward<Range>(range)), ld(distance) {}
    template <class Other, class = std::enable_if_t<std::is_convertible_v<Other (*)[], T (*)[]>>>
    constexpr matrix(const matrix<Other> &other) noexcept : elements(other.elements), ld(other.ld) {}
    constexpr T *first() const noexcept { return elements.data(); }
    constexpr size_t distance(size_t columns) const noexcept { return ld > 0 ? ld : columns > 0 ? columns : 1; }
};

/* Rows of a matrix of float, or of bf16 as std::uint16_t. */
struct operand {
    matrix<const float> floats;
    matrix<const std::uint16_t> bits;
    tp_precision precision;

    constexpr operand(matrix<const float> given) noexcept : floats(given), precision(TP_PRECISION_F32) {}
    constexpr operand(matrix<const std::uint16_t> given) noexcept : bits(given), precision(TP_PRECISION_BF16) {}
    template <class Range, std::enable_if_t<std::is_constructible_v<view<const float>, Range>, int> = 0>
    constexpr operand(Range &&range, size_t distance = 0) noexcept
        : operand(matrix<const float>(std::forward<Range>(range), distance)) {}
    template <class Range, std::enable_if_t<std::is_constructible_v<view<const std::uint16_t>, Range>, int> = 0>
    constexpr operand(Range &&range, size_t distance = 0) noexcept
        : operand(matrix<const std::uint16_t>(std::forward<Range>(range), distance)) {}
    constexpr const void *first() const noexcept {
        return precision == TP_PRECISION_BF16 ? static_cast<const void *>(bits.first()) : floats.first();
    }
    constexpr size_t distance(size_t columns) const noexcept {
        return precision == TP_PRECISION_BF16 ? bits.distance(columns) : floats.distance(columns);
    }
};

/* Value j of sample i is at i * sample + j * value; both 0: samples follow each other. */
struct strides {
    size_t sample = 0, value = 0;
};

/* A path: text, std::string or std::filesystem::path. */
class path {
  public:
    path(const char *text) noexcept : text_(text) {}
    template <class String, class = decltype(std::declval<const String &>().c_str())>
    path(const String &string) noexcept : text_(string.c_str()) {}
    const char *c_str() const noexcept { return text_; }

  private:
    const char *text_;
};

/* ------------------------------------------------------------------------------------------------- options and data */

namespace detail {
/* For C, which gives it back to the function that knows the type. */
template <class Callable> void *address(Callable &callable) noexcept {
    return const_cast<void *>(static_cast<const void *>(std::addressof(callable)));
}
} // namespace detail

struct context_options : tp_context_options {
    context_options() noexcept { tp_context_options_default(this); }
    /* callback(tp_status, const char *) noexcept, as tp_message_fn. */
    template <class Callback> context_options &on_message(Callback &callback) noexcept {
        static_assert(std::is_object_v<Callback>, "a function has no address that C could keep: use a lambda");
        static_assert(std::is_nothrow_invocable_v<Callback &, tp_status, const char *>, "callbacks must be noexcept");
        message = [](void *user, tp_status code, const char *text) { (*static_cast<Callback *>(user))(code, text); };
        message_user = detail::address(callback);
        return *this;
    }
};

struct layer : tp_layer {
    constexpr layer(size_t units = 1, tp_activation f = TP_ACTIVATION_IDENTITY, float alpha = 0,
                    float probability = 0) noexcept
        : tp_layer{units, f, alpha, probability, 0} {}
};

/* A pair for each value, or one for all. */
inline tp_scaling scaling(view<const double> mean, view<const double> deviation) noexcept {
    return {mean.size(), mean.data(), deviation.size() == mean.size() ? deviation.data() : nullptr};
}

struct model_options : tp_model_options {
    std::vector<layer> stack; /* the layers, unless it is empty and layers and layer_count are set */

    model_options() noexcept { tp_model_options_default(this); }
    model_options(size_t input_count, std::vector<layer> given, tp_loss objective = TP_LOSS_CCE) noexcept
        : model_options() {
        inputs = input_count;
        stack = std::move(given);
        loss = objective;
    }
    tp_model_options get() const noexcept {
        tp_model_options options = *this;
        if (!stack.empty()) {
            options.layers = stack.data();
            options.layer_count = stack.size();
        }
        return options;
    }
};
static_assert(sizeof(layer) == sizeof(tp_layer));

struct exchange_options : tp_exchange_options {
    /* Unless they are empty, these go before the pointers and counts of C. Names of weights are as many as of biases,
     * or there are none of biases. */
    std::vector<const char *> weight_names, bias_names;
    std::vector<tp_activation> layer_activations;

    exchange_options() noexcept { tp_exchange_options_default(this); }
    tp_exchange_options get() const noexcept {
        tp_exchange_options options = *this;
        if (!weight_names.empty()) {
            options.name_count = weight_names.size();
            options.weights = weight_names.data();
            options.biases = bias_names.size() == weight_names.size() ? bias_names.data() : nullptr;
        }
        if (!layer_activations.empty()) {
            options.activation_count = layer_activations.size();
            options.activations = layer_activations.data();
        }
        return options;
    }
};

struct workspace_options : tp_workspace_options {
    workspace_options(size_t batch = 1, tp_mode use = TP_MODE_INFERENCE, int thread_count = 0) noexcept {
        tp_workspace_options_default(this);
        max_batch = batch;
        mode = use;
        threads = thread_count;
    }
};

/* batches: the sizes; none for one sample. */
struct predictor_options : tp_predictor_options {
    predictor_options(view<const size_t> sizes = {}, bool by_time = false) noexcept {
        tp_predictor_options_default(this);
        measure = by_time;
        batches = sizes.data();
        batch_count = sizes.size();
    }
};

struct optimizer_options : tp_optimizer_options {
    optimizer_options() noexcept { tp_optimizer_options_default(this); }
};

/* What is done to a product: C = f(C + bias), or C = C f'(z) by outputs. */
struct epilogue : tp_epilogue {
    size_t bias_count, outputs_count;

    epilogue(tp_activation f = TP_ACTIVATION_IDENTITY, float alpha = 0, view<const float> columns = {},
             matrix<const float> by = {}) noexcept
        : tp_epilogue{sizeof(tp_epilogue), columns.data(), f, alpha, by.first(), by.ld}, bias_count(columns.size()),
          outputs_count(by.elements.size()) {}
};

/* Targets of a batch: classes, or rows of values. */
struct targets : tp_targets {
    size_t count, weight_count, class_weight_count = 0;

    targets(view<const std::int32_t> each, view<const float> sample_weights = {},
            view<const float> weights_of_classes = {}) noexcept
        : tp_targets{sizeof(tp_targets), each.data(), nullptr, 0, sample_weights.data(), weights_of_classes.data()},
          count(each.size()), weight_count(sample_weights.size()), class_weight_count(weights_of_classes.size()) {}
    targets(matrix<const float> rows, view<const float> sample_weights = {}) noexcept
        : tp_targets{sizeof(tp_targets), nullptr, rows.first(), rows.ld, sample_weights.data(), nullptr},
          count(rows.elements.size()), weight_count(sample_weights.size()) {}
};

/* Samples in the program's units, of std::uint8_t, float or double, and what they should become. */
struct data : tp_data {
    static constexpr size_t trusted = SIZE_MAX; /* of a tp_data, whose arrays have no known sizes */
    size_t count = trusted, target_count = trusted, weight_count = trusted, row_count = trusted;

    data(const tp_data &given) noexcept : tp_data(given) {}
    template <class Range>
    data(size_t sample_count, size_t feature_count, const Range &x, strides distances = {}) noexcept : tp_data{} {
        struct_size = sizeof(tp_data);
        samples = sample_count;
        features = feature_count;
        sample_stride = distances.sample;
        value_stride = distances.value;
        count = std::size(x);
        take(x);
    }
    data &set_classes(view<const std::int32_t> each) noexcept {
        classes = each.data();
        target_count = each.size();
        return *this;
    }
    /* Rows of float or double. */
    template <class Range> data &set_values(size_t row_length, const Range &y, strides distances = {}) noexcept {
        outputs = row_length;
        target_sample_stride = distances.sample;
        target_stride = distances.value;
        target_count = std::size(y);
        take_values(y);
        return *this;
    }
    data &set_weights(view<const float> each) noexcept {
        weights = each.data();
        weight_count = each.size();
        return *this;
    }
    /* Sample i is number each[i] in the arrays. */
    data &set_rows(view<const std::uint32_t> each) noexcept {
        rows = each.data();
        row_count = each.size();
        return *this;
    }
    /* One more than the largest number of a sample, so many the arrays must have. */
    size_t extent() const noexcept {
        if (struct_size < sizeof(tp_data) || !rows || samples > row_count)
            return samples;
        size_t most = 0;
        for (size_t i = 0; i < samples; i++)
            most = rows[i] >= most ? size_t{rows[i]} + 1 : most;
        return most;
    }

  private:
    void take(view<const std::uint8_t> x) noexcept { bytes = x.data(); }
    void take(view<const float> x) noexcept { floats = x.data(); }
    void take(view<const double> x) noexcept { doubles = x.data(); }
    void take_values(view<const float> y) noexcept { values = y.data(); }
    void take_values(view<const double> y) noexcept { double_values = y.data(); }
};

/* Where predictions go: float or double. */
struct outputs : tp_outputs {
    size_t count;

    outputs(view<float> y, strides distances = {}) noexcept
        : tp_outputs{sizeof(tp_outputs), y.data(), nullptr, distances.sample, distances.value}, count(y.size()) {}
    outputs(view<double> y, strides distances = {}) noexcept
        : tp_outputs{sizeof(tp_outputs), nullptr, y.data(), distances.sample, distances.value}, count(y.size()) {}
};

/* 64 hexadecimal digits. */
struct fingerprint {
    char text[TP_FINGERPRINT_SIZE] = {};

    const char *c_str() const noexcept { return text; }
    friend bool operator==(const fingerprint &a, const fingerprint &b) noexcept {
        return std::memcmp(a.text, b.text, sizeof a.text) == 0;
    }
    friend bool operator!=(const fingerprint &a, const fingerprint &b) noexcept { return !(a == b); }
};

struct train_options : tp_train_options {
    const data *validation_set = nullptr;
    size_t class_weight_count = data::trusted;

    train_options() noexcept { tp_train_options_default(this); }
    train_options &set_validation(const data &set) noexcept {
        validation = validation_set = &set;
        return *this;
    }
    train_options &set_validation(const data &&) = delete;
    train_options &set_class_weights(view<const float> each) noexcept {
        class_weights = each.data();
        class_weight_count = each.size();
        return *this;
    }
};

/* --------------------------------------------------------------------------------------------------------- parts */

namespace detail {

template <auto destroy> struct destroyer {
    template <class T> void operator()(T *object) const noexcept { destroy(object); }
};

/* Owns a C object and knows the context that keeps its messages. */
template <class T, auto destroy> class owner {
  public:
    T *get() noexcept { return object_.get(); }
    const T *get() const noexcept { return object_.get(); }
    explicit operator bool() const noexcept { return object_ != nullptr; }

  protected:
    /* NULL for an empty object, whose context may be gone. */
    const tp_context *context() const noexcept { return object_ ? context_ : nullptr; }
    void own(T *made, const tp_context *context) noexcept {
        object_.reset(made);
        context_ = context;
    }

  private:
    std::unique_ptr<T, destroyer<destroy>> object_;
    const tp_context *context_ = nullptr;
};

constexpr size_t sum(size_t a, size_t b) noexcept {
    return a > SIZE_MAX - b ? SIZE_MAX : a + b;
}
constexpr size_t product(size_t a, size_t b) noexcept {
    return b > 0 && a > SIZE_MAX / b ? SIZE_MAX : a * b;
}
/* Elements from the first to the last of rows x columns. */
constexpr size_t extent(size_t rows, size_t columns, size_t row_distance, size_t column_distance) noexcept {
    if (rows == 0 || columns == 0)
        return 0;
    return sum(sum(product(rows - 1, row_distance), product(columns - 1, column_distance)), 1);
}

/* Looks whether views are long enough: code is that of the first one that is not. */
class checks {
  public:
    tp_status code = TP_OK;

    explicit checks(const tp_context *context) noexcept : context_(context) {}
    /* A view without data is for C to judge. */
    void at_least(const char *what, const void *elements, size_t count, size_t needed) noexcept {
        if (code || !elements || count >= needed)
            return;
        char message[128];
        std::snprintf(message, sizeof message, "%s has %zu elements; %zu are needed", what, count, needed);
        code = tp_context_set_message(context_, TP_ERR_ARGUMENT, message);
    }
    template <class T> void elements(const char *what, view<T> given, size_t needed) noexcept {
        at_least(what, given.data(), given.size(), needed);
    }
    template <class T> void rows(const char *what, const matrix<T> &given, size_t rows, size_t columns) noexcept {
        elements(what, given.elements, extent(rows, columns, given.distance(columns), 1));
    }
    void rows(const char *what, const operand &given, size_t lines, size_t columns) noexcept {
        if (given.precision == TP_PRECISION_BF16)
            rows(what, given.bits, lines, columns);
        else
            rows(what, given.floats, lines, columns);
    }
    void strided(const char *what, const void *elements, size_t count, size_t rows, size_t columns, size_t row_distance,
                 size_t column_distance) noexcept {
        if (row_distance == 0 && column_distance == 0) {
            row_distance = columns;
            column_distance = 1;
        }
        at_least(what, elements, count, extent(rows, columns, row_distance, column_distance));
    }
    void all(const targets &given, size_t batch, size_t outputs, size_t classes) noexcept {
        at_least("classes", given.classes, given.count, batch);
        at_least("values", given.values, given.count, extent(batch, outputs, given.ld > 0 ? given.ld : outputs, 1));
        at_least("weights", given.weights, given.weight_count, batch);
        at_least("class_weights", given.class_weights, given.class_weight_count, classes);
    }
    void all(const data &given) noexcept {
        const size_t samples = given.extent();
        at_least("rows", given.rows, given.row_count, given.samples);
        for (const void *x : {static_cast<const void *>(given.bytes), static_cast<const void *>(given.floats),
                              static_cast<const void *>(given.doubles)})
            strided("data", x, given.count, samples, given.features, given.sample_stride, given.value_stride);
        at_least("classes", given.classes, given.target_count, samples);
        for (const void *y : {static_cast<const void *>(given.values), static_cast<const void *>(given.double_values)})
            strided("values", y, given.target_count, samples, given.outputs, given.target_sample_stride,
                    given.target_stride);
        at_least("weights", given.weights, given.weight_count, samples);
    }
    /* With predictions of a model of so many outputs. */
    void all(const data &given, const outputs &y, size_t output_count) noexcept {
        all(given);
        const void *into = y.floats ? static_cast<void *>(y.floats) : static_cast<void *>(y.doubles);
        strided("y", into, y.count, given.samples, output_count, y.sample_stride, y.value_stride);
    }

  private:
    const tp_context *context_;
};

/* What a trainer calls, and the exception that came out of it. */
struct observation {
    void *observer;
    std::exception_ptr failure;
};

template <class Observer, class Event> int observe(void *user, const Event *event) noexcept {
    auto &seen = *static_cast<observation *>(user);
    auto &observer = *static_cast<Observer *>(seen.observer);
#if defined(__cpp_exceptions)
    try {
#endif
        if constexpr (std::is_void_v<std::invoke_result_t<Observer &, const Event &>>) {
            observer(*event);
            return 0;
        } else {
            return observer(*event) ? 1 : 0;
        }
#if defined(__cpp_exceptions)
    } catch (...) {
        seen.failure = std::current_exception();
        return 1;
    }
#endif
}

template <class Observer>
using if_observes = std::enable_if_t<
    std::is_invocable_v<Observer &, const tp_epoch &> || std::is_invocable_v<Observer &, const tp_step &>, int>;
template <class Errors> using if_throwing = std::enable_if_t<!Errors::no_throw, int>;

} // namespace detail

/* ------------------------------------------------------------------------------------------------------- context */

class context_handle : public detail::owner<tp_context, tp_context_destroy> {
  public:
    const char *isa() const noexcept { return tp_context_isa(get()); }
    int threads() const noexcept { return tp_context_threads(get()); }
    const tp_machine *machine() const noexcept { return tp_context_machine(get()); }
    std::string message() const {
        char last[1024];
        tp_context_message(get(), last, sizeof last);
        return last;
    }
    /* Stores a message and calls the callback. */
    void set_message(tp_status code, const char *message) const noexcept {
        (void)tp_context_set_message(get(), code, message);
    }
    size_t sgemm_workspace_size(size_t m, size_t n, size_t k) const noexcept {
        return tp_sgemm_workspace_size(get(), m, n, k);
    }
    size_t bf16gemm_workspace_size(size_t m, size_t n, size_t k) const noexcept {
        return tp_bf16gemm_workspace_size(get(), m, n, k);
    }
    const char *bf16() const noexcept { return tp_context_bf16(get()); }
};

class packed_handle : public detail::owner<tp_packed, tp_packed_destroy> {
  public:
    static size_t size(const context_handle &context, size_t k, size_t n) noexcept {
        return tp_packed_size(context.get(), k, n);
    }
    size_t k() const noexcept { return k_; }
    size_t n() const noexcept { return n_; }

  protected:
    size_t k_ = 0, n_ = 0;
};

template <class Errors> class basic_context : public context_handle {
    using outcome = typename Errors::outcome;
    template <class T> using value = typename Errors::template value<T>;

  public:
    /* With the default options; in nothrow an empty object. */
    basic_context() noexcept(Errors::no_throw) {
        if constexpr (!Errors::no_throw)
            create();
    }
    template <class E = Errors, detail::if_throwing<E> = 0> explicit basic_context(const context_options &options) {
        create(options);
    }
    explicit basic_context(context_handle &&other) noexcept : context_handle(std::move(other)) {}
    outcome create(const context_options &options = {}) noexcept(Errors::no_throw) {
        tp_context *made = nullptr;
        const tp_status code = tp_context_create(&options, &made);
        if (!code)
            own(made, made);
        return Errors::end(code, nullptr, code && !Errors::no_throw ? reason(options).text : "");
    }
    outcome set_threads(int count) noexcept(Errors::no_throw) {
        return Errors::end(tp_context_set_threads(get(), count), get());
    }
    /* predictions: a row for each sample. each: NULL or as many as there are classes, labels or outputs; confusion
     * likewise, square. */
    value<tp_metrics> metrics(tp_task task, const data &targets, matrix<const double> predictions, size_t outputs,
                              view<tp_output_metrics> each = {},
                              view<std::uint64_t> confusion = {}) noexcept(Errors::no_throw) {
        tp_metrics made = {};
        const size_t count = task == TP_TASK_BINARY ? 2 : outputs;
        detail::checks check(get());
        check.rows("predictions", predictions, targets.samples, outputs);
        check.elements("each", each, count);
        check.elements("confusion", confusion, detail::product(count, count));
        if (!check.code)
            check.code = tp_metrics_compute(get(), task, &targets, outputs, predictions.first(),
                                            predictions.distance(outputs), &made, each.data(), confusion.data());
        return Errors::end_with(made, check.code, get());
    }
    value<tileprop::fingerprint> fingerprint(const data &samples) const noexcept(Errors::no_throw) {
        tileprop::fingerprint made;
        detail::checks check(get());
        check.all(samples);
        if (!check.code)
            check.code = tp_data_fingerprint(get(), &samples, made.text);
        return Errors::end_with(made, check.code, get());
    }
    outcome sgemm(tp_transpose transpose_a, tp_transpose transpose_b, size_t m, size_t n, size_t k, float alpha,
                  matrix<const float> a, matrix<const float> b, float beta, matrix<float> c,
                  view<std::byte> memory = {}) noexcept(Errors::no_throw) {
        detail::checks check(get());
        const size_t a_columns = transpose_a ? m : k, b_columns = transpose_b ? k : n;
        check.rows("a", a, transpose_a ? k : m, a_columns);
        check.rows("b", b, transpose_b ? n : k, b_columns);
        check.rows("c", c, m, n);
        if (!check.code)
            check.code =
                tp_sgemm(get(), transpose_a, transpose_b, m, n, k, alpha, a.first(), a.distance(a_columns), b.first(),
                         b.distance(b_columns), beta, c.first(), c.distance(n), memory.data(), memory.size());
        return Errors::end(check.code, get());
    }
    outcome bf16gemm(tp_transpose transpose_a, tp_transpose transpose_b, size_t m, size_t n, size_t k, operand a,
                     operand b, float beta, matrix<float> c, view<std::byte> memory = {}) noexcept(Errors::no_throw) {
        detail::checks check(get());
        const size_t a_columns = transpose_a ? m : k, b_columns = transpose_b ? k : n;
        check.rows("a", a, transpose_a ? k : m, a_columns);
        check.rows("b", b, transpose_b ? n : k, b_columns);
        check.rows("c", c, m, n);
        if (!check.code)
            check.code = tp_bf16gemm(get(), transpose_a, transpose_b, m, n, k, a.precision, a.first(),
                                     a.distance(a_columns), b.precision, b.first(), b.distance(b_columns), beta,
                                     c.first(), c.distance(n), memory.data(), memory.size());
        return Errors::end(check.code, get());
    }
    /* As many as in has. */
    outcome bf16_from_f32(view<std::uint16_t> out, view<const float> in) const noexcept(Errors::no_throw) {
        detail::checks check(get());
        check.elements("out", out, in.size());
        if (!check.code)
            check.code = tp_bf16_from_f32(get(), out.data(), in.data(), in.size());
        return Errors::end(check.code, get());
    }
    outcome bf16_to_f32(view<float> out, view<const std::uint16_t> in) const noexcept(Errors::no_throw) {
        detail::checks check(get());
        check.elements("out", out, in.size());
        if (!check.code)
            check.code = tp_bf16_to_f32(get(), out.data(), in.data(), in.size());
        return Errors::end(check.code, get());
    }
    outcome sgemm_packed(tp_transpose transpose_a, size_t m, float alpha, matrix<const float> a, const packed_handle &b,
                         float beta, matrix<float> c, const epilogue &then = {},
                         view<std::byte> memory = {}) noexcept(Errors::no_throw) {
        detail::checks check(get());
        const size_t a_columns = transpose_a ? m : b.k();
        epilogue last = then;
        last.ld = last.ld > 0 ? last.ld : b.n();
        check.rows("a", a, transpose_a ? b.k() : m, a_columns);
        check.rows("c", c, m, b.n());
        check.at_least("bias", last.bias, last.bias_count, b.n());
        check.at_least("outputs", last.outputs, last.outputs_count, detail::extent(m, b.n(), last.ld, 1));
        if (!check.code)
            check.code = tp_sgemm_packed(get(), transpose_a, m, alpha, a.first(), a.distance(a_columns), b.get(), beta,
                                         &last, c.first(), c.distance(b.n()), memory.data(), memory.size());
        return Errors::end(check.code, get());
    }

  private:
    struct reason_text {
        char text[1024];
    };
    /* There is no context that could keep the message, so it is asked for once more. */
    static reason_text reason(context_options options) noexcept {
        reason_text why{};
        auto keep = [&why](tp_status, const char *message) noexcept {
            std::snprintf(why.text, sizeof why.text, "%s", message);
        };
        tp_context *made = nullptr;
        (void)tp_context_create(&options.on_message(keep), &made);
        tp_context_destroy(made);
        return why;
    }
};

template <class Errors> class basic_packed : public packed_handle {
    using outcome = typename Errors::outcome;

  public:
    basic_packed() noexcept = default;
    template <class E = Errors, detail::if_throwing<E> = 0>
    basic_packed(context_handle &context, tp_transpose transpose_b, size_t rows, size_t columns, matrix<const float> b,
                 view<std::byte> memory = {}) {
        create(context, transpose_b, rows, columns, b, memory);
    }
    explicit basic_packed(packed_handle &&other) noexcept : packed_handle(std::move(other)) {}
    /* op(B) has rows x columns: k x n. */
    outcome create(context_handle &context, tp_transpose transpose_b, size_t rows, size_t columns,
                   matrix<const float> b, view<std::byte> memory = {}) noexcept(Errors::no_throw) {
        const size_t stored = transpose_b ? rows : columns;
        detail::checks check(context.get());
        check.rows("b", b, transpose_b ? columns : rows, stored);
        tp_packed *made = nullptr;
        if (!check.code)
            check.code = tp_packed_create(context.get(), transpose_b, rows, columns, b.first(), b.distance(stored),
                                          memory.data(), memory.size(), &made);
        if (!check.code) {
            own(made, context.get());
            k_ = rows;
            n_ = columns;
        }
        return Errors::end(check.code, context.get());
    }
    outcome update(tp_transpose transpose_b, matrix<const float> b) noexcept(Errors::no_throw) {
        const size_t stored = transpose_b ? k_ : n_;
        detail::checks check(context());
        check.rows("b", b, transpose_b ? n_ : k_, stored);
        if (!check.code)
            check.code = tp_packed_update(get(), transpose_b, b.first(), b.distance(stored));
        return Errors::end(check.code, context());
    }
};

/* --------------------------------------------------------------------------------------------------------- files */

class output_handle : public detail::owner<tp_output, tp_output_destroy> {
  public:
    bool is(path file) const noexcept { return tp_output_is(get(), file.c_str()); }
};

template <class Errors> class basic_output : public output_handle {
    using outcome = typename Errors::outcome;

  public:
    basic_output() noexcept = default;
    template <class E = Errors, detail::if_throwing<E> = 0> basic_output(const context_handle &context, path file) {
        create(context, file);
    }
    explicit basic_output(output_handle &&other) noexcept : output_handle(std::move(other)) {}
    outcome create(const context_handle &context, path file) noexcept(Errors::no_throw) {
        tp_output *made = nullptr;
        const tp_status code = tp_output_create(context.get(), file.c_str(), &made);
        if (!code)
            own(made, context.get());
        return Errors::end(code, context.get());
    }
    outcome write(const void *bytes, size_t size) noexcept(Errors::no_throw) {
        return Errors::end(tp_output_write(get(), bytes, size), context());
    }
    outcome commit() noexcept(Errors::no_throw) { return Errors::end(tp_output_commit(get()), context()); }
};

/* What tp_idx is; elements are of one of the types of tp_idx_type. */
class idx_handle {
  public:
    idx_handle() noexcept = default;
    idx_handle(idx_handle &&other) noexcept
        : context_(std::exchange(other.context_, nullptr)), idx_(std::exchange(other.idx_, {})) {}
    idx_handle &operator=(idx_handle &&other) noexcept {
        idx_handle old(std::move(*this));
        context_ = std::exchange(other.context_, nullptr);
        idx_ = std::exchange(other.idx_, {});
        return *this;
    }
    ~idx_handle() {
        if (context_)
            tp_idx_release(context_, &idx_);
    }
    const tp_idx *get() const noexcept { return &idx_; }
    view<const size_t> dims() const noexcept { return {idx_.dims, idx_.rank}; }
    /* No elements if they are of another type. */
    template <class T> view<const T> elements() const noexcept {
        constexpr tp_idx_type type = std::is_same_v<T, std::uint8_t>   ? TP_IDX_TYPE_U8
                                     : std::is_same_v<T, std::int8_t>  ? TP_IDX_TYPE_I8
                                     : std::is_same_v<T, std::int16_t> ? TP_IDX_TYPE_I16
                                     : std::is_same_v<T, std::int32_t> ? TP_IDX_TYPE_I32
                                     : std::is_same_v<T, float>        ? TP_IDX_TYPE_F32
                                                                       : TP_IDX_TYPE_F64;
        static_assert(type != TP_IDX_TYPE_F64 || std::is_same_v<T, double>, "IDX files have no such elements");
        if (idx_.type != type)
            return {};
        return {static_cast<const T *>(idx_.data), idx_.elements};
    }

  protected:
    tp_context *context_ = nullptr;
    tp_idx idx_ = {};
};

template <class Errors> class basic_idx : public idx_handle {
    using outcome = typename Errors::outcome;

  public:
    basic_idx() noexcept = default;
    template <class E = Errors, detail::if_throwing<E> = 0> basic_idx(context_handle &context, path file) {
        read(context, file);
    }
    explicit basic_idx(idx_handle &&other) noexcept : idx_handle(std::move(other)) {}
    outcome read(context_handle &context, path file) noexcept(Errors::no_throw) {
        tp_idx idx = {};
        const tp_status code = tp_idx_read(context.get(), file.c_str(), &idx);
        if (!code) {
            idx_handle::operator=(idx_handle());
            context_ = context.get();
            idx_ = idx;
        }
        return Errors::end(code, context.get());
    }
    /* The path is for messages. */
    outcome to_samples(path file) noexcept(Errors::no_throw) {
        return Errors::end(tp_idx_to_samples(context_, file.c_str(), &idx_), context_);
    }
};

/* The schema of a data set or of a model, which it refers to; empty if there is none. */
class schema {
  public:
    schema(const tp_schema *given = nullptr) noexcept : given_(given) {}
    explicit operator bool() const noexcept { return given_; }
    const tp_schema *get() const noexcept { return given_; }
    tp_task task() const noexcept { return tp_schema_task(given_); }
    size_t feature_count() const noexcept { return tp_schema_feature_count(given_); }
    size_t target_count() const noexcept { return tp_schema_target_count(given_); }
    /* NULL if there is no such column. */
    const tp_column *feature(size_t i) const noexcept { return tp_schema_feature(given_, i); }
    const tp_column *target(size_t i) const noexcept { return tp_schema_target(given_, i); }
    size_t inputs() const noexcept { return tp_schema_inputs(given_); }
    size_t outputs() const noexcept { return tp_schema_outputs(given_); }
    /* Only an empty schema is refused. */
    [[nodiscard]] tp_status apply(model_options &options) const noexcept { return tp_schema_apply(given_, &options); }

  private:
    const tp_schema *given_;
};

struct dataset_options : tp_dataset_options {
    dataset_options() noexcept { tp_dataset_options_default(this); }
};

class dataset_handle : public detail::owner<tp_dataset, tp_dataset_destroy> {
  public:
    /* It refers to the samples in this object. */
    tileprop::data data() const noexcept { return *this ? *tp_dataset_data(get()) : tp_data{}; }
    /* Without samples if none are held out. */
    tileprop::data validation() const noexcept {
        const tp_data *held_out = tp_dataset_validation(get());
        return held_out ? *held_out : tp_data{};
    }
    tileprop::schema schema() const noexcept { return tp_dataset_schema(get()); }
    /* NULL without such a column; valid until the next call. */
    const char *id(size_t i) noexcept { return tp_dataset_id(get(), i); }
    size_t row(size_t i) const noexcept { return tp_dataset_row(get(), i); }
};

template <class Errors> class basic_dataset : public dataset_handle {
    using outcome = typename Errors::outcome;

  public:
    basic_dataset() noexcept = default;
    template <class E = Errors, detail::if_throwing<E> = 0>
    basic_dataset(context_handle &context, path where, tp_split split) {
        load(context, where, split);
    }
    template <class E = Errors, detail::if_throwing<E> = 0>
    basic_dataset(context_handle &context, path file, const tp_dataset_options &options) {
        open(context, file, options);
    }
    explicit basic_dataset(dataset_handle &&other) noexcept : dataset_handle(std::move(other)) {}
    outcome load(context_handle &context, path where, tp_split split) noexcept(Errors::no_throw) {
        tp_dataset *made = nullptr;
        const tp_status code = tp_dataset_load(context.get(), where.c_str(), split, &made);
        if (!code)
            own(made, context.get());
        return Errors::end(code, context.get());
    }
    outcome open(context_handle &context, path file, const tp_dataset_options &options) noexcept(Errors::no_throw) {
        tp_dataset *made = nullptr;
        const tp_status code = tp_dataset_open(context.get(), file.c_str(), &options, &made);
        if (!code)
            own(made, context.get());
        return Errors::end(code, context.get());
    }
};

/* ------------------------------------------------------------- objects that are made for a model; the calls follow */

class model_handle : public detail::owner<tp_model, tp_model_destroy> {
  public:
    size_t inputs() const noexcept { return inputs_; }
    size_t outputs() const noexcept { return outputs_; }
    /* That targets may name. */
    size_t classes() const noexcept { return classes_; }
    size_t parameter_count() const noexcept { return tp_model_parameter_count(get()); }
    /* Of the data that it was made for. */
    tileprop::schema schema() const noexcept { return tp_model_schema(get()); }
    /* NULL if there is none. */
    const tp_layer *layer(size_t l) const noexcept { return tp_model_layer(get(), l); }
    /* NULL if there is none; valid until the note is set again. */
    const char *note(const char *name) const noexcept { return tp_model_note(get(), name); }
    const char *note_name(size_t i) const noexcept { return tp_model_note_name(get(), i); }

  protected:
    template <class> friend class basic_workspace;
    template <class> friend class basic_optimizer;
    template <class> friend class basic_trainer;
    template <class> friend class basic_predictor;

    void take(tp_model *made, const tp_context *context) noexcept {
        tp_model_options options;
        (void)tp_model_describe(made, &options);
        own(made, context);
        inputs_ = options.inputs;
        outputs_ = layer(options.layer_count - 1)->width;
        classes_ = outputs_ == 1 && options.loss != TP_LOSS_CCE ? 2 : outputs_;
    }

    size_t inputs_ = 0, outputs_ = 0, classes_ = 0;
};

class predictor_handle : public detail::owner<tp_predictor, tp_predictor_destroy> {
  public:
    size_t inputs() const noexcept { return inputs_; }
    size_t outputs() const noexcept { return outputs_; }

  protected:
    template <class> friend class basic_workspace;
    size_t inputs_ = 0, outputs_ = 0;
};

class workspace_handle : public detail::owner<tp_workspace, tp_workspace_destroy> {
  public:
    static size_t size(const model_handle &model, const workspace_options &options) noexcept {
        return tp_workspace_size(model.get(), &options);
    }
    static size_t size(const predictor_handle &predictor, const workspace_options &options) noexcept {
        return tp_predictor_workspace_size(predictor.get(), &options);
    }

  protected:
    template <class> friend class basic_model;
    size_t batch_ = 0; /* of the last forward pass */
};

class optimizer_handle : public detail::owner<tp_optimizer, tp_optimizer_destroy> {
  public:
    static size_t size(const model_handle &model, const optimizer_options &options) noexcept {
        return tp_optimizer_size(model.get(), &options);
    }
    size_t state_count() const noexcept { return tp_optimizer_state_count(get()); }
    std::uint64_t steps() const noexcept { return tp_optimizer_steps(get()); }
    float learning_rate(std::uint64_t step) const noexcept { return tp_optimizer_learning_rate(get(), step); }
};

class trainer_handle : public detail::owner<tp_trainer, tp_trainer_destroy> {
  public:
    static size_t size(const model_handle &model, const data &samples, const train_options &options) noexcept {
        return tp_trainer_size(model.get(), &samples, &options);
    }
    /* NULL if the trainer is empty. */
    const tp_phases *phases() const noexcept { return tp_trainer_phases(get()); }
    /* NULL and 0 if the trainer is empty. */
    const char *isa() const noexcept { return tp_trainer_isa(get()); }
    int threads() const noexcept { return tp_trainer_threads(get()); }
    size_t epochs() const noexcept { return tp_trainer_epochs(get()); }
    std::uint64_t steps() const noexcept { return tp_trainer_steps(get()); }
    /* 0 if there is none yet. */
    size_t best_epoch() const noexcept { return tp_trainer_best_epoch(get()); }

  protected:
    template <class> friend class basic_snapshot;
    std::unique_ptr<detail::observation> observation_;
};

class snapshot_handle : public detail::owner<tp_snapshot, tp_snapshot_destroy> {
  public:
    static size_t size(const trainer_handle &trainer) noexcept { return tp_snapshot_size(trainer.get()); }
};

/* --------------------------------------------------------------------------------------------------------- model */

struct layer_offsets {
    size_t weight = 0, bias = 0;
};

template <class Errors> class basic_model : public model_handle {
    using outcome = typename Errors::outcome;
    template <class T> using value = typename Errors::template value<T>;

  public:
    basic_model() noexcept = default;
    template <class E = Errors, detail::if_throwing<E> = 0>
    basic_model(context_handle &context, const model_options &options) {
        create(context, options);
    }
    /* Loads a file. */
    template <class E = Errors, detail::if_throwing<E> = 0> basic_model(context_handle &context, path file) {
        load(context, file);
    }
    explicit basic_model(model_handle &&other) noexcept : model_handle(std::move(other)) {}
    outcome create(context_handle &context, const model_options &options) noexcept(Errors::no_throw) {
        const tp_model_options given = options.get();
        tp_model *made = nullptr;
        const tp_status code = tp_model_create(context.get(), &given, &made);
        return adopt(code, made, context);
    }
    outcome load(context_handle &context, path file) noexcept(Errors::no_throw) {
        tp_model *made = nullptr;
        const tp_status code = tp_model_load(context.get(), file.c_str(), &made);
        return adopt(code, made, context);
    }
    outcome save(path file) const noexcept(Errors::no_throw) {
        return Errors::end(tp_model_save(get(), file.c_str()), context());
    }
    outcome save_to(output_handle &output) const noexcept(Errors::no_throw) {
        return Errors::end(tp_model_save_to(get(), output.get()), context());
    }
    outcome export_torch(output_handle &output, const exchange_options &options = {}) const noexcept(Errors::no_throw) {
        const tp_exchange_options given = options.get();
        return Errors::end(tp_model_export_torch(get(), output.get(), &given), context());
    }
    outcome export_c(output_handle &output, const exchange_options &options = {}) const noexcept(Errors::no_throw) {
        const tp_exchange_options given = options.get();
        return Errors::end(tp_model_export_c(get(), output.get(), &given), context());
    }
    outcome import_torch(context_handle &context, path file,
                         const exchange_options &options = {}) noexcept(Errors::no_throw) {
        const tp_exchange_options given = options.get();
        tp_model *made = nullptr;
        const tp_status code = tp_model_import_torch(context.get(), file.c_str(), &given, &made);
        return adopt(code, made, context);
    }
    outcome export_onnx(output_handle &output) const noexcept(Errors::no_throw) {
        return Errors::end(tp_model_export_onnx(get(), output.get()), context());
    }
    outcome import_onnx(context_handle &context, path file,
                        const exchange_options &options = {}) noexcept(Errors::no_throw) {
        const tp_exchange_options given = options.get();
        tp_model *made = nullptr;
        const tp_status code = tp_model_import_onnx(context.get(), file.c_str(), &given, &made);
        return adopt(code, made, context);
    }
    /* How many bytes the ONNX file has. With a buffer, these are written to it. */
    value<size_t> write_onnx(view<std::byte> buffer = {}) const noexcept(Errors::no_throw) {
        size_t needed = 0;
        const tp_status code = tp_model_write_onnx(get(), buffer.data(), buffer.size(), &needed);
        return Errors::end_with(needed, code, context());
    }
    outcome read_onnx(context_handle &context, view<const std::byte> buffer,
                      const exchange_options &options = {}) noexcept(Errors::no_throw) {
        const tp_exchange_options given = options.get();
        tp_model *made = nullptr;
        const tp_status code = tp_model_read_onnx(context.get(), buffer.data(), buffer.size(), &given, &made);
        return adopt(code, made, context);
    }
    /* How many bytes the model's file has. With a buffer, these are written to it. */
    value<size_t> write(view<std::byte> buffer = {}) const noexcept(Errors::no_throw) {
        size_t needed = 0;
        const tp_status code = tp_model_write(get(), buffer.data(), buffer.size(), &needed);
        return Errors::end_with(needed, code, context());
    }
    outcome read(context_handle &context, view<const std::byte> buffer) noexcept(Errors::no_throw) {
        tp_model *made = nullptr;
        const tp_status code = tp_model_read(context.get(), buffer.data(), buffer.size(), &made);
        return adopt(code, made, context);
    }
    value<tp_model_options> describe() const noexcept(Errors::no_throw) {
        tp_model_options options = {};
        const tp_status code = tp_model_describe(get(), &options);
        return Errors::end_with(options, code, context());
    }
    /* layers: room for TP_MAX_LAYERS, to which the result points. */
    static value<tp_model_options> describe_file(context_handle &context, path file,
                                                 view<tp_layer> layers) noexcept(Errors::no_throw) {
        tp_model_options options = {};
        detail::checks check(context.get());
        check.elements("layers", layers, TP_MAX_LAYERS);
        if (!check.code)
            check.code = tp_model_describe_file(context.get(), file.c_str(), &options, layers.data());
        return Errors::end_with(options, check.code, context.get());
    }
    value<layer_offsets> offsets(size_t l) const noexcept(Errors::no_throw) {
        layer_offsets at;
        const tp_status code = tp_model_layer_offsets(get(), l, &at.weight, &at.bias);
        return Errors::end_with(at, code, context());
    }
    /* NULL removes the note. */
    outcome set_note(const char *name, const char *text) noexcept(Errors::no_throw) {
        return Errors::end(tp_model_set_note(get(), name, text), context());
    }
    /* Of the parameters. */
    value<tileprop::fingerprint> fingerprint() const noexcept(Errors::no_throw) {
        tileprop::fingerprint made;
        const tp_status code = tp_model_fingerprint(get(), made.text);
        return Errors::end_with(made, code, context());
    }
    outcome get_parameters(view<float> parameters) const noexcept(Errors::no_throw) {
        return Errors::end(tp_model_get_parameters(get(), parameters.data(), parameters.size()), context());
    }
    outcome set_parameters(view<const float> parameters) noexcept(Errors::no_throw) {
        return Errors::end(tp_model_set_parameters(get(), parameters.data(), parameters.size()), context());
    }

    outcome forward(workspace_handle &workspace, size_t batch, matrix<const float> x, matrix<float> y = {}) const
        noexcept(Errors::no_throw) {
        detail::checks check(context());
        check.rows("x", x, batch, inputs());
        check.rows("y", y, batch, outputs());
        if (!check.code)
            check.code = tp_forward(get(), workspace.get(), batch, x.first(), x.distance(inputs()), y.first(),
                                    y.distance(outputs()));
        if (!check.code && batch > 0)
            workspace.batch_ = batch;
        return Errors::end(check.code, context());
    }
    value<tp_score> loss_value(workspace_handle &workspace, const targets &given) const noexcept(Errors::no_throw) {
        tp_score score = {};
        detail::checks check(context());
        check.all(given, workspace.batch_, outputs(), classes());
        if (!check.code) {
            const tp_targets rows = with_distance(given);
            check.code = tp_loss_value(get(), workspace.get(), &rows, &score);
        }
        return Errors::end_with(score, check.code, context());
    }
    value<tp_score> backward(workspace_handle &workspace, const targets &given, view<float> gradients,
                             matrix<float> dx = {}) const noexcept(Errors::no_throw) {
        return backward_by(tp_backward, workspace, given, gradients, dx);
    }
    value<tp_score> backward_accumulate(workspace_handle &workspace, const targets &given, view<float> gradients,
                                        matrix<float> dx = {}) const noexcept(Errors::no_throw) {
        return backward_by(tp_backward_accumulate, workspace, given, gradients, dx);
    }
    outcome backward_from(workspace_handle &workspace, matrix<const float> dy, view<float> gradients,
                          matrix<float> dx = {}) const noexcept(Errors::no_throw) {
        detail::checks check(context());
        check.rows("dy", dy, workspace.batch_, outputs());
        check_gradients(check, workspace, gradients, dx);
        if (!check.code)
            check.code = tp_backward_from(get(), workspace.get(), dy.first(), dy.distance(outputs()), gradients.data(),
                                          dx.first(), dx.distance(inputs()));
        return Errors::end(check.code, context());
    }
    outcome jacobian(workspace_handle &workspace, size_t batch, matrix<const float> x, matrix<float> y,
                     view<float> derivatives) const noexcept(Errors::no_throw) {
        detail::checks check(context());
        check.rows("x", x, batch, inputs());
        check.rows("y", y, batch, outputs());
        check.elements("jacobian", derivatives, detail::product(batch, detail::product(outputs(), inputs())));
        if (!check.code)
            check.code = tp_jacobian(get(), workspace.get(), batch, x.first(), x.distance(inputs()), y.first(),
                                     y.distance(outputs()), derivatives.data());
        return Errors::end(check.code, context());
    }
    outcome jvp(workspace_handle &workspace, size_t batch, matrix<const float> x, matrix<const float> v,
                matrix<float> y, matrix<float> jv) const noexcept(Errors::no_throw) {
        detail::checks check(context());
        check.rows("x", x, batch, inputs());
        check.rows("v", v, batch, inputs());
        check.rows("y", y, batch, outputs());
        check.rows("jv", jv, batch, outputs());
        if (!check.code)
            check.code =
                tp_jvp(get(), workspace.get(), batch, x.first(), x.distance(inputs()), v.first(), v.distance(inputs()),
                       y.first(), y.distance(outputs()), jv.first(), jv.distance(outputs()));
        return Errors::end(check.code, context());
    }
    value<tp_score> train_step(workspace_handle &workspace, optimizer_handle &optimizer, size_t batch,
                               matrix<const float> x, const targets &given) noexcept(Errors::no_throw) {
        tp_score score = {};
        detail::checks check(context());
        check.rows("x", x, batch, inputs());
        check.all(given, batch, outputs(), classes());
        if (!check.code) {
            const tp_targets rows = with_distance(given);
            check.code = tp_train_step(get(), workspace.get(), optimizer.get(), batch, x.first(), x.distance(inputs()),
                                       &rows, &score);
        }
        return Errors::end_with(score, check.code, context());
    }
    value<tp_score> evaluate(workspace_handle &workspace, const data &samples, view<std::uint64_t> confusion = {}) const
        noexcept(Errors::no_throw) {
        tp_score score = {};
        detail::checks check(context());
        check.all(samples);
        check.elements("confusion", confusion, detail::product(outputs(), outputs()));
        if (!check.code)
            check.code = tp_evaluate(get(), workspace.get(), &samples, &score, confusion.data());
        return Errors::end_with(score, check.code, context());
    }
    outcome predict(workspace_handle &workspace, const data &samples, const tileprop::outputs &y) const
        noexcept(Errors::no_throw) {
        detail::checks check(context());
        check.all(samples, y, outputs());
        if (!check.code)
            check.code = tp_predict(get(), workspace.get(), &samples, &y);
        return Errors::end(check.code, context());
    }
    /* By all ranks of a group. What does not fit is refused by this rank alone. */
    value<tp_score> evaluate(workspace_handle &workspace, const data &samples, const tp_group &group,
                             view<std::uint64_t> confusion = {}) const noexcept(Errors::no_throw) {
        tp_score score = {};
        detail::checks check(context());
        check.all(samples);
        check.elements("confusion", confusion, detail::product(outputs(), outputs()));
        if (!check.code)
            check.code = tp_group_evaluate(get(), workspace.get(), &samples, &group, &score, confusion.data());
        return Errors::end_with(score, check.code, context());
    }
    /* This rank's samples, first .. first + count - 1. */
    outcome predict(workspace_handle &workspace, const data &samples, const tp_group &group, const tileprop::outputs &y,
                    std::size_t &first, std::size_t &count) const noexcept(Errors::no_throw) {
        detail::checks check(context());
        check.all(samples, y, outputs());
        if (!check.code)
            check.code = tp_group_predict(get(), workspace.get(), &samples, &group, &y, &first, &count);
        return Errors::end(check.code, context());
    }

  private:
    outcome adopt(tp_status code, tp_model *made, const context_handle &context) noexcept(Errors::no_throw) {
        if (!code)
            take(made, context.get());
        return Errors::end(code, context.get());
    }
    tp_targets with_distance(const targets &given) const noexcept {
        tp_targets rows = given;
        if (rows.values && rows.ld == 0)
            rows.ld = outputs();
        return rows;
    }
    void check_gradients(detail::checks &check, const workspace_handle &workspace, view<float> gradients,
                         const matrix<float> &dx) const noexcept {
        check.elements("gradients", gradients, parameter_count());
        check.rows("dx", dx, workspace.batch_, inputs());
    }
    template <class Function>
    value<tp_score> backward_by(Function *function, workspace_handle &workspace, const targets &given,
                                view<float> gradients, const matrix<float> &dx) const noexcept(Errors::no_throw) {
        tp_score score = {};
        detail::checks check(context());
        check.all(given, workspace.batch_, outputs(), classes());
        check_gradients(check, workspace, gradients, dx);
        if (!check.code) {
            const tp_targets rows = with_distance(given);
            check.code =
                function(get(), workspace.get(), &rows, gradients.data(), dx.first(), dx.distance(inputs()), &score);
        }
        return Errors::end_with(score, check.code, context());
    }
};

/* -------------------------------------------------------------------------------- workspace, optimiser and trainer */

template <class Errors> class basic_workspace : public workspace_handle {
    using outcome = typename Errors::outcome;

  public:
    basic_workspace() noexcept = default;
    template <class E = Errors, detail::if_throwing<E> = 0>
    explicit basic_workspace(const model_handle &model, const workspace_options &options = {},
                             view<std::byte> memory = {}) {
        create(model, options, memory);
    }
    template <class E = Errors, detail::if_throwing<E> = 0>
    explicit basic_workspace(const predictor_handle &predictor, const workspace_options &options = {},
                             view<std::byte> memory = {}) {
        create(predictor, options, memory);
    }
    explicit basic_workspace(workspace_handle &&other) noexcept : workspace_handle(std::move(other)) {}
    outcome create(const model_handle &model, const workspace_options &options = {},
                   view<std::byte> memory = {}) noexcept(Errors::no_throw) {
        tp_workspace *made = nullptr;
        const tp_status code = tp_workspace_create(model.get(), &options, memory.data(), memory.size(), &made);
        return adopt(code, made, model.context());
    }
    outcome create(const predictor_handle &predictor, const workspace_options &options = {},
                   view<std::byte> memory = {}) noexcept(Errors::no_throw) {
        tp_workspace *made = nullptr;
        const tp_status code =
            tp_predictor_workspace_create(predictor.get(), &options, memory.data(), memory.size(), &made);
        return adopt(code, made, predictor.context());
    }
    outcome set_dropout(std::uint64_t seed, std::uint64_t step) noexcept(Errors::no_throw) {
        return Errors::end(tp_workspace_set_dropout(get(), seed, step), context());
    }

  private:
    outcome adopt(tp_status code, tp_workspace *made, const tp_context *context) noexcept(Errors::no_throw) {
        if (!code) {
            own(made, context);
            batch_ = 0;
        }
        return Errors::end(code, context);
    }
};

/* Its model need not outlive it. */
template <class Errors> class basic_predictor : public predictor_handle {
    using outcome = typename Errors::outcome;
    template <class T> using value = typename Errors::template value<T>;

  public:
    basic_predictor() noexcept = default;
    template <class E = Errors, detail::if_throwing<E> = 0>
    basic_predictor(context_handle &context, const model_handle &model, const predictor_options &options = {}) {
        create(context, model, options);
    }
    explicit basic_predictor(predictor_handle &&other) noexcept : predictor_handle(std::move(other)) {}
    outcome create(context_handle &context, const model_handle &model,
                   const predictor_options &options = {}) noexcept(Errors::no_throw) {
        tp_predictor *made = nullptr;
        const tp_status code = tp_predictor_create(context.get(), model.get(), &options, &made);
        if (!code) {
            own(made, context.get());
            inputs_ = model.inputs();
            outputs_ = model.outputs();
        }
        return Errors::end(code, context.get());
    }
    outcome run(workspace_handle &workspace, size_t batch, matrix<const float> x, matrix<float> y) const
        noexcept(Errors::no_throw) {
        detail::checks check(context());
        check.rows("x", x, batch, inputs());
        check.rows("y", y, batch, outputs());
        if (!check.code)
            check.code = tp_predictor_run(get(), workspace.get(), batch, x.first(), x.distance(inputs()), y.first(),
                                          y.distance(outputs()));
        return Errors::end(check.code, context());
    }
    value<tp_score> evaluate(workspace_handle &workspace, const data &samples, view<std::uint64_t> confusion = {}) const
        noexcept(Errors::no_throw) {
        tp_score score = {};
        detail::checks check(context());
        check.all(samples);
        check.elements("confusion", confusion, detail::product(outputs(), outputs()));
        if (!check.code)
            check.code = tp_predictor_evaluate(get(), workspace.get(), &samples, &score, confusion.data());
        return Errors::end_with(score, check.code, context());
    }
    outcome predict(workspace_handle &workspace, const data &samples, const tileprop::outputs &y) const
        noexcept(Errors::no_throw) {
        detail::checks check(context());
        check.all(samples, y, outputs());
        if (!check.code)
            check.code = tp_predictor_predict(get(), workspace.get(), &samples, &y);
        return Errors::end(check.code, context());
    }
};

template <class Errors> class basic_optimizer : public optimizer_handle {
    using outcome = typename Errors::outcome;

  public:
    basic_optimizer() noexcept = default;
    template <class E = Errors, detail::if_throwing<E> = 0>
    explicit basic_optimizer(const model_handle &model, const optimizer_options &options = {},
                             view<std::byte> memory = {}) {
        create(model, options, memory);
    }
    explicit basic_optimizer(optimizer_handle &&other) noexcept : optimizer_handle(std::move(other)) {}
    outcome create(const model_handle &model, const optimizer_options &options = {},
                   view<std::byte> memory = {}) noexcept(Errors::no_throw) {
        tp_optimizer *made = nullptr;
        const tp_status code = tp_optimizer_create(model.get(), &options, memory.data(), memory.size(), &made);
        if (!code)
            own(made, model.context());
        return Errors::end(code, model.context());
    }
    outcome step(model_handle &model, view<const float> gradients) noexcept(Errors::no_throw) {
        detail::checks check(context());
        check.elements("gradients", gradients, model.parameter_count());
        if (!check.code)
            check.code = tp_optimizer_step(get(), model.get(), gradients.data());
        return Errors::end(check.code, model.get() ? context() : nullptr); /* C has no message without a model */
    }
    outcome set_learning_rate(float rate) noexcept(Errors::no_throw) {
        return Errors::end(tp_optimizer_set_learning_rate(get(), rate), context());
    }
    outcome get_state(size_t which, view<float> values) const noexcept(Errors::no_throw) {
        return Errors::end(tp_optimizer_get_state(get(), which, values.data(), values.size()), context());
    }
    outcome set_state(size_t which, view<const float> values) noexcept(Errors::no_throw) {
        return Errors::end(tp_optimizer_set_state(get(), which, values.data(), values.size()), context());
    }
    outcome set_steps(std::uint64_t count) noexcept(Errors::no_throw) {
        return Errors::end(tp_optimizer_set_steps(get(), count), context());
    }
};

template <class Errors> class basic_trainer : public trainer_handle {
    using outcome = typename Errors::outcome;

  public:
    basic_trainer() noexcept = default;
    template <class E = Errors, detail::if_throwing<E> = 0>
    basic_trainer(model_handle &model, const data &samples, const train_options &options = {},
                  view<std::byte> memory = {}) {
        create(model, samples, options, memory);
    }
    template <class Observer, class E = Errors, detail::if_throwing<E> = 0, detail::if_observes<Observer> = 0>
    basic_trainer(model_handle &model, const data &samples, const train_options &options, Observer &observer,
                  view<std::byte> memory = {}) {
        create(model, samples, options, observer, memory);
    }
    explicit basic_trainer(trainer_handle &&other) noexcept : trainer_handle(std::move(other)) {}
    outcome create(model_handle &model, const data &samples, const train_options &options = {},
                   view<std::byte> memory = {}) noexcept(Errors::no_throw) {
        return create_with(model, samples, options, memory, nullptr);
    }
    /* observer is called with a const tp_epoch &, a const tp_step &, or both, whichever it takes (so const auto & is
     * for neither). What it returns, if anything, tells whether to stop. It must outlive the trainer. on_epoch and
     * on_step of the options are not called. */
    template <class Observer, detail::if_observes<Observer> = 0>
    outcome create(model_handle &model, const data &samples, const train_options &options, Observer &observer,
                   view<std::byte> memory = {}) noexcept(Errors::no_throw) {
        std::unique_ptr<detail::observation> seen(new (std::nothrow)
                                                      detail::observation{detail::address(observer), nullptr});
        train_options given = options;
        static_assert(std::is_object_v<Observer>, "a function has no address that C could keep: use a lambda");
        given.on_epoch = nullptr; /* it would get our user */
        given.on_step = nullptr;
        given.user = seen.get();
        if constexpr (std::is_invocable_v<Observer &, const tp_epoch &>)
            given.on_epoch = detail::observe<Observer, tp_epoch>;
        if constexpr (std::is_invocable_v<Observer &, const tp_step &>)
            given.on_step = detail::observe<Observer, tp_step>;
        if (!seen)
            return Errors::end(TP_ERR_MEMORY, nullptr);
        return create_with(model, samples, given, memory, std::move(seen));
    }
    /* Returns false, in nothrow TP_ERR_STOPPED, if the observer stopped it: run() again goes on. */
    typename Errors::finished run() {
        const tp_status code = tp_trainer_run(get());
#if defined(__cpp_exceptions)
        if (observation_ && observation_->failure)
            std::rethrow_exception(std::exchange(observation_->failure, nullptr));
#endif
        return Errors::end_run(code, context());
    }
    outcome save(path file) const noexcept(Errors::no_throw) {
        return Errors::end(tp_trainer_save(get(), file.c_str()), context());
    }
    /* The observer must not call it. */
    outcome resume(path file) noexcept(Errors::no_throw) {
        return Errors::end(tp_trainer_resume(get(), file.c_str()), context());
    }

  private:
    outcome create_with(model_handle &model, const data &samples, const train_options &options, view<std::byte> memory,
                        std::unique_ptr<detail::observation> seen) noexcept(Errors::no_throw) {
        detail::checks check(model.context());
        check.all(samples);
        if (options.validation_set && options.validation_set == options.validation)
            check.all(*options.validation_set);
        check.at_least("class_weights", options.class_weights, options.class_weight_count, model.classes());
        tp_trainer *made = nullptr;
        if (!check.code)
            check.code = tp_trainer_create(model.get(), &samples, &options, memory.data(), memory.size(), &made);
        if (!check.code) {
            own(made, model.context());
            observation_ = std::move(seen);
        }
        return Errors::end(check.code, model.context());
    }
};

/* Its trainer must outlive it. */
template <class Errors> class basic_snapshot : public snapshot_handle {
    using outcome = typename Errors::outcome;

  public:
    basic_snapshot() noexcept = default;
    template <class E = Errors, detail::if_throwing<E> = 0>
    explicit basic_snapshot(const trainer_handle &trainer, view<std::byte> memory = {}) {
        create(trainer, memory);
    }
    explicit basic_snapshot(snapshot_handle &&other) noexcept : snapshot_handle(std::move(other)) {}
    outcome create(const trainer_handle &trainer, view<std::byte> memory = {}) noexcept(Errors::no_throw) {
        tp_snapshot *made = nullptr;
        const tp_status code = tp_snapshot_create(trainer.get(), memory.data(), memory.size(), &made);
        if (!code)
            own(made, trainer.context());
        return Errors::end(code, trainer.context());
    }
    outcome take() noexcept(Errors::no_throw) { return Errors::end(tp_snapshot_take(get()), context()); }
    outcome save(path file) noexcept(Errors::no_throw) {
        return Errors::end(tp_snapshot_save(get(), file.c_str()), context());
    }
};

/* ------------------------------------------------------------------------------------------------- the two choices */

#if defined(__cpp_exceptions)
using context = basic_context<exceptions>;
using packed = basic_packed<exceptions>;
using model = basic_model<exceptions>;
using workspace = basic_workspace<exceptions>;
using predictor = basic_predictor<exceptions>;
using optimizer = basic_optimizer<exceptions>;
using trainer = basic_trainer<exceptions>;
using snapshot = basic_snapshot<exceptions>;
using dataset = basic_dataset<exceptions>;
using output = basic_output<exceptions>;
using idx = basic_idx<exceptions>;
#endif

namespace nothrow {
using context = basic_context<statuses>;
using packed = basic_packed<statuses>;
using model = basic_model<statuses>;
using workspace = basic_workspace<statuses>;
using predictor = basic_predictor<statuses>;
using optimizer = basic_optimizer<statuses>;
using trainer = basic_trainer<statuses>;
using snapshot = basic_snapshot<statuses>;
using dataset = basic_dataset<statuses>;
using output = basic_output<statuses>;
using idx = basic_idx<statuses>;
} // namespace nothrow

} // namespace exceptions_on or exceptions_off
} // namespace tileprop

#endif
