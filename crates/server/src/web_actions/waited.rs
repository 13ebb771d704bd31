use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

type Run<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A run that somebody waits for. When nobody does any more, it goes on by itself.
pub(super) struct Waited<T: Send + 'static>(Option<Run<T>>);

impl<T: Send + 'static> Waited<T> {
    pub fn new(run: impl Future<Output = T> + Send + 'static) -> Self {
        Self(Some(Box::pin(run)))
    }
}

impl<T: Send + 'static> Future for Waited<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let Some(run) = &mut self.0 else { return Poll::Pending };
        let polled = run.as_mut().poll(context);
        if polled.is_ready() {
            self.0 = None;
        }
        polled
    }
}

impl<T: Send + 'static> Drop for Waited<T> {
    fn drop(&mut self) {
        // What panicked is not polled again, and where nothing runs any more nothing goes on.
        let run = self.0.take().filter(|_| !std::thread::panicking());
        if let (Some(run), Ok(runtime)) = (run, Handle::try_current()) {
            runtime.spawn(async move { drop(run.await) });
        }
    }
}
