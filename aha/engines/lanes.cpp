// Numbers sixteen at a time, in fp32 and bf16.
#include <algorithm>
#include <cstdint>
#include <cstring>
#ifdef __AVX512F__
#include <immintrin.h>
#endif

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
#ifdef __AVX512F__  // one instruction where g++ 12 makes five of the lines below
    return (Floats)_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i*)from)), 16);
#else
    Halves x;
    std::memcpy(&x, from, 32);
    return (Floats)(__builtin_convertvector(x, Words) << 16);
#endif
}
static inline Words nearest(Floats x) {  // the bits of x rounded to bf16, to nearest even
    Words bits = (Words)x;
    return (bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000;
}
static inline void store(Floats x, float* to) { std::memcpy(to, &x, 64); }
static inline void store(Floats x, bf16* to) {
    Halves high = __builtin_convertvector(nearest(x) >> 16, Halves);
    std::memcpy(to, &high, 32);
}
template <typename T>
static inline Floats rounded(Floats x) { return sizeof(T) == 2 ? (Floats)nearest(x) : x; }
template <typename T>
static inline float rounded(float x) {
    T y;
    narrow(x, &y);
    return widen(y);
}
static inline Floats larger(Floats a, Floats b) { return a > b ? a : b; }
static inline float sum(Floats x) {
    for (int half = BLOCK / 2; half; half /= 2)
        for (int t = 0; t < half; t++) x[t] += x[t + half];
    return x[0];
}
static inline float largest(Floats x) {
    for (int half = BLOCK / 2; half; half /= 2)
        for (int t = 0; t < half; t++) x[t] = std::max(x[t], x[t + half]);
    return x[0];
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
