//! The response body: all there already, or chunks as they come.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::sync::mpsc;

/// A response body. The head of the response always leaves at once, before the first chunk of a
/// stream exists: `kubectl wait` hangs for ever on a watch whose head is held back until the first
/// event.
#[derive(Debug)]
pub struct Body(Content);

#[derive(Debug)]
enum Content {
    /// `None` once sent.
    Full(Option<Bytes>),
    Stream(mpsc::Receiver<Bytes>),
}

impl Body {
    /// A body that is complete; it is announced with its `Content-Length`.
    pub fn full(bytes: impl Into<Bytes>) -> Body {
        let bytes = bytes.into();
        Body(Content::Full(Some(bytes).filter(|bytes| !bytes.is_empty())))
    }

    /// A body of chunks, each flushed as it comes (chunked encoding in HTTP/1.1). It ends when
    /// every sender is gone; when the client goes away the receiver is dropped, which senders see
    /// by [`mpsc::Sender::closed`].
    pub fn stream(chunks: mpsc::Receiver<Bytes>) -> Body {
        Body(Content::Stream(chunks))
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let chunk = match &mut self.0 {
            Content::Full(bytes) => Poll::Ready(bytes.take()),
            Content::Stream(chunks) => chunks.poll_recv(context),
        };
        chunk.map(|chunk| chunk.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, Content::Full(None))
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Content::Full(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64)
            }
            Content::Stream(_) => SizeHint::default(),
        }
    }
}
