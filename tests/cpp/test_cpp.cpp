/* SPDX-License-Identifier: BSD-3-Clause */
/* The C++ header with exceptions: it does what C does, to the bit, releases what it makes, and tells errors. */
#include "cpp.hpp"
#include "news.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#if __cplusplus >= 202002L
#include <span>
#endif

template class tileprop::basic_context<tileprop::exceptions>;
template class tileprop::basic_packed<tileprop::exceptions>;
template class tileprop::basic_model<tileprop::exceptions>;
template class tileprop::basic_workspace<tileprop::exceptions>;
template class tileprop::basic_predictor<tileprop::exceptions>;
template class tileprop::basic_optimizer<tileprop::exceptions>;
template class tileprop::basic_trainer<tileprop::exceptions>;
template class tileprop::basic_snapshot<tileprop::exceptions>;
template class tileprop::basic_dataset<tileprop::exceptions>;
template class tileprop::basic_output<tileprop::exceptions>;
template class tileprop::basic_idx<tileprop::exceptions>;

template <class T>
constexpr bool moves_only = std::is_nothrow_move_constructible_v<T> &&std::is_nothrow_move_assignable_v<T> &&
                            !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T>;
static_assert(moves_only<tileprop::context> && moves_only<tileprop::packed> && moves_only<tileprop::model> &&
              moves_only<tileprop::workspace> && moves_only<tileprop::predictor> && moves_only<tileprop::optimizer> &&
              moves_only<tileprop::trainer> && moves_only<tileprop::snapshot> && moves_only<tileprop::dataset> &&
              moves_only<tileprop::output> && moves_only<tileprop::idx>);

/* ----------------------------------------------------------------------------------------------------------- tools */

#define CHECK(condition) test_tap_check(condition, "%s:%d: %s", __FILE__, __LINE__, #condition)

/* The status and message that function throws. */
template <class Function> static tileprop::error thrown(Function function) {
    try {
        function();
    } catch (const tileprop::error &error) {
        return error;
    }
    return {TP_OK, "nothing was thrown"};
}

static std::vector<float> parameters(const tileprop::model &model) {
    std::vector<float> all(model.parameter_count());
    model.get_parameters(all);
    return all;
}

