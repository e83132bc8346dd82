// Decode attention over a paged cache, drawing from softmax, and the small steps between matrix products, for CPUs.
#include <algorithm>
#include <vector>
#include "lanes.cpp"

// One query row and one key-value head, whose G query heads read it together.
// D is even. keys: [blocks, kv, D, BLOCK] (transposed inside a block), values: [blocks, kv, BLOCK, D]. `scores` is
// scratch of scratch_size() lanes.
static inline size_t scratch_size(int blocks, int D) { return size_t(4) * (blocks + D / BLOCK + 1); }
template <typename T, int G>
static void attend_group(const T* q, const T* keys, const T* values, const int32_t* table, int length, int kv,
                         int num_kv, int D, float scale, Floats* scores, T* out) {
    int blocks = (length + BLOCK - 1) / BLOCK;
    float* wide = reinterpret_cast<float*>(scores + G * blocks);
    for (int d = 0; d < G * D; d++) wide[d] = widen(q[d]);
    for (int b = 0; b < blocks; b++) {
        const T* block = keys + (int64_t(table[b]) * num_kv + kv) * D * BLOCK;
        Floats even[G] = {}, odd[G] = {};  // two sums each, so that additions need not wait for each other
        for (int d = 0; d < D; d += 2) {
            Floats k = load(block + d * BLOCK), next = load(block + (d + 1) * BLOCK);
            for (int g = 0; g < G; g++) even[g] += wide[g * D + d] * k, odd[g] += wide[g * D + d + 1] * next;
        }
        for (int g = 0; g < G; g++) scores[g * blocks + b] = (even[g] + odd[g]) * scale;
    }
    float inverse[G];
    for (int g = 0; g < G; g++) {
        Floats* row = scores + g * blocks;
        for (int t = length - (blocks - 1) * BLOCK; t < BLOCK; t++) row[blocks - 1][t] = -3e38f;
        Floats tops = row[0], totals = {};
        for (int b = 1; b < blocks; b++) tops = larger(tops, row[b]);
        float top = largest(tops);
        for (int b = 0; b < blocks; b++) totals += row[b] = exp_negative(row[b] - top);
        inverse[g] = 1.0f / sum(totals);
    }
    const float* weights = reinterpret_cast<const float*>(scores);
    int d = 0;
    for (; d + BLOCK <= D; d += BLOCK) {
        Floats even[G] = {}, odd[G] = {};
        for (int b = 0; b < blocks; b++) {
            const T* block = values + (int64_t(table[b]) * num_kv + kv) * BLOCK * D + d;
            const float* share = weights + b * BLOCK;
            int count = std::min(BLOCK, length - b * BLOCK), t = 0;
            for (; t + 2 <= count; t += 2) {
                Floats v = load(block + t * D), next = load(block + (t + 1) * D);
                for (int g = 0; g < G; g++)
                    even[g] += share[g * blocks * BLOCK + t] * v, odd[g] += share[g * blocks * BLOCK + t + 1] * next;
            }
            if (t < count)
                for (int g = 0; g < G; g++) even[g] += share[g * blocks * BLOCK + t] * load(block + t * D);
        }
        for (int g = 0; g < G; g++) store((even[g] + odd[g]) * inverse[g], out + g * D + d);
    }
    for (; d < D; d++)
        for (int g = 0; g < G; g++) {
            float acc = 0;
            for (int t = 0; t < length; t++)
                acc += weights[g * blocks * BLOCK + t] *
                       widen(values[((int64_t(table[t / BLOCK]) * num_kv + kv) * BLOCK + t % BLOCK) * D + d]);
            narrow(acc * inverse[g], out + g * D + d);
        }
}

