//! INT, TERM and HUP as values.

use std::sync::Arc;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};

use crate::shell::Interrupt;

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
    Ok(interrupt)
}

/// Resolves at the first INT, TERM or HUP.
pub(super) async fn first() -> anyhow::Result<()> {
    let listen = |kind| signal(kind).context("failed to listen for signals");
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hangup = listen(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
    Ok(())
}
