//! INT, TERM, HUP and Ctrl-Z as values.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};

use crate::shell::Interrupt;

/// How long Ctrl-Z waits for whoever runs a lab.
const SUSPENSION_PATIENCE: Duration = Duration::from_millis(300);

/// Raises `interrupt` at every INT, TERM and HUP from now on.
pub(super) fn watch(runtime: &tokio::runtime::Runtime) -> anyhow::Result<Arc<Interrupt>> {
    let interrupt = Arc::new(Interrupt::new().context("failed to prepare for signals")?);
    let _guard = runtime.enter();
    for kind in [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ] {
        let mut signals = signal(kind).context("failed to listen for signals")?;
        let interrupt = Arc::clone(&interrupt);
        runtime.spawn(async move {
            while signals.recv().await.is_some() {
                interrupt.raise();
            }
        });
    }
    watch_suspension(&interrupt)?;
    Ok(interrupt)
}

/// Resolves when there were more interrupts than these.
pub(super) async fn beyond(interrupt: &Interrupt, tolerated: usize) {
    while interrupt.count() <= tolerated {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Ctrl-Z stops the lab and its limits before this process.
fn watch_suspension(interrupt: &Arc<Interrupt>) -> anyhow::Result<()> {
    let kind = SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw());
    let mut signals = signal(kind).context("failed to listen for signals")?;
    let interrupt = Arc::clone(interrupt);
    tokio::spawn(async move {
        while signals.recv().await.is_some() {
            let interrupt = Arc::clone(&interrupt);
            let stop = move || {
                // Whoever runs a lab or waits stops this process; else it is done here.
                if !interrupt.suspend(SUSPENSION_PATIENCE) {
                    interrupt.stop_this_process();
                }
            };
            let _ = tokio::task::spawn_blocking(stop).await;
        }
    });
    Ok(())
}

/// From now on a signal ends no process; what this returns resolves at the first INT, TERM or HUP.
pub(super) fn first() -> anyhow::Result<impl Future<Output = ()>> {
    let listen = |kind| signal(kind).context("failed to listen for signals");
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hangup = listen(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}
