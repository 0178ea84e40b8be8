/* SPDX-License-Identifier: BSD-3-Clause */
/* The C++ header without exceptions and RTTI: functions return statuses, and refuse views that are too short. */
#include "cpp.hpp"

#if defined(__cpp_exceptions) || defined(__cpp_rtti)
#error "compile this with -fno-exceptions -fno-rtti"
#endif

namespace tp = tileprop::nothrow;

template class tileprop::basic_context<tileprop::statuses>;
template class tileprop::basic_packed<tileprop::statuses>;
template class tileprop::basic_model<tileprop::statuses>;
template class tileprop::basic_workspace<tileprop::statuses>;
template class tileprop::basic_predictor<tileprop::statuses>;
template class tileprop::basic_optimizer<tileprop::statuses>;
template class tileprop::basic_trainer<tileprop::statuses>;
template class tileprop::basic_snapshot<tileprop::statuses>;
template class tileprop::basic_dataset<tileprop::statuses>;
template class tileprop::basic_output<tileprop::statuses>;
template class tileprop::basic_idx<tileprop::statuses>;

#define CHECK(condition) test_tap_check(condition, "%s:%d: %s", __FILE__, __LINE__, #condition)

/* ------------------------------------------------------------------------------------------------ views that are cut
 */

/* An array that can be cut by its last element, and then be found in the message. */
template <class T> struct part {
    const char *name;
    std::vector<T> elements;
    std::size_t cut = 0;

    part(const char *text, std::size_t count) : name(text), elements(count) {}
    operator tileprop::view<T>() { return all(); }
    operator tileprop::view<const T>() { return all(); }
    tileprop::view<T> all() { return {elements.data(), elements.size() - cut}; }
};

static tp::context context;
static tp::model model;
static tp::workspace training, inference, derivatives;
static tp::optimizer optimizer;
static tp::packed packed;
static tp::predictor predictor;
static tp::workspace room; /* of it */

constexpr std::size_t LD = 7;
constexpr std::size_t rows(std::size_t columns) {
    return (N_BATCH - 1) * LD + columns;
} /* the last one ends early */

/* The call succeeds with whole arrays and refuses each of them cut. */
template <class Call, class... Parts> static void refuses_short(const char *what, Call call, Parts &...parts) {
    const tp_status whole = call();
    test_tap_check(whole == TP_OK, "%s: %s", what, context.message().c_str());
    const auto cut = [&](auto &one) {
        one.cut = 1;
        const tp_status status = call();
        one.cut = 0;
        const std::string message = context.message(), begin = std::string(one.name) + " has ";
        test_tap_check(status == TP_ERR_ARGUMENT && message.compare(0, begin.size(), begin) == 0,
                       "%s, %s cut: status %d, %s", what, one.name, static_cast<int>(status), message.c_str());
    };
    (cut(parts), ...);
}

static void forward_refuses_short_views() {
    part<float> x("x", rows(N_IN)), y("y", rows(N_OUT)), v("v", rows(N_IN)), jv("jv", rows(N_OUT));
    part<float> j("jacobian", N_BATCH * N_OUT * N_IN);
    refuses_short(
        "forward",
        [&] {
            return model.forward(inference, N_BATCH, {x.all(), LD}, {y.all(), LD});
        },
        x, y);
    refuses_short(
        "run",
        [&] {
            return predictor.run(room, N_BATCH, {x.all(), LD}, {y.all(), LD});
        },
        x, y);
    refuses_short(
        "jacobian",
        [&] {
            return model.jacobian(derivatives, N_BATCH, {x.all(), LD}, {y.all(), LD}, j);
        },
        x, y, j);
    refuses_short(
        "jvp",
        [&] {
            return model.jvp(derivatives, N_BATCH, {x.all(), LD}, {v.all(), LD}, {y.all(), LD}, {jv.all(), LD});
        },
        x, v, y, jv);
}

