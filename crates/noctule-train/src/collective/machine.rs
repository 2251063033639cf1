//! Which ranks share a machine, and its cores.

use std::num::NonZero;

use super::interface::Collective;

/// The place of a rank among the ranks of its machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// How many ranks of this machine come before it.
    pub before: usize,
    /// How many ranks of this machine may use the same cores, itself included.
    pub sharing: usize,
}

/// The place of this rank among the ranks of its machine.
pub fn place(collective: &mut dyn Collective) -> Place {
    let own = format!("{}\n{}", collective.machine(), allowed_cores());
    let all = collective.gather_bytes(own.as_bytes());
    let machine = |of: &[u8]| of.split(|&byte| byte == b'\n').next().map(<[u8]>::to_vec);
    let here = machine(own.as_bytes());
    let earlier = &all[..collective.rank()];
    Place {
        before: earlier.iter().filter(|of| machine(of) == here).count(),
        sharing: all.iter().filter(|of| *of == own.as_bytes()).count(),
    }
}

/// How many threads a rank should use if it was not told: the cores it may use, divided by the ranks that may use the same
/// ones, and at least 1. `mpirun` may have bound each rank to cores of its own, which are then not divided again.
///
/// A single process gets 0, which stands for all cores.
pub fn threads(collective: &mut dyn Collective) -> usize {
    if collective.is_single() {
        return 0;
    }
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    (cores / place(collective).sharing).max(1)
}

/// The cores that this process may use, where the system says so; else all ranks of a machine count as sharing them.
fn allowed_cores() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    line.unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collective::single_process::SingleProcess;

    #[test]
    fn one_process_has_its_machine_to_itself() {
        let alone = Place {
            before: 0,
            sharing: 1,
        };
        assert_eq!(place(&mut SingleProcess), alone);
        assert_eq!(threads(&mut SingleProcess), 0);
    }
}
