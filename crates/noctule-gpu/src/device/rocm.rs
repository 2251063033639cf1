//! Devices of the back end `hip`, as the kernel of Linux describes them: ROCm's own libraries are linked, so a program that
//! runs has them.
//!
//! ROCm numbers its devices in the order of the kernel's nodes; `ROCR_VISIBLE_DEVICES` and then `HIP_VISIBLE_DEVICES`
//! choose among them.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};

use super::backend::Backend;
use super::description::{Device, Found};

/// Where the kernel describes the processors that ROCm can use.
const NODES: &str = "sys/class/kfd/kfd/topology/nodes";
/// The kinds of memory that lie on a graphics card.
const ON_CARD: [u64; 2] = [1, 2];

/// The devices.
pub(super) fn find() -> Found {
    let visible = ["ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"];
    find_below(
        Path::new("/"),
        &visible.map(|name| std::env::var(name).ok()),
    )
}

/// The devices that the system below this folder describes.
fn find_below(root: &Path, visible: &[Option<String>]) -> Found {
    let none = |why: &str| Found::none(Backend::Hip, why);
    let mut nodes = gpu_nodes(&root.join(NODES));
    if nodes.is_empty() {
        return none("the kernel shows no AMD GPU: load its module amdgpu");
    }
    for list in visible.iter().flatten() {
        nodes = choose(&nodes, list);
    }
    if nodes.is_empty() {
        return none("ROCR_VISIBLE_DEVICES and HIP_VISIBLE_DEVICES leave no AMD GPU");
    }
    let (driver, missing) = (driver(root), missing(root));
    let describe = |(index, node): (usize, &PathBuf)| Device {
        backend: Backend::Hip,
        index,
        name: name(root, node),
        memory_bytes: memory(node),
        driver: driver.clone(),
        missing: missing.clone(),
    };
    Found {
        backend: Backend::Hip,
        devices: nodes.iter().enumerate().map(describe).collect(),
        why_none: None,
    }
}

/// The folders of the GPUs, in the order of their numbers.
fn gpu_nodes(nodes: &Path) -> Vec<PathBuf> {
    let is_gpu = |node: &PathBuf| property(&node.join("properties"), "simd_count") > Some(0);
    let numbered = (0..).map(|number: u32| nodes.join(number.to_string()));
    numbered
        .take_while(|node| node.is_dir())
        .filter(is_gpu)
        .collect()
}

/// The entries with these numbers, up to the first that is none.
fn choose(nodes: &[PathBuf], list: &str) -> Vec<PathBuf> {
    let numbers = list
        .split(',')
        .map(|number| number.trim().parse::<usize>().ok());
    let chosen = numbers.map_while(|number| nodes.get(number?).cloned());
    chosen.collect()
}

/// A line `key number` of a file of properties.
fn property(file: &Path, key: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
    line?.trim().parse().ok()
}

/// The name of the product, where the card tells, else that of its instruction set.
fn name(root: &Path, node: &Path) -> String {
    let properties = node.join("properties");
    let product = property(&properties, "drm_render_minor").and_then(|minor| {
        let card = format!("sys/class/drm/renderD{minor}/device/product_name");
        let name = fs::read_to_string(root.join(card)).ok()?;
        Some(name.trim().to_owned()).filter(|name| !name.is_empty())
    });
    let isa = property(&properties, "gfx_target_version").map(|version| {
        let (major, minor, step) = (version / 10_000, version / 100 % 100, version % 100);
        format!("gfx{major}{minor:x}{step:x}")
    });
    match (product, isa) {
        (Some(product), Some(isa)) => format!("{product} ({isa})"),
        (Some(product), None) => product,
        (None, Some(isa)) => format!("AMD GPU ({isa})"),
        (None, None) => "AMD GPU".to_owned(),
    }
}

fn memory(node: &Path) -> Option<u64> {
    let banks = (0..).map(|number: u32| node.join(format!("mem_banks/{number}/properties")));
    let banks = banks.take_while(|bank| bank.is_file());
    let sizes = banks.filter_map(|bank| {
        let kind = property(&bank, "heap_type")?;
        let size = property(&bank, "size_in_bytes")?;
        ON_CARD.contains(&kind).then_some(size)
    });
    Some(sizes.sum()).filter(|&bytes| bytes > 0)
}

fn driver(root: &Path) -> String {
    let version = fs::read_to_string(root.join("sys/module/amdgpu/version"));
    version.map_or("amdgpu".to_owned(), |version| {
        format!("amdgpu {}", version.trim())
    })
}

fn missing(root: &Path) -> Option<String> {
    let queue = root.join("dev/kfd");
    let opened = OpenOptions::new().read(true).write(true).open(&queue);
    let error = opened.err()?;
    Some(format!(
        "cannot open {} ({error}): add your user to the groups render and video",
        queue.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A system with a processor and two graphics cards.
    fn system(folder: &Path) {
        let write = |name: &str, text: &str| {
            let file = folder.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        let nodes = NODES;
        write(
            &format!("{nodes}/0/properties"),
            "cpu_cores_count 64\nsimd_count 0\n",
        );
        let card = "simd_count 1216\ngfx_target_version 90402\ndrm_render_minor 128\n";
        write(&format!("{nodes}/1/properties"), card);
        let bank = "heap_type 1\nsize_in_bytes 206141652992\n";
        write(&format!("{nodes}/1/mem_banks/0/properties"), bank);
        write(
            "sys/class/drm/renderD128/device/product_name",
            "AMD Instinct MI300X\n",
        );
        write(
            &format!("{nodes}/2/properties"),
            "simd_count 416\ngfx_target_version 90010\n",
        );
        write("sys/module/amdgpu/version", "6.12.12\n");
    }

    #[test]
    fn cards_are_described_as_the_kernel_does() {
        let folder = std::env::temp_dir().join(format!("noctule-rocm-{}", std::process::id()));
        system(&folder);
        let found = find_below(&folder, &[]);
        let [first, second] = &found.devices[..] else {
            panic!("{found:?}");
        };
        assert_eq!(first.name, "AMD Instinct MI300X (gfx942)");
        assert_eq!(first.memory_bytes, Some(206_141_652_992));
        assert_eq!(first.driver, "amdgpu 6.12.12");
        assert_eq!(
            (&*second.name, second.memory_bytes),
            ("AMD GPU (gfx90a)", None)
        );
        assert!(
            first.missing.as_ref().unwrap().contains("dev/kfd"),
            "{first:?}"
        );
        fs::create_dir(folder.join("dev")).unwrap();
        fs::write(folder.join("dev/kfd"), "").unwrap();
        assert!(find_below(&folder, &[]).devices[0].usable());
        let visible = |list: &str| {
            let found = find_below(&folder, &[None, Some(list.to_owned())]);
            let names = found.devices.into_iter().map(|device| device.name);
            names.collect::<Vec<_>>()
        };
        assert_eq!(visible("1"), ["AMD GPU (gfx90a)"]);
        assert_eq!(visible("1, 0").len(), 2);
        assert!(visible("").is_empty() && visible("2,0").is_empty());
        fs::remove_dir_all(&folder).unwrap();
        let why = find_below(&folder, &[]).why_none.unwrap();
        assert!(why.contains("amdgpu"), "{why}");
    }
}