static void backward_refuses_short_views() {
    part<float> x("x", N_BATCH * N_IN), values("values", rows(N_OUT)), dy("dy", rows(N_OUT)), dx("dx", rows(N_IN));
    part<float> gradients("gradients", model.parameter_count()), weights("weights", N_BATCH);
    part<float> class_weights("class_weights", N_OUT);
    part<std::int32_t> classes("classes", N_BATCH);
    part<float> tight("values", N_BATCH * N_OUT);
    const auto by_values = [&] { return tileprop::targets({values.all(), LD}, weights); };
    const auto by_classes = [&] { return tileprop::targets(classes, weights, class_weights); };
    CHECK(model.forward(training, N_BATCH, x.all()) == TP_OK);
    refuses_short(
        "backward",
        [&] {
            return model.backward(training, by_values(), gradients, {dx.all(), LD}).status;
        },
        values, weights, gradients, dx);
    refuses_short(
        "backward", [&] { return model.backward(training, tileprop::targets(tight.all()), gradients).status; }, tight);
    refuses_short(
        "backward_accumulate", [&] { return model.backward_accumulate(training, by_classes(), gradients).status; },
        classes, weights, class_weights, gradients);
    refuses_short(
        "backward_from",
        [&] {
            return model.backward_from(training, {dy.all(), LD}, gradients, {dx.all(), LD});
        },
        dy, gradients, dx);
    refuses_short(
        "loss_value", [&] { return model.loss_value(training, by_classes()).status; }, classes, weights, class_weights);
    refuses_short(
        "train_step", [&] { return model.train_step(training, optimizer, N_BATCH, x.all(), by_values()).status; }, x,
        values, weights);
    refuses_short(
        "optimizer.step", [&] { return optimizer.step(model, gradients); }, gradients);
}

static void data_sets_refuse_short_views() {
    part<float> floats("data", (N_SAMPLES - 1) * LD + N_IN), weights("weights", N_SAMPLES);
    part<double> values("values", (N_OUT - 1) * 30 + N_SAMPLES), y("y", N_SAMPLES * N_OUT);
    part<std::uint8_t> bytes("data", N_SAMPLES * N_IN);
    part<std::int32_t> classes("classes", N_SAMPLES);
    part<std::uint64_t> confusion("confusion", N_OUT * N_OUT);
    part<float> class_weights("class_weights", N_OUT);
    const auto by_values = [&] {
        return tileprop::data(N_SAMPLES, N_IN, floats.all(), {LD, 1})
            .set_values(N_OUT, values.all(), {1, 30})
            .set_weights(weights);
    };
    const auto by_classes = [&] { return tileprop::data(N_SAMPLES, N_IN, bytes.all()).set_classes(classes); };
    refuses_short(
        "evaluate", [&] { return model.evaluate(inference, by_values()).status; }, floats, values, weights);
    refuses_short(
        "evaluate", [&] { return model.evaluate(inference, by_classes(), confusion).status; }, bytes, classes,
        confusion);
    refuses_short(
        "predict", [&] { return model.predict(inference, by_classes(), tileprop::outputs(y)); }, bytes, y);
    refuses_short(
        "evaluate of a predictor", [&] { return predictor.evaluate(room, by_classes(), confusion).status; }, bytes,
        classes, confusion);
    refuses_short(
        "predict of a predictor", [&] { return predictor.predict(room, by_classes(), tileprop::outputs(y)); }, bytes,
        y);
    refuses_short(
        "fingerprint", [&] { return context.fingerprint(by_values()).status; }, floats, values, weights);
    const auto create = [&] {
        const tileprop::data set = by_classes();
        tileprop::train_options options;
        options.set_class_weights(class_weights);
        tp::trainer trainer;
        return trainer.create(model, set, options);
    };
    refuses_short("trainer", create, bytes, classes, class_weights);
    const std::vector<std::uint8_t> whole(N_SAMPLES * N_IN);
    const std::vector<std::int32_t> each = ::classes(N_SAMPLES);
    const auto validate = [&] {
        const tileprop::data set = by_values();
        tileprop::train_options options;
        options.set_validation(set);
        tp::trainer trainer;
        return trainer.create(model, tileprop::data(N_SAMPLES, N_IN, whole).set_classes(each), options);
    };
    refuses_short("validation", validate, floats, values, weights);
}

