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
     {"8e5f1c55563f49d4e0a3e3d988dc24692bdaafd7b5155eb6b2aafd7f36c79a87",
      "846e3d082ccd299b48ec2440b7db191c1fec2eed60efd8df9515f22be71239f6",
      "0b287de1834f2bf3b3b0d324d9d7b94a72f9de10469f1fefdebbfb56bca818f8"}},
    {"leaky_relu",
     {"cdda8dca305e029dc16db2b9ef451bc9f8184e086d0b901e8fbc4d765d1284e5",
      "40225c7ea9a99d71dac7d7bea9c21870345b946c208ad115f7d97cd6c8c4e1fe",
      "837fdbae6f09de618a3481c180518de2785b3d3bc0db5f1158ed54c52aab6087"}},
    {"sigmoid",
     {"9bc24e3cc4e44598635cafebc082fc51278ed3a70219a0a9f97d38395d40effe",
      "de6c3ab74aaf58e31b490fd554570de63a86089d151cdedc55e5578e4eb4d2e1",
      "f01d86d6765943079fd7c89e3b0b564d8a543fcd335d17deb7460571ef9068c7"}},
    {"tanh",
     {"1d1eaa5b56a371b64d26db1b81f35e7d26bf266dae6b7825d78fc886aebf2b82",
      "8f3f63bf16d559c682c524d1dddd34e15b2f9b7573183610e2930128069f64d4",
      "60846f5eb837a5b3221f13d0736799f034bd75ece7a8bf08e0fa3bfdab5fbf00"}},
    {"elu",
     {"21c4de49e807ba2803fc28f4df347fa0be6a694439cafa5b52500da885f936ec",
      "0868cd0aa90eb3ba52ecf869142efd23ec61f58744a97f911d1b50f261295cdc",
      "87c55d27f98309865c1a67e2e3c47f0b3745a0ce9f2e51bb8a735062a96da714"}},
    {"softplus",
     {"11d6f4bd332e85475a55433049e21ea54e9e8e1e853426033d156239a38a8725",
      "f9e7abe7fcd44c7e7c6d54d6181f147bbee357c66cf822309b05f62b3d9c1a8a",
      "d9232aad390c93a43d10b64dbbb90f930fdf6b8f16f45fe2b43ad6c9d7119be0"}},
    {"silu",
     {"386501a9fad130072a5d65222fa2d28cdb5878c1354188f50e96aa643ad0fa87",
      "8ada519c4ffcdb868c4f174fcf5bd55b9e41dd36c5258d3f1d866ed0068f3626",
      "2fcf7c24d49560096f9edcae37ea33e8b5b580bbdd16272df0c457b51e686fa0"}},
    {"gelu",
     {"95f74d1e8d1f53545a93de347c63d7809a7806a12e3f64c67a2f7cace389e742",
      "54233828f2a16febc0ed9bd8b2637b3ab508312f0aba3f5f7c9292e5cd82e5b8",
      "a9977ec7882aa0c78affe1fce89becb1cb63cd5e36fac492d0dc2f5bc5b13b52"}},
    {"sigmoid_derivative",
     {"67ac38cf6d34e02e8c04060cd6dd1e4ffd1a290b6e239dd711bd3d20d9cbd2da",
      "c6540d89c45bfb026ab6ce76ea5cccb5515ee436017178d55eab2235b844a10c",
      "51972c320f5fdcb08edf327b2d214ef82832e3235b2657c4c34dd9d60caf9ed9"}},
    {"tanh_derivative",
     {"8767213d6f2b20e3e3622ca44f922a95ea6d0fc87506c62169a2196f2625f40e",
      "b77422316c4b2429bdc56cf0aeabdddf978d9b93a2834e3d01491a76a900432c",
      "331f36acf5d0a89366474b99540160c48b7def5e96c3c9d336ee450e1106b3a0"}},
    {"elu_derivative",
     {"3cde8ed5b077e95265e1648526cfc089b8e832e0a034339501dad15efe66ef54",
      "f89f9394243c24684adad2ff418843c8993e13adc9688fd0a73e4e0dd1ac4a96",
      "e0a58170addc0d6a15e3bbc8913d6f38b57bfa4486a7d8113f67526d998bf322"}},
    {"softplus_derivative",
     {"944eec2e305617cffb6358eb4a8d12277e35cac8a0f6fc084938949be75cc5c8",
      "dd5c45662d38625db69aff07175715e8753a10b72494ebd3eedbdc4087faf23d",
      "363fae284ea7bc77ac708157628a197bbb3dfc8cc067e4a7287311813fd6893b"}},
    {"silu_derivative",
     {"2b925e0b667bb09961548a5633f3c312c0c209da4a69c7f846daaac0351ccfa9",
      "a0f86c36e15cc93177c42a4184e5fefbf07a4e16b333a19b216032bc5c7f13dc",
      "8c8eba04e235668fe7aa9511323d8e18c7257c09d9c93a72288c0f5b87ae836b"}},
    {"gelu_derivative",
     {"68a8ef86678328b132e59dca8242ff384286e9fd36bbd67c6c71f2d4d7f41b98",
      "8ddbd495e20bc43489b7098c7e4e8d9b63652924fd81d109cc48df9131c00fe8",
      "d927e6795970a2a950e557c592b919e667abfd88f61f3081b6df30375ea46771"}},
};

const char *ulp_recorded_digest(const struct ulp_function *f, uint32_t step) {
    for (size_t s = 0; s < STEPS; s++)
        for (size_t i = 0; i < sizeof digests / sizeof *digests; i++)
            if (steps[s] == step && strcmp(digests[i].function, f->name) == 0)
                return digests[i].sha256[s];
    return NULL;
}
