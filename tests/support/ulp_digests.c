/* SPDX-License-Identifier: BSD-3-Clause */
/* What `ulp` printed for its recorded steps. If a change to the arithmetic is intended, put the new digests here. */
#include "ulp.h"

#include <string.h>

static const uint32_t steps[] = {1, 257, 4099}; /* 1 is every float */

enum { STEPS = sizeof steps / sizeof *steps };

static const struct {
    const char *function, *sha256[STEPS];
} digests[] = {
    {"exp",
     {"bf0c5ad3f5e160ad3abcb9eeb1372230d75b112654c004040d855c07eda8ad32",
      "932c088f0dd55a6c1e745a30fce130afa2d19088810693c5ca2e53b312dcd620",
      "5526c05bbf5d9b94397318ec00457b7ca1b68b37dc7b39acfdd7356aefb5a8ee"}},
    {"expm1",
     {"602063f916115abcf9e1094ac5f804740d70b78925deebac85875e9317fbbcf5",
      "874d10d73f9870d561e13a60dec7256a6d30bf25c8b3bb55b67ca04ca1c79b37",
      "3dd5c3942991cacb2f92218e4571df3976628550270791a5b53205910dd75fa5"}},
    {"log",
     {"b994f149b1cdda0c6ef4ab570d025a89998170b870a25fd66e72ec2288f847b6",
      "f96ef0abdbf690be8f7c7db4c3fdfd7ff7e04874ace162eecdb76d481cbcd887",
      "c0682bdb4ffb86b4690c34cf8f646416a574a23d0732f71fd82366a29cafd1c2"}},
    {"log1p",
     {"b64e24f4a53311d5e04045f92ba70cda97b447463e9700b50b239b1831af788e",
      "f986c49e53977ab578d73336c4ab98b0ce5e20d62fc3b53bd901ab41a8850ec4",
      "6a0fe02347afe6b68490df51455756c3f3013cc50af3347f321f710216d2ccc5"}},
    {"erfc",
     {"0cb9c932f83fd027a5bcd7cff90d4240d4096dfd967e1256b960e49391065549",
      "fb2654708258a104a90414afcc401b41054880e41b57072bcdf1d3b645686a76",
      "7c3859d339da31f45cfc6c686d29bbcfa8fdaa419686bd4eb620760f6bc9ed6b"}},
    {"cospi",
     {"40f3d35c85e04fc8dbda6ac4f82f188d8eced554a6168658ff9387a6444be1e1",
      "5bd79b436bfb461b60e5a828cf68cf5cb8442517eca0ba8f83f4f72b8a95dbe6",
      "299049de86e43a067cb369cf3da36fff42eef45b27adca92374f1ea4c1d950a0"}},
    {"identity",
     {"8b46ae75d4a5dd88a860e9360cae7e7709f27886faef62776bfbd1e3e842174d",
      "d4d3ae44143465b40bab3e28fa64c509a47e1b7e59172c1dc5204454364e50b0",
      "478542a1481edeaa8e08030591b23379e95afaf0a49fb31d7d6cb0af2a233192"}},
    {"relu",
     {"546fb17207e600f652b0c8f97b8355291b905472f0b0ff7730fb27ddd4df1ef6",
      "d5b9492dda1e8bf8d95a43c3eb591526434d25c5f05fd232023ba760ea9007f1",
      "31f6240796231b7ad9492b40dcdbdee4f1f09f92bc404deb8aba1382cebfc092"}},
    {"leaky_relu",
     {"caa167c6d0b5f10c12e3d0c1f2f8b9417b0d0d32d61e9d4e1e0452f244e63047",
      "c49f703f8efd6a61c682a2ca21733432526b91461bf25fa7684b5c0bd1f87fde",
      "1f95ddc8a67feeb48bf5cf5a9d098272d48363863a1676a23449550f168245ee"}},
    {"sigmoid",
     {"b7eba1f4cde2cbfc65441ac8bb887a41a048acf9f33d58f4eb4675f7e74cb157",
      "7e6f394656afde6ee8e21e1741c49408f5f0b9b8d5daf21d4d15d24acd7d7758",
      "f3c5f20bf93636d721028b2113de6f6feba2724068d1b588b7ec01bee2838a2a"}},
    {"tanh",
     {"d10fcd06de6857f1ca2cfe494f217bbd9d5ccf8013f481a8f7bb0291be75c578",
      "e047987786ca6492a9822a9a1d7b4cd186e081090363cbb31b1fb72a7cb079fd",
      "30942c6f8ac99968c3b5d9673f1fd88c019d7b1ce9b1cc91bb1131da9a387e0b"}},
    {"elu",
     {"dfa9dc916f8d667520e72ab5d94df0c27287e874f7c8a52cba859dd66001be8e",
      "09fc4da6ffa4e3c612b1808dd20c17486b8c0f5e1a55929bb48fea06cad9d379",
      "44899a73daa2b153f43d67be48e69e8f151d53b36ff3dbea751fa9bafa673639"}},
    {"softplus",
     {"a6e5f097a7db3e0bd2b99ab6c8bb89a49ad1bac923a50f5151db7f7df40ce72f",
      "470ba1efdc21349c00443803c444e933549ba3795736827ad98196ed612ad492",
      "f31e6318b618c976bba5d0f78a547561e66c5159c36f98ce16ed142185f44910"}},
    {"silu",
     {"c5792cca3bb28ec68178824d9b34e8e405ce766b8602e5a3ac5962e9ae6ea5af",
      "f4929be9d12c425bfeb5f0229b6407ec56fbc706ebed563564de7eea644fa3c7",
      "c0e07eac0569be8a0b30fa04bfc57ccd12d509e42eed9af275c2385c09758041"}},
    {"gelu",
     {"6058e7fe6d791a765833621d2d6bc88e8e1659beeaa7c4297f7db736d456c102",
      "895cb6a7ff3293731434851bff8466bbf4ed55d2eb1cd18bb1589b38dbd36661",
      "cff53dce1c7581bc690348f1838b65348f8c2cb39ef6da830ec7dbb798dfa0fa"}},
    {"exp_activation",
     {"7760c55719a0a353555721e39ecf2c194b33c4196e97752b0051aeae67511368",
      "bf9c2ca5089e018f64c73636b8f08165fcb8434b6191fcb9b2c4c8fdb66b1b2e",
      "1c4cc93a162081425de47be94c0ff159a75833c824db3969abfe5f82ad677028"}},
    {"sigmoid_derivative",
     {"d09efa26267312efe705559c81847c6d655cbda3f9a054fd7e5e50f048d9e1c9",
      "6061038d1753717c1dc64ee4e867135618bc996bce638b6563d4651d6bfdba49",
      "d0056b6ec3ff73f694beb7fb05fb03eedfa81b1ea6a9809de09ed501b87a436e"}},
    {"tanh_derivative",
     {"8767213d6f2b20e3e3622ca44f922a95ea6d0fc87506c62169a2196f2625f40e",
      "b77422316c4b2429bdc56cf0aeabdddf978d9b93a2834e3d01491a76a900432c",
      "331f36acf5d0a89366474b99540160c48b7def5e96c3c9d336ee450e1106b3a0"}},
    {"elu_derivative",
     {"3cde8ed5b077e95265e1648526cfc089b8e832e0a034339501dad15efe66ef54",
      "f89f9394243c24684adad2ff418843c8993e13adc9688fd0a73e4e0dd1ac4a96",
      "e0a58170addc0d6a15e3bbc8913d6f38b57bfa4486a7d8113f67526d998bf322"}},
    {"softplus_derivative",
     {"43df459c34e26ef4308f88e6db226fced4774f0263a06e34d5b3939cdd7b6ae1",
      "4cd3680e712165107ffee6c9219159ca9ce30e39f79d1d3f2750e4c55928ece3",
      "0b172fcf3a9692dffabcb547bfc8c2039800b3d1673afead94bfb7e9f292ce88"}},
    {"exp_derivative",
     {"2ff70e25a5489b589ca730a2c3154ff2d6eb7e3957eff0de9e088b77a03a4b3a",
      "e2fb0f3b1d7f8f3481a182b29dc1afd2866410b88aacc00853a7180a8c5910e1",
      "6862d9753d623afb48f860c6a0f5d494b40b2b45771da59fe0193f95eb9239c2"}},
    {"silu_derivative",
     {"ab51bf44f4780a2c98f352fff8fab52ebe2f3de54eff1c9b768347c0fe89f4b5",
      "3b2a6e5f9fd9c3a4bdc36f4e38d559d92966d94a2db59078f4be45a5ca69207e",
      "58cbae08c1d17d9f58eb1e3ddaaf6abf3d9c351261a6fee00339b2584361a339"}},
    {"gelu_derivative",
     {"521099432badcb62f411af751a75774313ea90a5930e13a7a6bca03d675a0c25",
      "a9fafd5c04750542636568959c372ae54d679d8675a628ac65149d49e6ffd6d7",
      "d5ee78a87972fdbd4187b498708e444834199440c65518fd781fa1c32aaa6369"}},
};

const char *ulp_recorded_digest(const struct ulp_function *f, uint32_t step) {
    for (size_t s = 0; s < STEPS; s++)
        for (size_t i = 0; i < sizeof digests / sizeof *digests; i++)
            if (steps[s] == step && strcmp(digests[i].function, f->name) == 0)
                return digests[i].sha256[s];
    return NULL;
}
