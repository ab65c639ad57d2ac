//! Which wheels libtorch is made of on each platform, and which of their files we keep.
//!
//! libtorch's own zips lie on a server that many networks cannot reach, while PyPI is everywhere;
//! the wheels there hold the same libraries. To move to another version: `pip download --no-deps
//! --only-binary=:all: --platform TAG --python-version 3.12 NAME==VERSION`, `pip hash` and
//! `unzip -lv` give every number below, `readelf -d` (or `objdump -p`) the libraries it needs.

/// The version that the `tch` in Cargo.toml is made for.
pub(crate) const VERSION: &str = "2.11.0";

/// A kind of machine that PyPI has a torch wheel for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Platform {
    LinuxX64,
    LinuxArm64,
    WindowsX64,
    MacosArm64,
}

/// One file on PyPI.
#[derive(Debug)]
pub(crate) struct Wheel {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// Its name on PyPI, which ends in `-PYTHON-ABI-PLATFORM.whl`.
    pub(crate) file: &'static str,
    pub(crate) bytes: u64,
    pub(crate) sha256: &'static str,
    pub(crate) keep: &'static [Kept],
}

/// A file (or, with a `/` at the end, a folder) of a wheel that we unpack.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Its path in the wheel.
    pub(crate) path: &'static str,
    pub(crate) bytes: u64,
    /// Needed for NVIDIA's GPUs only.
    pub(crate) cuda: bool,
}

const fn base(path: &'static str, bytes: u64) -> Kept {
    Kept {
        path,
        bytes,
        cuda: false,
    }
}

const fn cuda(path: &'static str, bytes: u64) -> Kept {
    Kept {
        path,
        bytes,
        cuda: true,
    }
}

impl Platform {
    pub(crate) const ALL: [Platform; 4] = [
        Platform::LinuxX64,
        Platform::LinuxArm64,
        Platform::WindowsX64,
        Platform::MacosArm64,
    ];

    /// The machine this runs on. The names are those of `std::env::consts`.
    pub(crate) fn of(os: &str, arch: &str, musl: bool) -> Option<Platform> {
        match (os, arch) {
            ("linux", "x86_64") if !musl => Some(Platform::LinuxX64),
            ("linux", "aarch64") if !musl => Some(Platform::LinuxArm64),
            ("windows", "x86_64") => Some(Platform::WindowsX64),
            ("macos", "aarch64") => Some(Platform::MacosArm64),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Platform::LinuxX64 => "linux-x64",
            Platform::LinuxArm64 => "linux-arm64",
            Platform::WindowsX64 => "windows-x64",
            Platform::MacosArm64 => "macos-arm64",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Platform> {
        Platform::ALL.into_iter().find(|it| it.name() == name)
    }

    fn wheels(self) -> &'static [Wheel] {
        match self {
            Platform::LinuxX64 => LINUX_X64,
            Platform::LinuxArm64 => LINUX_ARM64,
            Platform::WindowsX64 => WINDOWS_X64,
            Platform::MacosArm64 => MACOS_ARM64,
        }
    }

    pub(crate) fn has_cuda(self) -> bool {
        (self.wheels().iter().flat_map(|wheel| wheel.keep)).any(|kept| kept.cuda)
    }

    /// The wheels to fetch, each with what to keep of it.
    pub(crate) fn set(self, cuda: bool) -> Vec<Part> {
        let wanted = |kept: &&Kept| cuda || !kept.cuda;
        let part = |wheel: &'static Wheel| Part {
            wheel,
            keep: wheel.keep.iter().filter(wanted).collect(),
        };
        let mut parts: Vec<Part> = self.wheels().iter().map(part).collect();
        parts.retain(|part| !part.keep.is_empty());
        parts
    }
}

/// A wheel, and what one flavour of libtorch needs of it.
pub(crate) struct Part {
    pub(crate) wheel: &'static Wheel,
    pub(crate) keep: Vec<&'static Kept>,
}

