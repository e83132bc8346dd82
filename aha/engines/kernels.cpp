// Decode attention over a paged cache, and drawing from softmax, for CPUs. Plain loops that the compiler vectorises.
#include <cstdint>
#include <cstring>
#include <algorithm>
#include <vector>

constexpr int BLOCK = 16;  // tokens a block, as in cache.py

struct bf16 { uint16_t bits; };

static inline float widen(float x) { return x; }
static inline float widen(bf16 x) {
    uint32_t bits = uint32_t(x.bits) << 16;
    float out;
    std::memcpy(&out, &bits, 4);
    return out;
}
static inline void narrow(float x, float* out) { *out = x; }
static inline void narrow(float x, bf16* out) {  // round to nearest even
    uint32_t bits;
    std::memcpy(&bits, &x, 4);
    out->bits = uint16_t((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// 16 lanes; the compiler maps them to whatever the machine has.
typedef float Floats __attribute__((vector_size(64)));
typedef int32_t Ints __attribute__((vector_size(64)));
typedef uint32_t Words __attribute__((vector_size(64)));
typedef uint16_t Halves __attribute__((vector_size(32)));

static inline Floats load(const float* from) {
    Floats x;
    std::memcpy(&x, from, 64);
    return x;
}
static inline Floats load(const bf16* from) {
    Halves x;
    std::memcpy(&x, from, 32);
    return (Floats)(__builtin_convertvector(x, Words) << 16);
}
static inline Floats larger(Floats a, Floats b) { return a > b ? a : b; }
static inline float sum(Floats x) {
    float total = 0;
    for (int t = 0; t < BLOCK; t++) total += x[t];
    return total;
}

// e^x for x <= 0, relative error below 3e-7.
static inline Floats exp_negative(Floats x) {
    x = larger(x, Floats{} - 87.0f);
    Ints whole = __builtin_convertvector(x * 1.44269504f - 0.5f, Ints);
    Floats n = __builtin_convertvector(whole, Floats);
    Floats r = x - n * 0.693359375f + n * 2.12194440e-4f;
    Floats y = r * 1.9875691500e-4f + 1.3981999507e-3f;
    y = y * r + 8.3334519073e-3f;
    y = y * r + 4.1665795894e-2f;
    y = y * r + 1.6666665459e-1f;
    y = y * r + 5.0000001201e-1f;
    y = y * r * r + r + 1.0f;
    return y * (Floats)((whole + 127) << 23);
}

// One query row and one key-value head, whose G query heads read it together.
// keys: [blocks, kv, D, BLOCK] (transposed inside a block), values: [blocks, kv, BLOCK, D].
template <typename T, int G>
static void attend_group(const T* q, const T* keys, const T* values, const int32_t* table, int length, int kv,
                         int num_kv, int D, float scale, Floats* scores, T* out) {
    int blocks = (length + BLOCK - 1) / BLOCK;
    for (int b = 0; b < blocks; b++) {
        const T* block = keys + (int64_t(table[b]) * num_kv + kv) * D * BLOCK;
        Floats acc[G] = {};
        for (int d = 0; d < D; d++) {
            Floats k = load(block + d * BLOCK);
            for (int g = 0; g < G; g++) acc[g] += widen(q[g * D + d]) * k;
        }
        for (int g = 0; g < G; g++) scores[g * blocks + b] = acc[g] * scale;
    }
    float inverse[G];
    for (int g = 0; g < G; g++) {
        Floats* row = scores + g * blocks;
        for (int t = length - (blocks - 1) * BLOCK; t < BLOCK; t++) row[blocks - 1][t] = -3e38f;
        Floats tops = row[0], totals = {};
        for (int b = 1; b < blocks; b++) tops = larger(tops, row[b]);
        float top = tops[0];
        for (int t = 1; t < BLOCK; t++) top = std::max(top, tops[t]);
        for (int b = 0; b < blocks; b++) totals += row[b] = exp_negative(row[b] - top);
        inverse[g] = 1.0f / sum(totals);
    }
    const float* weights = reinterpret_cast<const float*>(scores);
    int d = 0;
    for (; d + BLOCK <= D; d += BLOCK) {
        Floats acc[G] = {};
        for (int t = 0; t < length; t++) {
            Floats v = load(values + ((int64_t(table[t / BLOCK]) * num_kv + kv) * BLOCK + t % BLOCK) * D + d);
            for (int g = 0; g < G; g++) acc[g] += weights[g * blocks * BLOCK + t] * v;
        }
        for (int g = 0; g < G; g++)
            for (int t = 0; t < BLOCK; t++) narrow(acc[g][t] * inverse[g], out + g * D + d + t);
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
        std::vector<Floats> scores(size_t(4) * blocks);
#pragma omp for schedule(dynamic, 4)
        for (int task = 0; task < rows * num_kv; task++) {
            int r = task / num_kv, kv = task % num_kv;
            int64_t at = (int64_t(r) * heads + kv * group) * D;
            attend_head(q + at, keys, values, tables + int64_t(r) * table_width, lengths[r], group, kv, num_kv, D,
                        scale, scores.data(), out + at);
        }
    }
}

// Zero the weights below the smallest of the likeliest that reach top_p of the total; returns what is left. Weights below
// (1 - top_p) total / V cannot be needed: all of them together stay below what may be cut.
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
static void draw(const T* logits, const float* temperatures, const float* top_ps, const float* uniforms, int rows, int V,
                 int threads, int64_t* tokens, float* logprobs) {
#pragma omp parallel num_threads(threads)
    {
        int chunks = (V + BLOCK - 1) / BLOCK;
        std::vector<Floats> weights(chunks);
        std::vector<float> likely;
#pragma omp for schedule(static)
        for (int r = 0; r < rows; r++) {
            const T* row = logits + int64_t(r) * V;
            float inverse = 1.0f / temperatures[r], top = -3e38f;
            for (int c = 0; c < chunks; c++) {
                weights[c] = Floats{} - 3e38f;
                if ((c + 1) * BLOCK <= V) weights[c] = load(row + c * BLOCK);
                else for (int t = 0; c * BLOCK + t < V; t++) weights[c][t] = widen(row[c * BLOCK + t]);
            }
            Floats tops = weights[0];
            for (int c = 1; c < chunks; c++) tops = larger(tops, weights[c]);
            for (int t = 0; t < BLOCK; t++) top = std::max(top, tops[t]);
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

// RMS norm with the roundings of models/decoder.py: the scaled row, then its product with the weight.
template <typename T>
static void norm(const T* x, const T* weight, float eps, int rows, int width, int threads, T* out) {
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int r = 0; r < rows; r++) {
        const T* row = x + int64_t(r) * width;
        float lanes[BLOCK] = {0}, total = 0;
        int whole = width / BLOCK * BLOCK;
        for (int d = 0; d < whole; d += BLOCK)
            for (int t = 0; t < BLOCK; t++) lanes[t] += widen(row[d + t]) * widen(row[d + t]);
        for (int t = 0; t < BLOCK; t++) total += lanes[t];
        for (int d = whole; d < width; d++) total += widen(row[d]) * widen(row[d]);
        float inverse = 1.0f / __builtin_sqrtf(total / width + eps);
        for (int d = 0; d < width; d++) {
            T scaled;
            narrow(widen(row[d]) * inverse, &scaled);
            narrow(widen(scaled) * widen(weight[d]), out + int64_t(r) * width + d);
        }
    }
}

// silu(first half) times second half of each row, rounded after each as torch does.
template <typename T>
static void gate(const T* both, int rows, int width, int threads, T* out) {
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int r = 0; r < rows; r++) {
        const T *first = both + int64_t(r) * 2 * width, *second = first + width;
        T* to = out + int64_t(r) * width;
        int d = 0;
        for (; d + BLOCK <= width; d += BLOCK) {
            Floats x = load(first + d), small = exp_negative(x > 0 ? -x : x);
            Floats sigmoid = (x > 0 ? Floats{} + 1.0f : small) / (small + 1.0f), up = load(second + d);
            Floats silu = x * sigmoid;
            for (int t = 0; t < BLOCK; t++) {
                T rounded;
                narrow(silu[t], &rounded);
                narrow(widen(rounded) * up[t], to + d + t);
            }
        }
        for (; d < width; d++) {
            float x = widen(first[d]);
            T rounded;
            narrow(x / (1.0f + __builtin_expf(-x)), &rounded);
            narrow(widen(rounded) * widen(second[d]), to + d);
        }
    }
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
