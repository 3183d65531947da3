//! Stdin and stdout as streams that can be awaited: a thread for each, since nothing else of breakfix needs tokio's own.

use std::io::{Read as _, Write as _};
use std::thread::JoinHandle;

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::runtime::Handle;

/// Bytes on their way at a time.
const ROOM: usize = 64 * 1024;

/// What a server reads and writes.
pub(super) struct Streams {
    /// Ends where stdin does.
    pub input: DuplexStream,
    /// To be dropped for stdout to be complete.
    pub output: DuplexStream,
}

/// The thread that writes.
pub(super) struct Output(JoinHandle<()>);

impl Output {
    /// Waits until everything is written that the stream took, once that is dropped.
    pub(super) fn finish(self) {
        // A panic there has been told already.
        let _ = self.0.join();
    }
}

/// Starts both threads. The one that reads stays until stdin ends, or the process.
pub(super) fn streams(runtime: &Handle) -> anyhow::Result<(Streams, Output)> {
    let (input, to_input) = tokio::io::duplex(ROOM);
    let (output, from_output) = tokio::io::duplex(ROOM);
    let handle = runtime.clone();
    spawn("stdin", move || forward_stdin(&handle, to_input))?;
    let handle = runtime.clone();
    let writes = spawn("stdout", move || forward_stdout(&handle, from_output))?;
    Ok((Streams { input, output }, Output(writes)))
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> anyhow::Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .with_context(|| format!("failed to start a thread for {name}"))
}

fn forward_stdin(runtime: &Handle, mut to: DuplexStream) {
    let mut stdin = std::io::stdin().lock();
    let mut bytes = vec![0; ROOM];
    loop {
        let count = match stdin.read(&mut bytes) {
            Ok(0) => return,
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        if runtime.block_on(to.write_all(&bytes[..count])).is_err() {
            return;
        }
    }
}

fn forward_stdout(runtime: &Handle, mut from: DuplexStream) {
    let mut stdout = std::io::stdout().lock();
    let mut bytes = vec![0; ROOM];
    while let Ok(count) = runtime.block_on(from.read(&mut bytes)) {
        let written = stdout.write_all(&bytes[..count]);
        if count == 0 || written.and_then(|()| stdout.flush()).is_err() {
            return;
        }
    }
}
