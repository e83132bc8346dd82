// The whole decoder for a list of tokens, one call: every thread takes its tokens through all layers by itself, since
// nothing but the cache passes from token to token. No token's sums depend on which others are computed beside it.
#include "kernels.cpp"

constexpr int CHUNK = 64;  // tokens that go through the layers together; their weights are read once
constexpr int ROWS = 6;    // the tile of a product that lives in registers: ROWS tokens by PANELS times 16 outputs
#ifdef __AVX512F__
constexpr int PANELS = 4;
#else
constexpr int PANELS = 1;
#endif

// What one step of a product reads: WIDTH inputs of a token, and as many weights of 16 outputs.
template <typename T>
struct Step {
    typedef Floats Weights;
    static constexpr int WIDTH = 1;
    static Weights read(const T* w) { return load(w); }
    static Floats add(Floats sum, const T* x, Weights w) { return sum + widen(*x) * w; }
};
#ifdef __AVX512BF16__
template <>
struct Step<bf16> {
    typedef __m512bh Weights;
    static constexpr int WIDTH = 2;
    static Weights read(const bf16* w) { return (__m512bh)_mm512_loadu_si512(w); }
    static Floats add(Floats sum, const bf16* x, Weights w) {
        int32_t pair;
        std::memcpy(&pair, x, 4);
        return (Floats)_mm512_dpbf16_ps((__m512)sum, (__m512bh)_mm512_set1_epi32(pair), w);
    }
};
#endif

// A linear layer: weights [panels][in / WIDTH][16][WIDTH], outputs padded with zeros to whole panels; bias may be null.
template <typename T>
struct Linear {
    const T *weights, *bias;
    int in, out;
};

// R tokens by C panels from output `o` on, rounded once; where ADD, added to what is there and rounded again, as torch.
template <typename T, int R, int C, bool ADD>
static void tile(const T* x, const Linear<T>& layer, int o, T* y) {
    Floats sums[R][C] = {};
    const T* w = layer.weights + int64_t(o) * layer.in;
    for (int k = 0; k < layer.in; k += Step<T>::WIDTH) {
        typename Step<T>::Weights words[C];
        for (int c = 0; c < C; c++) words[c] = Step<T>::read(w + (int64_t(c) * layer.in + k) * BLOCK);
        for (int r = 0; r < R; r++)
            for (int c = 0; c < C; c++) sums[r][c] = Step<T>::add(sums[r][c], x + r * layer.in + k, words[c]);
    }
    for (int r = 0; r < R; r++)
        for (int c = 0; c < C; c++) {
            int first = o + c * BLOCK;
            T* to = y + int64_t(r) * layer.out + first;
            if (first + BLOCK <= layer.out) {
                if (layer.bias) sums[r][c] += load(layer.bias + first);
                store(ADD ? load(to) + rounded<T>(sums[r][c]) : sums[r][c], to);
            } else
                for (int t = 0; first + t < layer.out; t++) {
                    float sum = sums[r][c][t] + (layer.bias ? widen(layer.bias[first + t]) : 0.0f);
                    narrow(ADD ? widen(to[t]) + rounded<T>(sum) : sum, to + t);
                }
        }
}

template <typename T, int C, bool ADD>
static void columns(const T* x, const Linear<T>& layer, int rows, int o, T* y) {
    int r = 0;
    for (; r + ROWS <= rows; r += ROWS) tile<T, ROWS, C, ADD>(x + r * layer.in, layer, o, y + int64_t(r) * layer.out);
    x += r * layer.in, y += int64_t(r) * layer.out;
    switch (rows - r) {
        case 5: return tile<T, 5, C, ADD>(x, layer, o, y);
        case 4: return tile<T, 4, C, ADD>(x, layer, o, y);
        case 3: return tile<T, 3, C, ADD>(x, layer, o, y);
        case 2: return tile<T, 2, C, ADD>(x, layer, o, y);
        case 1: return tile<T, 1, C, ADD>(x, layer, o, y);
    }
}