impl Wheel {
    /// `(python, abi, platform)`, as pip's options name them.
    pub(crate) fn tags(&self) -> (&'static str, &'static str, &'static str) {
        let stem = self.file.strip_suffix(".whl").unwrap_or(self.file);
        let mut tags = stem.rsplit('-');
        let mut next = || tags.next().unwrap_or_default();
        let (platform, abi, python) = (next(), next(), next());
        // `manylinux2014_x86_64.manylinux_2_17_x86_64`: any one of them will do.
        (python, abi, platform.split('.').next().unwrap_or(platform))
    }
}

impl Kept {
    /// Where it goes below libtorch's folder: `include/...` or `lib/NAME`. NVIDIA's libraries lie
    /// in folders of their own in the wheels; all of them look for each other beside themselves
    /// (`$ORIGIN`) as well, so that one folder serves.
    pub(crate) fn target(&self) -> &'static str {
        let at = ["/include/", "/lib/"]
            .into_iter()
            .find_map(|dir| self.path.find(dir));
        at.map_or(self.path, |at| &self.path[at + 1..])
    }

    pub(crate) fn is_folder(&self) -> bool {
        self.path.ends_with('/')
    }
}

/// glibc 2.28 or newer. One torch wheel serves CPU and CUDA; its CPU library needs cudart and cupti to load.
static LINUX_X64: &[Wheel] = &[
    Wheel {
        name: "torch",
        version: "2.11.0",
        file: "torch-2.11.0-cp312-cp312-manylinux_2_28_x86_64.whl",
        bytes: 530_712_279,
        sha256: "0f68f4ac6d95d12e896c3b7a912b5871619542ec54d3649cf48cc1edd4dd2756",
        keep: &[
            base("torch/include/", 38_754_372),
            base("torch/lib/libtorch_cpu.so", 451_209_129),
            base("torch/lib/libtorch.so", 343_121),
            base("torch/lib/libc10.so", 1_498_969),
            base("torch/lib/libgomp.so.1", 254_009),
            cuda("torch/lib/libtorch_cuda.so", 456_142_457),
            cuda("torch/lib/libtorch_cuda_linalg.so", 53_532_193),
            cuda("torch/lib/libtorch_nvshmem.so", 4_039_577),
            cuda("torch/lib/libc10_cuda.so", 598_297),
            cuda("torch/lib/libcaffe2_nvrtc.so", 22_737),
        ],
    },
    Wheel {
        name: "nvidia-cuda-runtime",
        version: "13.0.96",
        file: "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        bytes: 2_243_632,
        sha256: "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
        keep: &[base("nvidia/cu13/lib/libcudart.so.13", 704_288)],
    },
    Wheel {
        name: "nvidia-cuda-cupti",
        version: "13.0.85",
        file: "nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_x86_64.whl",
        bytes: 10_715_597,
        sha256: "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
        keep: &[base("nvidia/cu13/lib/libcupti.so.13", 4_152_208)],
    },
    Wheel {
        name: "nvidia-cublas",
        version: "13.1.0.3",
        file: "nvidia_cublas-13.1.0.3-py3-none-manylinux_2_27_x86_64.whl",
        bytes: 423_133_236,
        sha256: "ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171",
        keep: &[
            cuda("nvidia/cu13/lib/libcublas.so.13", 54_177_976),
            cuda("nvidia/cu13/lib/libcublasLt.so.13", 541_595_600),
        ],
    },
    Wheel {
        name: "nvidia-cuda-nvrtc",
        version: "13.0.88",
        file: "nvidia_cuda_nvrtc-13.0.88-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
        bytes: 90_215_200,
        sha256: "ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575",
        keep: &[
            cuda("nvidia/cu13/lib/libnvrtc-builtins.so.13.0", 4_380_616),
            cuda("nvidia/cu13/lib/libnvrtc.so.13", 109_338_064),
        ],
    },
    Wheel {
        name: "nvidia-cudnn-cu13",
        version: "9.19.0.56",
        file: "nvidia_cudnn_cu13-9.19.0.56-py3-none-manylinux_2_27_x86_64.whl",
        bytes: 366_066_321,
        sha256: "d20e1734305e9d68889a96e3f35094d733ff1f83932ebe462753973e53a572bf",
        keep: &[
            cuda("nvidia/cudnn/lib/libcudnn.so.9", 129_240),
            cuda("nvidia/cudnn/lib/libcudnn_adv.so.9", 109_169_104),
            cuda("nvidia/cudnn/lib/libcudnn_cnn.so.9", 4_203_904),
            cuda(
                "nvidia/cudnn/lib/libcudnn_engines_precompiled.so.9",
                245_391_920,
            ),
            cuda(
                "nvidia/cudnn/lib/libcudnn_engines_runtime_compiled.so.9",
                29_386_400,
            ),
            cuda("nvidia/cudnn/lib/libcudnn_graph.so.9", 4_451_728),
            cuda("nvidia/cudnn/lib/libcudnn_heuristic.so.9", 60_822_040),
            cuda("nvidia/cudnn/lib/libcudnn_ops.so.9", 39_855_888),
        ],
    },
    Wheel {
        name: "nvidia-cufft",
        version: "12.0.0.61",
        file: "nvidia_cufft-12.0.0.61-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        bytes: 214_085_489,
        sha256: "6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3",
        keep: &[cuda("nvidia/cu13/lib/libcufft.so.12", 286_542_352)],
    },
    Wheel {
        name: "nvidia-cufile",
        version: "1.15.1.6",
        file: "nvidia_cufile-1.15.1.6-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        bytes: 1_223_672,
        sha256: "08a3ecefae5a01c7f5117351c64f17c7c62efa5fffdbe24fc7d298da19cd0b44",
        keep: &[cuda("nvidia/cu13/lib/libcufile.so.0", 3_170_800)],
    },
    Wheel {
        name: "nvidia-curand",
        version: "10.4.0.35",
        file: "nvidia_curand-10.4.0.35-py3-none-manylinux_2_27_x86_64.whl",
        bytes: 59_544_258,
        sha256: "1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc",
        keep: &[cuda("nvidia/cu13/lib/libcurand.so.10", 132_698_328)],
    },
    Wheel {
        name: "nvidia-cusolver",
        version: "12.0.4.66",
        file: "nvidia_cusolver-12.0.4.66-py3-none-manylinux_2_27_x86_64.whl",
        bytes: 200_941_980,
        sha256: "0a759da5dea5c0ea10fd307de75cdeb59e7ea4fcb8add0924859b944babf1112",
        keep: &[cuda("nvidia/cu13/lib/libcusolver.so.12", 141_152_872)],
    },
    Wheel {
        name: "nvidia-cusparse",
        version: "12.6.3.3",
        file: "nvidia_cusparse-12.6.3.3-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        bytes: 145_942_937,
        sha256: "2b3c89c88d01ee0e477cb7f82ef60a11a4bcd57b6b87c33f789350b59759360b",
        keep: &[cuda("nvidia/cu13/lib/libcusparse.so.12", 162_565_256)],
    },
    Wheel {
        name: "nvidia-cusparselt-cu13",
        version: "0.8.0",
        file: "nvidia_cusparselt_cu13-0.8.0-py3-none-manylinux2014_x86_64.whl",
        bytes: 169_884_119,
        sha256: "25e30a8a7323935d4ad0340b95a0b69926eee755767e8e0b1cf8dd85b197d3fd",
        keep: &[cuda(
            "nvidia/cusparselt/lib/libcusparseLt.so.0",
            233_613_145,
        )],
    },
    Wheel {
        name: "nvidia-nccl-cu13",
        version: "2.28.9",
        file: "nvidia_nccl_cu13-2.28.9-py3-none-manylinux_2_18_x86_64.whl",
        bytes: 196_493_177,
        sha256: "e4553a30f34195f3fa1da02a6da3d6337d28f2003943aa0a3d247bbc25fefc42",
        keep: &[cuda("nvidia/nccl/lib/libnccl.so.2", 217_995_896)],
    },
    Wheel {
        name: "nvidia-nvjitlink",
        version: "13.0.88",
        file: "nvidia_nvjitlink-13.0.88-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
        bytes: 40_713_933,
        sha256: "13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b",
        keep: &[cuda("nvidia/cu13/lib/libnvJitLink.so.13", 98_806_736)],
    },
    Wheel {
        name: "nvidia-nvshmem-cu13",
        version: "3.4.5",
        file: "nvidia_nvshmem_cu13-3.4.5-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        bytes: 60_412_546,
        sha256: "290f0a2ee94c9f3687a02502f3b9299a9f9fe826e6d0287ee18482e78d495b80",
        keep: &[cuda("nvidia/nvshmem/lib/libnvshmem_host.so.3", 41_241_312)],
    },
];

