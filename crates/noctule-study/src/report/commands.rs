//! Commands that repeat a run and look into it.

use std::path::Path;

use noctule_data::shell::quoted;

use super::data::Command;

/// The commands for a run in this folder, which is beside others if `seeds` has more than one. The page may be published:
/// of an absolute path only the last part is named.
pub(super) fn commands(run: &Path, seeds: &[u64], has_own_start: bool) -> Vec<Command> {
    let run = shown(run);
    let folder = quoted(run);
    let config = quoted(&run.join("config.toml"));
    let mut train = format!("noctule train {config} --out runs/again");
    if seeds.len() > 1 {
        let seeds: Vec<String> = seeds.iter().map(u64::to_string).collect();
        train = format!(
            "noctule train {config} --seeds {} --out runs/again",
            seeds.join(",")
        );
    }
    if has_own_start {
        let initial = quoted(&run.join("initial.safetensors"));
        train = format!("{train} --init {initial}");
    }
    let command = |does: &str, command: String| Command {
        does: does.to_owned(),
        command,
    };
    vec![
        command(
            "Train again: the same seed gives the same bits on the same back end",
            train,
        ),
        command(
            "Evaluate the network, with its confusion matrix",
            format!("noctule eval {folder} --confusion"),
        ),
        command(
            "Write predictions and the spikes of all layers for NumPy",
            format!("noctule predict {folder} --spikes -o predictions.npz"),
        ),
        command("Make this page again", format!("noctule report {folder}")),
    ]
}

/// The path as it was typed, if it is relative; else its last part.
fn shown(path: &Path) -> &Path {
    match path.is_absolute() {
        true => path.file_name().map_or(path, Path::new),
        false => path,
    }
}

/// The name of a run, for people.
pub(super) fn name_of(path: &Path) -> String {
    shown(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_a_machine_are_not_published() {
        let commands = commands(Path::new("/home/me/runs/seed-0"), &[0, 1], true);
        let texts: Vec<&str> = commands
            .iter()
            .map(|command| command.command.as_str())
            .collect();
        assert!(texts.iter().all(|text| !text.contains("home")), "{texts:?}");
        assert_eq!(
            texts[0],
            "noctule train seed-0/config.toml --seeds 0,1 --out runs/again --init seed-0/initial.safetensors"
        );
        assert_eq!(name_of(Path::new("runs/a")), "runs/a");
    }
}