template <typename T, bool ADD = false>
static void apply(const Linear<T>& layer, const T* x, int rows, T* y) {
    int o = 0;
    for (; o + PANELS * BLOCK <= layer.out; o += PANELS * BLOCK) columns<T, PANELS, ADD>(x, layer, rows, o, y);
    for (; o < layer.out; o += BLOCK) columns<T, 1, ADD>(x, layer, rows, o, y);
}

// Rotary positions of one head, cos and sin of half its width, with the roundings of models/rotary.py.
template <typename T>
static void rotate(T* x, const T* cos, const T* sin, int half) {
    int d = 0;
    for (; d + BLOCK <= half; d += BLOCK) {
        Floats first = load(x + d), second = load(x + half + d), c = load(cos + d), s = load(sin + d);
        store(rounded<T>(first * c) + rounded<T>(-second * s), x + d);
        store(rounded<T>(second * c) + rounded<T>(first * s), x + half + d);
    }
    for (; d < half; d++) {
        float first = widen(x[d]), second = widen(x[half + d]), c = widen(cos[d]), s = widen(sin[d]);
        narrow(rounded<T>(first * c) + rounded<T>(-second * s), x + d);
        narrow(rounded<T>(second * c) + rounded<T>(first * s), x + half + d);
    }
}

// Sizes and weights as forward.py lays them out.
struct Shape {
    int64_t layers, width, heads, kv, head, mlp, vocabulary, blocks;
};
template <typename T>
struct Layer {
    const T *norm, *qkv, *qkv_bias, *q_norm, *k_norm, *out, *out_bias, *mlp_norm, *gate_up, *gate_up_bias, *down,
        *down_bias;
};
template <typename T>
struct Model {
    const T *embedding, *norm, *head, *cos, *sin;
    T *keys, *values;
    Layer<T> layers[1];  // as many as there are
};

// Where a token stands: its row of the block tables, and its position.
struct Token {
    int64_t id;
    int32_t row, position;
};

template <typename T>
struct Scratch {
    std::vector<T> x, normed, qkv, mixed, both, gated;
    std::vector<Floats> scores;
    void fit(const Shape& s, int table_width) {
        size_t heads = s.heads * s.head;
        x.resize(CHUNK * s.width), normed.resize(CHUNK * s.width), mixed.resize(CHUNK * heads);
        qkv.resize(CHUNK * (heads + 2 * s.kv * s.head));
        both.resize(CHUNK * 2 * s.mlp), gated.resize(CHUNK * s.mlp);
        scores.resize(std::max(scores.size(), scratch_size(table_width, s.head)));
    }
};

// Rotate, put keys and values into the cache, attend: `qkv` to `mixed` for `rows` tokens. All enter before any looks.
template <typename T>
static void attention(const Shape& s, const Model<T>& m, int layer, float eps, const Token* tokens, int rows,
                      const int32_t* tables, int table_width, Scratch<T>& own) {
    const Layer<T>& w = m.layers[layer];
    int D = s.head, heads = s.heads, kv = s.kv, line = (heads + 2 * kv) * D;
    T* keys = m.keys + int64_t(layer) * s.blocks * kv * D * BLOCK;
    T* values = m.values + int64_t(layer) * s.blocks * kv * D * BLOCK;
    for (int r = 0; r < rows; r++) {
        T* q = own.qkv.data() + r * line;
        int position = tokens[r].position, place = position % BLOCK;
        for (int h = 0; h < heads + kv; h++) {
            const T* scale = h < heads ? w.q_norm : w.k_norm;
            if (scale) norm_row(q + h * D, scale, eps, D, q + h * D);
            rotate(q + h * D, m.cos + int64_t(position) * (D / 2), m.sin + int64_t(position) * (D / 2), D / 2);
        }
        int64_t block = tables[int64_t(tokens[r].row) * table_width + position / BLOCK];
        for (int h = 0; h < kv; h++) {
            const T *k = q + (heads + h) * D, *v = q + (heads + kv + h) * D;
            int64_t at = (block * kv + h) * D * BLOCK;
            for (int d = 0; d < D; d++) keys[at + d * BLOCK + place] = k[d];
            std::copy(v, v + D, values + at + place * D);
        }
    }
    float scale = 1.0f / __builtin_sqrtf(float(D));
    for (int r = 0; r < rows; r++)
        for (int h = 0; h < kv; h++) {
            int group = heads / kv;
            attend_head(own.qkv.data() + r * line + h * group * D, keys, values,
                        tables + int64_t(tokens[r].row) * table_width, tokens[r].position + 1, group, h, kv, D, scale,
                        own.scores.data(), own.mixed.data() + (int64_t(r) * heads + h * group) * D);
        }
}