// Groups of any size, up to four query heads at a time.
template <typename T>
static void attend_head(const T* q, const T* keys, const T* values, const int32_t* table, int length, int group, int kv,
                        int num_kv, int D, float scale, Floats* scores, T* out) {
    for (int g = 0; g < group; g += 4, q += 4 * D, out += 4 * D) {
        int left = group - g;
        auto run = left >= 4 ? attend_group<T, 4> : left == 3 ? attend_group<T, 3>
                 : left == 2 ? attend_group<T, 2> : attend_group<T, 1>;
        run(q, keys, values, table, length, kv, num_kv, D, scale, scores, out);
    }
}

template <typename T>
static void attend(const T* q, const T* keys, const T* values, const int32_t* tables, const int32_t* lengths, int rows,
                   int heads, int num_kv, int D, int table_width, float scale, int threads, T* out) {
    int group = heads / num_kv, longest = 0;
    for (int r = 0; r < rows; r++) longest = std::max(longest, int(lengths[r]));
    int blocks = (longest + BLOCK - 1) / BLOCK;
#pragma omp parallel num_threads(threads)
    {
        std::vector<Floats> scores(scratch_size(blocks, D));
#pragma omp for schedule(dynamic, 4)
        for (int task = 0; task < rows * num_kv; task++) {
            int r = task / num_kv, kv = task % num_kv;
            int64_t at = (int64_t(r) * heads + kv * group) * D;
            attend_head(q + at, keys, values, tables + int64_t(r) * table_width, lengths[r], group, kv, num_kv, D,
                        scale, scores.data(), out + at);
        }
    }
}

// Zero the weights below the smallest of the likeliest that reach top_p of the total; returns what is left. Weights
// below (1 - top_p) total / V cannot be needed: all of them together stay below what may be cut.
static double keep_top(std::vector<Floats>& weights, std::vector<float>& likely, float top_p, double total, int V) {
    float least = float((1.0 - top_p) * total / V);
    likely.clear();
    for (int v = 0; v < V; v++)
        if (weights[v / BLOCK][v % BLOCK] >= least) likely.push_back(weights[v / BLOCK][v % BLOCK]);
    std::sort(likely.begin(), likely.end(), [](float a, float b) { return a > b; });
    double before = 0, kept = 0;
    size_t count = 0;
    while (count < likely.size() && before < top_p * total) before += likely[count++];
    float edge = likely[std::max(count, size_t(1)) - 1];
    for (Floats& chunk : weights) {
        chunk = chunk >= edge ? chunk : Floats{};
        kept += sum(chunk);
    }
    return kept;
}

// Token and log-prob by inverse CDF over softmax(logits / temperature) cut at top-p: the first token whose cumulated
// weight exceeds u times the whole. The log-prob is that before the cut.
template <typename T>
static void draw(const T* logits, const float* temperatures, const float* top_ps, const float* uniforms, int rows,
                 int V, int threads, int64_t* tokens, float* logprobs) {
#pragma omp parallel num_threads(threads)
    {
        int chunks = (V + BLOCK - 1) / BLOCK;
        std::vector<Floats> weights(chunks);
        std::vector<float> likely;
#pragma omp for schedule(static)
        for (int r = 0; r < rows; r++) {
            const T* row = logits + int64_t(r) * V;
            float inverse = 1.0f / temperatures[r], top;
            for (int c = 0; c < chunks; c++) {
                weights[c] = Floats{} - 3e38f;
                if ((c + 1) * BLOCK <= V) weights[c] = load(row + c * BLOCK);
                else for (int t = 0; c * BLOCK + t < V; t++) weights[c][t] = widen(row[c * BLOCK + t]);
            }
            Floats tops = weights[0];
            for (int c = 1; c < chunks; c++) tops = larger(tops, weights[c]);
            top = largest(tops);
            double total = 0;
            for (int c = 0; c < chunks; c++) {
                weights[c] = exp_negative((weights[c] - top) * inverse);
                total += sum(weights[c]);
            }
            double kept = top_ps[r] < 1 ? keep_top(weights, likely, top_ps[r], total, V) : total;
            double target = double(uniforms[r]) * kept, before = 0;
            int c = 0;
            for (; c + 1 < chunks; c++) {
                double weight = sum(weights[c]);
                if (before + weight > target) break;
                before += weight;
            }
            int token = c * BLOCK;
            for (int last = std::min(V, token + BLOCK) - 1; token < last; token++) {
                before += weights[c][token - c * BLOCK];
                if (before > target) break;
            }
            tokens[r] = token;
            logprobs[r] = float(double((widen(row[token]) - top) * inverse) - __builtin_log(total));
        }
    }
}