/// glibc 2.28 or newer. Its CPU library also needs Arm's and NVIDIA's CPU kernels, which lie in the torch wheel.
static LINUX_ARM64: &[Wheel] = &[
    Wheel {
        name: "torch",
        version: "2.11.0",
        file: "torch-2.11.0-cp312-cp312-manylinux_2_28_aarch64.whl",
        bytes: 419_731_115,
        sha256: "f99924682ef0aa6a4ab3b1b76f40dc6e273fca09f367d15a524266db100a723f",
        keep: &[
            base("torch/include/", 39_220_731),
            base("torch/lib/libtorch_cpu.so", 259_986_081),
            base("torch/lib/libtorch.so", 273_777),
            base("torch/lib/libc10.so", 1_790_129),
            base("torch/lib/libgomp.so.1", 344_073),
            base("torch/lib/libarm_compute.so", 17_850_537),
            base("torch/lib/libarm_compute_graph.so", 1_310_433),
            base("torch/lib/libgfortran.so.5", 1_485_185),
            base("torch/lib/libnvpl_blas_core.so.0", 2_562_097),
            base("torch/lib/libnvpl_blas_lp64_gomp.so.0", 469_313),
            base("torch/lib/libnvpl_lapack_core.so.0", 1_710_681),
            base("torch/lib/libnvpl_lapack_lp64_gomp.so.0", 5_936_761),
        ],
    },
    Wheel {
        name: "nvidia-cuda-runtime",
        version: "13.0.96",
        file: "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_aarch64.manylinux_2_17_aarch64.whl",
        bytes: 2_261_060,
        sha256: "ef9bcbe90493a2b9d810e43d249adb3d02e98dd30200d86607d8d02687c43f55",
        keep: &[base("nvidia/cu13/lib/libcudart.so.13", 707_752)],
    },
    Wheel {
        name: "nvidia-cuda-cupti",
        version: "13.0.85",
        file: "nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_aarch64.whl",
        bytes: 10_310_827,
        sha256: "796bd679890ee55fb14a94629b698b6db54bcfd833d391d5e94017dd9d7d3151",
        keep: &[base("nvidia/cu13/lib/libcupti.so.13", 3_850_656)],
    },
];

