//! The `quorate` command.

mod args;
mod connecting;
#[cfg(unix)]
mod demo;
mod dev_server;
mod duration;
#[cfg(unix)]
mod elect;
mod faults;
mod json;
#[cfg(unix)]
mod keep;
mod lease;
mod lines;
mod log;
mod members;
mod replay;
mod runtime;
mod selection;
mod signals;
mod watch;

use std::io::{self, Write as _};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use clap::FromArgMatches as _;

use crate::args::{Cli, Command};
use crate::faults::Faults;

/// How a command ends badly.
enum Failure {
    /// Nothing was started: what was asked for cannot work. Exit code 2, as clap's own.
    Usage(Faults),
    /// The API or the input failed. Exit code 1.
    Failed(String),
    /// With an exit code of its own.
    #[cfg(unix)]
    Exit { message: String, code: u8 },
    /// Whoever reads our output has gone away, and wants no more of it.
    Closed,
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Failed(format!("cannot write to standard output: {error}")),
        }
    }
}

fn main() -> ExitCode {
    #[cfg(unix)]
    if let Some(code) = demo::connector() {
        return code;
    }
    let matches = args::command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let from_command_line = |id: &str| {
        let matches = matches.subcommand();
        matches.and_then(|(_, matches)| matches.value_source(id)) == Some(clap::parser::ValueSource::CommandLine)
    };
    let outcome = match cli.command {
        Command::Members(arguments) => {
            log::start(arguments.verbose);
            members::run(&arguments, from_command_line).map(|()| ExitCode::SUCCESS)
        }
        Command::Watch(arguments) => {
            log::start(arguments.verbose);
            watch::run(&arguments, from_command_line).map(|()| ExitCode::SUCCESS)
        }
        Command::Lease(arguments) => {
            log::start(arguments.verbose);
            lease::run(&arguments).map(|()| ExitCode::SUCCESS)
        }
        #[cfg(unix)]
        Command::Elect(arguments) => {
            log::start(arguments.verbose);
            elect::run(&arguments)
        }
        #[cfg(unix)]
        Command::Keep(arguments) => keep::run(&arguments),
        #[cfg(unix)]
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Replay(arguments) => replay::run(&arguments).map(|()| ExitCode::SUCCESS),
        Command::DevServer(arguments) => {
            log::start(arguments.verbose);
            dev_server::run(&arguments)
        }
    };
    match outcome {
        Ok(code) => code,
        Err(Failure::Closed) => ExitCode::SUCCESS,
        #[cfg(unix)]
        Err(Failure::Exit { message, code }) => complain(&message, code),
        Err(Failure::Usage(faults)) => complain(&faults.to_string(), 2),
        Err(Failure::Failed(message)) => complain(&message, 1),
    }
}

fn complain(message: &str, code: u8) -> ExitCode {
    let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
    let mut err = anstream::stderr().lock();
    for (index, line) in message.lines().enumerate() {
        // When standard error is gone too, nobody is left to be told.
        let _ = match index {
            0 => writeln!(err, "{red}error{red:#}: {line}"),
            _ => writeln!(err, "       {line}"),
        };
    }
    ExitCode::from(code)
}