// RMS norm of one row with the roundings of models/decoder.py: the scaled row, then its product with the weight.
template <typename T>
static void norm_row(const T* x, const T* weight, float eps, int width, T* out) {
    Floats lanes = {};
    int whole = width / BLOCK * BLOCK;
    for (int d = 0; d < whole; d += BLOCK) lanes += load(x + d) * load(x + d);
    float total = sum(lanes);
    for (int d = whole; d < width; d++) total += widen(x[d]) * widen(x[d]);
    float inverse = 1.0f / __builtin_sqrtf(total / width + eps);
    for (int d = 0; d < whole; d += BLOCK) store(rounded<T>(load(x + d) * inverse) * load(weight + d), out + d);
    for (int d = whole; d < width; d++) narrow(rounded<T>(widen(x[d]) * inverse) * widen(weight[d]), out + d);
}

template <typename T>
static void norm(const T* x, const T* weight, float eps, int rows, int width, int threads, T* out) {
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int r = 0; r < rows; r++) norm_row(x + int64_t(r) * width, weight, eps, width, out + int64_t(r) * width);
}

// silu(first half) times second half of one row, rounded after each as torch does.
template <typename T>
static void gate_row(const T* first, int width, T* to) {
    const T* second = first + width;
    int d = 0;
    for (; d + BLOCK <= width; d += BLOCK) {
        Floats x = load(first + d), small = exp_negative(x > 0 ? -x : x);
        Floats sigmoid = (x > 0 ? Floats{} + 1.0f : small) / (small + 1.0f);
        store(rounded<T>(x * sigmoid) * load(second + d), to + d);
    }
    for (; d < width; d++) {
        float x = widen(first[d]);
        narrow(rounded<T>(x / (1.0f + __builtin_expf(-x))) * widen(second[d]), to + d);
    }
}

template <typename T>
static void gate(const T* both, int rows, int width, int threads, T* out) {
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int r = 0; r < rows; r++) gate_row(both + int64_t(r) * 2 * width, width, out + int64_t(r) * width);
}

extern "C" {
#define AHA_EXPORT(T, NAME)                                                                                            \
    void attend_##NAME(const T* q, const T* keys, const T* values, const int32_t* tables, const int32_t* lengths,      \
                       int rows, int heads, int num_kv, int D, int table_width, float scale, int threads, T* out) {    \
        attend<T>(q, keys, values, tables, lengths, rows, heads, num_kv, D, table_width, scale, threads, out);         \
    }                                                                                                                  \
    void draw_##NAME(const T* logits, const float* temperatures, const float* top_ps, const float* uniforms, int rows, \
                     int V, int threads, int64_t* tokens, float* logprobs) {                                           \
        draw<T>(logits, temperatures, top_ps, uniforms, rows, V, threads, tokens, logprobs);                           \
    }                                                                                                                  \
    void norm_##NAME(const T* x, const T* weight, float eps, int rows, int width, int threads, T* out) {               \
        norm<T>(x, weight, eps, rows, width, threads, out);                                                            \
    }                                                                                                                  \
    void gate_##NAME(const T* both, int rows, int width, int threads, T* out) {                                        \
        gate<T>(both, rows, width, threads, out);                                                                      \
    }
AHA_EXPORT(float, float32)
AHA_EXPORT(bf16, bfloat16)
}