/// The `.lib` files are what the linker reads, the `.dll` files what runs. No CUDA: PyPI has none for Windows.
static WINDOWS_X64: &[Wheel] = &[Wheel {
    name: "torch",
    version: "2.11.0",
    file: "torch-2.11.0-cp312-cp312-win_amd64.whl",
    bytes: 114_556_047,
    sha256: "fbf39280699d1b869f55eac536deceaa1b60bd6788ba74f399cc67e60a5fab10",
    keep: &[
        base("torch/include/", 39_411_856),
        base("torch/lib/torch_cpu.dll", 265_820_160),
        base("torch/lib/torch_cpu.lib", 29_660_092),
        base("torch/lib/torch.dll", 9_728),
        base("torch/lib/torch.lib", 1_832),
        base("torch/lib/c10.dll", 1_088_000),
        base("torch/lib/c10.lib", 829_698),
        base("torch/lib/libiomp5md.dll", 1_614_184),
        base("torch/lib/uv.dll", 195_072),
    ],
}];

/// macOS 11 or newer. Each library names the others by `@rpath` and has `@loader_path` in its own.
static MACOS_ARM64: &[Wheel] = &[Wheel {
    name: "torch",
    version: "2.11.0",
    file: "torch-2.11.0-cp312-cp312-macosx_11_0_arm64.whl",
    bytes: 80_606_338,
    sha256: "4b5866312ee6e52ea625cd211dcb97d6a2cdc1131a5f15cc0d87eec948f6dd34",
    keep: &[
        base("torch/include/", 38_510_167),
        base("torch/lib/libtorch_cpu.dylib", 216_509_200),
        base("torch/lib/libtorch.dylib", 16_736),
        base("torch/lib/libc10.dylib", 1_086_384),
        base("torch/lib/libomp.dylib", 860_992),
    ],
}];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_platform_has_what_torch_sys_links() {
        for platform in Platform::ALL {
            let parts = platform.set(false);
            let targets: Vec<&str> = (parts.iter().flat_map(|part| &part.keep))
                .map(|kept| kept.target())
                .collect();
            assert!(targets.contains(&"include/"), "{platform:?}");
            for stem in ["torch_cpu", "torch", "c10"] {
                let files = match platform {
                    Platform::WindowsX64 => {
                        vec![format!("lib/{stem}.lib"), format!("lib/{stem}.dll")]
                    }
                    Platform::MacosArm64 => vec![format!("lib/lib{stem}.dylib")],
                    _ => vec![format!("lib/lib{stem}.so")],
                };
                for file in files {
                    assert!(targets.contains(&file.as_str()), "{platform:?} {file}");
                }
            }
        }
    }

    #[test]
    fn tables_are_sound() {
        let mut wheels = 0;
        for wheel in Platform::ALL.into_iter().flat_map(|it| it.wheels()) {
            wheels += 1;
            let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
            assert!(
                wheel.sha256.len() == 64 && wheel.sha256.chars().all(hex),
                "{}",
                wheel.file
            );
            let stem = format!("{}-{}-", wheel.name.replace('-', "_"), wheel.version);
            assert!(
                wheel.file.starts_with(&stem) && wheel.file.ends_with(".whl"),
                "{}",
                wheel.file
            );
            assert!(wheel.name != "torch" || wheel.version == VERSION);
            assert!(!wheel.keep.is_empty() && wheel.bytes > 0, "{}", wheel.file);
        }
        assert_eq!(wheels, 15 + 3 + 1 + 1);
        for (platform, cuda) in Platform::ALL
            .into_iter()
            .flat_map(|it| [(it, false), (it, true)])
        {
            let parts = platform.set(cuda);
            let mut targets: Vec<&str> = (parts.iter().flat_map(|part| &part.keep))
                .map(|kept| kept.target())
                .collect();
            let all = targets.len();
            targets.sort_unstable();
            targets.dedup();
            assert_eq!(
                targets.len(),
                all,
                "two files of {platform:?} go to one place"
            );
            assert!(
                targets
                    .iter()
                    .all(|it| *it == "include/" || it.starts_with("lib/"))
            );
        }
    }

    #[test]
    fn cuda_is_the_cpu_set_and_more() {
        assert_eq!(Platform::LinuxX64.set(false).len(), 3);
        assert_eq!(Platform::LinuxX64.set(true).len(), 15);
        assert!(Platform::LinuxX64.has_cuda());
        assert!(!Platform::WindowsX64.has_cuda());
    }

    #[test]
    fn the_machine_chooses_the_platform() {
        for platform in Platform::ALL {
            assert_eq!(Platform::named(platform.name()), Some(platform));
        }
        assert_eq!(
            Platform::of("linux", "x86_64", false),
            Some(Platform::LinuxX64)
        );
        assert_eq!(
            Platform::of("linux", "aarch64", false),
            Some(Platform::LinuxArm64)
        );
        assert_eq!(
            Platform::of("windows", "x86_64", false),
            Some(Platform::WindowsX64)
        );
        assert_eq!(
            Platform::of("macos", "aarch64", false),
            Some(Platform::MacosArm64)
        );
        assert_eq!(Platform::of("macos", "x86_64", false), None);
        assert_eq!(Platform::of("linux", "x86_64", true), None);
        assert_eq!(Platform::of("windows", "aarch64", false), None);
    }

    #[test]
    fn tags_come_from_the_file_name() {
        let tags: Vec<_> = LINUX_X64[..2].iter().map(Wheel::tags).collect();
        assert_eq!(tags[0], ("cp312", "cp312", "manylinux_2_28_x86_64"));
        assert_eq!(tags[1], ("py3", "none", "manylinux2014_x86_64"));
    }

    #[test]
    fn files_go_to_include_and_lib() {
        let targets: Vec<_> = LINUX_X64[0].keep[..2].iter().map(Kept::target).collect();
        assert_eq!(targets, ["include/", "lib/libtorch_cpu.so"]);
        assert_eq!(LINUX_X64[1].keep[0].target(), "lib/libcudart.so.13");
    }
}
