//! Commands that repeat a run and look into it.

use std::path::Path;

use noctule_data::shell::quoted;

use super::data::Command;

/// The runs of a page.
pub(super) struct Repeated<'a> {
    /// The folder of the run that the page is about.
    pub run: &'a Path,
    /// The folders of those beside it.
    pub others: Vec<&'a Path>,
    /// The seeds of runs that differ in nothing else.
    pub seeds: Vec<u64>,
    /// Whether the first weights came from elsewhere.
    pub has_own_start: bool,
}

/// The commands for the runs of a page. The page may be published: of an absolute path only the last part is named.
pub(super) fn commands(repeated: &Repeated<'_>) -> Vec<Command> {
    let run = shown(repeated.run);
    let folder = quoted(run);
    let config = quoted(&run.join("config.toml"));
    let mut train = format!("noctule train {config} --out runs/again");
    if repeated.seeds.len() > 1 {
        let seeds: Vec<String> = repeated.seeds.iter().map(u64::to_string).collect();
        train = format!(
            "noctule train {config} --seeds {} --out runs/again",
            seeds.join(",")
        );
    }
    if repeated.has_own_start {
        let initial = quoted(&run.join("initial.safetensors"));
        train = format!("{train} --init {initial}");
    }
    let others = repeated.others.iter().map(|run| quoted(shown(run)));
    let runs: Vec<String> = std::iter::once(folder.clone()).chain(others).collect();
    let again = format!("noctule report {}", runs.join(" "));
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
        command("Make this page again", again),
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
        let commands = commands(&Repeated {
            run: Path::new("/home/me/runs/seed-0"),
            others: vec![Path::new("/home/me/runs/seed-1")],
            seeds: vec![0, 1],
            has_own_start: true,
        });
        let texts: Vec<&str> = commands
            .iter()
            .map(|command| command.command.as_str())
            .collect();
        assert!(texts.iter().all(|text| !text.contains("home")), "{texts:?}");
        assert_eq!(
            texts[0],
            "noctule train seed-0/config.toml --seeds 0,1 --out runs/again --init seed-0/initial.safetensors"
        );
        assert_eq!(texts[3], "noctule report seed-0 seed-1");
        assert_eq!(name_of(Path::new("runs/a")), "runs/a");
    }
}