// At most CHUNK tokens through all layers; logits where wanted.
template <typename T>
static void chunk(const Shape& s, const Model<T>& m, float eps, const Token* tokens, int rows, const int32_t* tables,
                  int table_width, Scratch<T>& own, T* logits) {
    int width = s.width, mlp = s.mlp, heads = s.heads * s.head;
    T *x = own.x.data(), *normed = own.normed.data();
    auto norm_all = [&](const T* weight) {
        for (int r = 0; r < rows; r++) norm_row(x + r * width, weight, eps, width, normed + r * width);
    };
    for (int r = 0; r < rows; r++) std::copy_n(m.embedding + tokens[r].id * width, width, x + r * width);
    for (int i = 0; i < s.layers; i++) {
        const Layer<T>& w = m.layers[i];
        norm_all(w.norm);
        apply<T>({w.qkv, w.qkv_bias, width, heads + 2 * int(s.kv * s.head)}, normed, rows, own.qkv.data());
        attention(s, m, i, eps, tokens, rows, tables, table_width, own);
        apply<T, true>({w.out, w.out_bias, heads, width}, own.mixed.data(), rows, x);
        norm_all(w.mlp_norm);
        apply<T>({w.gate_up, w.gate_up_bias, width, 2 * mlp}, normed, rows, own.both.data());
        for (int r = 0; r < rows; r++) gate_row(own.both.data() + r * 2 * mlp, mlp, own.gated.data() + r * mlp);
        apply<T, true>({w.down, w.down_bias, mlp, width}, own.gated.data(), rows, x);
    }
    if (!logits) return;
    norm_all(m.norm);
    apply<T>({m.head, nullptr, width, int(s.vocabulary)}, normed, rows, logits);
}

// Tokens in jobs: job j is tokens [starts[j], starts[j + 1]), computed by one thread in their order.
template <typename T>
static void forward(const Shape& s, const Model<T>& m, float eps, const Token* tokens, const int32_t* starts, int jobs,
                    const int32_t* tables, int table_width, int threads, T* logits) {
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int j = 0; j < jobs; j++) {
        static thread_local Scratch<T> own;
        own.fit(s, table_width);
        for (int t = starts[j]; t < starts[j + 1]; t += CHUNK)
            chunk(s, m, eps, tokens + t, std::min(CHUNK, starts[j + 1] - t), tables, table_width, own,
                  logits ? logits + int64_t(t) * s.vocabulary : nullptr);
    }
}

extern "C" {
#define AHA_FORWARD(T, NAME)                                                                                          \
    int step_width_##NAME() { return Step<T>::WIDTH; }                                                                \
    void forward_##NAME(const Shape* shape, const Model<T>* model, float eps, const Token* tokens,                    \
                        const int32_t* starts, int jobs, const int32_t* tables, int table_width, int threads,         \
                        T* logits) {                                                                                  \
        forward<T>(*shape, *model, eps, tokens, starts, jobs, tables, table_width, threads, logits);                  \
    }
AHA_FORWARD(float, float32)
AHA_FORWARD(bf16, bfloat16)
}
