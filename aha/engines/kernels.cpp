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

// e^x for x <= 0, relative error below 3e-7.
static inline float exp_negative(float x) {
    x = std::max(x, -87.0f);
    int whole = int(x * 1.44269504f - 0.5f);
    float r = x - float(whole) * 0.693359375f + float(whole) * 2.12194440e-4f;
    float y = 1.9875691500e-4f;
    y = y * r + 1.3981999507e-3f;
    y = y * r + 8.3334519073e-3f;
    y = y * r + 4.1665795894e-2f;
    y = y * r + 1.6666665459e-1f;
    y = y * r + 5.0000001201e-1f;
    y = y * r * r + r + 1.0f;
    uint32_t bits = uint32_t(whole + 127) << 23;
    float scale;
    std::memcpy(&scale, &bits, 4);
    return y * scale;
}

// One query row and one key-value head with its `group` query heads.
// keys: [blocks, kv, D, BLOCK] (transposed inside a block), values: [blocks, kv, BLOCK, D].
template <typename T>
static void attend_head(const T* q, const T* keys, const T* values, const int32_t* table, int length, int group, int kv,
                        int num_kv, int D, float scale, float* scores, float* sums, T* out) {
    int blocks = (length + BLOCK - 1) / BLOCK, padded = blocks * BLOCK;
    for (int b = 0; b < blocks; b++) {
        const T* block = keys + (int64_t(table[b]) * num_kv + kv) * D * BLOCK;
        for (int g = 0; g < group; g++) {
            float acc[BLOCK] = {0};
            for (int d = 0; d < D; d++) {
                float x = widen(q[g * D + d]);
                for (int t = 0; t < BLOCK; t++) acc[t] += x * widen(block[d * BLOCK + t]);
            }
            for (int t = 0; t < BLOCK; t++) scores[g * padded + b * BLOCK + t] = acc[t] * scale;
        }
    }
    for (int g = 0; g < group; g++) {
        float* row = scores + g * padded;
        float top = row[0], total = 0;
        for (int t = 1; t < length; t++) top = std::max(top, row[t]);
        for (int t = length; t < padded; t++) row[t] = -1e30f;
        float lanes[BLOCK] = {0};
        for (int b = 0; b < blocks; b++)
            for (int t = 0; t < BLOCK; t++) {
                float p = exp_negative(row[b * BLOCK + t] - top);
                row[b * BLOCK + t] = p;
                lanes[t] += p;
            }
        for (int t = 0; t < BLOCK; t++) total += lanes[t];
        float* acc = sums + g * D;
        std::fill(acc, acc + D, 0.0f);
        for (int t = 0; t < length; t++) {
            const T* value = values + ((int64_t(table[t / BLOCK]) * num_kv + kv) * BLOCK + t % BLOCK) * D;
            float p = row[t];
            for (int d = 0; d < D; d++) acc[d] += p * widen(value[d]);
        }
        float inverse = 1.0f / total;
        for (int d = 0; d < D; d++) narrow(acc[d] * inverse, out + g * D + d);
    }
}

template <typename T>
static void attend(const T* q, const T* keys, const T* values, const int32_t* tables, const int32_t* lengths, int rows,
                   int heads, int num_kv, int D, int table_width, float scale, int threads, T* out) {
    int group = heads / num_kv, longest = 0;
    for (int r = 0; r < rows; r++) longest = std::max(longest, int(lengths[r]));
    int padded = (longest + BLOCK - 1) / BLOCK * BLOCK;
#pragma omp parallel num_threads(threads)
    {
        std::vector<float> scores(size_t(group) * padded), sums(size_t(group) * D);
#pragma omp for schedule(dynamic, 4)
        for (int task = 0; task < rows * num_kv; task++) {
            int r = task / num_kv, kv = task % num_kv;
            int64_t at = (int64_t(r) * heads + kv * group) * D;
            attend_head(q + at, keys, values, tables + int64_t(r) * table_width, lengths[r], group, kv, num_kv, D,
                        scale, scores.data(), sums.data(), out + at);
        }
    }
}

// Token and log-prob by inverse CDF over softmax(logits / temperature): the first token whose cumulated weight exceeds
// u times the whole. Weights are kept per row so that the search reads what the sum read.
template <typename T>
static void draw(const T* logits, const float* temperatures, const float* uniforms, int rows, int V, int threads,
                 int64_t* tokens, float* logprobs) {
#pragma omp parallel num_threads(threads)
    {
        std::vector<float> weights(V + BLOCK);
#pragma omp for schedule(static)
        for (int r = 0; r < rows; r++) {
            const T* row = logits + int64_t(r) * V;
            float inverse = 1.0f / temperatures[r];
            float tops[BLOCK];
            std::fill(tops, tops + BLOCK, -3e38f);
            int V16 = V / BLOCK * BLOCK;
            for (int v = 0; v < V16; v += BLOCK)
                for (int t = 0; t < BLOCK; t++) tops[t] = std::max(tops[t], widen(row[v + t]));
            for (int v = V16; v < V; v++) tops[0] = std::max(tops[0], widen(row[v]));
            float top = *std::max_element(tops, tops + BLOCK);
            for (int v = 0; v < V; v++) weights[v] = exp_negative((widen(row[v]) - top) * inverse);
            std::fill(weights.begin() + V, weights.end(), 0.0f);
            double total = 0;
            int chunks = (V + BLOCK - 1) / BLOCK;
            auto chunk_sum = [&](int c) {
                float sum = 0;
                for (int t = 0; t < BLOCK; t++) sum += weights[c * BLOCK + t];
                return sum;
            };
            for (int c = 0; c < chunks; c++) total += chunk_sum(c);
            double target = double(uniforms[r]) * total, before = 0;
            int c = 0;
            for (; c + 1 < chunks; c++) {
                double sum = chunk_sum(c);
                if (before + sum > target) break;
                before += sum;
            }
            int token = c * BLOCK;
            for (int last = std::min(V, token + BLOCK) - 1; token < last; token++) {
                before += weights[token];
                if (before > target) break;
            }
            tokens[r] = token;
            logprobs[r] = float(double((widen(row[token]) - top) * inverse) - __builtin_log(total));
        }
    }
}

extern "C" {
#define AHA_EXPORT(T, NAME)                                                                                            \
    void attend_##NAME(const T* q, const T* keys, const T* values, const int32_t* tables, const int32_t* lengths,      \
                       int rows, int heads, int num_kv, int D, int table_width, float scale, int threads, T* out) {    \
        attend<T>(q, keys, values, tables, lengths, rows, heads, num_kv, D, table_width, scale, threads, out);         \
    }                                                                                                                  \
    void draw_##NAME(const T* logits, const float* temperatures, const float* uniforms, int rows, int V, int threads,  \
                     int64_t* tokens, float* logprobs) {                                                               \
        draw<T>(logits, temperatures, uniforms, rows, V, threads, tokens, logprobs);                                   \
    }
AHA_EXPORT(float, float32)
AHA_EXPORT(bf16, bfloat16)
}