static std::string contents(const std::filesystem::path &path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

/* A directory that goes with the object. */
struct scratch {
    std::filesystem::path path;

    scratch() {
        std::string name = std::filesystem::temp_directory_path() / "tileprop-XXXXXX";
        path = ::mkdtemp(name.data());
    }
    ~scratch() { std::filesystem::remove_all(path); }
};

static const std::vector<float> some_x = numbers(N_SAMPLES * N_IN, 1), some_y = numbers(N_SAMPLES * N_OUT, 2);
static const std::vector<std::int32_t> some_classes = classes(N_SAMPLES);

static tileprop::train_options short_run() {
    tileprop::train_options options;
    options.epochs = 3;
    options.batch = N_BATCH;
    return options;
}

static tileprop::data samples() {
    return tileprop::data(N_SAMPLES, N_IN, some_x).set_classes(some_classes);
}

/* ----------------------------------------------------------------------------------------------------------- tests */

/* What C makes of the same training run. */
static void train_in_c(const char *path, std::vector<float> &all) {
    const tp_layer layers[] = {{16, TP_ACTIVATION_TANH, 0, 0, 0}, {N_OUT, TP_ACTIVATION_SOFTMAX, 0, 0, 0}};
    tp_model_options shape;
    tp_model_options_default(&shape);
    shape.inputs = N_IN;
    shape.layer_count = 2;
    shape.layers = layers;
    tp_data data = {};
    data.samples = N_SAMPLES;
    data.features = N_IN;
    data.floats = some_x.data();
    data.classes = some_classes.data();
    tp_train_options options;
    tp_train_options_default(&options);
    options.epochs = 3;
    options.batch = N_BATCH;
    tp_context *context = nullptr;
    tp_model *model = nullptr;
    tp_trainer *trainer = nullptr;
    CHECK(tp_context_create(nullptr, &context) == TP_OK && tp_model_create(context, &shape, &model) == TP_OK);
    CHECK(tp_trainer_create(model, &data, &options, nullptr, 0, &trainer) == TP_OK && tp_trainer_run(trainer) == TP_OK);
    all.resize(tp_model_parameter_count(model));
    CHECK(tp_model_get_parameters(model, all.data(), all.size()) == TP_OK);
    CHECK(tp_model_save(model, path) == TP_OK);
    tp_trainer_destroy(trainer);
    tp_model_destroy(model);
    tp_context_destroy(context);
}

static void training_has_the_bits_of_c() {
    const scratch directory;
    std::vector<float> expected;
    train_in_c((directory.path / "c").c_str(), expected);
    tileprop::context context;
    tileprop::model model(context, net(TP_LOSS_CCE));
    tileprop::trainer trainer(model, samples(), short_run());
    CHECK(trainer.run());
    CHECK(same(parameters(model), expected));
    model.save(directory.path / "cpp");
    CHECK(contents(directory.path / "cpp") == contents(directory.path / "c"));
    tileprop::output output(context, directory.path / "saved");
    CHECK(output.is(directory.path / "saved") && !output.is(directory.path / "c"));
    model.save_to(output);
    CHECK(contents(directory.path / "saved") == contents(directory.path / "c"));
    const tileprop::model loaded(context, directory.path / "saved");
    CHECK(same(parameters(loaded), expected));
    tileprop::exchange_options names;
    names.weight_names = {"w1", "w2"}, names.bias_names = {"b1", "b2"};
    tileprop::output layers_output(context, directory.path / "layers");
    model.export_torch(layers_output, names);
    tileprop::model imported;
    imported.import_torch(context, directory.path / "layers", names);
    CHECK(same(parameters(imported), expected));
    names.name = "net";
    tileprop::output source_output(context, directory.path / "net.h");
    model.export_c(source_output, names);
    const auto source = contents(directory.path / "net.h");
    CHECK(std::string(source.begin(), source.end()).find("void net_predict(") != std::string::npos);
    names.bias_names.clear();
    names.layer_activations = {TP_ACTIVATION_TANH, TP_ACTIVATION_IDENTITY};
    names.loss = TP_LOSS_MAE;
    imported.import_torch(context, directory.path / "layers", names);
    CHECK(imported.describe().loss == TP_LOSS_MAE && imported.layer(0)->activation == TP_ACTIVATION_TANH);
#ifdef TP_HAVE_LIBPROTOBUF_C
    tileprop::output onnx_output(context, directory.path / "onnx");
    model.export_onnx(onnx_output);
    imported.import_onnx(context, directory.path / "onnx");
    CHECK(same(parameters(imported), expected));
    names = {};
    names.loss = TP_LOSS_MAE;
    std::vector<std::byte> onnx(model.write_onnx());
    CHECK(model.write_onnx(onnx) == onnx.size() && contents(directory.path / "onnx").size() == onnx.size());
    imported.read_onnx(context, onnx, names);
    CHECK(same(parameters(imported), expected) && imported.describe().loss == TP_LOSS_MAE);
#endif
    std::vector<std::byte> bytes(model.write());
    CHECK(model.write(bytes) == bytes.size() && contents(directory.path / "c").size() == bytes.size());
    CHECK(!std::memcmp(bytes.data(), contents(directory.path / "c").data(), bytes.size()));
    tileprop::model read;
    read.read(context, bytes);
    CHECK(same(parameters(read), expected));
    std::array<tp_layer, TP_MAX_LAYERS> layers;
    const tp_model_options options = tileprop::model::describe_file(context, directory.path / "cpp", layers);
    CHECK(options.inputs == N_IN && options.layers[1].width == N_OUT && options.layers == layers.data());
    CHECK(model.describe().layer_count == 2 && model.layer(0)->width == 16 && model.layer(2) == nullptr);
    CHECK(model.offsets(1).weight == 16 * N_IN + 16 && model.offsets(1).bias == 16 * (N_IN + 1 + N_OUT));
}

static void calls_have_the_bits_of_c() {
    tileprop::context context;
    tileprop::model model(context, net(TP_LOSS_MSE));
    tileprop::workspace workspace(model, {N_BATCH, TP_MODE_TRAINING}), other(model, {N_BATCH, TP_MODE_TRAINING});
    const std::size_t count = model.parameter_count();
    std::vector<float> a(N_BATCH * N_OUT), b(a), g(count), h(count), dx(N_BATCH * N_IN), dv(dx);
    tp_targets values = {sizeof values, nullptr, some_y.data(), N_OUT, nullptr, nullptr};
    tp_score score;
    model.forward(workspace, N_BATCH, some_x, a);
    CHECK(!tp_forward(model.get(), other.get(), N_BATCH, some_x.data(), N_IN, b.data(), N_OUT) && same(a, b));
    const tp_score mine = model.backward(workspace, tileprop::targets(some_y), g, dx);
    CHECK(!tp_backward(model.get(), other.get(), &values, h.data(), dv.data(), N_IN, &score));
    CHECK(same(g, h) && same(dx, dv) && mine.loss == score.loss && mine.samples == N_BATCH);
    CHECK(model.loss_value(workspace, tileprop::targets(some_y)).loss == score.loss);
    model.backward_accumulate(workspace, tileprop::targets(some_y), g);
    CHECK(!tp_backward_accumulate(model.get(), other.get(), &values, h.data(), nullptr, 0, nullptr) && same(g, h));
    model.backward_from(workspace, some_y, g, dx);
    CHECK(!tp_backward_from(model.get(), other.get(), some_y.data(), N_OUT, h.data(), dv.data(), N_IN));
    CHECK(same(g, h) && same(dx, dv));

    tileprop::workspace derivatives(model, {N_BATCH, TP_MODE_DERIVATIVES});
    std::vector<float> j(N_BATCH * N_OUT * N_IN), k(j), jv(a), jw(a);
    model.jacobian(derivatives, N_BATCH, some_x, {}, j);
    model.jvp(derivatives, N_BATCH, some_x, dx, a, jv);
    CHECK(!tp_jacobian(model.get(), derivatives.get(), N_BATCH, some_x.data(), N_IN, nullptr, N_OUT, k.data()) &&
          same(j, k));
    CHECK(!tp_jvp(model.get(), derivatives.get(), N_BATCH, some_x.data(), N_IN, dx.data(), N_IN, b.data(), N_OUT,
                  jw.data(), N_OUT));
    CHECK(same(jv, jw) && same(a, b));
}

static void steps_have_the_bits_of_c() {
    tileprop::context context;
    tileprop::model model(context, net(TP_LOSS_CCE)), twin(context, net(TP_LOSS_CCE));
    tileprop::workspace workspace(model, {N_BATCH, TP_MODE_TRAINING}), other(twin, {N_BATCH, TP_MODE_TRAINING});
    tileprop::optimizer optimizer(model), rule(twin);
    std::vector<float> g(model.parameter_count());
    tp_targets targets = {sizeof targets, some_classes.data(), nullptr, 0, nullptr, nullptr};
    for (int step = 0; step < 3; step++) {
        tp_score score;
        const tp_score mine = model.train_step(workspace, optimizer, N_BATCH, some_x, tileprop::targets(some_classes));
        CHECK(!tp_train_step(twin.get(), other.get(), rule.get(), N_BATCH, some_x.data(), N_IN, &targets, &score));
        CHECK(mine.loss == score.loss && same(parameters(model), parameters(twin)));
    }
    model.forward(workspace, N_BATCH, some_x);
    model.backward(workspace, tileprop::targets(some_classes), g);
    optimizer.set_learning_rate(0.5f);
    optimizer.step(model, g);
    CHECK(!tp_optimizer_set_learning_rate(rule.get(), 0.5f) && !tp_optimizer_step(rule.get(), twin.get(), g.data()));
    CHECK(same(parameters(model), parameters(twin)) && optimizer.steps() == 4 && optimizer.learning_rate(9) == 0.5f);
    optimizer.get_state(1, g);
    rule.set_state(0, g);
    std::vector<float> back(g.size());
    rule.get_state(0, back);
    rule.set_steps(77);
    CHECK(optimizer.state_count() == 2 && same(g, back) && rule.steps() == 77);
    workspace.set_dropout(1, 1);
    CHECK(thrown([&] { model.backward(workspace, tileprop::targets(some_classes), g); }).status() == TP_ERR_ARGUMENT);
}

static tp_status start_nothing(void *, int, int, const void *, std::size_t, void *, std::size_t) {
    return TP_OK;
}

static tp_status finish_nothing(void *, int, bool, bool *) {
    return TP_OK;
}

static void data_sets_have_the_bits_of_c() {
    tileprop::context context;
    tileprop::model model(context, net(TP_LOSS_CCE));
    tileprop::workspace workspace(model, {N_BATCH});
    tp_score score;
    std::array<std::uint64_t, N_OUT * N_OUT> confusion, counts;
    const tileprop::data set = samples();
    const tp_score mine = model.evaluate(workspace, set, confusion);
    CHECK(!tp_evaluate(model.get(), workspace.get(), &set, &score, counts.data()));
    CHECK(mine.loss == score.loss && mine.correct == score.correct && confusion == counts);
    std::array<std::uint64_t, N_OUT * N_OUT> alone_counts;
    const tp_group alone = {sizeof(tp_group), 0, 1, nullptr, start_nothing, finish_nothing, nullptr};
    const tp_score ranked = model.evaluate(workspace, set, alone, alone_counts);
    CHECK(ranked.loss == score.loss && alone_counts == counts);
    std::vector<float> all(N_SAMPLES * N_OUT), own(all);
    std::size_t first = 1, count = 0;
    model.predict(workspace, set, tileprop::outputs(all));
    model.predict(workspace, set, alone, tileprop::outputs(own), first, count);
    CHECK(same(all, own) && first == 0 && count == N_SAMPLES);
    /* Features first, and double. */
    std::vector<double> turned(some_x.size()), p(N_SAMPLES * N_OUT);
    for (std::size_t i = 0; i < some_x.size(); i++)
        turned[i % N_IN * N_SAMPLES + i / N_IN] = static_cast<double>(some_x[i]);
    std::vector<float> q(p.size());
    model.predict(workspace, tileprop::data(N_SAMPLES, N_IN, turned, {1, N_SAMPLES}), tileprop::outputs(p));
    model.predict(workspace, set, tileprop::outputs(q, {1, N_SAMPLES}));
    for (std::size_t i = 0; i < p.size(); i++)
        CHECK(static_cast<float>(p[i]) == q[i % N_OUT * N_SAMPLES + i / N_OUT]);
}

static void predictors_have_the_bits_of_their_model() {
    tileprop::context context;
    const tileprop::data set = samples();
    std::vector<float> y(N_SAMPLES * N_OUT), z(y), predicted(y), again(y);
    std::array<std::uint64_t, N_OUT * N_OUT> confusion, counts;
    tileprop::predictor predictor;
    tp_score score;
    {
        tileprop::model model(context, net(TP_LOSS_CCE));
        tileprop::workspace workspace(model, {N_SAMPLES});
        model.forward(workspace, N_SAMPLES, some_x, y);
        model.predict(workspace, set, tileprop::outputs(predicted));
        score = model.evaluate(workspace, set, confusion);
        const std::array<std::size_t, 2> sizes = {1, N_SAMPLES};
        predictor = tileprop::predictor(context, model, {sizes, true});
    }
    std::vector<std::byte> memory(tileprop::workspace::size(predictor, {N_SAMPLES}));
    tileprop::workspace workspace(predictor, {N_SAMPLES}, memory);
    predictor.run(workspace, N_SAMPLES, some_x, z);
    predictor.predict(workspace, set, tileprop::outputs(again));
    const tp_score mine = predictor.evaluate(workspace, set, counts);
    CHECK(same(y, z) && same(predicted, again) && mine.loss == score.loss && confusion == counts);
    CHECK(thrown([&] { workspace.create(predictor, {1, TP_MODE_TRAINING}); }).status() == TP_ERR_ARGUMENT);
}

static void products_have_the_bits_of_c() {
    constexpr std::size_t M = 4, K = 5, N = 3;
    tileprop::context context;
    std::vector<float> c(M * N), d(c), bias = numbers(N, 3);
    context.sgemm(TP_TRANSPOSE_NO, TP_TRANSPOSE_YES, M, N, K, 2, some_x, some_y, 0, c);
    CHECK(!tp_sgemm(context.get(), TP_TRANSPOSE_NO, TP_TRANSPOSE_YES, M, N, K, 2, some_x.data(), K, some_y.data(), K, 0,
                    d.data(), N, nullptr, 0));
    CHECK(same(c, d));
    tileprop::packed packed(context, TP_TRANSPOSE_NO, K, N, some_x);
    packed.update(TP_TRANSPOSE_YES, some_y);
    std::vector<std::byte> memory(context.sgemm_workspace_size(M, N, K));
    context.sgemm_packed(TP_TRANSPOSE_NO, M, 2, some_x, packed, 0, d, {}, memory);
    CHECK(same(c, d));
    context.sgemm_packed(TP_TRANSPOSE_NO, M, 2, some_x, packed, 0, d, tileprop::epilogue(TP_ACTIVATION_RELU, 0, bias));
    const std::vector<float> plain = c;
    for (std::size_t i = 0; i < M; i++) /* the bias is where the sums start */
        std::memcpy(&c[i * N], bias.data(), sizeof(float) * N);
    context.sgemm(TP_TRANSPOSE_NO, TP_TRANSPOSE_YES, M, N, K, 2, some_x, some_y, 1, c);
    for (float &value : c)
        value = value > 0 ? value : 0;
    CHECK(same(c, d) && !same(c, plain));
}

static void products_in_bf16_have_the_bits_of_c() {
    constexpr std::size_t M = 4, K = 5, N = 3;
    tileprop::context context;
    std::vector<float> c(M * N), d(c), wide(N * K);
    std::vector<std::uint16_t> bits(N * K);
    std::vector<std::byte> memory(context.bf16gemm_workspace_size(M, N, K));
    context.bf16_from_f32(bits, tileprop::view<const float>(some_y.data(), N * K));
    context.bf16gemm(TP_TRANSPOSE_NO, TP_TRANSPOSE_YES, M, N, K, some_x, some_y, 0, c, memory);
    CHECK(!tp_bf16gemm(context.get(), TP_TRANSPOSE_NO, TP_TRANSPOSE_YES, M, N, K, TP_PRECISION_F32, some_x.data(), K,
                       TP_PRECISION_BF16, bits.data(), K, 0, d.data(), N, nullptr, 0));
    CHECK(same(c, d));
    context.bf16gemm(TP_TRANSPOSE_NO, TP_TRANSPOSE_YES, M, N, K, {some_x, K}, bits, 0, d);
    CHECK(same(c, d));
    context.bf16_to_f32(wide, bits);
    context.bf16gemm(TP_TRANSPOSE_NO, TP_TRANSPOSE_YES, M, N, K, some_x, tileprop::matrix<const float>(wide), 0, d);
    CHECK(same(c, d) && context.bf16() == std::string(tp_context_bf16(context.get())));
    tileprop::model_options options = net(TP_LOSS_CCE);
    options.precision = TP_PRECISION_BF16;
    tileprop::model model(context, options);
    CHECK(model.describe().precision == TP_PRECISION_BF16);
}

static void whatever_is_contiguous_is_a_view() {
    tileprop::context context;
    tileprop::model model(context, net(TP_LOSS_MSE));
    tileprop::workspace workspace(model, {2});
    std::vector<float> expected(2 * N_OUT);
    model.forward(workspace, 2, some_x, expected);
    std::array<float, 2 * N_OUT> array;
    float plain[2 * N_OUT];
    std::vector<float> gaps(7 + N_OUT), wide(9 + N_IN);
    model.forward(workspace, 2, tileprop::view(some_x.data(), 2 * N_IN), array);
    CHECK(same<float>(array, expected));
    model.forward(workspace, 2, some_x, plain);
    CHECK(same<float>(plain, expected));
    std::memcpy(&wide[0], &some_x[0], N_IN * sizeof(float));
    std::memcpy(&wide[9], &some_x[N_IN], N_IN * sizeof(float));
    model.forward(workspace, 2, {wide, 9}, {gaps, 7});
    CHECK(std::memcmp(&gaps[0], &expected[0], N_OUT * sizeof(float)) == 0);
    CHECK(std::memcmp(&gaps[7], &expected[N_OUT], N_OUT * sizeof(float)) == 0);
#if __cplusplus >= 202002L
    std::vector<float> from_span(2 * N_OUT);
    model.forward(workspace, 2, std::span(some_x).first(2 * N_IN), std::span(from_span));
    CHECK(same(from_span, expected));
    const std::span<const float> back = tileprop::view<const float>(some_x);
    CHECK(back.data() == some_x.data() && back.size() == some_x.size());
#endif
    static_assert(!std::is_constructible_v<tileprop::view<float>, const std::vector<float> &>);
    static_assert(!std::is_constructible_v<tileprop::view<const float>, const std::vector<double> &>);
}

static void objects_are_released_and_moved() {
    counter allocations;
    {
        tileprop::context_options options;
        options.allocator = allocations.hooks();
        tileprop::context first(options);
        tileprop::context context = std::move(first);
        tileprop::model model(context, net(TP_LOSS_CCE)), moved(std::move(model));
        model = tileprop::model(context, net(TP_LOSS_CCE)); /* to be lost */
        model = std::move(moved);
        tileprop::workspace workspace(model, {N_BATCH}), spare(std::move(workspace));
        workspace = std::move(spare);
        tileprop::trainer trainer(model, samples(), short_run()), taken(std::move(trainer));
        CHECK(taken.run() && !trainer && trainer.phases() == nullptr && taken.phases() != nullptr);
        CHECK(thrown([&] { trainer.run(); }).status() == TP_ERR_ARGUMENT);
        CHECK(thrown([&] { moved.forward(workspace, 1, tileprop::view(some_x.data(), 1)); }).status() ==
              TP_ERR_ARGUMENT);
        CHECK(moved.parameter_count() == 0 && !first && first.isa() == nullptr);
        taken = tileprop::trainer(model, samples(), short_run());
        CHECK(allocations.held > 0);
    }
    CHECK(allocations.calls > 0 && allocations.held == 0);
}

static void errors_carry_status_and_message() {
    tileprop::context context;
    auto error = thrown([&] { tileprop::model(context, "/nowhere/model"); });
    CHECK(error.status() == TP_ERR_IO && std::strstr(error.what(), "/nowhere/model"));
    CHECK(context.message() == error.what());
    context.set_message(TP_ERR_IO, "mine");
    CHECK(context.message() == "mine");
    tileprop::context_options options;
    options.isa = "abacus";
    error = thrown([&] { tileprop::context other(options); });
    CHECK(error.status() == TP_ERR_UNSUPPORTED && std::strstr(error.what(), "abacus"));
    error = thrown([&] { tileprop::dataset(context, "/nowhere", TP_SPLIT_TEST); });
    CHECK(error.status() != TP_OK && std::strstr(error.what(), "/nowhere"));
    error = thrown([&] { tileprop::output(context, "/nowhere/file"); });
    CHECK(error.status() == TP_ERR_IO);
    error = thrown([&] { tileprop::model().save("file"); });
    CHECK(error.status() == TP_ERR_ARGUMENT && std::strcmp(error.what(), tileprop::text(TP_ERR_ARGUMENT)) == 0);
    std::string heard;
    auto listen = [&heard](tp_status, const char *message) noexcept { heard = message; };
    tileprop::context loud(tileprop::context_options().on_message(listen));
    error = thrown([&] { loud.set_threads(-1); });
    CHECK(error.status() == TP_ERR_ARGUMENT && heard == error.what() && !heard.empty());
}

static void the_hot_path_allocates_nothing() {
    counter allocations;
    tileprop::context_options options;
    options.allocator = allocations.hooks();
    tileprop::context context(options);
    tileprop::model model(context, net(TP_LOSS_CCE));
    tileprop::workspace training(model, {N_BATCH, TP_MODE_TRAINING}), inference(model, {N_BATCH}),
        derivatives(model, {N_BATCH, TP_MODE_DERIVATIVES});
    tileprop::optimizer optimizer(model);
    int steps = 0;
    auto observer = [&steps](const tp_step &) noexcept { steps++; };
    const tileprop::data set = samples();
    tileprop::trainer trainer(model, set, short_run(), observer);
    std::vector<float> out(N_BATCH * N_OUT), g(model.parameter_count()), j(out.size() * N_IN), v(some_x),
        all(some_y.size());
    const int before = news, blocks = allocations.calls;
    model.forward(inference, N_BATCH, some_x, out);
    model.forward(training, N_BATCH, some_x, out);
    model.backward(training, tileprop::targets(some_classes), g);
    optimizer.step(model, g);
    model.train_step(training, optimizer, N_BATCH, some_x, tileprop::targets(some_classes));
    model.jacobian(derivatives, N_BATCH, some_x, out, j);
    model.jvp(derivatives, N_BATCH, some_x, v, {}, out);
    model.evaluate(inference, set);
    model.predict(inference, set, tileprop::outputs(all));
    trainer.run();
    CHECK(news == before && allocations.calls == blocks && steps == 18);
    std::string counted(100, 'x'); /* they are counted */
    CHECK(news == before + 1);
}

static void objects_live_in_given_memory() {
    tileprop::context context;
    tileprop::model model(context, net(TP_LOSS_CCE));
    const tileprop::workspace_options room(N_BATCH);
    std::vector<std::byte> a(tileprop::workspace::size(model, room)), b(tileprop::optimizer::size(model, {})),
        c(tileprop::trainer::size(model, samples(), short_run())), d(tileprop::packed::size(context, 5, 3));
    const auto within = [](const void *p, const std::vector<std::byte> &block) {
        return p >= block.data() && p < block.data() + block.size();
    };
    tileprop::workspace workspace(model, room, a);
    tileprop::optimizer optimizer(model, {}, b);
    tileprop::trainer trainer(model, samples(), short_run(), c);
    tileprop::packed packed(context, TP_TRANSPOSE_NO, 5, 3, some_x, d);
    CHECK(within(workspace.get(), a) && within(optimizer.get(), b) && within(trainer.get(), c) &&
          within(packed.get(), d));
    a.pop_back();
    CHECK(thrown([&] { tileprop::workspace(model, room, a); }).status() == TP_ERR_MEMORY);
}

/* A run is saved by a trainer and by a snapshot, and goes on in another one with the same bits. */
static void runs_are_resumed() {
    const scratch directory;
    tileprop::context context;
    tileprop::model model(context, net(TP_LOSS_CCE)), twin(context, net(TP_LOSS_CCE));
    tileprop::train_options options = short_run();
    options.keep = TP_KEEP_LAST;
    options.average = 0.5;
    options.fingerprint = "numbers";
    auto observer = [](const tp_step &step) noexcept { return step.step == 7; };
    tileprop::trainer trainer(model, samples(), options, observer), other(twin, samples(), options);
    std::vector<std::byte> memory(tileprop::snapshot::size(trainer));
    tileprop::snapshot snapshot(trainer, memory);
    CHECK(thrown([&] { snapshot.save(directory.path / "snapshot"); }).status() == TP_ERR_ARGUMENT);
    CHECK(!trainer.run() && trainer.steps() == 7 && trainer.epochs() == 1 && trainer.best_epoch() == 1);
    CHECK(trainer.isa() && trainer.threads() >= 1);
    snapshot.take();
    trainer.save(directory.path / "trainer");
    CHECK(trainer.run() && trainer.epochs() == 3);
    snapshot.save(directory.path / "snapshot");
    CHECK(contents(directory.path / "snapshot") == contents(directory.path / "trainer"));
    other.resume(directory.path / "snapshot");
    CHECK(other.steps() == 7 && other.run() && same(parameters(model), parameters(twin)));
    const tileprop::error error = thrown([&] { other.resume(directory.path / "nothing"); });
    CHECK(error.status() == TP_ERR_IO && std::strstr(error.what(), "nothing"));
    CHECK(!std::strcmp(tileprop::name(TP_MONITOR_ACCURACY), "accuracy") &&
          !std::strcmp(tileprop::name(TP_KEEP_BEST), "best"));
    memory.pop_back();
    CHECK(thrown([&] { tileprop::snapshot(trainer, memory); }).status() == TP_ERR_MEMORY);
}

/* Sees both, stops after step 2, and throws at the end of the first epoch. */
struct watcher {
    int steps = 0, epochs = 0;

    bool operator()(const tp_step &step) {
        steps++;
        return step.step == 2;
    }
    void operator()(const tp_epoch &epoch) {
        epochs++;
        if (epoch.epoch == 1)
            throw std::string("from the observer");
    }
};

static int unexpected_calls;

static int unexpected(void *, const tp_epoch *) {
    unexpected_calls++;
    return 1;
}

static void an_observer_is_all_that_is_called() {
    tileprop::context context;
    tileprop::model model(context, net(TP_LOSS_CCE));
    tileprop::train_options options = short_run();
    options.on_epoch = unexpected;
    int steps = 0;
    auto observer = [&steps](const tp_step &) noexcept { steps++; };
    CHECK(tileprop::trainer(model, samples(), options, observer).run() && steps > 0);
    CHECK(unexpected_calls == 0);
}

static void errors_are_those_of_the_call() {
    tileprop::context context;
    tileprop::model model(context, net(TP_LOSS_CCE)), none;
    tileprop::optimizer optimizer(model);
    const std::vector<float> gradients(model.parameter_count());
    CHECK(thrown([&] { none.load(context, "/nowhere"); }).status() == TP_ERR_IO);
    const tileprop::error error = thrown([&] { optimizer.step(none, gradients); });
    CHECK(error.status() == TP_ERR_ARGUMENT && !std::strstr(error.what(), "/nowhere"));
}

static void observers_stop_and_throw() {
    tileprop::context context;
    tileprop::model model(context, net(TP_LOSS_CCE)), twin(context, net(TP_LOSS_CCE));
    tileprop::trainer(twin, samples(), short_run()).run();
    watcher observer;
    tileprop::trainer made(model, samples(), short_run(), observer), trainer = std::move(made);
    CHECK(!trainer.run() && observer.steps == 2);
    std::string caught;
    try {
        trainer.run();
    } catch (const std::string &text) {
        caught = text;
    }
    CHECK(caught == "from the observer" && observer.epochs == 1);
    CHECK(trainer.run() && observer.epochs == 3 && observer.steps == 18);
    CHECK(same(parameters(model), parameters(twin)));
    const auto epochs_alone = [](const tp_epoch &epoch) { return epoch.epoch == 2; };
    CHECK(!tileprop::trainer(model, samples(), short_run(), epochs_alone).run());
}

static void both_kinds_of_objects_mix() {
    tileprop::context context;
    tileprop::model throwing;
    tileprop::nothrow::model model;
    CHECK(model.create(context, net(TP_LOSS_CCE)) == TP_OK);
    watcher observer;
    tileprop::nothrow::trainer trainer;
    CHECK(trainer.create(model, samples(), short_run(), observer) == TP_OK && trainer.run() == TP_ERR_STOPPED);
    bool caught = false;
    try {
        caught = trainer.run() == TP_OK && caught;
    } catch (const std::string &) {
        caught = true;
    }
    CHECK(caught);
    tileprop::workspace workspace(model, {N_BATCH});
    std::vector<float> out(N_OUT);
    CHECK(model.forward(workspace, 1, some_x, out) == TP_OK &&
          model.forward(workspace, 2, some_x, out) == TP_ERR_ARGUMENT);
    trainer = {};
    throwing = tileprop::model(std::move(model)); /* in time: what is made for it goes before it */
    CHECK(thrown([&] { throwing.forward(workspace, 2, some_x, out); }).status() == TP_ERR_ARGUMENT);
}

static void files_of_numbers_are_read() {
    const scratch directory;
    const std::string path = directory.path / "numbers";
    const char bytes[] = "\0\0\x08\x02\0\0\0\x02\0\0\0\x03"
                         "abcdef";
    tileprop::context context;
    tileprop::output output(context, path);
    output.write(bytes, 18);
    output.commit();
    tileprop::idx file(context, path), moved(std::move(file)), idx(context, path);
    idx = std::move(moved);
    CHECK(same<std::size_t>(idx.dims(), std::vector<std::size_t>{2, 3}));
    CHECK(same<std::uint8_t>(idx.elements<std::uint8_t>(), std::array<std::uint8_t, 6>{'a', 'b', 'c', 'd', 'e', 'f'}));
    CHECK(idx.elements<float>().size() == 0 && file.elements<std::uint8_t>().size() == 0);
    idx.to_samples(path);
    CHECK(idx.get()->type == TP_IDX_TYPE_U8);
    CHECK(thrown([&] { idx.read(context, directory.path / "none"); }).status() == TP_ERR_IO && idx.dims().size() == 2);
}

static void data_sets_are_read() {
    const scratch directory;
    const std::string images("\0\0\x08\x03\0\0\0\x02\0\0\0\x01\0\0\0\x03"
                             "abcdef",
                             22),
        labels("\0\0\x08\x01\0\0\0\x02\x01\0", 10);
    std::ofstream(directory.path / "t10k-images-idx3-ubyte", std::ios::binary) << images;
    std::ofstream(directory.path / "t10k-labels-idx1-ubyte", std::ios::binary) << labels;
    tileprop::context context;
    tileprop::dataset set(context, directory.path, TP_SPLIT_TEST), moved(std::move(set));
    const tileprop::data data = moved.data();
    CHECK(data.samples == 2 && data.features == 3 && std::memcmp(data.bytes, "abcdef", 6) == 0);
    CHECK(data.classes[0] == 1 && data.classes[1] == 0 && set.data().samples == 0);
    tileprop::dataset_options options;
    options.split = TP_SPLIT_TEST;
    tileprop::dataset opened(context, directory.path, options);
    const tileprop::schema schema = opened.schema();
    CHECK(schema && schema.task() == TP_TASK_BINARY && schema.feature_count() == 3 && schema.target_count() == 1);
    CHECK(schema.inputs() == 3 && schema.outputs() == 1 && !schema.feature(3) && !moved.schema());
    CHECK(schema.feature(0)->maximum == 'd' && schema.target(0)->categories[1] == std::string("1"));
    CHECK(opened.data().bytes[3] == 'd' && opened.validation().samples == 0 && !opened.id(0) && opened.row(1) == 1);
    tileprop::model_options shape;
    CHECK(schema.apply(shape) == TP_OK && shape.inputs == 3 && shape.loss == TP_LOSS_BCE);
    shape.stack = {{1, TP_ACTIVATION_SIGMOID}};
    tileprop::model model(context, shape);
    CHECK(model.schema().inputs() == 3 && tileprop::schema().apply(shape) == TP_ERR_ARGUMENT);
    CHECK(thrown([&] { moved.load(context, directory.path, TP_SPLIT_TRAIN); }).status() == TP_ERR_MISSING && moved);
}

static void metrics_are_those_of_c() {
    tileprop::context context;
    const std::vector<std::int32_t> classes = {0, 1, 1, 0};
    const std::vector<double> predictions = {0.2, 0.8, 0.4, 0.6};
    const tileprop::data targets = tileprop::data(4, 1, std::vector<float>(4)).set_classes(classes);
    std::vector<tp_output_metrics> each(2);
    std::vector<std::uint64_t> confusion(4);
    const tp_metrics metrics =
        context.metrics(TP_TASK_BINARY, targets, tileprop::matrix<const double>(predictions), 1, each, confusion);
    CHECK(metrics.samples == 4 && metrics.correct == 2 && metrics.auc == 0.75 && each[1].recall == 0.5);
    CHECK((confusion == std::vector<std::uint64_t>{1, 1, 1, 1}));
    CHECK(thrown([&] {
              (void)context.metrics(TP_TASK_BINARY, targets, tileprop::matrix<const double>(predictions), 1,
                                    tileprop::view<tp_output_metrics>(each.data(), 1));
          }).status() == TP_ERR_ARGUMENT);
}

static void notes_are_those_of_c() {
    tileprop::context context;
    tileprop::model model(context, net(TP_LOSS_CCE)), read;
    CHECK(model.note_name(0) == nullptr && model.note("note.b") == nullptr);
    model.set_note("note.b", "text");
    model.set_note("note.a", "other");
    model.set_note("note.c", "gone");
    model.set_note("note.c", nullptr);
    CHECK(thrown([&] { model.set_note("a", "text"); }).status() == TP_ERR_ARGUMENT);
    CHECK(thrown([&] { read.set_note("note.a", "text"); }).status() == TP_ERR_ARGUMENT);
    CHECK(std::string(tp_model_note(model.get(), "note.b")) == "text");
    std::vector<std::byte> bytes(model.write());
    model.write(bytes);
    read.read(context, bytes);
    CHECK(std::string(read.note_name(0)) == "note.a" && std::string(read.note_name(1)) == "note.b");
    CHECK(read.note_name(2) == nullptr && std::string(read.note("note.a")) == "other");
}

static void fingerprints_are_those_of_c() {
    tileprop::context context;
    tileprop::model model(context, net(TP_LOSS_CCE)), twin(context, net(TP_LOSS_CCE));
    char text[TP_FINGERPRINT_SIZE];
    CHECK(tp_model_fingerprint(model.get(), text) == TP_OK && model.fingerprint().c_str() == std::string(text));
    CHECK(model.fingerprint() == twin.fingerprint());
    twin.set_parameters(std::vector<float>(twin.parameter_count()));
    CHECK(model.fingerprint() != twin.fingerprint());
    const tileprop::data set = samples();
    CHECK(tp_data_fingerprint(context.get(), &set, text) == TP_OK);
    CHECK(context.fingerprint(set).c_str() == std::string(text));
    CHECK(thrown([&] { context.fingerprint(tileprop::data(0, 1, some_x)); }).status() == TP_ERR_ARGUMENT);
    CHECK(thrown([&] { tileprop::model().fingerprint(); }).status() == TP_ERR_ARGUMENT);
}

static void names_and_facts() {
    tileprop::context context;
    CHECK(std::string(tileprop::version()) == tp_version());
    CHECK(tileprop::name(TP_ACTIVATION_RELU) == std::string("relu") &&
          tileprop::name(TP_LOSS_CCE) == std::string("cce"));
    CHECK(tileprop::name(TP_INIT_ZERO) == std::string("zero") &&
          tileprop::name(TP_OPTIMIZER_SGD) == std::string("sgd"));
    CHECK(tileprop::name(TP_PRECISION_BF16) == std::string("bf16"));
    CHECK(tileprop::name(TP_SCHEDULE_COSINE) == std::string("cosine"));
    CHECK(tileprop::name(TP_TASK_BINARY) == std::string("binary") &&
          tileprop::name(TP_MISSING_MEAN) == std::string("mean"));
    CHECK(tileprop::name(TP_UNKNOWN_IGNORE) == std::string("ignore") &&
          tileprop::name(TP_INPUT_SCALING_UNIT) == std::string("unit"));
    context.set_threads(1);
    CHECK(context.threads() == 1 && context.isa() == std::string(context.machine()->isa));
}

int main() {
    test_tap_run("training has the bits of C", training_has_the_bits_of_c);
    test_tap_run("calls have the bits of C", calls_have_the_bits_of_c);
    test_tap_run("steps have the bits of C", steps_have_the_bits_of_c);
    test_tap_run("data sets have the bits of C", data_sets_have_the_bits_of_c);
    test_tap_run("predictors have the bits of their model", predictors_have_the_bits_of_their_model);
    test_tap_run("products have the bits of C", products_have_the_bits_of_c);
    test_tap_run("products in bf16 have the bits of C", products_in_bf16_have_the_bits_of_c);
    test_tap_run("whatever is contiguous is a view", whatever_is_contiguous_is_a_view);
    test_tap_run("objects are released and moved", objects_are_released_and_moved);
    test_tap_run("errors carry status and message", errors_carry_status_and_message);
    test_tap_run("the hot path allocates nothing", the_hot_path_allocates_nothing);
    test_tap_run("objects live in given memory", objects_live_in_given_memory);
    test_tap_run("runs are resumed", runs_are_resumed);
    test_tap_run("observers stop and throw", observers_stop_and_throw);
    test_tap_run("an observer is all that is called", an_observer_is_all_that_is_called);
    test_tap_run("errors are those of the call", errors_are_those_of_the_call);
    test_tap_run("both kinds of objects mix", both_kinds_of_objects_mix);
    test_tap_run("files of numbers are read", files_of_numbers_are_read);
    test_tap_run("data sets are read", data_sets_are_read);
    test_tap_run("metrics are those of C", metrics_are_those_of_c);
    test_tap_run("notes are those of C", notes_are_those_of_c);
    test_tap_run("fingerprints are those of C", fingerprints_are_those_of_c);
    test_tap_run("names and facts", names_and_facts);
    return test_tap_status();
}
