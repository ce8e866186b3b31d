//! What goes to standard error on the way: warnings, or as much as `-v` asks for.

use std::fmt;

use anstyle::{AnsiColor, Style};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::{FmtContext, layer};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Starts the log for so many `-v`. Only our own crates speak in it: others might tell secrets.
pub(crate) fn start(verbosity: u8) {
    let level = match verbosity {
        0 => Level::WARN,
        1 => Level::INFO,
        _ => Level::DEBUG,
    };
    let ours = Targets::new()
        .with_target("quorate", level)
        .with_target("quorate_runtime_tokio", level)
        // What `watch` is there to print is not said twice.
        .with_target("quorate::membership", LevelFilter::OFF);
    // anstream strips the colours where they are not wanted (NO_COLOR, no terminal).
    let lines = layer().with_writer(anstream::stderr).with_ansi(false).event_format(OneLine);
    tracing_subscriber::registry().with(ours).with(lines).init();
}

/// `warning: what happened`, in the form of the errors that end a command.
struct OneLine;

impl<S, N> FormatEvent<S, N> for OneLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let (name, colour) = match *event.metadata().level() {
            Level::ERROR => ("error", AnsiColor::Red),
            Level::WARN => ("warning", AnsiColor::Yellow),
            Level::INFO => ("info", AnsiColor::Green),
            Level::DEBUG | Level::TRACE => ("debug", AnsiColor::Blue),
        };
        let style = Style::new().bold().fg_color(Some(colour.into()));
        write!(out, "{style}{name}{style:#}: ")?;
        context.format_fields(out.by_ref(), event)?;
        writeln!(out)
    }
}
