//! The CUDA path of the engine, without a GPU: CubeCL, NVRTC and the session are the real ones, the driver is
//! `driver.c`, whose kernels do nothing. So numbers mean nothing here; these tests ask which kernels there are, whether
//! NVRTC compiles them, and how many launches a batch takes. `.ci/gpu` builds the driver, runs the tests, and looks at
//! the machine code of the kernels that they leave behind.
#![cfg(feature = "cuda")]

mod batches;
mod cases;
mod networks;
mod record;
mod source;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use record::Record;

/// What the driver noted while all cases ran; `None` without the pretend driver.
static RECORD: LazyLock<Option<Record>> = LazyLock::new(|| {
    let Some(folder) = std::env::var_os(record::FOLDER) else {
        println!("skipped: {} does not name a folder", record::FOLDER);
        return None;
    };
    let folder = Path::new(&folder)
        .canonicalize()
        .expect("the folder of the pretend driver");
    let writer = record::Writer::new(&folder).expect("a new record");
    log_compilations(&folder).expect("a configuration of CubeCL");
    for case in cases::all() {
        writer.begin(case.name);
        if let Err(error) = (case.run)(&writer) {
            panic!("{}: {error}", case.name);
        }
    }
    Some(writer.read())
});

/// Lets CubeCL note the compile-time arguments of each kernel. CubeCL looks for its configuration in the current folder.
fn log_compilations(folder: &Path) -> std::io::Result<()> {
    let log = folder.join("compilation.txt");
    let lines = format!("[compilation.logger]\nlevel = \"full\"\nappend = false\nfile = {log:?}\n");
    std::fs::write(folder.join("cubecl.toml"), lines)?;
    std::env::set_current_dir(folder)
}

#[test]
fn every_kernel_is_compiled() {
    let Some(record) = &*RECORD else { return };
    let compiled = record.kernels();
    let written = source::kernels();
    let missing: Vec<&String> = written.difference(&compiled).collect();
    assert!(
        missing.is_empty(),
        "no case launches {missing:?}: add one to `cases.rs`"
    );
    let unknown: Vec<&String> = compiled.difference(&written).collect();
    assert!(
        unknown.is_empty(),
        "{unknown:?} is not in the folder `src/kernels`"
    );
}

#[test]
fn every_compiled_kernel_is_launched() {
    let Some(record) = &*RECORD else { return };
    let launched: BTreeSet<u32> = record.launched().collect();
    let compiled: BTreeSet<u32> = record.compiled().collect();
    assert_eq!(launched, compiled);
}

#[test]
fn a_batch_takes_few_launches() {
    let Some(record) = &*RECORD else { return };
    for (case, most) in [(cases::DENSE, 20), (cases::CONVOLUTION, 50)] {
        let launches = record.launches_of_a_batch(case);
        println!("{case}: {launches} launches in a batch of training");
        assert!(
            (1..=most).contains(&launches),
            "{case}: {launches} launches in a batch of training; the most are {most}"
        );
    }
}
