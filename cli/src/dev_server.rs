//! `quorate dev-server`: a fake API server on this machine, for as long as a command runs or nobody stops it.

mod child;
mod kubeconfig;
mod load;
mod plan;

use std::io::Write as _;
use std::process::ExitCode;

use quorate_core::testing::FakeApi;
use quorate_transport_hyper::serve::Serve;
use tracing::info;

use self::kubeconfig::Kubeconfig;
use self::plan::{Loaded, Plan};
use crate::args::DevServer;
use crate::faults::Faults;
use crate::signals::Signals;
use crate::{Failure, runtime};

pub(crate) fn run(arguments: &DevServer) -> Result<ExitCode, Failure> {
    let plan = Plan::make(arguments).map_err(Failure::Usage)?;
    runtime::block_on(serve(plan))?
}

async fn serve(plan: Plan) -> Result<ExitCode, Failure> {
    // First of all: a signal must not leave the kubeconfig behind.
    let mut signals =
        Signals::listen().map_err(|error| Failure::Failed(format!("cannot listen for signals: {error}")))?;
    let server = Serve::start(plan.options, FakeApi::new(plan.seed))
        .await
        .map_err(|error| Failure::Failed(error.to_string()))?;
    load(&server, &plan.loaded).map_err(Failure::Usage)?;
    let kubeconfig =
        Kubeconfig::write(&server.kubeconfig(), plan.kubeconfig_out.as_deref()).map_err(Failure::Failed)?;
    server.change(&plan.change);
    info!("listening at {}, kubeconfig {}", server.url(), kubeconfig.path().display());
    let code = match plan.command.split_first() {
        Some((program, arguments)) => {
            say("This is not a cluster: a fake API server for development, on which nothing runs.\n");
            child::run(program, arguments, kubeconfig.path(), &mut signals).await
        }
        None => {
            say(&instructions(&server.url(), &kubeconfig));
            signals.next().await;
            Ok(ExitCode::SUCCESS)
        }
    };
    server.stop().await;
    code
}

/// Every file is tried, so that all faults are named at once.
fn load(server: &Serve, loaded: &[Loaded]) -> Result<(), Faults> {
    let mut faults = Faults::default();
    for Loaded { file, objects } in loaded {
        let result = server.with(|api, now| api.load(now, objects));
        if faults.check(&format!("--load {}", file.display()), result).is_some() {
            info!("loaded {} objects from {}", objects.len(), file.display());
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

fn instructions(url: &str, kubeconfig: &Kubeconfig) -> String {
    let file = kubeconfig.path().display();
    let fate = if kubeconfig.is_temporary() { ", which goes when the server ends" } else { "" };
    format!(
        "This is not a cluster: a fake API server for development. Nothing runs on it, and nothing is kept.\n\
         \n\
         It listens at {url}; its kubeconfig is {file}{fate}. In another terminal:\n\
         \n    export KUBECONFIG={file}\n    quorate members --service NAME\n    kubectl get --raw /quorate/faults\n\
         \n\
         Ctrl-C ends it.\n"
    )
}

fn say(text: &str) {
    // When standard error is gone, nobody is left to be told.
    anstream::stderr().lock().write_all(text.as_bytes()).ok();
}
