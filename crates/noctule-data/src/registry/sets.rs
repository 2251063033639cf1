//! The table of known sets: names, sizes, addresses and checksums.

use noctule_core::Shape;

use crate::registry::known_set::{FilePair, Generator, KnownFile, KnownSet, NamePair, Source};

const DIGITS: Shape = Shape {
    height: 28,
    width: 28,
    channels: 1,
};

pub(super) const EMNIST_BALANCED: KnownSet = KnownSet {
    name: "emnist-balanced",
    description: "handwritten digits and letters, 28 x 28 grey pixels",
    licence: "none stated by NIST; drawn from its Special Database 19",
    homepage: "https://www.nist.gov/itl/products-and-services/emnist-dataset",
    shape: DIGITS,
    classes: 47,
    train_samples: 112_800,
    validation_samples: 0,
    test_samples: 18_800,
    torchvision: Some("EMNIST/raw"),
    source: Source::Emnist {
        base_url: "https://biometrics.nist.gov/cs_links/EMNIST/",
        archive: KnownFile {
            name: "gzip.zip",
            bytes: 561_753_746,
            sha256: "fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e",
            unpacked_sha256: None,
        },
        folder: "gzip/",
        train: NamePair {
            images: "emnist-balanced-train-images-idx3-ubyte.gz",
            labels: "emnist-balanced-train-labels-idx1-ubyte.gz",
        },
        test: NamePair {
            images: "emnist-balanced-test-images-idx3-ubyte.gz",
            labels: "emnist-balanced-test-labels-idx1-ubyte.gz",
        },
        matlab: "emnist-balanced.mat",
    },
};

pub(super) const MNIST: KnownSet = KnownSet {
    name: "mnist",
    description: "handwritten digits, 28 x 28 grey pixels",
    licence: "CC BY-SA 3.0",
    homepage: "http://yann.lecun.com/exdb/mnist/",
    shape: DIGITS,
    classes: 10,
    train_samples: 60_000,
    validation_samples: 0,
    test_samples: 10_000,
    torchvision: Some("MNIST/raw"),
    source: Source::Idx {
        base_url: "https://ossci-datasets.s3.amazonaws.com/mnist/",
        train: &FilePair {
            images: KnownFile {
                name: "train-images-idx3-ubyte.gz",
                bytes: 9_912_422,
                sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                unpacked_sha256: Some(
                    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                ),
            },
            labels: KnownFile {
                name: "train-labels-idx1-ubyte.gz",
                bytes: 28_881,
                sha256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                unpacked_sha256: Some(
                    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                ),
            },
        },
        test: &FilePair {
            images: KnownFile {
                name: "t10k-images-idx3-ubyte.gz",
                bytes: 1_648_877,
                sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                unpacked_sha256: Some(
                    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                ),
            },
            labels: KnownFile {
                name: "t10k-labels-idx1-ubyte.gz",
                bytes: 4_542,
                sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
                unpacked_sha256: Some(
                    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
                ),
            },
        },
    },
};

pub(super) const FASHION_MNIST: KnownSet = KnownSet {
    name: "fashion-mnist",
    description: "pictures of clothes, 28 x 28 grey pixels",
    licence: "MIT",
    homepage: "https://github.com/zalandoresearch/fashion-mnist",
    shape: DIGITS,
    classes: 10,
    train_samples: 60_000,
    validation_samples: 0,
    test_samples: 10_000,
    torchvision: Some("FashionMNIST/raw"),
    source: Source::Idx {
        base_url: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        train: &FilePair {
            images: KnownFile {
                name: "train-images-idx3-ubyte.gz",
                bytes: 26_421_880,
                sha256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                unpacked_sha256: None,
            },
            labels: KnownFile {
                name: "train-labels-idx1-ubyte.gz",
                bytes: 29_515,
                sha256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                unpacked_sha256: Some(
                    "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                ),
            },
        },
        test: &FilePair {
            images: KnownFile {
                name: "t10k-images-idx3-ubyte.gz",
                bytes: 4_422_102,
                sha256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                unpacked_sha256: None,
            },
            labels: KnownFile {
                name: "t10k-labels-idx1-ubyte.gz",
                bytes: 5_148,
                sha256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
                unpacked_sha256: Some(
                    "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
                ),
            },
        },
    },
};

pub(super) const SPIKE_ORDER: KnownSet = KnownSet {
    name: "spike-order",
    description: "two samples of four spikes that differ in spike order, a test of convergence",
    licence: "generated, none needed",
    homepage: "https://arxiv.org/abs/2212.09500",
    shape: Shape {
        height: 1,
        width: 4,
        channels: 1,
    },
    classes: 2,
    train_samples: 2,
    validation_samples: 0,
    test_samples: 2,
    torchvision: None,
    source: Source::Generated(Generator::SpikeOrder),
};

pub(super) const YIN_YANG: KnownSet = KnownSet {
    name: "yin-yang",
    description: "points in a yin-yang symbol, generated from a seed",
    licence: "generated, none needed",
    homepage: "https://arxiv.org/abs/2102.08211",
    shape: Shape {
        height: 1,
        width: 4,
        channels: 1,
    },
    classes: 3,
    train_samples: 5_000,
    validation_samples: 1_000,
    test_samples: 1_000,
    torchvision: None,
    source: Source::Generated(Generator::YinYang),
};