static void products_refuse_short_views() {
    constexpr std::size_t K = 6;
    part<float> a("a", rows(K)), b("b", (K - 1) * LD + N_OUT), c("c", rows(N_OUT)), bias("bias", N_OUT);
    part<float> at("a", (K - 1) * LD + N_BATCH), bt("b", (N_OUT - 1) * LD + K), z("outputs", rows(N_OUT));
    const auto no = TP_TRANSPOSE_NO, yes = TP_TRANSPOSE_YES;
    const auto product = [&](tp_transpose ta, part<float> &p, tp_transpose tb, part<float> &q) {
        return context.sgemm(ta, tb, N_BATCH, N_OUT, K, 1, {p.all(), LD}, {q.all(), LD}, 0, {c.all(), LD});
    };
    refuses_short(
        "sgemm", [&] { return product(no, a, no, b); }, a, b, c);
    refuses_short(
        "sgemm transposed", [&] { return product(yes, at, yes, bt); }, at, bt, c);
    part<std::uint16_t> a16("a", rows(K)), b16("b", (N_OUT - 1) * LD + K), out("out", rows(K));
    part<float> wide("out", rows(K));
    refuses_short(
        "bf16gemm",
        [&] {
            return context.bf16gemm(no, no, N_BATCH, N_OUT, K, {a.all(), LD}, {b.all(), LD}, 0, {c.all(), LD});
        },
        a, b, c);
    refuses_short(
        "bf16gemm of bf16",
        [&] {
            return context.bf16gemm(no, yes, N_BATCH, N_OUT, K, {a16.all(), LD}, {b16.all(), LD}, 0, {c.all(), LD});
        },
        a16, b16, c);
    refuses_short(
        "bf16_from_f32", [&] { return context.bf16_from_f32(out, tileprop::view<const float>(a.elements)); }, out);
    refuses_short(
        "bf16_to_f32", [&] { return context.bf16_to_f32(wide, tileprop::view<const std::uint16_t>(a16.elements)); },
        wide);
    refuses_short(
        "packed",
        [&] {
            return packed.create(context, no, K, N_OUT, {b.all(), LD});
        },
        b);
    refuses_short(
        "packed.update",
        [&] {
            return packed.update(yes, {bt.all(), LD});
        },
        bt);
    const auto with = [&](const tileprop::epilogue &last) {
        return context.sgemm_packed(yes, N_BATCH, 1, {at.all(), LD}, packed, 0, {c.all(), LD}, last);
    };
    refuses_short(
        "bias",
        [&] {
            return with({TP_ACTIVATION_RELU, 0, bias});
        },
        at, c, bias);
    refuses_short(
        "outputs",
        [&] {
            return with({TP_ACTIVATION_RELU, 0, {}, {z.all(), LD}});
        },
        at, c, z);
}

static void other_views_are_refused() {
    part<float> all("count", model.parameter_count());
    part<tp_layer> layers("layers", TP_MAX_LAYERS);
    layers.cut = 1;
    CHECK(model.describe_file(context, "none", layers).status == TP_ERR_ARGUMENT);
    CHECK(model.get_parameters(all) == TP_OK && model.set_parameters(all) == TP_OK);
    CHECK(optimizer.get_state(0, all) == TP_OK && optimizer.set_state(0, all) == TP_OK);
    all.cut = 1;
    CHECK(model.get_parameters(all) == TP_ERR_ARGUMENT && model.set_parameters(all) == TP_ERR_ARGUMENT);
    CHECK(optimizer.get_state(0, all) == TP_ERR_ARGUMENT && optimizer.set_state(0, all) == TP_ERR_ARGUMENT);
    /* Sizes that do not fit in size_t are not taken for small ones. */
    const std::vector<float> x = numbers(N_BATCH * N_IN, 1);
    CHECK(model.forward(inference, N_BATCH, {x, SIZE_MAX / (N_BATCH - 1) + 1}, {}) == TP_ERR_ARGUMENT &&
          context.message().compare(0, 9, "x has 20 ") == 0);
    CHECK(model.forward(inference, SIZE_MAX / N_IN + 2, x, {}) == TP_ERR_ARGUMENT &&
          context.message().compare(0, 9, "x has 20 ") == 0);
    const std::vector<double> mean(2), deviation(3);
    CHECK(tileprop::scaling(mean, deviation).deviation == nullptr && tileprop::scaling(mean, mean).count == 2);
}

/* ----------------------------------------------------------------------------------------------------- statuses */

/* {0, 2} is two numbers, not a pointer and a size. */
template <class View> auto takes_numbers(int) -> decltype(View{0, 2}, std::true_type());
template <class View> std::false_type takes_numbers(...);
static_assert(!decltype(takes_numbers<tileprop::view<const float>>(0))::value);
static_assert(!decltype(takes_numbers<tileprop::view<const std::int32_t>>(0))::value);
static_assert(std::is_convertible_v<tileprop::matrix<float>, tileprop::matrix<const float>>);
static_assert(!std::is_convertible_v<tileprop::matrix<const float>, tileprop::matrix<float>>);

