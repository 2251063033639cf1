//! Options of the commands that describe the command line itself.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

pub(super) const COMPLETIONS_HELP: &str = "\
Examples:
  noctule completions bash > ~/.local/share/bash-completion/completions/noctule
  noctule completions zsh > ~/.zfunc/_noctule        (where fpath has ~/.zfunc)
  noctule completions fish > ~/.config/fish/completions/noctule.fish
  noctule completions powershell >> $PROFILE";

pub(super) const MAN_HELP: &str = "\
Examples:
  noctule man | man -l -
  noctule man --out ~/.local/share/man/man1          A page for each command, such as noctule-train(1)";

/// Options of `completions`.
#[derive(Args, Debug)]
pub struct Completions {
    /// The shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Options of `man`.
#[derive(Args, Debug)]
pub struct Man {
    /// A folder for one page per command, which is made if it is not there. [default: print the page of noctule]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}
