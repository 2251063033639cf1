//! What CubeCL needs beside a driver: NVIDIA's compiler for kernels, and the headers of CUDA.

use std::path::Path;

use cubecl::cuda::install::cuda_path;

use super::libraries::{compiler_is_there, compiler_version};

/// The header that every kernel includes.
const HEADER: &str = "cuda_runtime.h";

/// What is missing to compile kernels for a driver of this version of CUDA, and how to get it.
pub(super) fn missing(driver: Option<(i32, i32)>) -> Option<String> {
    let missing: Vec<String> = [compiler(driver), headers(cuda_path().as_deref())]
        .into_iter()
        .flatten()
        .collect();
    (!missing.is_empty()).then(|| missing.join("; "))
}

fn compiler(driver: Option<(i32, i32)>) -> Option<String> {
    if !compiler_is_there() {
        return Some(
            "libnvrtc not found: pip install nvidia-cuda-nvrtc, and add the folder of its libnvrtc.so to LD_LIBRARY_PATH"
                .to_owned(),
        );
    }
    too_new(driver?, compiler_version()?)
}

/// The compiler makes code that only a driver of its own version of CUDA, or of a newer one, understands.
fn too_new(driver: (i32, i32), compiler: (i32, i32)) -> Option<String> {
    let ((major, minor), (found_major, found_minor)) = (driver, compiler);
    // Before CUDA 13 the version is a part of the name.
    let package = match major {
        13.. => "nvidia-cuda-nvrtc".to_owned(),
        _ => format!("nvidia-cuda-nvrtc-cu{major}"),
    };
    (compiler > driver).then(|| {
        format!(
            "libnvrtc is of CUDA {found_major}.{found_minor}, but the driver knows CUDA {major}.{minor} at most: update the \
             driver, or pip install '{package}=={major}.{minor}.*'"
        )
    })
}

/// CubeCL looks in one folder only.
fn headers(toolkit: Option<&Path>) -> Option<String> {
    let install = "pip install nvidia-cuda-runtime nvidia-cuda-crt, and set CUDA_PATH to the folder that has their `include`";
    let Some(toolkit) = toolkit else {
        return Some(format!("the headers of CUDA not found: {install}"));
    };
    let include = toolkit.join("include");
    (!include.join(HEADER).is_file()).then(|| {
        let folder = include.display();
        format!("no {HEADER} in `{folder}`: {install}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compiler_newer_than_the_driver_is_named() {
        assert_eq!(too_new((13, 0), (12, 9)), None);
        assert_eq!(too_new((13, 0), (13, 0)), None);
        let told = too_new((13, 0), (13, 1)).unwrap();
        assert!(
            told.contains("CUDA 13.1") && told.contains("nvrtc==13.0.*"),
            "{told}"
        );
    }

    #[test]
    fn headers_are_looked_for_where_cubecl_does() {
        let folder = std::env::temp_dir().join(format!("noctule-headers-{}", std::process::id()));
        let include = folder.join("include");
        std::fs::create_dir_all(&include).unwrap();
        let told = headers(Some(&folder)).unwrap();
        assert!(told.contains(&include.display().to_string()), "{told}");
        std::fs::write(include.join(HEADER), "").unwrap();
        assert_eq!(headers(Some(&folder)), None);
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(headers(None).unwrap().contains("CUDA_PATH"));
    }
}