static void functions_return_statuses() {
    static_assert(
        noexcept(model.forward(inference, 0, {})) &&noexcept(tp::context()) &&noexcept(training.create(model)));
    static_assert(!std::is_constructible_v<tp::workspace, tp::model &>);
    std::vector<float> x = numbers(N_BATCH * N_IN, 1), y(N_BATCH * N_OUT);
    const tileprop::result<tp_score> evaluated =
        model.evaluate(inference, tileprop::data(N_BATCH, N_IN, x).set_classes(classes(N_BATCH)));
    CHECK(evaluated.status == TP_OK && evaluated.value.samples == N_BATCH);
    y[0] = HUGE_VALF;
    const auto step = model.train_step(training, optimizer, N_BATCH, x, tileprop::targets(y));
    CHECK(step.status == TP_ERR_NONFINITE && step.value.loss > 1e38);
    CHECK(model.offsets(1).value.bias == 16 * (N_IN + 1 + N_OUT) && model.offsets(2).status == TP_ERR_ARGUMENT);
    tp::model none;
    CHECK(!none && none.save("file") == TP_ERR_ARGUMENT && none.describe().status == TP_ERR_ARGUMENT);
    CHECK(none.load(context, "/nowhere") == TP_ERR_IO && !none);
    CHECK(model.set_note("note.a", "text") == TP_OK && model.set_note("note.a", nullptr) == TP_OK);
    CHECK(none.set_note("note.a", "text") == TP_ERR_ARGUMENT && none.note("note.a") == nullptr);
    CHECK(none.fingerprint().status == TP_ERR_ARGUMENT && model.fingerprint().value.text[0] != 0);
    std::byte few[8] = {};
    const tileprop::result<std::size_t> written = model.write(few);
    CHECK(written.status == TP_ERR_MEMORY && written.value == model.write().value && written.value > sizeof few);
    CHECK(none.read(context, few) == TP_ERR_FORMAT && !none && none.write().status == TP_ERR_ARGUMENT);
    const tileprop::status status = none.create(context, {});
    CHECK(status && tileprop::text(status) == tp_status_text(TP_ERR_ARGUMENT) && !none);
    tp::context other;
    tileprop::context_options options;
    options.threads = -1;
    CHECK(!other && other.create(options) == TP_ERR_ARGUMENT && !other);
}

static void observers_stop() {
    const std::vector<float> x = numbers(N_SAMPLES * N_IN, 1);
    const auto each = classes(N_SAMPLES);
    const tileprop::data set = tileprop::data(N_SAMPLES, N_IN, x).set_classes(each);
    int steps = 0;
    auto observer = [&steps](const tp_step &) { return ++steps == 2; };
    tp::trainer trainer;
    CHECK(trainer.create(model, set, {}, observer) == TP_OK);
    CHECK(trainer.run() == TP_ERR_STOPPED && steps == 2 && trainer.run() == TP_OK && steps == 10);
    tp::snapshot snapshot, none;
    CHECK(snapshot.create(trainer) == TP_OK && snapshot.save("/nowhere/x") == TP_ERR_ARGUMENT);
    CHECK(snapshot.take() == TP_OK && snapshot.save("/nowhere/x") == TP_ERR_IO && none.take() == TP_ERR_ARGUMENT);
    CHECK(trainer.save("/nowhere/x") == TP_ERR_IO && trainer.resume("/nowhere/x") == TP_ERR_IO);
    tp::trainer empty;
    CHECK(none.create(empty) == TP_ERR_ARGUMENT && empty.save("x") == TP_ERR_ARGUMENT && empty.steps() == 0);
}

static void releases_everything() {
    counter allocations;
    {
        tileprop::context_options options;
        options.allocator = allocations.hooks();
        tp::context first, own;
        CHECK(first.create(options) == TP_OK);
        own = std::move(first);
        tp::model net_of_own, moved;
        CHECK(net_of_own.create(own, net(TP_LOSS_MSE)) == TP_OK && net_of_own.create(own, net(TP_LOSS_MSE)) == TP_OK);
        moved = std::move(net_of_own);
        tp::workspace workspace;
        CHECK(workspace.create(moved) == TP_OK && !net_of_own && workspace.create(net_of_own) == TP_ERR_ARGUMENT);
        CHECK(workspace && allocations.held > 0);
    }
    CHECK(allocations.calls > 0 && allocations.held == 0);
}

static bool make_all() {
    return context.create() == TP_OK && model.create(context, net(TP_LOSS_MSE)) == TP_OK &&
           training.create(model, {N_BATCH, TP_MODE_TRAINING}) == TP_OK &&
           inference.create(model, {N_BATCH}) == TP_OK && predictor.create(context, model) == TP_OK &&
           room.create(predictor, {N_BATCH}) == TP_OK &&
           derivatives.create(model, {N_BATCH, TP_MODE_DERIVATIVES}) == TP_OK && optimizer.create(model) == TP_OK;
}

int main() {
    if (!test_tap_check(make_all(), "%s", context.message().c_str()))
        return EXIT_FAILURE;
    test_tap_run("forward refuses short views", forward_refuses_short_views);
    test_tap_run("backward refuses short views", backward_refuses_short_views);
    test_tap_run("data sets refuse short views", data_sets_refuse_short_views);
    test_tap_run("products refuse short views", products_refuse_short_views);
    test_tap_run("other views are refused", other_views_are_refused);
    test_tap_run("functions return statuses", functions_return_statuses);
    test_tap_run("observers stop", observers_stop);
    test_tap_run("releases everything", releases_everything);
    return test_tap_status();
}
